import type { UsageRecord } from '../../usage/record.ts';
import type { RemoveResult, UndoResult } from '../results.ts';
import type { Connection } from './connection.ts';
import { RowAppender } from './rowAppender.ts';
import { findRow, idOf, keyOf, recordOf, tryRecordOf, updateRow, type Row } from './rows.ts';
import type { FoundRow } from './reading.ts';
import { touch } from './columns/segments.ts';

/**
 * Removes records, and undoes removals and replacements. The tables `change` and `changed` keep the old records; they are
 * written in the same transaction, so every record is always in one place or the other.
 */

/** Maximum number of changes that can be undone. */
const KEPT = 100;

export interface Change {
  id: number;
  op: Exclude<UndoResult['undone'], 'add' | 'import'>;
  at: string;
  records: number;
  /** For a clear: the name of the file beside the ledger that contains the cleared records. */
  file: string | null;
}

/**
 * @param undoable whether undo can restore the records. If not, only their ids are kept, to prevent a repair from restoring
 * them.
 */
export function removeRecords(
  connection: Connection,
  ids: readonly string[],
  at: string,
  undoable: boolean,
): RemoveResult {
  const removed: UsageRecord[] = [];
  const missing: string[] = [];
  const taken: Row[] = [];
  for (const id of new Set(ids)) {
    const row = findRow(connection, id);
    const record = row && tryRecordOf(row);
    if (!record) {
      missing.push(id);
      continue;
    }
    removed.push(record);
    taken.push(row);
    connection.sql('DELETE FROM record WHERE seq = ?').run(row.seq);
  }
  if (taken.length > 0) {
    const kept = undoable ? taken : taken.map(({ usage_id }) => ({ usage_id, text: '' }));
    keepForUndo(connection, 'remove', at, kept);
    touch(
      connection,
      taken.map(({ seq }) => seq),
    );
  }
  return { removed, missing };
}

/** Removes rows without reading them. Only their ids are kept, to prevent a repair from restoring them. */
export function dropRows(connection: Connection, rows: readonly FoundRow[], at: string): void {
  const seqs = rows.map(({ seq }) => seq).sort((a, b) => a - b);
  connection.expectMany();
  connection.sql('DELETE FROM record WHERE seq IN (SELECT value FROM json_each(?))').run(JSON.stringify(seqs));
  const id = beginChange(connection, 'remove', at, rows.length);
  connection
    .sql("INSERT INTO changed (change, position, usage_id, text) SELECT ?, key, value, '' FROM json_each(?)")
    .run(id, JSON.stringify(rows.map(({ usage_id }) => usage_id)));
  forgetOld(connection, id);
  touch(connection, seqs);
}

export function lastChange(connection: Connection): Change | undefined {
  return connection.first(
    "SELECT * FROM change WHERE op = 'clear' OR EXISTS (SELECT 1 FROM changed WHERE change = id AND text <> '') ORDER BY id DESC LIMIT 1",
  ) as Change | undefined;
}

/** Undoes the last change as it is within this transaction. A clear, whose file must be read first, is left to the next undo. */
export function undoNewest(connection: Connection): Change | undefined {
  const change = lastChange(connection);
  if (change === undefined || change.file !== null) return undefined;
  undoChange(connection, change);
  return change;
}

/** Undoes a remove or a replace. Skips records that were restored in another way, or removed since. */
function undoChange(connection: Connection, change: Change): void {
  const rows = connection.rows('SELECT usage_id, text FROM changed WHERE change = ? ORDER BY position', change.id) as {
    usage_id: string;
    text: string;
  }[];
  const touched: number[] = [];
  const appender = new RowAppender(connection);
  for (const row of rows) {
    const there = findRow(connection, idOf(row.usage_id));
    if (change.op === 'replace') {
      if (!there || there.text === row.text) continue;
      updateRow(connection, there.seq, recordOf(row), row.text);
      touched.push(there.seq);
    } else if (!there) {
      appender.add(recordOf(row), row.text);
    }
  }
  touch(connection, touched);
  appender.finish();
  connection.sql('DELETE FROM change WHERE id = ?').run(change.id);
}

/** Empties the ledger after its records were copied to `file`. */
export function emptyLedger(connection: Connection, at: string, records: number, file: string): void {
  connection.db.exec('DELETE FROM record; DELETE FROM segment; DELETE FROM segment_column');
  const { id } = connection.first(
    "INSERT INTO change (op, at, records, file) VALUES ('clear', ?, ?, ?) RETURNING id",
    at,
    records,
    file,
  ) as { id: number };
  forgetOld(connection, id);
  touch(connection, []);
}

/** Keeps the old text of records for {@link undoChange}. */
export function keepForUndo(
  connection: Connection,
  op: 'remove' | 'replace',
  at: string,
  taken: readonly Pick<Row, 'usage_id' | 'text'>[],
): void {
  const id = beginChange(connection, op, at, taken.length);
  for (const [position, { usage_id, text }] of taken.entries()) {
    connection
      .sql('INSERT INTO changed (change, position, usage_id, text) VALUES (?, ?, ?, ?)')
      .run(id, position, keyOf(idOf(usage_id)), text);
  }
  forgetOld(connection, id);
}

function beginChange(connection: Connection, op: 'remove' | 'replace', at: string, records: number): number {
  const { id } = connection.first(
    'INSERT INTO change (op, at, records) VALUES (?, ?, ?) RETURNING id',
    op,
    at,
    records,
  ) as { id: number };
  return id;
}

function forgetOld(connection: Connection, newest: number): void {
  const oldest = newest - KEPT;
  // The ids of removed records are kept: without them, a repair would restore the records from a backup.
  connection.sql("UPDATE changed SET text = '' WHERE change <= ? AND text <> ''").run(oldest);
  connection.sql("DELETE FROM change WHERE id <= ? AND op = 'replace'").run(oldest);
}
