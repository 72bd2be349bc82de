import { HOUR } from '../../usage/time/zone.ts';
import { TOKEN_NAMES } from './columns.ts';
import type { Sql } from './server/connection.ts';
import type { ColumnRow } from './rows.ts';

const DAY_HOURS = 24;
/** The lengths of the slots of a rollup, in hours. */
export const ROLLUP_HOURS = [DAY_HOURS, 1] as const;

interface Delta {
  hours: number;
  slot: number;
  seriesId: string;
  records: number;
  /** Tokens in the order of the columns, then nano-dollars. */
  sums: bigint[];
}

const SUMS = [...TOKEN_NAMES, 'nanos'];

/** Collects the changes of the rollups in one transaction, so that each row is written once. */
export class RollupChanges {
  /** By hour: days are added up from them, once. */
  readonly #deltas = new Map<string, Delta>();

  /** @param sign 1 for a record that is added, -1 for one that is removed. */
  add({ timeMs, series, tokens, nanos }: ColumnRow, sign: 1 | -1): void {
    const delta = deltaIn(this.#deltas, 1, Math.floor(timeMs / HOUR), series.id);
    delta.records += sign;
    for (const [i, count] of tokens.entries()) if (count !== 0) delta.sums[i]! += BigInt(sign * count);
    if (nanos !== null) delta.sums[tokens.length]! += sign === 1 ? nanos : -nanos;
  }

  async write(sql: Sql, ledgerId: string): Promise<void> {
    // In one order for all writers, so that they cannot wait for each other in a circle.
    const deltas = [...this.#deltas.values(), ...daysOf(this.#deltas.values())]
      .filter(({ records, sums }) => records !== 0 || sums.some((sum) => sum !== 0n))
      .sort((a, b) => a.hours - b.hours || a.slot - b.slot || (a.seriesId < b.seriesId ? -1 : 1));
    this.#deltas.clear();
    if (deltas.length === 0) return;
    const changes = ['records', ...SUMS].map((name) => `${name} = rollup.${name} + excluded.${name}`);
    await sql(
      `INSERT INTO llm_spend.rollup (ledger_id, hours, slot, series_id, records, ${SUMS.join(', ')})
       SELECT $1, * FROM unnest($2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[], ${SUMS.map((_, i) => `$${i + 6}::NUMERIC[]`).join(', ')})
       ON CONFLICT (ledger_id, hours, slot, series_id) DO UPDATE SET ${changes.join(', ')}`,
      [
        ledgerId,
        deltas.map(({ hours }) => hours),
        deltas.map(({ slot }) => slot),
        deltas.map(({ seriesId }) => seriesId),
        deltas.map(({ records }) => records),
        ...SUMS.map((_, i) => deltas.map(({ sums }) => sums[i]!)),
      ],
    );
  }
}

function daysOf(hours: Iterable<Delta>): Iterable<Delta> {
  const days = new Map<string, Delta>();
  for (const { slot, seriesId, records, sums } of hours) {
    const day = deltaIn(days, DAY_HOURS, Math.floor(slot / DAY_HOURS), seriesId);
    day.records += records;
    for (const [i, sum] of sums.entries()) day.sums[i]! += sum;
  }
  return days.values();
}

function deltaIn(deltas: Map<string, Delta>, hours: number, slot: number, seriesId: string): Delta {
  const key = `${slot}:${seriesId}`;
  let delta = deltas.get(key);
  if (delta === undefined) {
    delta = { hours, slot, seriesId, records: 0, sums: SUMS.map(() => 0n) };
    deltas.set(key, delta);
  }
  return delta;
}

/** Computes all rollups of a ledger from its records. */
export async function rebuildRollups(sql: Sql, ledgerId: string): Promise<void> {
  await sql('DELETE FROM llm_spend.rollup WHERE ledger_id = $1', [ledgerId]);
  for (const hours of ROLLUP_HOURS) {
    await sql(
      `INSERT INTO llm_spend.rollup (ledger_id, hours, slot, series_id, records, ${SUMS.join(', ')})
       ${sumsOfRecords(hours)}`,
      [ledgerId],
    );
  }
}

/** The rows of the rollup with slots of `hours`, computed from the records of the ledger $1. */
export function sumsOfRecords(hours: number): string {
  return `SELECT ledger_id, CAST(${hours} AS BIGINT), CAST(floor(time_ms / ${hours * HOUR}.0) AS BIGINT), series_id, count(*),
    ${TOKEN_NAMES.map((name) => `sum(${name})`).join(', ')}, coalesce(sum(cost_nanos), 0)
    FROM llm_spend.record WHERE ledger_id = $1 AND counts AND series_id <> '' GROUP BY 1, 2, 3, 4`;
}
