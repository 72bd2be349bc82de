import { UsageError } from '../../usage/record.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type { Batch, Outcome } from '../additions.ts';
import type { Addition, Appended } from '../store.ts';
import type { Connection } from './connection.ts';
import { codeOf } from './engine.ts';
import { RowAppender } from './rowAppender.ts';
import { findRow, tryRecordOf } from './rows.ts';

/** Adds the batches of several callers in one transaction. A refused batch adds nothing; the others are not affected. */
export function appendBatches(connection: Connection, batches: readonly Batch[]): Outcome[] {
  const rows = new RowAppender(connection);
  const outcomes = batches.map(({ additions, mode }): Outcome => {
    const before = rows.count;
    const add = mode === 'all' ? appendOrThrow : append;
    try {
      return { appended: additions.map((addition) => add(connection, rows, addition)) };
    } catch (error) {
      if (codeOf(error) !== undefined) throw error;
      rows.cutTo(before);
      return { refused: error };
    }
  });
  rows.finish();
  return outcomes;
}

/** @throws {UsageError} when the record cannot be added, or differs from the existing one. */
function appendOrThrow(connection: Connection, rows: RowAppender, { record, text, given }: Addition): Appended {
  const row = given === undefined ? undefined : findRow(connection, record.usage_id);
  if (!row) {
    rows.add(record, text);
    return { status: 'recorded', record };
  }
  const there = tryRecordOf(row);
  if (!there) {
    const rule = 'is taken by a row of the database that is no record. See: llm-spend repair';
    throw new UsageError('usage_id', record.usage_id, rule);
  }
  assertSame(given!, there);
  return { status: 'present', record: there };
}

function append(connection: Connection, rows: RowAppender, { record, text }: Addition): Appended {
  const row = findRow(connection, record.usage_id);
  if (row) {
    const isSame = tryRecordOf(row) !== undefined && sameElement(row.text, text, record.usage_id);
    return { status: isSame ? 'present' : 'differing', record };
  }
  try {
    // The caller gives both the record and its text, and the text counts.
    rows.add(record, text, { record: tryRecordOf({ usage_id: record.usage_id, text }) });
    return { status: 'recorded', record };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { status: 'refused', record, reason: error.message };
  }
}
