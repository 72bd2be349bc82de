import { foldTop } from '../../../columns/foldGroups.ts';
import { orderGroups } from '../../../columns/groupOrder.ts';
import type { AggregateQuery, CostKind, Dimension, Group, QueryGrouping, Totals } from '../../../usage/query.ts';
import { emptyTotals, isBucket } from '../../../usage/query.ts';
import { tokenSum } from '../../../usage/tokenSum.ts';
import { mergeGroups } from '../../../usage/totals.ts';
import { TOKEN_COLUMNS, TOKEN_NAMES } from '../columns.ts';
import type { Sql } from '../server/connection.ts';
import type { SqlRow } from '../server/engine.ts';
import { decodeText } from '../rows.ts';
import { columnOfDimension, conditionOf, isFine, Parameters, TAGS, type Condition } from './conditions.ts';
import { facetOf, summaryTable } from './facets.ts';
import { bucketRanges, piecesOf, timeRange, type BucketRanges, type Pieces, type Slot } from './pieces.ts';

/** The ledger that is asked. */
export interface Asked {
  ledgerId: string;
  name: string;
  /** Ids of records that another ledger counts. */
  excluded: ReadonlySet<string>;
}

/** Totals by group, added up by the server: from rollups as far as they know the dimensions, else from the records. */
export async function aggregateStored(sql: Sql, asked: Asked, query: AggregateQuery): Promise<Group[]> {
  const { groupBy, filter } = query;
  const distinct = [...new Set(groupBy)];
  const dimensions = distinct.filter(
    (grouping): grouping is Dimension => !isBucket(grouping) && grouping !== 'interval',
  );
  const parameters = new Parameters();
  const ledger = parameters.add(asked.ledgerId, 'TEXT');
  const condition = conditionOf(filter, asked.name, asked.excluded, parameters);
  if (condition.never) return groupsOf([], query);
  const days = await daysWithRecords(sql, asked.ledgerId, timeRange(filter));
  const { ranges, keys } = rangesOf(query, days);
  const bounds = distinct.includes('interval') ? parameters.add([...(query.intervals ?? [])], 'BIGINT[]') : undefined;
  const needsRecords = condition.records.length > 0 || dimensions.some(isFine) || bounds !== undefined;
  const options = { ledger, condition, dimensions, parameters, bounds };
  const parts = needsRecords
    ? recordParts(
        ranges.map((range) => ({ ...range, sign: 1 })),
        options,
      )
    : sumParts(piecesOf(ranges, days), options);
  const rows = parts.length === 0 ? [] : await sql(unionOf(parts, options), parameters.values);
  const found = rows.map((row) => groupOf(row, { groupBy, distinct, dimensions, keys, name: asked.name }));
  return groupsOf(found, query);
}

function groupsOf(found: readonly Group[], { groupBy, top }: AggregateQuery): Group[] {
  const groups = orderGroups(mergeGroups(found), groupBy);
  if (groupBy.length === 0 && groups.length === 0) return [{ key: [], totals: emptyTotals() }];
  return top ? foldTop(groups, top) : groups;
}

/** The days (UTC) that have records in a range, ascending. */
async function daysWithRecords(sql: Sql, ledgerId: string, range: { low: number; high: number }): Promise<number[]> {
  if (range.low >= range.high) return [];
  const rows = await sql(
    `SELECT slot FROM llm_spend.summary_day WHERE ledger_id = $1 AND facet = 'all' AND records <> 0
     AND slot BETWEEN $2::BIGINT AND $3::BIGINT`,
    [ledgerId, Math.floor(range.low / DAY_MS), Math.floor(range.high / DAY_MS)],
  );
  return [...new Set(rows.map((row) => Number(row['slot'])))].sort((a, b) => a - b);
}

function rangesOf({ groupBy, filter, calendar }: AggregateQuery, days: readonly number[]): BucketRanges {
  const buckets = [...new Set(groupBy)].filter(isBucket);
  const range = timeRange(filter);
  if (buckets.length > 0) return bucketRanges(buckets, calendar, days, range);
  return { ranges: range.low < range.high && days.length > 0 ? [{ bucket: 0, ...range }] : [], keys: [[]] };
}

const DAY_MS = 86_400_000;

interface PartOptions {
  ledger: string;
  condition: Condition;
  dimensions: readonly Dimension[];
  parameters: Parameters;
  /** The bounds of intervals, if these are a grouping. */
  bounds: string | undefined;
}

const SUMMED = ['records', ...TOKEN_NAMES, 'nanos'];

/** The names of the keys in all parts. */
function keyNames({ dimensions, bounds }: PartOptions): string[] {
  return [...dimensions.map((_, i) => `k${i}`), ...(bounds === undefined ? [] : ['interval_number'])];
}

/** The sums of all parts by bucket, keys, `cost_kind` and `covered`. */
function unionOf(parts: readonly string[], options: PartOptions): string {
  const keys = ['bucket', ...keyNames(options), 'cost_kind', 'covered'];
  return `SELECT ${keys.join(', ')}, ${SUMMED.map((name) => `sum(${name}) AS ${name}`).join(', ')}
    FROM (${parts.join('\nUNION ALL\n')}) AS parts GROUP BY ${numbers(keys.length)} HAVING sum(records) <> 0`;
}

function sumParts({ days, hours, times }: Pieces, options: PartOptions): string[] {
  return [...slotPart(days, 24, options), ...slotPart(hours, 1, options), ...edgePart(times, options)];
}

/** The same names in all parts: `bucket`, `k0`, `k1`, ..., `cost_kind`, `covered`, `records`, and the sums, all with their sign. */
function slotPart(slots: readonly Slot[], hours: number, options: PartOptions): string[] {
  if (slots.length === 0) return [];
  const { ledger, condition, dimensions, parameters } = options;
  const keys = dimensions.map((dimension, i) => `${groupKey(dimension)} AS k${i}`);
  const needed = [...dimensions, ...condition.dimensions].filter((each) => each !== 'ledger' && each !== 'cost');
  const facet = facetOf(needed, hours);
  const table = facet === undefined ? 'rollup' : summaryTable(hours);
  const part = facet === undefined ? `r.hours = ${hours}` : `r.facet = ${parameters.add(facet.name, 'TEXT')}`;
  const columns = (['bucket', 'sign', 'slot'] as const).map((name) =>
    parameters.add(
      slots.map((slot) => slot[name]),
      'BIGINT[]',
    ),
  );
  // Rows of chosen series are found by series; of all others, only those of these times are read.
  const isBySeries = facet === undefined && condition.series.length > 0;
  const near = isBySeries ? '' : `AND r.slot ${nearSlots(slots, columns[2]!, parameters)}`;
  // Multiplying takes a tenth of the time of the question.
  const sign = slots.every((slot) => slot.sign === 1) ? '' : 'p.sign * ';
  return [
    `SELECT p.bucket, ${[...keys, 's.cost_kind', 's.covered'].join(', ')},
    ${SUMMED.map((name) => `${sign}r.${name} AS ${name}`).join(', ')}
    FROM unnest(${columns.join(', ')}) AS p(bucket, sign, slot)
    JOIN llm_spend.${table} r ON r.ledger_id = ${ledger} AND ${part} AND r.slot = p.slot ${near}
    JOIN llm_spend.series s ON s.ledger_id = r.ledger_id AND s.series_id = r.series_id ${whereOf(condition.series)}`,
  ];
}

/** Below this share of the slots between the first and the last, each is named: planners would read all between them. */
const SPARSE = 1 / 4;

/** A condition that the slots meet, and not many others. @param named the parameter with the slots. */
function nearSlots(slots: readonly Slot[], named: string, parameters: Parameters): string {
  let [first, last] = [Infinity, -Infinity];
  for (const { slot } of slots) [first, last] = [Math.min(first, slot), Math.max(last, slot)];
  if (slots.length < (last - first) * SPARSE) return `= ANY(${named})`;
  return `BETWEEN ${parameters.add(first, 'BIGINT')} AND ${parameters.add(last, 'BIGINT')}`;
}

/** Parts of hours. Each is read by itself, because planners expect that a range of a join has many more records than it has. */
function edgePart(pieces: Pieces['times'], options: PartOptions): string[] {
  if (pieces.length === 0) return [];
  const { ledger, condition, dimensions } = options;
  const keys = dimensions.map((dimension, i) => `${groupKey(dimension)} AS k${i}`);
  return [
    `SELECT p.bucket, ${[...keys, 's.cost_kind', 's.covered'].join(', ')},
    ${SUMMED.map((name) => `p.sign * e.${name} AS ${name}`).join(', ')}
    FROM ${rangesTable(pieces, options)}
    CROSS JOIN LATERAL (SELECT r.series_id, count(*) AS records, ${TOKEN_NAMES.map((name) => `sum(r.${name}) AS ${name}`).join(', ')},
      coalesce(sum(r.cost_nanos), 0) AS nanos FROM llm_spend.record r
      WHERE r.ledger_id = ${ledger} AND r.time_ms >= p.low AND r.time_ms < p.high AND r.counts GROUP BY r.series_id) AS e
    JOIN llm_spend.series s ON s.ledger_id = ${ledger} AND s.series_id = e.series_id ${whereOf(condition.series)}`,
  ];
}

function recordParts(pieces: Pieces['times'], options: PartOptions): string[] {
  if (pieces.length === 0) return [];
  const { ledger, condition, dimensions, bounds } = options;
  const keys = dimensions.map((dimension, i) => `${groupKey(dimension)} AS k${i}`);
  if (bounds !== undefined) keys.push('i.number AS interval_number');
  const tags = dimensions.includes('tag') ? `CROSS JOIN LATERAL ${TAGS} AS g(tag)` : '';
  const intervals =
    bounds === undefined
      ? ''
      : `CROSS JOIN LATERAL (SELECT count(*) AS number FROM unnest(${bounds}) AS b(bound) WHERE b.bound <= r.time_ms) AS i`;
  const names = ['p.bucket', ...keyNames(options), 's.cost_kind', 's.covered', 'p.sign'];
  return [
    `SELECT p.bucket, ${[...keys, 's.cost_kind', 's.covered'].join(', ')}, p.sign * count(*) AS records,
    ${TOKEN_NAMES.map((name) => `p.sign * sum(r.${name}) AS ${name}`).join(', ')},
    p.sign * coalesce(sum(r.cost_nanos), 0) AS nanos
    FROM ${rangesTable(pieces, options)}
    JOIN llm_spend.record r ON r.ledger_id = ${ledger} AND r.time_ms >= p.low AND r.time_ms < p.high AND r.counts
    JOIN llm_spend.series s ON s.ledger_id = r.ledger_id AND s.series_id = r.series_id
    ${tags} ${intervals} ${whereOf([...condition.series, ...condition.records])} GROUP BY ${names.join(', ')}`,
  ];
}

function groupKey(dimension: Dimension): string {
  if (dimension === 'ledger') return "''";
  return dimension === 'tag' ? 'g.tag' : columnOfDimension(dimension);
}

function rangesTable(pieces: Pieces['times'], { parameters }: PartOptions): string {
  const columns = [
    parameters.add(
      pieces.map(({ bucket }) => bucket),
      'BIGINT[]',
    ),
    parameters.add(
      pieces.map(({ sign }) => sign),
      'BIGINT[]',
    ),
    parameters.add(
      pieces.map(({ low }) => low),
      'BIGINT[]',
    ),
    parameters.add(
      pieces.map(({ high }) => high),
      'BIGINT[]',
    ),
  ];
  return `unnest(${columns.join(', ')}) AS p(bucket, sign, low, high)`;
}

function whereOf(terms: readonly string[]): string {
  return terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`;
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => i + 1).join(', ');
}

interface KeyOptions {
  groupBy: readonly QueryGrouping[];
  distinct: readonly QueryGrouping[];
  dimensions: readonly Dimension[];
  keys: readonly string[][];
  name: string;
}

function groupOf(row: SqlRow, { groupBy, distinct, dimensions, keys, name }: KeyOptions): Group {
  const buckets = distinct.filter(isBucket);
  const key = groupBy.map((grouping): string | null => {
    if (isBucket(grouping)) return keys[Number(row['bucket'])]![buckets.indexOf(grouping)]!;
    if (grouping === 'interval') return String(row['interval_number']);
    if (grouping === 'ledger') return name;
    return decodeText(row[`k${dimensions.indexOf(grouping)}`]!) || null;
  });
  return { key, totals: totalsOf(row) };
}

function totalsOf(row: SqlRow): Totals {
  const totals = emptyTotals();
  const records = Number(row['records']);
  const nanos = BigInt(row['nanos']!);
  totals.records = records;
  for (const { total, column } of TOKEN_COLUMNS) totals[total] = tokenSum(BigInt(row[column]!));
  const kind = row['cost_kind'] as CostKind;
  if (kind === 'unknown') totals.unpriced = records;
  else if (row['covered'] === 't') {
    totals.plan = records;
    totals.planNanos = nanos;
  } else if (kind === 'recorded') totals.recordedNanos = nanos;
  else {
    totals.estimated = records;
    totals.estimatedNanos = nanos;
  }
  return totals;
}
