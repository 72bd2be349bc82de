import { usdToNanos } from '../../usage/money.ts';
import { costKind } from '../../usage/query.ts';
import { UsageError, type UsageRecord } from '../../usage/record.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import type { Connection } from './connection.ts';
import { damageError } from './engine.ts';

/** Records as rows of the table `record`. */

export type Row = {
  seq: number;
  usage_id: string;
  text: string;
  /** In a damaged database: the key in the column, if the record's own text has another id. */
  otherId?: string;
  /** In a damaged database: the tag that the record got, because two values of one of its fields were found. */
  mark?: string;
};

const LARGEST_INTEGER = 2n ** 63n - 1n;

/** Encodes an id as a key: UTF-8 has no lone surrogates, and two ids that differ in one must not become the same key. */
export function keyOf(usageId: string): string {
  return usageId.isWellFormed() ? usageId : `\u0000${JSON.stringify(usageId)}`;
}

/**
 * @param key key of a row. In a damaged database it may have any type, or be encoded wrongly; it is then returned unchanged.
 */
export function idOf(key: unknown): string {
  if (typeof key !== 'string') return '';
  if (!key.startsWith('\u0000"')) return key;
  try {
    return String(JSON.parse(key.slice(1)));
  } catch {
    return key;
  }
}

/**
 * The record of a row read from a damaged database, and the row to write for it. The id in the record's own text counts,
 * because the column may be damaged alone, whatever type it has now.
 */
export function restoredRow({
  seq,
  usage_id,
  text,
}: Readonly<Record<'seq' | 'usage_id' | 'text', unknown>>): Row | undefined {
  if (typeof text !== 'string') return undefined;
  const key = typeof usage_id === 'string' ? usage_id : '';
  const record = tryRecordOf({ usage_id: key, text });
  if (!record || record.usage_id === '') return undefined;
  const own = keyOf(record.usage_id);
  return { seq: Number(seq), usage_id: own, text, ...(own === key || key === '' ? {} : { otherId: key }) };
}

/** The record of a row. @throws {Error} when another program wrote something else into the row. */
export function recordOf({ usage_id, text }: Pick<Row, 'usage_id' | 'text'>): UsageRecord {
  const read = readStored(JSON.parse(text), () => idOf(usage_id));
  if (isUnreadable(read)) throw new Error(`the record ${idOf(usage_id)} ${read.unreadable}`);
  return read;
}

/** {@link recordOf}; undefined when the row does not contain a record. */
export function tryRecordOf(row: Pick<Row, 'usage_id' | 'text'>): UsageRecord | undefined {
  try {
    return recordOf(row);
  } catch {
    return undefined;
  }
}

/** @throws {UsageError} when the cost exceeds the maximum of the database: 9.2 billion USD. */
export function insertRow(connection: Connection, seq: number, record: UsageRecord, text: string): void {
  const kind = costKind(record);
  connection
    .sql('INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, ?, ?, ?, ?)')
    .run(seq, keyOf(record.usage_id), Date.parse(record.timestamp), kind, costColumn(record, kind), text);
}

/** Inserts another program's row that is not a usage record. */
export function insertOther(
  connection: Connection,
  seq: number,
  { usage_id, text }: Pick<Row, 'usage_id' | 'text'>,
): void {
  connection
    .sql(
      "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'unknown', NULL, ?)",
    )
    .run(seq, usage_id, text);
}

export function updateRow(connection: Connection, seq: number, record: UsageRecord, text: string): void {
  const kind = costKind(record);
  connection
    .sql('UPDATE record SET time_ms = ?, cost_kind = ?, cost_nanos = ?, text = ? WHERE seq = ?')
    .run(Date.parse(record.timestamp), kind, costColumn(record, kind), text, seq);
}

function costColumn(record: UsageRecord, kind: string): bigint | null {
  if (kind === 'unknown') return null;
  const nanos = usdToNanos(record.cost_usd);
  if (nanos > LARGEST_INTEGER) {
    throw new UsageError('cost_usd', record.cost_usd, 'is more than an SQLite ledger can store');
  }
  return nanos;
}

/** The row with an id. */
export function findRow(connection: Connection, usageId: string): Row | undefined {
  const found = connection.first('SELECT seq, usage_id, text FROM record WHERE usage_id = ?', keyOf(usageId));
  return found as Row | undefined;
}

/** Rows with numbers above `after`, in ascending order. */
export function rowsAfter(connection: Connection, after: number, limit: number): Row[] {
  const rows = connection.rows(
    'SELECT seq, usage_id, text FROM record WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    limit,
  ) as Row[];
  checkOrder(rows, after);
  return rows;
}

/**
 * Checks that the numbers ascend from `after`. In a damaged database they may not, and a loop that continues after the last one
 * would never end.
 * @throws an SQLite error which says that the database is damaged.
 */
export function checkOrder(rows: readonly Pick<Row, 'seq'>[], after: number): void {
  let last = after;
  for (const { seq } of rows) {
    if (!(seq > last)) throw damageError('its rows are out of order');
    last = seq;
  }
}
