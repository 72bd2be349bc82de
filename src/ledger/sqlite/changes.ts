import type { UsageRecord } from '../../usage/record.ts';
import { withFields } from '../json/elementText.ts';
import type { CostChange, RemoveResult, SetCostsResult, UndoResult } from '../results.ts';
import type { Connection } from './connection.ts';
import { findRow, idOf, insertRow, keyOf, recordOf, updateRow } from './rows.ts';
import { endOf, sealFull, touch } from './columns/segments.ts';

/**
 * Taking records out, giving them other costs, and back. What was before stands in `change` and `changed`, written in
 * the same transaction: there is no moment at which a record is neither here nor there.
 */

/** How many changes can be undone. */
const KEPT = 100;

export interface Change {
  id: number;
  op: UndoResult['undone'];
  at: string;
  records: number;
  /** Of a clear: the name of the file, beside the ledger, that holds what was cleared. */
  file: string | null;
}

export function removeRecords(connection: Connection, ids: readonly string[], at: string): RemoveResult {
  const removed: UsageRecord[] = [];
  const missing: string[] = [];
  const taken: Taken[] = [];
  for (const id of new Set(ids)) {
    const row = findRow(connection, id);
    if (!row) {
      missing.push(id);
      continue;
    }
    removed.push(recordOf(row));
    taken.push(row);
    connection.sql('DELETE FROM record WHERE seq = ?').run(row.seq);
  }
  if (taken.length > 0) {
    log(connection, 'remove', at, taken);
    touch(
      connection,
      taken.map(({ seq }) => seq),
    );
  }
  return { removed, missing };
}

export function setCosts(connection: Connection, changes: readonly CostChange[], at: string): SetCostsResult {
  const result: SetCostsResult = { changed: [], missing: [], differing: [] };
  const taken: Taken[] = [];
  for (const { usageId, fields, before } of new Map(changes.map((change) => [change.usageId, change])).values()) {
    const row = findRow(connection, usageId);
    if (!row) {
      result.missing.push(usageId);
      continue;
    }
    const record = recordOf(row);
    if (says(record, fields)) {
      result.changed.push(record);
      continue;
    }
    if (before && !says(record, before)) {
      result.differing.push(usageId);
      continue;
    }
    const text = withFields(row.text, fields);
    const now = recordOf({ usage_id: row.usage_id, text });
    updateRow(connection, row.seq, now, text);
    taken.push(row);
    result.changed.push(now);
  }
  if (taken.length > 0) {
    log(connection, 'replace', at, taken);
    touch(
      connection,
      taken.map(({ seq }) => seq),
    );
  }
  return result;
}

export function lastChange(connection: Connection): Change | undefined {
  return connection.first(
    "SELECT * FROM change WHERE op = 'clear' OR EXISTS (SELECT 1 FROM changed WHERE change = id AND text <> '') ORDER BY id DESC LIMIT 1",
  ) as Change | undefined;
}

/** Takes a remove or a replace back. Records that came back otherwise meanwhile, or have gone, stay as they are. */
export function undoChange(connection: Connection, change: Change): void {
  const rows = connection.rows('SELECT usage_id, text FROM changed WHERE change = ? ORDER BY position', change.id) as {
    usage_id: string;
    text: string;
  }[];
  const touched: number[] = [];
  const end = endOf(connection);
  let { seq } = end;
  for (const row of rows) {
    const there = findRow(connection, idOf(row.usage_id));
    if (change.op === 'replace') {
      if (!there || there.text === row.text) continue;
      updateRow(connection, there.seq, recordOf(row), row.text);
      touched.push(there.seq);
    } else if (!there) {
      insertRow(connection, seq++, recordOf(row), row.text);
    }
  }
  touch(connection, touched);
  sealFull(connection, end.sealed, seq - 1);
  connection.sql('DELETE FROM change WHERE id = ?').run(change.id);
}

/** Empties the ledger; what was in it stands in `file`. */
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

interface Taken {
  seq: number;
  usage_id: string;
  text: string;
}

function log(connection: Connection, op: 'remove' | 'replace', at: string, taken: readonly Taken[]): void {
  const { id } = connection.first(
    'INSERT INTO change (op, at, records) VALUES (?, ?, ?) RETURNING id',
    op,
    at,
    taken.length,
  ) as { id: number };
  for (const [position, { usage_id, text }] of taken.entries()) {
    connection
      .sql('INSERT INTO changed (change, position, usage_id, text) VALUES (?, ?, ?, ?)')
      .run(id, position, keyOf(idOf(usage_id)), text);
  }
  forgetOld(connection, id);
}

function forgetOld(connection: Connection, newest: number): void {
  const oldest = newest - KEPT;
  // The ids of removed records stay: without them, a repair would bring the records back from a backup.
  connection.sql("UPDATE changed SET text = '' WHERE change <= ? AND text <> ''").run(oldest);
  connection.sql("DELETE FROM change WHERE id <= ? AND op = 'replace'").run(oldest);
}

function says(record: UsageRecord, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => value === undefined || record[name] === value);
}
