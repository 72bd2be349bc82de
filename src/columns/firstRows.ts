import type { SortKey } from '../usage/query.ts';
import type { CompiledFilter } from './filter.ts';
import { sortValue } from './ordering.ts';
import { ROW_MASK, SEGMENT_ROWS } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/** Segments processed between two pauses: about 5 ms of work. */
const SEGMENTS_PER_SLICE = 2;

/**
 * Finds the first rows of an order and the number of matching rows in one pass, without sorting all of them. A table that was
 * just opened, filtered or extended needs no more.
 *
 * The pass starts where the first rows most likely are: records arrive roughly in time order, so the newest are found first,
 * and nearly every later row loses its first comparison.
 */
export function* firstRows(
  store: ColumnStore,
  filter: CompiledFilter,
  order: { sort: SortKey; descending: boolean },
  count: number,
): Generator<void, { total: number; rows: Uint32Array }> {
  const value = sortValue(store, order.sort);
  const best = new Best(store, order.descending ? -1 : 1, count);
  const matches = new Uint32Array(SEGMENT_ROWS);
  const segments = order.descending ? store.segments.toReversed() : store.segments;
  let total = 0;
  for (const [i, segment] of segments.entries()) {
    if (i > 0 && i % SEGMENTS_PER_SLICE === 0) yield;
    const found = filter.select(segment, matches);
    total += found;
    if (order.descending) matches.subarray(0, found).reverse();
    for (let k = 0; k < found; k++) {
      const at = matches[k] as number;
      best.offer(value(segment, at), segment.base + at);
    }
  }
  return { total, rows: best.rows() };
}

/** Keeps the first `count` of the rows offered, ordered by key, time and insertion. */
class Best {
  readonly #store: ColumnStore;
  /** 1 ascending, -1 descending. */
  readonly #sign: 1 | -1;
  readonly #count: number;
  /** Maximum number of candidates: several times as many as are kept, so that sorting is rare. */
  readonly #room: number;
  #candidates: { key: number; row: number }[] = [];
  /** The last kept row of the most recent sort: rows after it are dropped at once. */
  #last: { key: number; row: number } | undefined;

  constructor(store: ColumnStore, sign: 1 | -1, count: number) {
    this.#store = store;
    this.#sign = sign;
    this.#count = count;
    this.#room = 4 * count;
  }

  offer(key: number, row: number): void {
    const last = this.#last;
    if (last !== undefined) {
      const difference = (key - last.key) * this.#sign;
      if (difference > 0 || (difference === 0 && this.#compare({ key, row }, last) > 0)) return;
    }
    this.#candidates.push({ key, row });
    if (this.#candidates.length >= this.#room) this.#prune();
  }

  rows(): Uint32Array {
    this.#prune();
    return Uint32Array.from(this.#candidates, ({ row }) => row);
  }

  #prune(): void {
    this.#candidates.sort((a, b) => this.#compare(a, b));
    if (this.#candidates.length < this.#count) return;
    this.#candidates.length = this.#count;
    this.#last = this.#candidates.at(-1);
  }

  #compare(a: { key: number; row: number }, b: { key: number; row: number }): number {
    if (a.key !== b.key) return (a.key - b.key) * this.#sign;
    const one = this.#store.segment(a.row);
    const other = this.#store.segment(b.row);
    const [i, k] = [a.row & ROW_MASK, b.row & ROW_MASK];
    const byTime = (one.time[i] as number) - (other.time[k] as number);
    return (byTime === 0 ? (one.order[i] as number) - (other.order[k] as number) : byTime) * this.#sign;
  }
}
