import { HOUR } from '../../usage/time/zone.ts';
import { TOKEN_NAMES } from './columns.ts';
import type { Sql } from './server/connection.ts';
import type { ColumnRow, Series } from './rows.ts';
import { FACETS, inFacets, summaryTable } from './sums/facets.ts';

const DAY_HOURS = 24;
/** The lengths of the slots of a rollup, in hours. */
export const ROLLUP_HOURS = [DAY_HOURS, 1] as const;

interface Delta {
  /** '' for a row of `rollup`; otherwise the facet of a row of a summary. */
  facet: string;
  hours: number;
  slot: number;
  series: Series;
  records: number;
  /** Tokens in the order of the columns, then nano-dollars. */
  sums: bigint[];
}

/** The columns of a sum of records, besides their number. */
export const SUMS = [...TOKEN_NAMES, 'nanos'];

/** Collects the changes of the rollups in one transaction, so that each row is written once. */
export class RollupChanges {
  /** By hour: days and summaries are added up from them, once. */
  readonly #hours = new Deltas();

  /** @param sign 1 for a record that is added, -1 for one that is removed. */
  add({ timeMs, series, tokens, nanos }: ColumnRow, sign: 1 | -1): void {
    const delta = this.#hours.at('', 1, Math.floor(timeMs / HOUR), series);
    delta.records += sign;
    for (const [i, count] of tokens.entries()) if (count !== 0) delta.sums[i]! += BigInt(sign * count);
    if (nanos !== null) delta.sums[tokens.length]! += sign === 1 ? nanos : -nanos;
  }

  async write(sql: Sql, ledgerId: string): Promise<void> {
    const changes = [...this.#hours.changes(), ...daysOf(this.#hours.changes()).changes()];
    this.#hours.clear();
    await addTo(sql, ledgerId, { table: 'rollup', key: 'hours', type: 'BIGINT' }, changes);
    const summaries = summariesOf(changes).changes();
    for (const hours of ROLLUP_HOURS) {
      const ofTable = summaries.filter((each) => each.hours === hours);
      await addTo(sql, ledgerId, { table: summaryTable(hours), key: 'facet', type: 'TEXT' }, ofTable);
    }
  }
}

/** Changes by the row that they change. */
class Deltas {
  readonly #byKey = new Map<string, Delta>();

  at(facet: string, hours: number, slot: number, series: Series): Delta {
    const key = `${facet}:${hours}:${slot}:${series.id}`;
    let delta = this.#byKey.get(key);
    if (delta === undefined) {
      delta = { facet, hours, slot, series, records: 0, sums: SUMS.map(() => 0n) };
      this.#byKey.set(key, delta);
    }
    return delta;
  }

  /** Adds a change to that of another row. */
  include(place: Pick<Delta, 'facet' | 'hours' | 'slot' | 'series'>, { records, sums }: Delta): void {
    const delta = this.at(place.facet, place.hours, place.slot, place.series);
    delta.records += records;
    for (const [i, sum] of sums.entries()) delta.sums[i]! += sum;
  }

  /** Those that change anything, in one order for all writers, so that they cannot wait for each other in a circle. */
  changes(): Delta[] {
    return [...this.#byKey.entries()]
      .filter(([, { records, sums }]) => records !== 0 || sums.some((sum) => sum !== 0n))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, delta]) => delta);
  }

  clear(): void {
    this.#byKey.clear();
  }
}

function daysOf(hours: readonly Delta[]): Deltas {
  const days = new Deltas();
  for (const delta of hours) {
    days.include({ ...delta, hours: DAY_HOURS, slot: Math.floor(delta.slot / DAY_HOURS) }, delta);
  }
  return days;
}

function summariesOf(changes: readonly Delta[]): Deltas {
  const summaries = new Deltas();
  for (const delta of changes) {
    for (const [i, series] of inFacets(delta.series).entries()) {
      const { name, hours } = FACETS[i]!;
      if (hours.includes(delta.hours)) summaries.include({ ...delta, facet: name, series }, delta);
    }
  }
  return summaries;
}

interface SumsTable {
  table: string;
  /** The column between `ledger_id` and `slot`, and its type. */
  key: 'hours' | 'facet';
  type: string;
}

async function addTo(
  sql: Sql,
  ledgerId: string,
  { table, key, type }: SumsTable,
  deltas: readonly Delta[],
): Promise<void> {
  if (deltas.length === 0) return;
  const types = [type, 'BIGINT', 'TEXT', 'BIGINT', ...SUMS.map(() => 'NUMERIC')];
  await sql(
    `INSERT INTO llm_spend.${table} (ledger_id, ${key}, slot, series_id, records, ${SUMS.join(', ')})
     SELECT $1, * FROM unnest(${types.map((each, i) => `$${i + 2}::${each}[]`).join(', ')})
     ON CONFLICT (ledger_id, ${key}, slot, series_id) DO UPDATE SET ${addedSums(table)}`,
    [
      ledgerId,
      deltas.map((delta) => delta[key]),
      deltas.map(({ slot }) => slot),
      deltas.map(({ series }) => series.id),
      deltas.map(({ records }) => records),
      ...SUMS.map((_, i) => deltas.map(({ sums }) => sums[i]!)),
    ],
  );
}

function addedSums(table: string): string {
  return ['records', ...SUMS].map((name) => `${name} = ${table}.${name} + excluded.${name}`).join(', ');
}
