import type { CostKind } from '../../../usage/query.ts';
import { HOUR } from '../../../usage/time/zone.ts';
import { SERIES_COLUMNS, TOKEN_NAMES } from '../columns.ts';
import { insertSeries } from '../insertion.ts';
import { ROLLUP_HOURS, SUMS } from '../rollups.ts';
import { decodeText, makeSeries, type Series } from '../rows.ts';
import type { Sql } from '../server/connection.ts';
import type { SqlValue } from '../server/engine.ts';
import { FACETS, inFacets, summaryTable } from './facets.ts';

/** Computes all sums of a ledger from its records, and compares the stored ones with them. */

const NAMES = ['records', ...SUMS];

export async function rebuildRollups(sql: Sql, ledgerId: string): Promise<void> {
  await sql('DELETE FROM llm_spend.rollup WHERE ledger_id = $1', [ledgerId]);
  for (const hours of ROLLUP_HOURS) {
    await sql(
      `INSERT INTO llm_spend.rollup (ledger_id, hours, slot, series_id, ${NAMES.join(', ')}) ${sumsOfRecords(hours)}`,
      [ledgerId],
    );
  }
  await rebuildSummaries(sql, ledgerId);
}

/** Computes the summaries of a ledger from its rollups. */
export async function rebuildSummaries(sql: Sql, ledgerId: string): Promise<void> {
  const series = await seriesWithSums(sql, ledgerId);
  await insertSeries(
    sql,
    ledgerId,
    series.flatMap(({ places }) => places),
  );
  for (const hours of ROLLUP_HOURS) {
    const table = summaryTable(hours);
    await sql(`DELETE FROM llm_spend.${table} WHERE ledger_id = $1`, [ledgerId]);
    await sql(
      `INSERT INTO llm_spend.${table} (ledger_id, facet, slot, series_id, ${NAMES.join(', ')}) ${sumsOfRollups(hours)}`,
      [ledgerId, ...placesIn(series, hours)],
    );
  }
}

/** Number of stored sums that differ from those of the records. */
export async function countDifferingSums(sql: Sql, ledgerId: string): Promise<number> {
  const right = ROLLUP_HOURS.map((hours) => `SELECT * FROM (${sumsOfRecords(hours)}) AS t${hours}`).join(' UNION ALL ');
  const rollups = await countDiffering(sql, { table: 'rollup', keys: ['hours', 'slot', 'series_id'], right }, [
    ledgerId,
  ]);
  const series = await seriesWithSums(sql, ledgerId);
  let differing = rollups;
  for (const hours of ROLLUP_HOURS) {
    const compared = { table: summaryTable(hours), keys: ['facet', 'slot', 'series_id'], right: sumsOfRollups(hours) };
    differing += await countDiffering(sql, compared, [ledgerId, ...placesIn(series, hours)]);
  }
  return differing;
}

interface Compared {
  table: string;
  keys: readonly string[];
  /** A query of the right rows, with the columns `ledger_id`, the keys, and the sums. */
  right: string;
}

async function countDiffering(
  sql: Sql,
  { table, keys, right }: Compared,
  values: readonly SqlValue[],
): Promise<number> {
  const key = keys.join(', ');
  const [row] = await sql(
    `SELECT count(*) AS differing FROM (SELECT ${key} FROM (
       SELECT ${key}, ${NAMES.join(', ')} FROM llm_spend.${table} WHERE ledger_id = $1 UNION ALL
       SELECT ${key}, ${NAMES.map((name) => `-${name}`).join(', ')} FROM (${right}) AS c(ledger_id, ${key}, ${NAMES.join(', ')})) AS u
     GROUP BY ${key} HAVING ${NAMES.map((name) => `sum(${name}) <> 0`).join(' OR ')}) AS d`,
    values,
  );
  return Number(row!['differing']);
}

/** The rows of the rollup with slots of `hours`, computed from the records of the ledger $1. */
function sumsOfRecords(hours: number): string {
  return `SELECT ledger_id, CAST(${hours} AS BIGINT), CAST(floor(time_ms / ${hours * HOUR}.0) AS BIGINT), series_id, count(*),
    ${TOKEN_NAMES.map((name) => `sum(${name})`).join(', ')}, coalesce(sum(cost_nanos), 0)
    FROM llm_spend.record WHERE ledger_id = $1 AND counts AND series_id <> '' GROUP BY 1, 2, 3, 4`;
}

/** The rows of a summary, computed from the rollups of the ledger $1. $2 to $4 are the result of {@link placesIn}. */
function sumsOfRollups(hours: number): string {
  return `SELECT r.ledger_id, m.facet, r.slot, m.place, ${NAMES.map((name) => `sum(r.${name})`).join(', ')}
  FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS m(series_id, facet, place)
  JOIN llm_spend.rollup r ON r.ledger_id = $1 AND r.hours = ${hours} AND r.series_id = m.series_id
  GROUP BY 1, 2, 3, 4`;
}

interface PlacedSeries {
  id: string;
  /** Its series in each of {@link FACETS}. */
  places: readonly Series[];
}

async function seriesWithSums(sql: Sql, ledgerId: string): Promise<PlacedSeries[]> {
  const rows = await sql(
    `SELECT s.series_id, s.cost_kind, s.covered, ${SERIES_COLUMNS.map(({ column }) => `s.${column}`).join(', ')}
     FROM llm_spend.series s WHERE s.ledger_id = $1
     AND EXISTS (SELECT 1 FROM llm_spend.rollup r WHERE r.ledger_id = s.ledger_id AND r.hours = 24 AND r.series_id = s.series_id)`,
    [ledgerId],
  );
  return rows.map((row) => {
    const texts = SERIES_COLUMNS.map(({ column }) => decodeText(row[column]!));
    const series = makeSeries(row['cost_kind'] as CostKind, row['covered'] === 't', texts);
    return { id: row['series_id']!, places: inFacets(series) };
  });
}

/** For each series and facet: the id of the series, the facet, and the id of its series there. */
function placesIn(series: readonly PlacedSeries[], hours: number): [string[], string[], string[]] {
  const [ids, facets, found]: [string[], string[], string[]] = [[], [], []];
  for (const { id, places } of series) {
    for (const [i, facet] of FACETS.entries()) {
      if (!facet.hours.includes(hours)) continue;
      ids.push(id);
      facets.push(facet.name);
      found.push(places[i]!.id);
    }
  }
  return [ids, facets, found];
}
