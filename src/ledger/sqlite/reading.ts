import { slicer } from '../../system/slices.ts';
import { nextTurn } from '../../system/turns.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { StoredElement } from '../results.ts';
import type { Connection } from './connection.ts';
import { explainSqlite } from './engine.ts';
import { checkOrder, idOf, keyOf, rowsAfter, tryRecordOf, type Row } from './rows.ts';

const ROWS_PER_TURN = 1_000;
/** Ids to look up with one statement. */
const IDS_AT_ONCE = 2_000;

/** The number and the key of a row. */
export type FoundRow = Pick<Row, 'seq' | 'usage_id'>;

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

/** The numbers and keys of the rows with these ids, in no particular order. One statement finds thousands, in slices of time. */
export async function findRows(connection: Connection, ids: readonly string[]): Promise<FoundRow[]> {
  const found: FoundRow[] = [];
  const slice = slicer();
  for (let i = 0; i < ids.length; i += IDS_AT_ONCE) {
    const keys = JSON.stringify(ids.slice(i, i + IDS_AT_ONCE).map(keyOf));
    const rows = connection.rows(
      'SELECT seq, usage_id FROM record WHERE usage_id IN (SELECT value FROM json_each(?))',
      keys,
    );
    for (const row of rows) found.push(row as FoundRow);
    await slice();
  }
  return found;
}

/** The ids among `ids` that the database contains. */
export async function idsHeld(
  connection: Connection | undefined,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = connection === undefined ? [] : await findRows(connection, ids);
  return new Set(rows.map(({ usage_id }) => idOf(usage_id)));
}

/** The record of a row; undefined when the row does not exist or is not a usage record. */
export function recordAt(connection: Connection, seq: number): UsageRecord | undefined {
  const row = connection.first('SELECT usage_id, text FROM record WHERE seq = ?', seq);
  return row && tryRecordOf(row as Pick<Row, 'usage_id' | 'text'>);
}
