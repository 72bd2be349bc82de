import type { Nanos } from './money.ts';
import type { UsageRecord } from './record.ts';
import type { Dimension } from './dimensions.ts';
import type { TokenSum } from './tokenSum.ts';

/**
 * Queries that every ledger answers, whatever its store: totals by group, and pages of records. All views, the CLI and the
 * library use these shapes, so they show the same numbers.
 */

export type { Dimension } from './dimensions.ts';
export type { TokenSum } from './tokenSum.ts';

/** A span of local time to group by. */
export const BUCKETS = ['hour', 'day', 'week', 'month', 'year'] as const;
export type Bucket = (typeof BUCKETS)[number];

export type Grouping = Dimension | Bucket;
/** `interval`: the intervals that the query itself lists. */
export type QueryGrouping = Grouping | 'interval';

export function isBucket(grouping: string): grouping is Bucket {
  return (BUCKETS as readonly string[]).includes(grouping);
}

/** Origin of a cost: given by the caller, computed from prices, or unknown. */
export type CostKind = 'recorded' | 'estimated' | 'unknown';

/** A half-open time range, and for each dimension the accepted values; null matches records without a value. */
export interface UsageFilter {
  /** ms since the epoch, inclusive. */
  since?: number | undefined;
  /** ms since the epoch, exclusive. */
  until?: number | undefined;
  /** A record must match every dimension listed; within a dimension, any of the values. */
  values?: Partial<Record<Dimension, readonly (string | null)[]>> | undefined;
  /** Every word must occur in at least one searched text of the record, ignoring case. */
  search?: string | undefined;
}

/** The time zone and first day of the week, which decide the local day of an instant. */
export interface Calendar {
  /** IANA name, e.g. `Europe/Berlin`. */
  timeZone: string;
  /** 1 = Monday ... 7 = Sunday, as ISO 8601 and `Intl.Locale.getWeekInfo()` count. */
  firstDayOfWeek: number;
}

/** Measures by which groups are ranked. */
export const MEASURES = ['cost', 'tokens'] as const;
export type Measure = (typeof MEASURES)[number];

/** Number of values that keep a group, ranked over all groups. */
export interface Top {
  count: number;
  by: Measure;
}

export interface AggregateQuery {
  filter: UsageFilter;
  /** Outermost grouping first; empty asks for a single grand total. */
  groupBy: readonly QueryGrouping[];
  calendar: Calendar;
  /**
   * The bounds of the grouping `interval`, ms since the epoch, ascending. The key of a group is the number of bounds up to its
   * times, as text.
   */
  intervals?: readonly number[] | undefined;
  /** Keeps the largest values of the last grouping and folds the others into one group: see `foldTop`. */
  top?: Top | undefined;
}

/** Sums over records. Costs are kept apart by kind; `unpriced` counts the records whose cost is unknown. */
export interface Totals {
  records: number;
  inputTokens: TokenSum;
  outputTokens: TokenSum;
  totalTokens: TokenSum;
  cacheReadTokens: TokenSum;
  cacheWriteTokens: TokenSum;
  reasoningTokens: TokenSum;
  /** Tokens that a source guessed: a part of the counts above. */
  guessedTokens: TokenSum;
  recordedNanos: Nanos;
  estimatedNanos: Nanos;
  /** Records whose cost was computed from prices. */
  estimated: number;
  /**
   * Value at list price of calls covered by a plan or an allowance of credits. Never added to the two sums above, which are paid.
   */
  planNanos: Nanos;
  /** Records that a plan or credits cover, and whose cost is known. */
  plan: number;
  /** Records whose cost is unknown. Their `cost_usd` is not included in any sum. */
  unpriced: number;
  /**
   * Set only in totals converted to another currency: the cost of days without a rate, in nano-dollars. It is not included in
   * the sums above. Absent when every day had a rate.
   */
  unconvertedNanos?: Nanos | undefined;
}

/**
 * One group: `key` has one entry per grouping. Time buckets are local: `2026-11-23T14+01:00` (hour; the offset keeps the two
 * equal hours of an autumn night apart), `2026-11-23` (day, or the first day of a week), `2026-11`, `2026`.
 */
export interface Group {
  key: (string | null)[];
  totals: Totals;
  /** Number of values folded into this group; the last entry of `key` is then null. */
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

/** A record and the ledger that contains it. */
export interface StoredUsage {
  /** The ledger's label: its path. */
  ledger: string;
  record: UsageRecord;
}

export interface Page {
  /** Number of matching records; `rows` is one page of them. */
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
    guessedTokens: 0,
    recordedNanos: 0n,
    estimatedNanos: 0n,
    estimated: 0,
    planNanos: 0n,
    plan: 0,
    unpriced: 0,
  };
}

/** The `price_source` of a call that is free of charge: its cost of 0 is known, and not an estimate. */
export const FREE_SOURCE = 'free';

/** Derives the origin of a record's cost from its fields. */
export function costKind(record: Pick<UsageRecord, 'cost_known' | 'billing_mode' | 'price_source'>): CostKind {
  if (!record.cost_known) return 'unknown';
  const { price_source: source } = record;
  const isComputed = source !== null && source !== undefined && source !== '' && !/^free(;|$)/.test(source);
  return record.billing_mode === 'estimated' || isComputed ? 'estimated' : 'recorded';
}

/** Whether a plan or an allowance of credits covers a call, so that its cost is not paid. */
export function isCovered(charge: unknown): boolean {
  return charge === 'plan' || charge === 'credits';
}

/** The paid cost. */
export function costNanos(totals: Totals): Nanos {
  return totals.recordedNanos + totals.estimatedNanos;
}

/** The value of all usage at list price, paid or covered, by which groups are ordered. Never shown as spend. */
export function valueNanos(totals: Totals): Nanos {
  return costNanos(totals) + totals.planNanos;
}
