import { ColumnStore } from '../../../columns/columnStore.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import type { ColumnBlob, Packed } from './columnBlob.ts';
import { encodeBlob, plain } from './columnBlob.ts';
import type { Column, PlainColumn, TextColumn } from './columnNumbers.ts';
import { COLUMNS, isText } from './columnNumbers.ts';

/**
 * Records column by column, as a sum or a search reads them: 4096 records to a segment, each column a small blob.
 *
 * Summing a million rows of an SQL table takes a second. The same in columns takes some 50 ms, in pieces of a fraction
 * of a millisecond, needs no more memory than one segment and what is kept for the next question (segments.ts), and is
 * done by the very code that sums an in-memory table, so that both stores give the same answers.
 *
 * A segment is complete in itself: it has its own dictionary of each dimension, so that no process ever waits for
 * another one's codes.
 */

/** A value for each record, by its code: each value stands there once. */
export interface Coded<T> {
  codes: Packed;
  /** The same object for as long as the values are the same, and kept: what was made of them may be found by it again. */
  key: object;
  /** By code. They are read only when they are asked for. */
  readonly values: () => readonly T[];
}

/** The columns of some records, wherever they stand. */
export interface Columns {
  readonly records: number;
  /** Whole numbers. `cost` is BIG_COST where {@link bigCosts} knows it. */
  numbers(column: PlainColumn): Packed;
  /** Code 0 is null, "has none". */
  texts(column: TextColumn): Coded<string | null>;
  /** Sets of tags; code 0 is the empty one. */
  tags(): Coded<readonly string[]>;
  /** Costs in nano-dollars that no double holds, by position. */
  bigCosts(): readonly (readonly [number, bigint])[];
}

/** Columns that grow record by record. */
export class GrowingColumns implements Columns {
  readonly #store = new ColumnStore();
  readonly #seqs: number[] = [];

  /** Adds a record; they must come in the order of their numbers, and no more than fit into one segment. */
  add(seq: number, record: UsageRecord): void {
    this.#store.write(1, record, seq);
    this.#seqs.push(seq);
  }

  get records(): number {
    return this.#seqs.length;
  }

  /** The number of the last record; 0 when there is none. */
  get lastSeq(): number {
    return this.#seqs.at(-1) ?? 0;
  }

  get earliest(): number {
    return this.#store.segments[0]?.earliest ?? Number.POSITIVE_INFINITY;
  }

  get latest(): number {
    return this.#store.segments[0]?.latest ?? Number.NEGATIVE_INFINITY;
  }

  numbers(column: PlainColumn): Packed {
    return plain(column === 'seq' ? this.#seqs : this.#column(column));
  }

  texts(column: TextColumn): Coded<string | null> {
    return { codes: plain(this.#column(column)), key: {}, values: () => this.#store.dictionaries[column].values };
  }

  tags(): Coded<readonly string[]> {
    const { tags, sets } = this.#store.tagSets;
    const textsOf = (codes: readonly number[]): string[] => codes.flatMap((code) => tags.values[code] ?? []);
    return { codes: plain(this.#column('tags')), key: {}, values: () => sets.map(textsOf) };
  }

  bigCosts(): readonly (readonly [number, bigint])[] {
    return [...this.#store.bigCosts];
  }

  /** These columns as they are now, whatever is added to them. */
  first(records: number): Columns {
    const cut = ({ above }: Packed): Packed => plain(Array.prototype.slice.call(above, 0, records) as number[]);
    return {
      records,
      numbers: (column) => cut(this.numbers(column)),
      texts: (column) => ({ ...this.texts(column), codes: cut(this.texts(column).codes) }),
      tags: () => ({ ...this.tags(), codes: cut(this.tags().codes) }),
      bigCosts: () => this.bigCosts(),
    };
  }

  #column(column: Exclude<PlainColumn, 'seq'> | TextColumn | 'tags'): ArrayLike<number> {
    const segment = this.#store.segments[0];
    if (segment === undefined) return [];
    const numbers = isText(column) ? segment.codes(column) : segment[column];
    return numbers.subarray(0, this.records);
  }
}

/** Columns out of their blobs. @param blob gives undefined when the segment is gone. */
export class StoredColumns implements Columns {
  readonly records: number;
  readonly #blob: (column: Column) => ColumnBlob | undefined;

  constructor(records: number, blob: (column: Column) => ColumnBlob | undefined) {
    this.records = records;
    this.#blob = blob;
  }

  numbers(column: PlainColumn): Packed {
    return this.#there(column).numbers;
  }

  texts(column: TextColumn): Coded<string | null> {
    return this.#coded(column);
  }

  tags(): Coded<readonly string[]> {
    return this.#coded('tags');
  }

  bigCosts(): readonly (readonly [number, bigint])[] {
    return (this.#there('bigCosts').json() as [number, string][]).map(([at, nanos]) => [at, BigInt(nanos)]);
  }

  #coded<T>(column: TextColumn | 'tags'): Coded<T> {
    const blob = this.#there(column);
    return { codes: blob.numbers, key: blob, values: () => blob.json() as T[] };
  }

  #there(column: Column): ColumnBlob {
    const blob = this.#blob(column);
    if (blob === undefined) throw new SegmentGone();
    return blob;
  }
}

/** A segment was there when a pass began and is not any more: the ledger changed. */
export class SegmentGone extends Error {
  override readonly name = 'SegmentGone';
}

/** The blobs of all columns, as they stand in the database. */
export function encodeColumns(columns: Columns): [Column, Uint8Array][] {
  return COLUMNS.map((column) => [column, encodeColumn(columns, column)]);
}

/** The blob of one column. */
export function encodeColumn(columns: Columns, column: Column): Uint8Array {
  if (column === 'bigCosts') {
    return encodeBlob(
      plain([]),
      columns.bigCosts().map(([at, nanos]) => [at, nanos.toString()]),
    );
  }
  if (column === 'tags') {
    const { codes, values } = columns.tags();
    return encodeBlob(codes, values());
  }
  if (isText(column)) {
    const { codes, values } = columns.texts(column);
    return encodeBlob(codes, values());
  }
  return encodeBlob(columns.numbers(column), undefined);
}
