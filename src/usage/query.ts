import type { Nanos } from './money.ts';
import type { UsageRecord } from './record.ts';
import type { Dimension } from './dimensions.ts';

/**
 * What can be asked of a ledger, whatever its store: totals by groups, and pages of records.
 * Every view, the CLI and the library ask through these shapes, so that their numbers are one.
 */

export type { Dimension } from './dimensions.ts';

/** A span of local time to group by. */
export const BUCKETS = ['hour', 'day', 'week', 'month', 'year'] as const;
export type Bucket = (typeof BUCKETS)[number];

export type Grouping = Dimension | Bucket;

export function isBucket(grouping: string): grouping is Bucket {
  return (BUCKETS as readonly string[]).includes(grouping);
}

/** Where a cost comes from: the caller said it, it was computed from prices, or nobody knows it. */
export type CostKind = 'recorded' | 'estimated' | 'unknown';

/** Half-open in time, and within a dimension any of the named values; null stands for "has none". */
export interface UsageFilter {
  /** ms since the epoch, inclusive. */
  since?: number | undefined;
  /** ms since the epoch, exclusive. */
  until?: number | undefined;
  /** All named dimensions must match; within one, any of its values does. */
  values?: Partial<Record<Dimension, readonly (string | null)[]>> | undefined;
  /** Every word must occur, in any case, in one of the record's texts that a search looks into. */
  search?: string | undefined;
}

/** The time zone and week that turn an instant into a day. */
export interface Calendar {
  /** IANA name, e.g. `Europe/Berlin`. */
  timeZone: string;
  /** 1 = Monday ... 7 = Sunday, as ISO 8601 and `Intl.Locale.getWeekInfo()` count. */
  firstDayOfWeek: number;
}

/** What tells a large group from a small one. */
export const MEASURES = ['cost', 'tokens'] as const;
export type Measure = (typeof MEASURES)[number];

/** How many values are told apart, measured over all groups. */
export interface Top {
  count: number;
  by: Measure;
}

export interface AggregateQuery {
  filter: UsageFilter;
  /** Outermost first; empty asks for one grand total. */
  groupBy: readonly Grouping[];
  calendar: Calendar;
  /** Keeps the largest values of the last grouping, and folds the others into one: see `foldTop`. */
  top?: Top | undefined;
}

/** Sums over records. Cost is apart by its kind; `unpriced` counts the records whose cost nobody knows. */
export interface Totals {
  records: number;
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  recordedNanos: Nanos;
  estimatedNanos: Nanos;
  /** Records whose cost was computed from prices. */
  estimated: number;
  /** Records whose cost is unknown. Their `cost_usd` is in no sum. */
  unpriced: number;
  /**
   * Only in totals that were converted to another currency: what days without a rate cost, still in nano-dollars. It is in
   * neither of the sums above. Absent when every day had a rate.
   */
  unconvertedNanos?: Nanos | undefined;
}

/**
 * One group: `key` has one entry for each grouping. Buckets are local: `2026-11-23T14+01:00` (hour, with its offset,
 * so that the two hours of an autumn night stay two), `2026-11-23` (day, and week by its first day), `2026-11`, `2026`.
 */
export interface Group {
  key: (string | null)[];
  totals: Totals;
  /** How many values the last entry of `key` (then null) stands for, when the small ones were folded into one. */
  rest?: number | undefined;
}

export const SORT_KEYS = [
  'time',
  'cost',
  'tokens',
  'input',
  'output',
  'provider',
  'model',
  'operation',
  'project',
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface PageQuery {
  filter: UsageFilter;
  sort: SortKey;
  descending: boolean;
  offset: number;
  limit: number;
}

/** A record with the ledger that holds it. */
export interface StoredUsage {
  /** The ledger's label: its path. */
  ledger: string;
  record: UsageRecord;
}

export interface Page {
  /** All records that match, of which `rows` is one page. */
  total: number;
  rows: StoredUsage[];
}

export function emptyTotals(): Totals {
  return {
    records: 0,
    inputTokens: 0,
    outputTokens: 0,
    totalTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    recordedNanos: 0n,
    estimatedNanos: 0n,
    estimated: 0,
    unpriced: 0,
  };
}

/** Where a record's cost comes from, by its own fields. */
export function costKind(record: Pick<UsageRecord, 'cost_known' | 'billing_mode' | 'price_source'>): CostKind {
  if (!record.cost_known) return 'unknown';
  return record.billing_mode === 'estimated' || record.price_source ? 'estimated' : 'recorded';
}

export function costNanos(totals: Totals): Nanos {
  return totals.recordedNanos + totals.estimatedNanos;
}
