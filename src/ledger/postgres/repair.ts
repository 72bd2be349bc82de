import type { Problem, RepairResult } from '../results.ts';
import type { LedgerAccess } from './access.ts';
import type { Sql } from './server/connection.ts';
import { recordOfRow, rowOf, tryRecord } from './rows.ts';
import { countDifferingSums } from './sums/rebuilding.ts';
import { storedRow, type LedgerWrite, type StoredRow } from './writing.ts';

/** Compares a ledger's columns, keys and rollups with the records' texts, and rebuilds them from the texts. */

const ROWS_AT_ONCE = 2_000;

/** The differences between a ledger's parts. */
export interface Differences {
  /** Rows whose columns differ from their text. */
  columns: StoredRow[];
  /** Number of sums that differ from those of the records. */
  sums: number;
  /** Number of records that cannot be found by their id. */
  keys: number;
}

/**
 * @throws {Error} of the server, that this user may not do it, for a member of a team: the records of the others are hidden from
 * members, and would be missing in every sum.
 */
export async function findDifferences(sql: Sql, ledgerId: string): Promise<Differences> {
  await sql('SELECT change_id FROM llm_spend.change WHERE FALSE');
  const columns: StoredRow[] = [];
  let after = -1;
  for (;;) {
    const rows = await sql(
      `SELECT usage_key, sender, time_ms, seq, series_id, cost_nanos, text FROM llm_spend.record
       WHERE ledger_id = $1 AND seq > $2 AND counts AND series_id <> '' ORDER BY seq LIMIT ${ROWS_AT_ONCE}`,
      [ledgerId, after],
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      const stored = storedRow(row);
      after = stored.seq;
      const record = tryRecord(stored.key, stored.text);
      const right = record && rowOf(record, stored.text);
      const nanos = row['cost_nanos'] === null ? null : BigInt(row['cost_nanos']!);
      const isSame = right?.timeMs === stored.timeMs && right.series.id === row['series_id'] && right.nanos === nanos;
      if (!isSame) columns.push(stored);
    }
  }
  return { columns, sums: await countDifferingSums(sql, ledgerId), keys: await missingKeys(sql, ledgerId) };
}

async function missingKeys(sql: Sql, ledgerId: string): Promise<number> {
  const [row] = await sql(
    `SELECT count(*) AS missing FROM llm_spend.record r WHERE ledger_id = $1 AND series_id <> '' AND NOT EXISTS (
       SELECT 1 FROM llm_spend.usage_key k WHERE k.ledger_id = r.ledger_id AND k.usage_key = r.usage_key
       AND k.sender = r.sender AND k.time_ms = r.time_ms AND k.seq = r.seq)`,
    [ledgerId],
  );
  return Number(row!['missing']);
}

export function describeDifferences({ columns, sums, keys }: Differences): Problem[] {
  const problem = (message: string): Problem => ({ code: 'damaged-database', severity: 'error', message });
  return [
    ...(columns.length > 0 ? [problem(`The columns of ${columns.length} records differ from their text.`)] : []),
    ...(sums > 0 ? [problem(`${sums} sums differ from the records.`)] : []),
    ...(keys > 0 ? [problem(`${keys} records cannot be found by their id.`)] : []),
  ];
}

/** Repairs everything that {@link findDifferences} finds, and moves foreign rows aside. */
export async function repairStored(access: LedgerAccess, dryRun: boolean): Promise<RepairResult> {
  const row = await access.ledgerRow();
  if (row === undefined) return { actions: [], records: 0, recovered: 0, keptIn: undefined };
  if (dryRun) {
    const { actions, foreign } = await access.connection.snapshot((sql) => planRepair(sql, access.ledgerId), true);
    return { actions, records: row.records, recovered: foreign.filter(isRecordRow).length, keptIn: undefined };
  }
  const { actions, recovered, moved } = await access.write((write) => repairNow(write), true);
  const { records } = (await access.ledgerRow())!;
  const keptIn = moved > 0 ? `the table llm_spend.aside of ${access.address.name}` : undefined;
  return { actions, records, recovered, keptIn };
}

interface RepairPlan {
  actions: string[];
  foreign: StoredRow[];
  differences: Differences;
}

async function planRepair(sql: Sql, ledgerId: string): Promise<RepairPlan> {
  const rows = await sql(
    "SELECT usage_key, sender, time_ms, seq, text FROM llm_spend.record WHERE ledger_id = $1 AND series_id = '' ORDER BY seq",
    [ledgerId],
  );
  const foreign = rows.map(storedRow);
  const differences = await findDifferences(sql, ledgerId);
  const usable = foreign.filter(isRecordRow).length;
  const other = foreign.length - usable;
  const actions = [
    ...(usable > 0 ? [`records that another program wrote, counted from now on: ${usable}`] : []),
    ...(other > 0 ? [`rows that are no usage records, moved into the table llm_spend.aside: ${other}`] : []),
    ...describeDifferences(differences).map(({ message }) => `rebuilt from the texts: ${message}`),
  ];
  return { actions, foreign, differences };
}

async function repairNow(write: LedgerWrite): Promise<{ actions: string[]; recovered: number; moved: number }> {
  const { sql, ledgerId } = write;
  const { actions, foreign, differences } = await planRepair(sql, ledgerId);
  const usable = foreign.filter(isRecordRow);
  const there = await write.find(usable.map(({ key }) => key));
  const isAnother = ({ key, seq }: StoredRow): boolean => there.has(key) && there.get(key)!.seq !== seq;
  const fresh = [...new Map(usable.filter((row) => !isAnother(row)).map((row) => [row.key, row])).values()];
  const other = foreign.filter((row) => !fresh.includes(row));
  for (const { key, text } of other) {
    await sql('INSERT INTO llm_spend.aside (ledger_id, usage_key, text) VALUES ($1, $2, $3)', [ledgerId, key, text]);
  }
  await write.deleteRows(foreign);
  if (fresh.length > 0) await write.insert(fresh.map((row) => ({ row: rowFrom(row) })));
  if (differences.keys > 0) await rebuildKeys(sql, ledgerId);
  await write.deleteRows(differences.columns);
  const readable = differences.columns.filter(isRecordRow);
  if (readable.length > 0)
    await write.insert(readable.map((row) => ({ row: rowFrom(row), seq: row.seq, sender: row.sender })));
  if (differences.sums > 0 || differences.columns.length > 0) write.rebuildSums();
  return { actions, recovered: fresh.length, moved: other.length };
}

function rowFrom({ key, text }: StoredRow): ReturnType<typeof rowOf> {
  return { ...rowOf(recordOfRow(key, text), text), key };
}

function isRecordRow({ key, text }: StoredRow): boolean {
  return tryRecord(key, text) !== undefined;
}

async function rebuildKeys(sql: Sql, ledgerId: string): Promise<void> {
  await sql(
    `INSERT INTO llm_spend.usage_key (ledger_id, usage_key, sender, time_ms, seq, counts)
     SELECT ledger_id, usage_key, sender, time_ms, seq, counts FROM llm_spend.record
     WHERE ledger_id = $1 AND series_id <> ''
     ON CONFLICT (ledger_id, usage_key, sender) DO UPDATE SET time_ms = excluded.time_ms, seq = excluded.seq`,
    [ledgerId],
  );
}
