import { LARGEST_NARROW } from '../../../columns/segment.ts';
import { ColumnStore } from '../../../columns/columnStore.ts';
import type { UsageRecord } from '../../../usage/record.ts';

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

/** Sequence numbers to a segment: number n holds n * 4096 + 1 ... (n + 1) * 4096, less those that were removed. */
export const SEGMENT_SPAN = 4096;

export const NUMBER_COLUMNS = [
  'time',
  'cost',
  'input',
  'output',
  'total',
  'cacheRead',
  'cacheWrite',
  'reasoning',
] as const;
export type NumberColumn = (typeof NUMBER_COLUMNS)[number];

export const TEXT_COLUMNS = [
  'provider',
  'model',
  'operation',
  'project',
  'branch',
  'session',
  'source',
  'episode',
] as const;
export type TextColumn = (typeof TEXT_COLUMNS)[number];

/** All columns; the position is part of the key in the database, so it never changes. */
export const COLUMNS = [...NUMBER_COLUMNS, ...TEXT_COLUMNS, 'tags', 'costKind', 'seq', 'bigCosts'] as const;
export type Column = (typeof COLUMNS)[number];
/** Columns that are numbers and nothing else. */
export type PlainColumn = NumberColumn | 'costKind' | 'seq';

/** Room for columns to come. */
const KEYS_PER_SEGMENT = 64;

export function columnKey(segment: number, column: Column): number {
  return segment * KEYS_PER_SEGMENT + COLUMNS.indexOf(column);
}

export function segmentOf(seq: number): number {
  return Math.floor((seq - 1) / SEGMENT_SPAN);
}

/** The keys of all columns of a segment, half-open. */
export function columnKeys(segment: number): [first: number, end: number] {
  return [segment * KEYS_PER_SEGMENT, (segment + 1) * KEYS_PER_SEGMENT];
}

/** Numbers as they are stored: each is `least` more than `above` says, or just that where there is nothing above it. */
export interface Packed {
  readonly length: number;
  readonly least: number;
  readonly above: ArrayLike<number> | undefined;
}

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
    return this.#store.segments[0]?.[column].subarray(0, this.records) ?? [];
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

function encodeColumn(columns: Columns, column: Column): Uint8Array {
  if (column === 'bigCosts') {
    return encode(
      plain([]),
      columns.bigCosts().map(([at, nanos]) => [at, nanos.toString()]),
    );
  }
  if (column === 'tags') {
    const { codes, values } = columns.tags();
    return encode(codes, values());
  }
  if (isText(column)) {
    const { codes, values } = columns.texts(column);
    return encode(codes, values());
  }
  return encode(columns.numbers(column), undefined);
}

/** Numbers that stand as they are. */
function plain(above: ArrayLike<number>): Packed {
  return { length: above.length, least: 0, above };
}

/** Whether no number of an array can need more than 32 bits. */
export function isNarrow(numbers: ArrayLike<number>): boolean {
  return numbers instanceof Uint8Array || numbers instanceof Uint16Array || numbers instanceof Uint32Array;
}

/** Writes numbers to the beginning of `into`, which has room for any of them. */
export function unpack({ length, least, above }: Packed, into: Float64Array | Uint8Array): void {
  if (above === undefined) {
    into.fill(least, 0, length);
    return;
  }
  into.set(above);
  if (least !== 0) for (let i = 0; i < length; i++) (into[i] as number) += least;
}

/** {@link unpack} into 32 bits. @returns false, with `into` in disorder, when one needs more. */
export function unpackNarrow({ length, least, above }: Packed, into: Uint32Array): boolean {
  if (least > LARGEST_NARROW) return false;
  if (above === undefined) {
    into.fill(least, 0, length);
    return true;
  }
  if (!isNarrow(above)) {
    for (let i = 0; i < length; i++) if ((above[i] as number) + least > LARGEST_NARROW) return false;
  }
  into.set(above);
  if (least === 0) return true;
  let most = 0;
  for (let i = 0; i < length; i++) {
    const number = (into[i] as number) + least;
    if (number > most) most = number;
    into[i] = number;
  }
  return most <= LARGEST_NARROW;
}

export function numberAt({ least, above }: Packed, i: number): number {
  return above === undefined ? least : (above[i] as number) + least;
}

export function isText(column: Column): column is TextColumn {
  return (TEXT_COLUMNS as readonly string[]).includes(column);
}

/**
 * A blob: the width of a number in bytes (0: all are the same), their count, where the text begins, the least number;
 * then each number above the least; then JSON. Little-endian, as every machine is that this runs on.
 */
const HEADER = 24;

function encode(numbers: Packed, json: unknown): Uint8Array {
  const { length } = numbers;
  let least = length === 0 ? 0 : numberAt(numbers, 0);
  let most = least;
  for (let i = 1; i < length; i++) {
    const n = numberAt(numbers, i);
    if (n < least) least = n;
    else if (n > most) most = n;
  }
  const width = most === least ? 0 : widthOf(most - least);
  // Numbers of 8 bytes stand as they are: the least may be what no difference is exact to.
  if (width === 8) least = 0;
  const text = json === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(json));
  const textAt = HEADER + width * length;
  const blob = new Uint8Array(textAt + text.length);
  const header = new DataView(blob.buffer);
  header.setUint32(0, width, true);
  header.setUint32(4, length, true);
  header.setUint32(8, textAt, true);
  header.setFloat64(16, least, true);
  if (width > 0) {
    const view = viewOf(blob.buffer, HEADER, width, length);
    for (let i = 0; i < length; i++) view[i] = numberAt(numbers, i) - least;
  }
  blob.set(text, textAt);
  return blob;
}

/** A column as it stands in the database. */
export class ColumnBlob {
  readonly numbers: Packed;
  readonly #bytes: Uint8Array;
  readonly #textAt: number;

  constructor(blob: Uint8Array) {
    // A view of doubles must begin at a multiple of eight.
    const bytes = blob.byteOffset % 8 === 0 ? blob : blob.slice();
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    const width = header.getUint32(0, true);
    const length = header.getUint32(4, true);
    const least = header.getFloat64(16, true);
    const above = width === 0 ? undefined : viewOf(bytes.buffer, bytes.byteOffset + HEADER, width, length);
    this.numbers = { length, least, above };
    this.#textAt = header.getUint32(8, true);
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** What stands after the numbers; undefined where nothing does. */
  json(): unknown {
    if (this.#textAt === this.#bytes.length) return undefined;
    return JSON.parse(new TextDecoder().decode(this.#bytes.subarray(this.#textAt)));
  }
}

function widthOf(range: number): 1 | 2 | 4 | 8 {
  if (range < 2 ** 8) return 1;
  if (range < 2 ** 16) return 2;
  return range < 2 ** 32 ? 4 : 8;
}

function viewOf(buffer: ArrayBufferLike, at: number, width: number, count: number): NumberView {
  if (width === 1) return new Uint8Array(buffer, at, count);
  if (width === 2) return new Uint16Array(buffer, at, count);
  return width === 4 ? new Uint32Array(buffer, at, count) : new Float64Array(buffer, at, count);
}
type NumberView = Uint8Array | Uint16Array | Uint32Array | Float64Array;
