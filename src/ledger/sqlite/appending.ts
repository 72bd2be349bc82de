import { UsageError } from '../../usage/record.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type { Addition, Appended, AppendMode } from '../store.ts';
import { endOf, sealFull } from './columns/segments.ts';
import type { Connection } from './connection.ts';
import { codeOf } from './engine.ts';
import { findRow, insertRow, recordOf } from './rows.ts';

/** The additions of one caller. */
export interface Batch {
  additions: readonly Addition[];
  mode: AppendMode;
}

export type Outcome = { appended: Appended[] } | { refused: unknown };

/** Adds the batches of several callers in one transaction. A refused batch adds nothing; the others are not affected. */
export function appendBatches(connection: Connection, batches: readonly Batch[]): Outcome[] {
  const end = endOf(connection);
  let { seq } = end;
  const outcomes = batches.map(({ additions, mode }): Outcome => {
    const first = seq;
    try {
      const appended = additions.map((addition) => {
        const result = mode === 'all' ? appendOrThrow(connection, seq, addition) : append(connection, seq, addition);
        if (result.status === 'recorded') seq++;
        return result;
      });
      return { appended };
    } catch (error) {
      if (codeOf(error) !== undefined) throw error;
      connection.sql('DELETE FROM record WHERE seq >= ?').run(first);
      seq = first;
      return { refused: error };
    }
  });
  sealFull(connection, end.sealed, seq - 1);
  return outcomes;
}

/** @throws {UsageError} when the record cannot be added, or differs from the existing one. */
function appendOrThrow(connection: Connection, seq: number, { record, text, given }: Addition): Appended {
  const row = given === undefined ? undefined : findRow(connection, record.usage_id);
  if (!row) {
    insertRow(connection, seq, record, text);
    return { status: 'recorded', record };
  }
  const there = recordOf(row);
  assertSame(given!, there);
  return { status: 'present', record: there };
}

function append(connection: Connection, seq: number, { record, text }: Addition): Appended {
  const row = findRow(connection, record.usage_id);
  if (row) return { status: sameElement(row.text, text, record.usage_id) ? 'present' : 'differing', record };
  try {
    insertRow(connection, seq, record, text);
    return { status: 'recorded', record };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { status: 'refused', record, reason: error.message };
  }
}
