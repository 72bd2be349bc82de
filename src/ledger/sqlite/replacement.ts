import type { UpsertResult } from '../results.ts';
import type { ReplacePlan } from '../store.ts';
import { keepForUndo } from './changes.ts';
import { touch } from './columns/segments.ts';
import type { Connection } from './connection.ts';
import { RowAppender } from './rowAppender.ts';
import { findRow, tryRecordOf, updateRow, type Row } from './rows.ts';

/** From this many records in one transaction, a larger cache pays off. */
const MANY = 1_000;

/**
 * Adds and replaces records as planned, within a transaction: see {@link Store.replace}.
 * @param undoableAt time of the change, ISO 8601, if undo must be able to restore the replaced records.
 */
export function replaceRecords(
  connection: Connection,
  plan: ReplacePlan,
  undoableAt: string | undefined,
): UpsertResult {
  /** Rows that the plan has already read. */
  const known = new Map<string, Row | undefined>();
  const wanted = plan((usageId) => {
    const row = findRow(connection, usageId);
    known.set(usageId, row);
    const record = row && tryRecordOf(row);
    return record && { record, text: row.text };
  });
  if (wanted.length >= MANY) connection.expectMany();
  const replaced: Row[] = [];
  const rows = new RowAppender(connection);
  for (const { record, text } of new Map(wanted.map((each) => [each.record.usage_id, each])).values()) {
    const id = record.usage_id;
    const there = known.has(id) ? known.get(id) : findRow(connection, id);
    if (there) {
      updateRow(connection, there.seq, record, text);
      replaced.push(there);
    } else {
      rows.add(record, text);
    }
  }
  if (undoableAt !== undefined && replaced.length > 0) keepForUndo(connection, 'replace', undoableAt, replaced);
  rows.finish();
  if (replaced.length > 0) {
    touch(
      connection,
      replaced.map((row) => row.seq),
    );
  }
  return { added: rows.count, replaced: replaced.length };
}
