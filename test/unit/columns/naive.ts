import { DIMENSIONS } from '../../../src/usage/dimensions.ts';
import { Temporal } from 'temporal-polyfill';
import { usdToNanos } from '../../../src/usage/money.ts';
import {
  BUCKETS,
  costKind,
  valueNanos,
  emptyTotals,
  type AggregateQuery,
  type Bucket,
  type Calendar,
  type Dimension,
  type Group,
  type QueryGrouping,
  type SortKey,
  type TokenSum,
  type Totals,
  type UsageFilter,
} from '../../../src/usage/query.ts';
import { tokenSum } from '../../../src/usage/tokenSum.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

/** The expected answers of the table, computed in the simplest way: with arrays, bigints, and dates from another library. */

export interface Row {
  ledger: string;
  record: UsageRecord;
}

export function valuesOf({ ledger, record }: Row, dimension: Dimension): (string | null)[] {
  if (dimension === 'ledger') return [ledger];
  if (dimension === 'cost') return [costKind(record)];
  if (dimension === 'tag') {
    const tags = [...new Set(record.tags ?? [])].filter((tag) => tag !== '');
    return tags.length === 0 ? [null] : tags;
  }
  const fields: Partial<Record<Dimension, keyof UsageRecord>> = {
    session: 'session_id',
    episode: 'episode_title',
    tier: 'service_tier',
  };
  return [record[fields[dimension] ?? dimension] || null] as (string | null)[];
}

export function matches(row: Row, { since, until, values, search }: UsageFilter): boolean {
  const ms = Date.parse(row.record.timestamp);
  if (since !== undefined && ms < since) return false;
  if (until !== undefined && ms >= until) return false;
  for (const [dimension, wanted] of Object.entries(values ?? {})) {
    if (!valuesOf(row, dimension as Dimension).some((value) => wanted.includes(value))) return false;
  }
  const texts = DIMENSIONS.filter((dimension) => dimension !== 'ledger' && dimension !== 'cost').flatMap((dimension) =>
    valuesOf(row, dimension).map((value) => (value ?? '').toLowerCase()),
  );
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const terms = words.filter((word) => TERM.test(word));
  const plain = words.filter((word) => !TERM.test(word));
  return plain.every((word) => texts.some((text) => text.includes(word))) && matchesTerms(row, terms);
}

/** The terms that the tests search for: of one field, and comparisons of cost and tokens. */
const TERM = /^-?(model|project|tag):|^(cost|tokens)[<>]=?\d/;

function matchesTerms(row: Row, terms: readonly string[]): boolean {
  const has = (term: string): boolean => {
    const [dimension = '', text = ''] = term.replace(/^-/, '').split(/:(.*)/s);
    const exact = /^"(.*)"$/.exec(text)?.[1];
    return valuesOf(row, dimension as Dimension).some((value) => {
      const own = (value ?? '').toLowerCase();
      return exact === undefined ? own !== '' && own.includes(text) : own === exact;
    });
  };
  const ofDimension = (dimension: string): string[] => terms.filter((term) => term.startsWith(`${dimension}:`));
  const anyOf = (own: readonly string[]): boolean => own.length === 0 || own.some(has);
  return (
    ['model', 'project', 'tag'].every((dimension) => anyOf(ofDimension(dimension))) &&
    !terms.some((term) => term.startsWith('-') && has(term)) &&
    terms.every((term) => !/^(cost|tokens)[<>]/.test(term) || comparesAs(row.record, term))
  );
}

function comparesAs(record: UsageRecord, term: string): boolean {
  const [, name, operator = '', digits = ''] = /^(cost|tokens)([<>]=?)(.*)$/.exec(term) ?? [];
  if (name === 'cost' && !record.cost_known) return false;
  const amount = name === 'cost' ? Number(usdToNanos(record.cost_usd)) / 1e9 : record.total_tokens;
  const by = amount - Number(digits);
  if (by === 0) return operator.includes('=');
  return operator.startsWith('>') ? by > 0 : by < 0;
}

export function bucketName(ms: number, bucket: Bucket, { timeZone, firstDayOfWeek }: Calendar): string {
  const local = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone);
  const date = local.toPlainDate();
  switch (bucket) {
    case 'hour':
      return `${date.toString()}T${String(local.hour).padStart(2, '0')}${local.offset}`;
    case 'day':
      return date.toString();
    case 'week':
      return date.subtract({ days: (date.dayOfWeek - firstDayOfWeek + 7) % 7 }).toString();
    case 'month':
      return date.toPlainYearMonth().toString();
    case 'year':
      return String(date.year);
  }
}

const plus = (a: TokenSum, b = 0): TokenSum => tokenSum(BigInt(a) + BigInt(b));

export function sum(rows: readonly Row[]): Totals {
  const totals = emptyTotals();
  for (const { record } of rows) {
    totals.records++;
    totals.inputTokens = plus(totals.inputTokens, record.input_tokens);
    totals.outputTokens = plus(totals.outputTokens, record.output_tokens);
    totals.totalTokens = plus(totals.totalTokens, record.total_tokens);
    totals.cacheReadTokens = plus(totals.cacheReadTokens, record.cache_read_tokens);
    totals.cacheWriteTokens = plus(totals.cacheWriteTokens, record.cache_write_tokens);
    totals.reasoningTokens = plus(totals.reasoningTokens, record.reasoning_tokens);
    totals.guessedTokens = plus(totals.guessedTokens, record.estimated_tokens);
    const kind = costKind(record);
    if (kind === 'unknown') totals.unpriced++;
    else if (['plan', 'credits'].includes(record['charge'] as string)) {
      totals.plan++;
      totals.planNanos += usdToNanos(record.cost_usd);
      continue;
    }
    if (kind === 'estimated') totals.estimated++;
    if (kind === 'estimated') totals.estimatedNanos += usdToNanos(record.cost_usd);
    if (kind === 'recorded') totals.recordedNanos += usdToNanos(record.cost_usd);
  }
  return totals;
}

/** Groups level by level, so that the order is obviously the documented one. */
export function aggregate(rows: readonly Row[], query: AggregateQuery): Group[] {
  const { filter, groupBy } = query;
  const matching = rows.filter((row) => matches(row, filter));
  const distinct = [...new Set(groupBy)];
  return nest(matching, distinct, query).map(({ key, totals }) => ({
    key: groupBy.map((grouping) => key[distinct.indexOf(grouping)] ?? null),
    totals,
  }));
}

function nest(rows: readonly Row[], groupBy: readonly QueryGrouping[], query: AggregateQuery): Group[] {
  const [grouping, ...inner] = groupBy;
  if (grouping === undefined) return [{ key: [], totals: sum(rows) }];
  const parts = new Map<string | null, { rows: Row[]; first: number }>();
  for (const row of rows) {
    const ms = Date.parse(row.record.timestamp);
    for (const value of groupValues(row, grouping, query)) {
      const part = parts.get(value) ?? { rows: [], first: ms };
      part.rows.push(row);
      part.first = Math.min(part.first, ms);
      parts.set(value, part);
    }
  }
  const groups = [...parts].map(([value, part]) => ({ value, part, below: nest(part.rows, inner, query) }));
  const cost = (group: (typeof groups)[number]): bigint =>
    group.below.reduce((total, { totals }) => total + valueNanos(totals), 0n);
  groups.sort((a, b) => {
    if (grouping === 'interval') return Number(a.value) - Number(b.value);
    if (isBucket(grouping))
      return grouping === 'hour' ? byHour(a.value ?? '', b.value ?? '') : byText(a.value, b.value);
    const difference = cost(b) - cost(a);
    return difference === 0n ? byText(a.value, b.value) : difference < 0n ? -1 : 1;
  });
  return groups.flatMap(({ value, below }) => below.map(({ key, totals }) => ({ key: [value, ...key], totals })));
}

function groupValues(
  row: Row,
  grouping: QueryGrouping,
  { calendar, intervals = [] }: AggregateQuery,
): (string | null)[] {
  const ms = Date.parse(row.record.timestamp);
  if (grouping === 'interval') return [String(intervals.filter((bound) => bound <= ms).length)];
  return isBucket(grouping) ? [bucketName(ms, grouping, calendar)] : valuesOf(row, grouping);
}

function byHour(a: string, b: string): number {
  const start = (key: string): number => Date.parse(key.replace(/^(.{13})(.{6}).*/, '$1:00$2'));
  return start(a) - start(b) || byText(a, b);
}

function byText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

function isBucket(grouping: QueryGrouping): grouping is Bucket {
  return (BUCKETS as readonly string[]).includes(grouping);
}

/** Ascending by key, then by time, then by arrival. */
export function sorted(rows: readonly Row[], key: SortKey): Row[] {
  const value = ({ record }: Row): number | string => {
    switch (key) {
      case 'time':
        return Date.parse(record.timestamp);
      case 'cost':
        return record.cost_known ? Number(usdToNanos(record.cost_usd)) : -1;
      case 'tokens':
        return record.total_tokens;
      case 'input':
        return record.input_tokens;
      case 'output':
        return record.output_tokens;
      case 'provider':
      case 'model':
      case 'operation':
      case 'project':
        return record[key] ?? '';
    }
  };
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -1 : x > y ? 1 : Date.parse(a.record.timestamp) - Date.parse(b.record.timestamp);
  });
}
