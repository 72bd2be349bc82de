import { TEXT_DIMENSIONS } from '../../../usage/dimensions.ts';
import type { Connection } from '../connection.ts';
import { ColumnBlob, encodeBlob } from './columnBlob.ts';
import type { Column, TextColumn } from './columnNumbers.ts';
import { columnKey, isText, SEGMENT_SPAN } from './columnNumbers.ts';
import type { Columns } from './columns.ts';
import { encodeColumn, StoredColumns } from './columns.ts';
import { columnsOfRows, type SegmentInfo } from './segments.ts';

/** What is kept of the columns that were read: those of a million records, of which a sum needs 24 bytes each. */
const MOST_KEPT = 32 * 1024 * 1024;

/**
 * Gives the columns of segments, and keeps those that it has read, up to a bound: which of them a history's next question
 * needs is known, all but the one that it groups by. Beyond the bound the first stay, as every pass begins with them.
 */
export class SegmentReader {
  #kept = new Map<number, ColumnBlob>();
  #bytes = 0;
  #of: { connection: Connection; epoch: number } | undefined;

  /** @param epoch in which the segment was found. What was kept in another one does not count. */
  columnsOf(connection: Connection, epoch: number, segment: SegmentInfo): Columns {
    if (segment.stale) return columnsOfRows(connection, segment.number);
    if (this.#of?.connection !== connection || this.#of.epoch !== epoch) this.forget();
    this.#of = { connection, epoch };
    return new StoredColumns(segment.records, (column) => this.#blob(connection, segment, column));
  }

  /** To be called whenever what was read may not belong to the epoch in which it was asked for. */
  forget(): void {
    this.#kept = new Map();
    this.#bytes = 0;
    this.#of = undefined;
  }

  #blob(connection: Connection, segment: SegmentInfo, column: Column): ColumnBlob | undefined {
    const key = columnKey(segment.number, column);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const data = storedColumn(connection, key) ?? columnOfRows(connection, segment, column);
    if (data === undefined) return undefined;
    const blob = new ColumnBlob(data);
    if (this.#bytes + blob.size <= MOST_KEPT) {
      this.#kept.set(key, blob);
      this.#bytes += blob.size;
    }
    return blob;
  }
}

function storedColumn(connection: Connection, key: number): Uint8Array | undefined {
  const found = connection.first('SELECT data FROM segment_column WHERE key = ?', key) as
    { data: Uint8Array } | undefined;
  return found?.data;
}

/** A column that a segment lacks, made from its rows; undefined when the ledger changed since the segment was found. */
function columnOfRows(connection: Connection, segment: SegmentInfo, column: Column): Uint8Array | undefined {
  if (!segment.lacksColumns) return undefined;
  if (isText(column) && !mayHave(connection, segment, column)) {
    return encodeBlob({ length: segment.records, least: 0, above: undefined }, [null]);
  }
  const columns = columnsOfRows(connection, segment.number);
  return columns.records === segment.records ? encodeColumn(columns, column) : undefined;
}

/**
 * Whether a record of a segment may have a text in this column. Parsing all rows takes a hundred times as long, and the rows of
 * an older version rarely have a field that it did not know. A name can also be written with `\\u` escapes.
 */
function mayHave(connection: Connection, { number }: SegmentInfo, column: TextColumn): boolean {
  const field = TEXT_DIMENSIONS.find(({ name }) => name === column)?.field ?? column;
  const found = connection.first(
    `SELECT 1 FROM record WHERE seq BETWEEN ? AND ? AND (instr(text, ?) > 0 OR instr(text, '\\u') > 0) LIMIT 1`,
    number * SEGMENT_SPAN + 1,
    (number + 1) * SEGMENT_SPAN,
    `"${field}"`,
  );
  return found !== undefined;
}
