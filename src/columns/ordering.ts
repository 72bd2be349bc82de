import type { SortKey } from '../usage/query.ts';
import { BIG_COST, ROW_MASK, SEGMENT_BITS, TEXT_INDEX, type Segment } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/**
 * Sorts rows by a column with a radix sort: it is stable, takes a tenth of the time of a comparison sort on a million rows, and
 * can pause between its passes.
 */

/** Sorts rows ascending by key, then time, then insertion. Yields between steps of a few ms. */
export function* sortRows(store: ColumnStore, rows: Uint32Array, key: SortKey): Generator<void, Uint32Array> {
  let sorted = rows;
  if (store.reused) {
    sorted = yield* sortBy(sorted, yield* keysOf(store, sorted, (segment, at) => segment.order[at] as number));
  }
  sorted = yield* sortBy(sorted, yield* keysOf(store, sorted, (segment, at) => segment.time[at] as number));
  if (key === 'time') return sorted;
  return yield* sortBy(sorted, yield* keysOf(store, sorted, sortValue(store, key)));
}

type Value = (segment: Segment, at: number) => number;

/**
 * Returns the function that computes a row's sort value. An unknown cost sorts before $0; texts sort by UTF-16 units, missing
 * texts first.
 */
export function sortValue(store: ColumnStore, key: SortKey): Value {
  switch (key) {
    case 'time':
      return (segment, at) => segment.time[at] as number;
    case 'cost': {
      const unknown = store.dictionaries.cost.find('unknown');
      return (segment, at) => {
        if (segment.costKind[at] === unknown) return -1;
        const nanos = segment.cost[at] as number;
        return nanos === BIG_COST ? Number(store.bigCosts.get(segment.base + at)) : nanos;
      };
    }
    case 'tokens':
      return (segment, at) => segment.total[at] as number;
    case 'input':
      return (segment, at) => segment.input[at] as number;
    case 'output':
      return (segment, at) => segment.output[at] as number;
    case 'provider':
    case 'model':
    case 'operation':
    case 'project': {
      const index = TEXT_INDEX[key];
      const ranks = ranksOf(store.dictionaries[key].values);
      return ({ texts }, at) => ranks[(texts[index] as Uint32Array)[at] as number] as number;
    }
  }
}

/** The rank of each code in the order of the texts. */
export function ranksOf(values: readonly (string | null)[]): Uint32Array {
  const codes = values.map((_, code) => code).slice(1);
  codes.sort((a, b) => ((values[a] as string) < (values[b] as string) ? -1 : 1));
  const ranks = new Uint32Array(values.length);
  for (const [rank, code] of codes.entries()) ranks[code] = rank + 1;
  return ranks;
}

function* keysOf(store: ColumnStore, rows: Uint32Array, value: Value): Generator<void, Float64Array> {
  const keys = new Float64Array(rows.length);
  for (let from = 0; from < rows.length; from += ROWS_PER_STEP) {
    yield;
    const end = stepEnd(from, rows.length);
    readKeys(store, rows.subarray(from, end), value, keys.subarray(from, end));
  }
  return keys;
}

function readKeys({ segments }: ColumnStore, rows: Uint32Array, value: Value, keys: Float64Array): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    keys[i] = value(segments[row >>> SEGMENT_BITS] as Segment, row & ROW_MASK);
  }
}

const DIGIT_BITS = 16;
const DIGITS = 2 ** DIGIT_BITS;
const DIGITS_PER_KEY = 64 / DIGIT_BITS;
/** Number of rows processed between two pauses. */
const ROWS_PER_STEP = 2 ** 16;

function stepEnd(from: number, length: number): number {
  return Math.min(from + ROWS_PER_STEP, length);
}

/** Sorts `rows` ascending by `keys`, stably. The keys must not be NaN. */
export function* sortBy(rows: Uint32Array, keys: Float64Array): Generator<void, Uint32Array> {
  if (isSorted(keys)) return rows;
  const { length } = rows;
  const words = new Uint32Array(keys.buffer);
  let order = new Uint32Array(length);
  let other = new Uint32Array(length);
  for (let from = 0; from < length; from += ROWS_PER_STEP) {
    yield;
    prepare(words, order, from);
  }
  for (let index = 0; index < DIGITS_PER_KEY; index++) {
    const digit = new Digit(words, index);
    for (let from = 0; from < length; from += ROWS_PER_STEP) {
      yield;
      digit.count(from);
    }
    // A digit that is equal in all keys does not affect the order.
    if (digit.isEqualInAll) continue;
    digit.begin();
    for (let from = 0; from < length; from += ROWS_PER_STEP) {
      yield;
      digit.place(order, other, from);
    }
    [order, other] = [other, order];
  }
  for (let from = 0; from < length; from += ROWS_PER_STEP) {
    yield;
    gather(rows, order, other, from);
  }
  return other;
}

/** Gathers the column's values in the order of `order`, as keys for {@link sortBy}. Yields between steps of a few ms. */
export function* gathered(column: Float64Array, order: Uint32Array): Generator<void, Float64Array<ArrayBuffer>> {
  const into = new Float64Array(order.length);
  for (let from = 0; from < order.length; from += ROWS_PER_STEP) {
    yield;
    gather(column, order, into, from);
  }
  return into;
}

/** Maps keys to words with the same order: flips the sign bit, and all bits of negative keys. */
function prepare(words: Uint32Array, order: Uint32Array, from: number): void {
  const end = stepEnd(from, order.length);
  for (let i = from; i < end; i++) {
    order[i] = i;
    const high = words[2 * i + 1] as number;
    if (high >>> 31 === 1) {
      words[2 * i] = ~(words[2 * i] as number);
      words[2 * i + 1] = ~high;
    } else {
      words[2 * i + 1] = high | 0x80000000;
    }
  }
}

/** A digit of all keys, by which one pass of the sort orders the rows. */
class Digit {
  readonly #words: Uint32Array;
  /** Which of the two words of a key contains it, and where. */
  readonly #word: number;
  readonly #shift: number;
  /** By its value plus 1 the number of keys, then by its value the place of the next key. */
  readonly #starts = new Uint32Array(DIGITS + 1);

  /** @param words two for each key. @param index 0 for the lowest digit. */
  constructor(words: Uint32Array, index: number) {
    this.#words = words;
    this.#word = index >>> 1;
    this.#shift = (index & 1) * DIGIT_BITS;
  }

  /** Counts the values in the keys of a step. */
  count(from: number): void {
    const words = this.#words;
    const word = this.#word;
    const shift = this.#shift;
    const starts = this.#starts;
    const end = stepEnd(from, words.length / 2);
    for (let i = from; i < end; i++)
      (starts[(((words[2 * i + word] as number) >>> shift) & (DIGITS - 1)) + 1] as number)++;
  }

  /** Whether all keys were counted for the same value. */
  get isEqualInAll(): boolean {
    return this.#starts.includes(this.#words.length / 2);
  }

  /** Turns the counts into places, once all keys are counted. */
  begin(): void {
    const starts = this.#starts;
    for (let i = 1; i <= DIGITS; i++) (starts[i] as number) += starts[i - 1] as number;
  }

  /** Puts the rows of a step, of those in `order`, into their places. */
  place(order: Uint32Array, into: Uint32Array, from: number): void {
    const words = this.#words;
    const word = this.#word;
    const shift = this.#shift;
    const starts = this.#starts;
    const end = stepEnd(from, order.length);
    for (let i = from; i < end; i++) {
      const index = order[i] as number;
      const value = ((words[index * 2 + word] as number) >>> shift) & (DIGITS - 1);
      into[(starts[value] as number)++] = index;
    }
  }
}

function gather<T extends Uint32Array | Float64Array>(column: T, order: Uint32Array, into: T, from: number): void {
  const end = stepEnd(from, order.length);
  for (let i = from; i < end; i++) into[i] = column[order[i] as number] as number;
}

function isSorted(keys: Float64Array): boolean {
  for (let i = 1; i < keys.length; i++) if ((keys[i] as number) < (keys[i - 1] as number)) return false;
  return true;
}
