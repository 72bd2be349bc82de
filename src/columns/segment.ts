import { TEXT_DIMENSIONS, type Dimension, type TextDimension } from '../usage/dimensions.ts';

/**
 * A block of rows, stored column by column. The table grows by whole segments, so adding rows never copies existing ones, and a
 * pass can pause between segments.
 */

export const SEGMENT_BITS = 14;
export const SEGMENT_ROWS = 2 ** SEGMENT_BITS;
export const ROW_MASK = SEGMENT_ROWS - 1;

/** State of a row: free, hidden behind the same id in an earlier ledger, or counted. */
export const FREE = 0;
export const SHADOWED = 1;
export const VISIBLE = 2;
/** A state shifted right by this is 1 for a visible row, else 0. */
export const VISIBLE_SHIFT = 1;

/** The cost kinds by code, for the column of the cost dimension. */
export const COST_KINDS = ['recorded', 'estimated', 'unknown'] as const;

/** Marks a cost above 2^52 nano-dollars, which is kept in a map beside the columns. */
export const BIG_COST = Number.POSITIVE_INFINITY;

/** Token counts. Most are below 2^32 and take 4 bytes each: a pass over them is limited by memory bandwidth. */
export const COUNT_COLUMNS = ['input', 'output', 'total', 'cacheRead', 'cacheWrite', 'reasoning'] as const;
export type CountColumn = (typeof COUNT_COLUMNS)[number];
/** Token counts that most records do not have. */
export const RARE_COUNTS = ['write1h', 'guessed'] as const;
export type RareCount = (typeof RARE_COUNTS)[number];
type Counts = Uint32Array | Float64Array;
export const LARGEST_NARROW = 2 ** 32 - 1;

/** The index of each text dimension in {@link TEXT_DIMENSIONS}. */
export const TEXT_INDEX = Object.fromEntries(TEXT_DIMENSIONS.map(({ name }, index) => [name, index])) as Readonly<
  Record<TextDimension, number>
>;

/** A column that no record of a segment has a value in: shared by all segments, never written to. */
const NO_CODES = new Uint32Array(SEGMENT_ROWS);

/**
 * Initial capacity of a segment, in rows. Columns of {@link SEGMENT_ROWS} rows take 1.5 MB; for the small ledger of a single
 * command, or of a test, allocating them would take longer than everything else.
 */
const FIRST_ROWS = 64;
const GROWTH = 8;

export class Segment {
  /** The number of the segment's first row in the table. */
  readonly base: number;
  /** Number of rows, from the start, that were ever in use. */
  used = 0;
  /** Bounds of the times. They only widen, so a pass may use them to skip the segment, but not as exact bounds. */
  earliest = Number.POSITIVE_INFINITY;
  latest = Number.NEGATIVE_INFINITY;

  state = new Uint8Array(FIRST_ROWS);
  readonly ids: string[] = [];
  /** The next row with the same id, plus one; 0 means none. */
  next = new Uint32Array(FIRST_ROWS);
  /** Position in insertion order, which a reused row does not keep. */
  order = new Uint32Array(FIRST_ROWS);
  locator = new Float64Array(FIRST_ROWS);

  time = new Float64Array(FIRST_ROWS);
  cost = new Float64Array(FIRST_ROWS);
  input: Counts = new Uint32Array(FIRST_ROWS);
  output: Counts = new Uint32Array(FIRST_ROWS);
  total: Counts = new Uint32Array(FIRST_ROWS);
  cacheRead: Counts = new Uint32Array(FIRST_ROWS);
  cacheWrite: Counts = new Uint32Array(FIRST_ROWS);
  reasoning: Counts = new Uint32Array(FIRST_ROWS);
  /** Cache writes kept for an hour, part of `cacheWrite`. Read-only: it may be shared. */
  write1h: Counts = NO_CODES;
  /** Tokens that a source guessed, part of the other counts. Read-only: it may be shared. */
  guessed: Counts = NO_CODES;
  /** Codes of the terms that change a price (`priceTerms.ts`). Read-only: it may be shared. */
  terms: Uint32Array = NO_CODES;

  ledger = new Uint16Array(FIRST_ROWS);
  costKind = new Uint8Array(FIRST_ROWS);
  /** Codes of sets of tags. */
  tags = new Uint32Array(FIRST_ROWS);
  /** Codes of the text dimensions, in the order of {@link TEXT_DIMENSIONS}. */
  readonly texts: Uint32Array[] = TEXT_DIMENSIONS.map(() => NO_CODES);

  constructor(base: number) {
    this.base = base;
  }

  /** Current capacity in rows: at most {@link SEGMENT_ROWS}. */
  get room(): number {
    return this.state.length;
  }

  /**
   * Ensures capacity for at least `rows` rows. This replaces the column arrays, so callers must not keep references across the
   * call.
   */
  reserve(rows: number): void {
    const { room } = this;
    if (rows <= room) return;
    const larger = Math.min(SEGMENT_ROWS, Math.max(rows, room * GROWTH));
    for (const [name, column] of Object.entries(this)) {
      if (ArrayBuffer.isView(column) && column !== NO_CODES)
        Object.assign(this, { [name]: grown(column as Counts, larger) });
    }
    for (const [index, codes] of this.texts.entries()) {
      if (codes !== NO_CODES) this.texts[index] = grown(codes, larger);
    }
  }

  /** The code column of a dimension; for `tag`, the codes are tag sets. Read-only: it may be shared. */
  codes(dimension: Dimension): Uint8Array | Uint16Array | Uint32Array {
    if (dimension === 'ledger') return this.ledger;
    if (dimension === 'tag') return this.tags;
    return dimension === 'cost' ? this.costKind : (this.texts[TEXT_INDEX[dimension]] as Uint32Array);
  }

  /** @param index index of a text dimension in {@link TEXT_DIMENSIONS}. */
  putText(index: number, at: number, code: number): void {
    const codes = this.texts[index] as Uint32Array;
    if (codes !== NO_CODES) codes[at] = code;
    else if (code !== 0) this.ownTexts(index)[at] = code;
  }

  /** The codes of a text dimension, as an array of this segment that may be written to. */
  ownTexts(index: number): Uint32Array {
    let codes = this.texts[index] as Uint32Array;
    if (codes === NO_CODES) this.texts[index] = codes = new Uint32Array(this.room);
    return codes;
  }

  putTerms(at: number, code: number): void {
    if (code !== 0 || this.terms !== NO_CODES) this.ownTerms()[at] = code;
  }

  /** The codes of price terms, as an array of this segment that may be written to. */
  ownTerms(): Uint32Array {
    if (this.terms === NO_CODES) this.terms = new Uint32Array(this.room);
    return this.terms;
  }

  get hasGuessed(): boolean {
    return this.guessed !== NO_CODES;
  }

  putRareCount(column: RareCount, at: number, count: number): void {
    if (count !== 0 || this[column] !== NO_CODES) this.ownRareCounts(column, count > LARGEST_NARROW)[at] = count;
  }

  /** A column that most segments do not have, as an array of this segment that may be written to. @param wide whether for any count. */
  ownRareCounts(column: RareCount, wide: boolean): Counts {
    if (this[column] === NO_CODES) this[column] = new Uint32Array(this.room);
    if (wide) this.widen(column);
    return this[column];
  }

  /** Drops the counts of a column that most segments do not have: all are 0. */
  dropRareCounts(column: RareCount): void {
    this[column] = NO_CODES;
  }

  putCount(column: CountColumn, at: number, count: number): void {
    if (count > LARGEST_NARROW) this.widen(column);
    this[column][at] = count;
  }

  /** Converts a column so that it can represent every count that a record may have. */
  widen(column: CountColumn | RareCount): void {
    if (this[column] instanceof Uint32Array) this[column] = Float64Array.from(this[column]);
  }
}

/** Copies a column to an array of the same type with room for `rows` rows. */
function grown<T extends Counts>(column: T, rows: number): T {
  const copy = new (column.constructor as new (length: number) => T)(rows);
  copy.set(column);
  return copy;
}
