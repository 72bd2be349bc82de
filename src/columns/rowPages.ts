import type { PageQuery } from '../usage/query.ts';
import type { ColumnStore } from './columnStore.ts';
import { CompiledFilter, filterKey } from './filter.ts';
import { firstRows } from './firstRows.ts';
import { sortRows } from './ordering.ts';
import { SEGMENT_ROWS } from './segment.ts';

/**
 * Number of rows from the start of an order that are found without a full sort: a few screens of a table, and every first page.
 */
const FIRST_ROWS = 512;

/** Pages of the rows of a store. Caches the most recent order until the rows change. */
export class RowPages {
  readonly #store: ColumnStore;
  /** The most recent order, ascending. */
  #sorted: { key: string; version: number; rows: Uint32Array } | undefined;
  /** The start of the most recent order, in its direction. */
  #first: { key: string; version: number; total: number; rows: Uint32Array } | undefined;

  constructor(store: ColumnStore) {
    this.#store = store;
  }

  /**
   * Returns one page of the matching rows, in order. Yields between steps of a few ms.
   * @param version increases with every change of the rows.
   * @param size number of visible rows.
   */
  *select(query: PageQuery, version: number, size: number): Generator<void, { total: number; rows: number[] }> {
    const { descending, limit } = query;
    const offset = Math.max(query.offset, 0);
    const key = orderKey(query);
    const isSorted = this.#sorted?.version === version && this.#sorted.key === key;
    if (!isSorted && query.offset + limit <= FIRST_ROWS) {
      const { total, rows } = yield* this.#starting(query, version);
      return { total, rows: [...rows.subarray(offset, query.offset + limit)] };
    }
    const sorted = yield* this.#sorting(query, version, size);
    const total = sorted.length;
    const rows: number[] = [];
    for (let i = offset; i < Math.min(query.offset + limit, total); i++) {
      rows.push(sorted[descending ? total - 1 - i : i] as number);
    }
    return { total, rows };
  }

  *#starting(query: PageQuery, version: number): Generator<void, { total: number; rows: Uint32Array }> {
    const key = `${orderKey(query)} ${query.descending}`;
    if (this.#first?.version === version && this.#first.key === key) return this.#first;
    const found = yield* firstRows(this.#store, new CompiledFilter(this.#store, query.filter), query, FIRST_ROWS);
    this.#first = { key, version, ...found };
    return found;
  }

  *#sorting(query: PageQuery, version: number, size: number): Generator<void, Uint32Array> {
    const key = orderKey(query);
    if (this.#sorted?.version === version && this.#sorted.key === key) return this.#sorted.rows;
    const compiled = new CompiledFilter(this.#store, query.filter);
    const matches = new Uint32Array(SEGMENT_ROWS);
    const found = new Uint32Array(size);
    let total = 0;
    for (const [i, segment] of this.#store.segments.entries()) {
      if (i > 0) yield;
      const count = compiled.select(segment, matches);
      for (let k = 0; k < count; k++) found[total++] = segment.base + (matches[k] as number);
    }
    const rows = yield* sortRows(this.#store, found.slice(0, total), query.sort);
    this.#sorted = { key, version, rows };
    return rows;
  }
}

/** Returns a key that is equal for pages cut from the same sorted rows, in either direction. */
function orderKey({ filter, sort }: PageQuery): string {
  return `${sort} ${filterKey(filter)}`;
}
