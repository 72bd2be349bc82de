import type { ChartBucket } from '../../src/protocol/choices.ts';
import { bucketSpans } from '../../src/usage/time/calendar.ts';
import { emptyTotals } from '../../src/usage/query.ts';
import type { Calendar, Group, Measure, Totals } from '../../src/usage/query.ts';
import type { TimeSpan } from '../../src/usage/time/period.ts';
import { compareTokens } from '../../src/usage/tokenSum.ts';
import { measured, sum } from './totals.ts';

const HOUR = 60 * 60 * 1000;

/** One value of the stacking dimension over time. */
export interface Series {
  /** Unique within the chart. */
  id: string;
  /** null: records without a value. */
  value: string | null;
  /** Number of values folded into the series, if it combines the small ones. */
  rest?: number | undefined;
  /** Colour: an index into the palette, or the name of a neutral colour. */
  slot: number | 'none' | 'rest';
  totals: Totals;
}

/** One bar. */
export interface ChartColumn {
  key: string;
  since: number;
  until: number;
  totals: Totals;
  /** In the order of the chart's series; undefined where a series has no records. */
  parts: (Totals | undefined)[];
}

export interface ChartModel {
  bucket: ChartBucket;
  measure: Measure;
  /** Largest first, the folded rest last. */
  series: Series[];
  columns: ChartColumn[];
  totals: Totals;
  /** The period compared with; absent where there is none. */
  before?: ComparedPeriod | undefined;
}

export interface ComparedPeriod {
  /** By position, as many as the chart has columns, or fewer. */
  columns: readonly Totals[];
  /** Of the whole period, also of the part beyond the chart's columns. */
  totals: Totals;
  /** Whether the period has more columns than the chart. */
  isCut: boolean;
  /** Its span, if the user chose its dates. */
  dates?: TimeSpan | undefined;
}

/** Converts groups by [bucket, dimension] to columns without gaps over the range. @param slots the colour of each value. */
export function chartModel(
  { groups, slots }: { groups: readonly Group[]; slots: ReadonlyMap<string, number> },
  range: TimeSpan,
  { bucket, measure }: Pick<ChartModel, 'bucket' | 'measure'>,
  calendar: Calendar,
): ChartModel {
  const bySeries = new Map<string, [Group, ...Group[]]>();
  for (const group of groups) {
    const id = seriesId(group);
    const list = bySeries.get(id);
    if (list === undefined) bySeries.set(id, [group]);
    else list.push(group);
  }
  const series = [...bySeries]
    .map(([id, list]): Series => {
      const { key, rest } = list[0];
      const value = key[1] ?? null;
      return {
        id,
        value,
        rest,
        slot: rest !== undefined ? 'rest' : value === null ? 'none' : (slots.get(value) ?? 'none'),
        totals: sum(list.map(({ totals }) => totals)),
      };
    })
    .sort(
      (a, b) =>
        Number(a.rest !== undefined) - Number(b.rest !== undefined) ||
        measured(b.totals, measure) - measured(a.totals, measure) ||
        compareTokens(b.totals.totalTokens, a.totals.totalTokens),
    );
  const position = new Map(series.map(({ id }, index) => [id, index]));
  const columns = bucketSpans(range.since, range.until, bucket, calendar).map((span): ChartColumn => ({
    ...span,
    totals: emptyTotals(),
    parts: series.map(() => undefined),
  }));
  const byKey = new Map(columns.map((column) => [column.key, column]));
  for (const group of groups) {
    const column = byKey.get(group.key[0] ?? '');
    const index = position.get(seriesId(group));
    if (column === undefined || index === undefined) continue;
    column.parts[index] = group.totals;
  }
  for (const column of columns) column.totals = sum(column.parts.filter((part) => part !== undefined));
  return { bucket, measure, series, columns, totals: sum(columns.map(({ totals }) => totals)) };
}

/** The longest bucket of each kind, ms, with the hour that a change of the clock adds. */
const LONGEST: Record<ChartBucket, number> = { hour: 2 * HOUR, day: 25 * HOUR, week: 169 * HOUR, month: 745 * HOUR };

/** The period that a chart compares with. @param groups groups by [bucket]. */
export function comparedPeriod(
  groups: readonly Group[],
  span: TimeSpan,
  { bucket, columns }: Pick<ChartModel, 'bucket' | 'columns'>,
  calendar: Calendar,
): ComparedPeriod {
  const byKey = new Map(groups.map(({ key, totals }) => [key[0], totals]));
  // A hundred years by the hour would be a million buckets.
  const until = Math.min(span.until, span.since + (columns.length + 1) * LONGEST[bucket]);
  const spans = bucketSpans(span.since, until, bucket, calendar);
  return {
    columns: spans.slice(0, columns.length).map(({ key }) => byKey.get(key) ?? emptyTotals()),
    totals: sum(groups.map(({ totals }) => totals)),
    isCut: spans.length > columns.length,
  };
}

/** Unambiguous ids, so that no value's name equals the id for missing values or for the rest. */
export function seriesId({ key, rest }: Pick<Group, 'key' | 'rest'>): string {
  const value = key.at(-1) ?? null;
  return rest !== undefined ? 'rest' : value === null ? 'none' : `value:${value}`;
}
