import { formatUsd, type Nanos } from './money.ts';
import { rangeOf, type Period, type TimeRange, type TimeSpan } from './time/period.ts';
import {
  costNanos,
  emptyTotals,
  type AggregateQuery,
  type Calendar,
  type Group,
  type Totals,
  type UsageFilter,
} from './query.ts';

/** What the status bar and the headers of the views say about a ledger. */
export interface SpendSummary {
  today: Totals;
  week: Totals;
  month: Totals;
  all: Totals;
  /** Models of the asked period, the dearest first. */
  topModels: { model: string; totals: Totals }[];
  /** Cost of the whole month at this pace; undefined while it would be nonsense. */
  forecastNanos: Nanos | undefined;
}

/** Whoever can answer a query: a table at once, a ledger in a while. */
export type Ask = (query: AggregateQuery) => Group[] | Promise<Group[]>;

export interface SummaryOptions {
  filter?: UsageFilter;
  /** Period of the top models; default `today`. */
  period?: Period;
  /** Most top models; default 3. */
  models?: number;
}

export async function summarize(
  ask: Ask,
  now: number,
  calendar: Calendar,
  { filter = {}, period = 'today', models = 3 }: SummaryOptions = {},
): Promise<SpendSummary> {
  const totalsOf = async (range: TimeRange): Promise<Totals> =>
    (await ask({ filter: within(filter, range), groupBy: [], calendar }))[0]?.totals ?? emptyTotals();
  const month = rangeOf('month', now, calendar);
  const [today, week, monthTotals, all, byModel] = await Promise.all([
    totalsOf(rangeOf('today', now, calendar)),
    totalsOf(rangeOf('week', now, calendar)),
    totalsOf(month),
    totalsOf({}),
    ask({ filter: within(filter, rangeOf(period, now, calendar)), groupBy: ['model'], calendar }),
  ]);
  return {
    today,
    week,
    month: monthTotals,
    all,
    topModels: byModel.slice(0, models).map(({ key, totals }) => ({ model: key[0] ?? '', totals })),
    forecastNanos: forecast(monthTotals, month, now),
  };
}

/** The part of a filter's records that lies in the range, too. */
export function within(filter: UsageFilter, range: TimeRange): UsageFilter {
  return {
    ...filter,
    since: larger(filter.since, range.since),
    until: smaller(filter.until, range.until),
  };
}

/** Share of a period below which one call more or less would swing its forecast: 12 hours of a month, 3 days of a year. */
const SHORTEST_SHARE = 1 / 60;

/**
 * What the period will have cost at its end if it goes on as so far: cost / share of the period that has passed.
 * undefined outside of the period, in its first sixtieth, and when nothing in it has a known cost or a part of it could not
 * be converted.
 */
export function forecast(totals: Totals, range: TimeSpan, now: number): Nanos | undefined {
  const since = range.since;
  const length = range.until - since;
  const passed = now - since;
  if (passed < length * SHORTEST_SHARE || passed >= length || totals.unpriced === totals.records) return undefined;
  if (totals.unconvertedNanos !== undefined) return undefined;
  return (costNanos(totals) * BigInt(length)) / BigInt(Math.floor(passed));
}

/** A period against the one before it. */
export interface Comparison {
  /** How much more it cost, negative for less. */
  differenceNanos: Nanos;
  /** That as a share of the cost before: 0.25 is a quarter more. undefined when there was none. */
  change: number | undefined;
  /** false: one of the two has records without a cost, or days without a rate, so that the comparison covers only a part. */
  complete: boolean;
}

export function compare(current: Totals, before: Totals): Comparison {
  const now = costNanos(current);
  const then = costNanos(before);
  return {
    differenceNanos: now - then,
    change: then === 0n ? undefined : Number(now - then) / Number(then),
    complete: isComplete(current) && isComplete(before),
  };
}

function isComplete({ unpriced, unconvertedNanos }: Totals): boolean {
  return unpriced === 0 && unconvertedNanos === undefined;
}

/**
 * An amount that hides nothing: `$4.20`, `~$4.20` where a part is estimated, `$4.20 + 12 unpriced`, `12 unpriced`. `$0.00`
 * only when there are no records, or all that are priced really cost nothing.
 * @param amount the known cost as a text, where it is shown in another currency.
 */
export function formatTotals(
  totals: Totals,
  locale = 'en-US',
  amount: string = formatUsd(costNanos(totals), locale),
): string {
  const unpriced = `${new Intl.NumberFormat(locale).format(totals.unpriced)} unpriced`;
  if (totals.records > 0 && totals.unpriced === totals.records) return unpriced;
  const known = `${totals.estimated > 0 ? '~' : ''}${amount}`;
  return totals.unpriced === 0 ? known : `${known} + ${unpriced}`;
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
