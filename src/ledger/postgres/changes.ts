import { keyOfId, recordOfRow, rowOf, tryRecord } from './rows.ts';
import type { RemoveResult, UndoResult } from '../results.ts';
import type { Sql } from './server/connection.ts';
import type { LedgerWrite, StoredRow, UndoableOperation } from './writing.ts';

/** Removes records, and undoes removals and replacements from the tables `change` and `changed`. */

export interface StoredChange {
  id: number;
  op: UndoableOperation;
  at: string;
  records: number;
}

/** Rows of a change that are restored at a time. */
const ROWS_AT_ONCE = 2_000;

/** @param undoableAt time of the change, ISO 8601, if undo must be able to restore the records. */
export async function removeStored(
  write: LedgerWrite,
  ids: readonly string[],
  undoableAt: string | undefined,
): Promise<RemoveResult> {
  const wanted = [...new Set(ids)];
  const found = await write.find(wanted.map(keyOfId));
  const taken: StoredRow[] = [];
  const missing: string[] = [];
  for (const id of wanted) {
    const row = found.get(keyOfId(id));
    if (row) taken.push(row);
    else missing.push(id);
  }
  if (taken.length > 0) {
    if (undoableAt !== undefined) await write.keep('remove', undoableAt, taken);
    await write.remove(taken);
  }
  return { removed: taken.map(({ key, text }) => recordOfRow(key, text)), missing };
}

/** Removes all rows, and keeps them for undo. @returns the number of rows. */
export async function clearStored(write: LedgerWrite, at: string): Promise<number> {
  const { sql, ledgerId } = write;
  const [counts] = await sql(
    "SELECT count(*) AS all_rows, count(*) FILTER (WHERE counts AND series_id <> '') AS records FROM llm_spend.record WHERE ledger_id = $1",
    [ledgerId],
  );
  const rows = Number(counts!['all_rows']);
  if (rows === 0) return 0;
  const id = await write.beginChange('clear', at, rows);
  await sql(
    `INSERT INTO llm_spend.changed (ledger_id, change_id, position, usage_key, text)
     SELECT ledger_id, $2::BIGINT, seq, usage_key, text FROM llm_spend.record WHERE ledger_id = $1`,
    [ledgerId, id],
  );
  for (const table of ['record', 'usage_key', 'rollup', 'summary_day', 'summary_hour', 'series']) {
    await sql(`DELETE FROM llm_spend.${table} WHERE ledger_id = $1`, [ledgerId]);
  }
  write.noteChange(-Number(counts!['records']));
  return rows;
}

export async function lastStoredChange(sql: Sql, ledgerId: string): Promise<StoredChange | undefined> {
  const [row] = await sql(
    'SELECT change_id, op, at, records FROM llm_spend.change WHERE ledger_id = $1 ORDER BY change_id DESC LIMIT 1',
    [ledgerId],
  );
  if (row === undefined) return undefined;
  return {
    id: Number(row['change_id']),
    op: row['op'] as UndoableOperation,
    at: row['at']!,
    records: Number(row['records']),
  };
}

/** Undoes the last change. Skips records that were restored in another way, or removed since. */
export async function undoStored(write: LedgerWrite): Promise<UndoResult | undefined> {
  const { sql, ledgerId } = write;
  const change = await lastStoredChange(sql, ledgerId);
  if (change === undefined) return undefined;
  let after = -1;
  for (;;) {
    const rows = await sql(
      `SELECT position, usage_key, text FROM llm_spend.changed WHERE ledger_id = $1 AND change_id = $2 AND position > $3
       ORDER BY position LIMIT ${ROWS_AT_ONCE}`,
      [ledgerId, change.id, after],
    );
    if (rows.length === 0) break;
    after = Number(rows.at(-1)!['position']);
    const texts = rows.map((row) => ({ key: row['usage_key']!, text: row['text']! }));
    await restore(write, change.op, texts);
  }
  await sql('DELETE FROM llm_spend.changed WHERE ledger_id = $1 AND change_id = $2', [ledgerId, change.id]);
  await sql('DELETE FROM llm_spend.change WHERE ledger_id = $1 AND change_id = $2', [ledgerId, change.id]);
  write.noteChange(0);
  return { undone: change.op, at: change.at, records: change.records };
}

async function restore(
  write: LedgerWrite,
  op: UndoableOperation,
  texts: readonly { key: string; text: string }[],
): Promise<void> {
  const there = await write.find(texts.map(({ key }) => key));
  const records = texts.filter(({ key, text }) => tryRecord(key, text) !== undefined);
  const rowFor = ({ key, text }: { key: string; text: string }) => ({ ...rowOf(recordOfRow(key, text), text), key });
  if (op === 'replace') {
    const differing = records.filter(({ key, text }) => there.has(key) && there.get(key)!.text !== text);
    await write.remove(differing.map(({ key }) => there.get(key)!));
    if (differing.length > 0) {
      await write.insert(differing.map((each) => ({ row: rowFor(each), seq: there.get(each.key)!.seq })));
    }
    return;
  }
  const missing = records.filter(({ key }) => !there.has(key));
  if (missing.length > 0) await write.insert(missing.map((each) => ({ row: rowFor(each) })));
  const foreign = texts.filter((each) => !records.includes(each));
  if (foreign.length > 0) await write.insertForeign(foreign);
}
