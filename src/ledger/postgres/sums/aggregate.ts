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
import { asTimes, bucketPieces, timeRange, wholeRange, type TimePiece, type Pieces } from './pieces.ts';

/** The ledger that is asked. */
export interface Asked {
  ledgerId: string;
  name: string;
  /** Ids of records that another ledger counts. */
  excluded: ReadonlySet<string>;
}

/** Totals by group, added up by the server: from rollups as far as they know the dimensions, else from the records. */
export async function aggregateStored(sql: Sql, asked: Asked, query: AggregateQuery): Promise<Group[]> {
  const { groupBy, filter, top } = query;
  const distinct = [...new Set(groupBy)];
  const dimensions = distinct.filter(
    (grouping): grouping is Dimension => !isBucket(grouping) && grouping !== 'interval',
  );
  const parameters = new Parameters();
  const ledger = parameters.add(asked.ledgerId, 'TEXT');
  const condition = conditionOf(filter, asked.name, asked.excluded, parameters);
  const pieces = condition.never ? wholeRange(0, 0) : await piecesOf(sql, asked.ledgerId, query);
  const bounds = distinct.includes('interval') ? parameters.add([...(query.intervals ?? [])], 'BIGINT[]') : undefined;
  const needsRecords = condition.records.length > 0 || dimensions.some(isFine) || bounds !== undefined;
  const options = { ledger, condition, dimensions, parameters, bounds };
  const parts = partsOf(needsRecords ? asTimes(pieces) : pieces, options);
  const rows = parts.length === 0 ? [] : await sql(parts.join('\nUNION ALL\n'), parameters.values);
  const found = rows.map((row) => groupOf(row, { groupBy, distinct, dimensions, keys: pieces.keys, name: asked.name }));
  const groups = orderGroups(mergeGroups(found), groupBy);
  if (groupBy.length === 0 && groups.length === 0) return [{ key: [], totals: emptyTotals() }];
  return top ? foldTop(groups, top) : groups;
}

async function piecesOf(sql: Sql, ledgerId: string, { groupBy, filter, calendar }: AggregateQuery): Promise<Pieces> {
  const buckets = [...new Set(groupBy)].filter(isBucket);
  const range = timeRange(filter);
  if (buckets.length === 0) return wholeRange(range.low, range.high);
  const rows = await sql(
    `SELECT DISTINCT slot FROM llm_spend.rollup WHERE ledger_id = $1 AND hours = 24 AND records <> 0
     AND slot BETWEEN $2::BIGINT AND $3::BIGINT`,
    [ledgerId, Math.floor(range.low / DAY_MS), Math.floor(range.high / DAY_MS)],
  );
  const days = rows.map((row) => Number(row['slot'])).sort((a, b) => a - b);
  return bucketPieces(buckets, calendar, days, range);
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

function partsOf({ days, hours, times }: Pieces, options: PartOptions): string[] {
  return [
    ...(days.length > 0 ? [rollupPart(days, 24, options)] : []),
    ...(hours.length > 0 ? [rollupPart(hours, 1, options)] : []),
    ...(times.length > 0 ? [recordPart(times, options)] : []),
  ];
}

const SUMMED = [...TOKEN_NAMES, 'nanos'];

/** The same names in all parts: `bucket`, `k0`, `k1`, ..., `cost_kind`, `covered`, `records`, and the sums. */
function rollupPart(pieces: readonly TimePiece[], hours: number, options: PartOptions): string {
  const { ledger, condition, dimensions } = options;
  const keys = dimensions.map((dimension, i) => `${groupKey(dimension)} AS k${i}`);
  return `SELECT p.bucket, ${[...keys, 's.cost_kind', 's.covered'].join(', ')}, sum(r.records) AS records,
    ${SUMMED.map((name) => `sum(r.${name}) AS ${name}`).join(', ')}
    FROM ${piecesTable(pieces, options)}
    JOIN llm_spend.rollup r ON r.ledger_id = ${ledger} AND r.hours = ${hours} AND r.slot >= p.low AND r.slot < p.high
    JOIN llm_spend.series s ON s.ledger_id = r.ledger_id AND s.series_id = r.series_id
    ${whereOf(condition.series)} GROUP BY ${numbers(keys.length + 3)} HAVING sum(r.records) <> 0`;
}

function recordPart(pieces: readonly TimePiece[], options: PartOptions): string {
  const { ledger, condition, dimensions, bounds } = options;
  const keys = dimensions.map((dimension, i) => `${groupKey(dimension)} AS k${i}`);
  if (bounds !== undefined) keys.push('i.number AS interval_number');
  const tags = dimensions.includes('tag') ? `CROSS JOIN LATERAL ${TAGS} AS g(tag)` : '';
  const intervals =
    bounds === undefined
      ? ''
      : `CROSS JOIN LATERAL (SELECT count(*) AS number FROM unnest(${bounds}) AS b(bound) WHERE b.bound <= r.time_ms) AS i`;
  return `SELECT p.bucket, ${[...keys, 's.cost_kind', 's.covered'].join(', ')}, count(*) AS records,
    ${TOKEN_NAMES.map((name) => `sum(r.${name}) AS ${name}`).join(', ')}, coalesce(sum(r.cost_nanos), 0) AS nanos
    FROM ${piecesTable(pieces, options)}
    JOIN llm_spend.record r ON r.ledger_id = ${ledger} AND r.time_ms >= p.low AND r.time_ms < p.high AND r.counts
    JOIN llm_spend.series s ON s.ledger_id = r.ledger_id AND s.series_id = r.series_id
    ${tags} ${intervals} ${whereOf([...condition.series, ...condition.records])} GROUP BY ${numbers(keys.length + 3)}`;
}

function groupKey(dimension: Dimension): string {
  if (dimension === 'ledger') return "''";
  return dimension === 'tag' ? 'g.tag' : columnOfDimension(dimension);
}

function piecesTable(pieces: readonly TimePiece[], { parameters }: PartOptions): string {
  const buckets = parameters.add(
    pieces.map(({ bucket }) => bucket),
    'BIGINT[]',
  );
  const lows = parameters.add(
    pieces.map(({ low }) => low),
    'BIGINT[]',
  );
  const highs = parameters.add(
    pieces.map(({ high }) => high),
    'BIGINT[]',
  );
  return `unnest(${buckets}, ${lows}, ${highs}) AS p(bucket, low, high)`;
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
