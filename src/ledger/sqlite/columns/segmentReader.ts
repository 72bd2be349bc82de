import { TEXT_DIMENSIONS } from '../../../usage/dimensions.ts';
import { fieldsWith } from '../../../usage/fieldLists.ts';
import { PRICE_TERM_MARKS } from '../../../columns/priceTerms.ts';
import type { Connection } from '../connection.ts';
import { ColumnBlob, encodeBlob } from './columnBlob.ts';
import type { Column } from './columnNumbers.ts';
import { columnKey, isText, SEGMENT_SPAN } from './columnNumbers.ts';
import type { Columns } from './columns.ts';
import { encodeColumn, StoredColumns } from './columns.ts';
import { columnsOfRows, type SegmentInfo } from './segments.ts';

/** Maximum size of cached columns: enough for a million records, of which a sum needs 24 bytes each. */
const MOST_KEPT = 32 * 1024 * 1024;

/**
 * Reads the columns of segments and caches them up to a size limit: successive questions of a history view use the same columns
 * except for the grouping. At the limit the first columns stay cached, since every pass begins with them.
 */
export class SegmentReader {
  #kept = new Map<number, ColumnBlob>();
  /** By the key of a column: whether a row of its segment may have a value in it. */
  readonly #withAdded = new Map<number, boolean>();
  #bytes = 0;
  #of: { connection: Connection; epoch: number } | undefined;

  /** @param epoch the epoch in which the segment was found. Columns cached in another epoch are dropped. */
  columnsOf(connection: Connection, epoch: number, segment: SegmentInfo): Columns {
    if (segment.stale) return columnsOfRows(connection, segment.number);
    if (this.#of?.connection !== connection || this.#of.epoch !== epoch) this.forget();
    this.#of = { connection, epoch };
    return new StoredColumns(segment.records, (column) => this.#blob(connection, segment, column));
  }

  /** Drops the cache. Must be called when the cached columns may belong to another epoch. */
  forget(): void {
    this.#kept = new Map();
    this.#withAdded.clear();
    this.#bytes = 0;
    this.#of = undefined;
  }

  #lackingColumn(connection: Connection, segment: SegmentInfo, column: Column): Uint8Array | undefined {
    if (!segment.lacksColumns) return undefined;
    const field = ADDED_FIELDS.get(column);
    // A ledger whose view lacks the field was never written by a version that knows it.
    const isNew = field !== undefined && connection.first(VIEW_WITH, field) === undefined;
    const texts = field === undefined ? ADDED_TEXTS.get(column) : [`"${field}"`];
    if (isNew || (texts !== undefined && !this.#mayHave(connection, segment, column, texts))) {
      return encodeBlob(
        { length: segment.records, least: 0, above: undefined },
        isText(column) || column === 'terms' ? [null] : undefined,
      );
    }
    return columnOfRows(connection, segment, column);
  }

  /**
   * Whether a row of a segment may have a value in a column that 0.1.0 did not have. Most rows have none, and parsing all rows
   * takes a hundred times as long as this check.
   * @param texts a row that has one contains at least one of them.
   */
  #mayHave(connection: Connection, { number }: SegmentInfo, column: Column, texts: readonly string[]): boolean {
    const key = columnKey(number, column);
    let known = this.#withAdded.get(key);
    if (known === undefined) {
      const [first, last] = [number * SEGMENT_SPAN + 1, (number + 1) * SEGMENT_SPAN];
      const found = texts.map(() => 'instr(text, ?) > 0').join(' OR ');
      // The name of a field may also be written with escapes.
      const rows = `SELECT 1 FROM record WHERE seq BETWEEN ? AND ? AND (${found} OR instr(text, '\\u') > 0) LIMIT 1`;
      known = connection.first(rows, first, last, ...texts) !== undefined;
      this.#withAdded.set(key, known);
    }
    return known;
  }

  #blob(connection: Connection, segment: SegmentInfo, column: Column): ColumnBlob | undefined {
    const key = columnKey(segment.number, column);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const data = storedColumn(connection, key) ?? this.#lackingColumn(connection, segment, column);
    if (data === undefined) return undefined;
    const blob = new ColumnBlob(data);
    if (this.#bytes + blob.size <= MOST_KEPT) {
      this.#kept.set(key, blob);
      this.#bytes += blob.size;
    }
    return blob;
  }
}

/** Fields that version 0.1.0 did not know, by column. */
const ADDED = new Set(fieldsWith(({ added }) => added !== undefined));
const ADDED_FIELDS: ReadonlyMap<string, string> = new Map([
  ...TEXT_DIMENSIONS.flatMap(({ name, field }) => (ADDED.has(field) ? [[name, field] as const] : [])),
  ['guessed', 'estimated_tokens'],
]);
const VIEW_WITH = "SELECT 1 FROM pragma_table_info('usage') WHERE name = ?";
/** Texts of the rows that have a value in a column of several fields, or of a field that 0.1.0 knew without a column. */
const ADDED_TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['write1h', ['"cache_write_1h_tokens"']],
  ['terms', PRICE_TERM_MARKS],
]);

function storedColumn(connection: Connection, key: number): Uint8Array | undefined {
  const found = connection.first('SELECT data FROM segment_column WHERE key = ?', key);
  return found?.['data'] as Uint8Array | undefined;
}

/** Builds a column that a segment lacks from its rows; undefined when the ledger has changed since the segment was found. */
function columnOfRows(connection: Connection, segment: SegmentInfo, column: Column): Uint8Array | undefined {
  const columns = columnsOfRows(connection, segment.number);
  return columns.records === segment.records ? encodeColumn(columns, column) : undefined;
}
