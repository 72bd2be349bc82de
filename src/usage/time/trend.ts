import { costNanos } from '../query.ts';
import type { AggregateQuery, Bucket, Calendar, Group, Totals, UsageFilter } from '../query.ts';
import { within } from '../summary.ts';
import { bucketSpans, bucketStart, previousBucket } from './calendar.ts';
import type { BucketSpan } from './calendar.ts';

/** The course of costs over time as one line of block characters, for places that show only text. */

/** The first mark is for nothing at all, so that the smallest cost differs from none. */
const MARKS = '▁▂▃▄▅▆▇█';

/** The buckets of a trend, oldest first. */
export interface TrendSpan {
  readonly bucket: Bucket;
  readonly spans: readonly BucketSpan[];
}

/** The last buckets up to now, the current one included. */
export function lastBuckets(count: number, bucket: Bucket, now: number, calendar: Calendar): TrendSpan {
  let since = bucketStart(now, bucket, calendar);
  for (let left = count - 1; left > 0; left--) since = previousBucket(since, bucket, calendar);
  return { bucket, spans: bucketSpans(since, now + 1, bucket, calendar) };
}

/** The query for a trend, within the range of the filter. Its groups are for {@link amountsOf}. @param inner a dimension: a trend for each of its values. */
export function trendQuery(
  { bucket, spans }: TrendSpan,
  filter: UsageFilter,
  calendar: Calendar,
  inner?: AggregateQuery['groupBy'][number],
): AggregateQuery {
  const groupBy = inner === undefined ? [bucket] : [bucket, inner];
  const range = { since: spans[0]?.since, until: spans.at(-1)?.until };
  return { filter: within(filter, range), groupBy, calendar };
}

/** The amount of each bucket: the cost, or where all usage is covered by a plan its value at list prices. */
export function amountsOf(groups: readonly Group[], { spans }: TrendSpan): bigint[] {
  const isPlan = groups.every(({ totals }) => costNanos(totals) === 0n);
  const amount = (totals: Totals): bigint => (isPlan ? totals.planNanos : costNanos(totals));
  const sums = new Map<string | null | undefined, bigint>();
  for (const { key, totals } of groups) sums.set(key[0], (sums.get(key[0]) ?? 0n) + amount(totals));
  return spans.map(({ key }) => sums.get(key) ?? 0n);
}

/** `▁▂▁█`: one mark for each amount, the largest one highest. Empty if there is nothing to compare. */
export function sparkline(amounts: readonly bigint[]): string {
  const most = amounts.reduce((a, b) => (a > b ? a : b), 0n);
  if (most <= 0n || amounts.length < 2) return '';
  const steps = BigInt(MARKS.length - 1);
  // Rounded up, so that every cost is above none.
  return amounts.map((each) => MARKS[each <= 0n ? 0 : Number((each * steps + most - 1n) / most)]).join('');
}
