import { nextTurn } from '../../system/turns.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { StoredElement } from '../results.ts';
import type { Connection } from './connection.ts';
import { explainSqlite } from './engine.ts';
import { checkOrder, idOf, keyOf, rowsAfter, tryRecordOf, type Row } from './rows.ts';

const ROWS_PER_TURN = 1_000;

/**
 * All records with numbers above `seq` and their text, in the order of their addition, without rows that are not usage records.
 * @param open returns the database, possibly another one at each call; undefined when there is none.
 * @throws {LedgerError} when a row cannot be read, naming `path`.
 */
export async function* elementsOf(
  open: () => Promise<Connection | undefined>,
  path: string,
  seq = 0,
): AsyncGenerator<StoredElement[]> {
  let after = seq;
  for (;;) {
    const rows = await nextRows(open, path, after);
    if (rows.length === 0) return;
    after = rows.at(-1)!.seq;
    yield rows.flatMap((row) => {
      const record = tryRecordOf(row);
      return record ? { record, text: row.text } : [];
    });
    await nextTurn();
  }
}

async function nextRows(open: () => Promise<Connection | undefined>, path: string, after: number): Promise<Row[]> {
  try {
    const connection = await open();
    return connection ? rowsAfter(connection, after, ROWS_PER_TURN) : [];
  } catch (error) {
    throw explainSqlite(error, path);
  }
}

/** The ids of the rows with numbers above `seq`. */
export async function* idsAfter(open: () => Connection | undefined, seq: number): AsyncGenerator<string[]> {
  let after = seq;
  for (;;) {
    const rows = (open()?.rows(
      'SELECT seq, usage_id FROM record WHERE seq > ? ORDER BY seq LIMIT ?',
      after,
      ROWS_PER_TURN,
    ) ?? []) as { seq: number; usage_id: string }[];
    if (rows.length === 0) return;
    checkOrder(rows, after);
    yield rows.map(({ usage_id }) => idOf(usage_id));
    if (rows.length < ROWS_PER_TURN) return;
    after = rows.at(-1)!.seq;
    await nextTurn();
  }
}

export function holdsRow(connection: Connection, usageId: string): boolean {
  return connection.first('SELECT 1 FROM record WHERE usage_id = ?', keyOf(usageId)) !== undefined;
}

/** The record of a row; undefined when the row does not exist or is not a usage record. */
export function recordAt(connection: Connection, seq: number): UsageRecord | undefined {
  const row = connection.first('SELECT usage_id, text FROM record WHERE seq = ?', seq);
  return row && tryRecordOf(row as Pick<Row, 'usage_id' | 'text'>);
}
