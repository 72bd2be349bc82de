import type { RecordRow } from '../../src/protocol/messages.ts';

export const PAGE_SIZE = 60;
/** Maximum number of pages kept in memory: a few screens above and below, however long the ledger is. */
const MAX_PAGES = 20;

/** The loaded rows of a long list: a moving window, never the whole list. */
export class LoadedPages {
  readonly total: number;
  readonly #pages = new Map<number, readonly RecordRow[]>();

  constructor(total: number, pages: Iterable<readonly [number, readonly RecordRow[]]> = []) {
    this.total = total;
    for (const [page, rows] of pages) this.#pages.set(page, rows);
  }

  row(index: number): RecordRow | undefined {
    return this.#pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE];
  }

  /** All rows in memory, in order. */
  loaded(): RecordRow[] {
    return [...this.#pages].sort(([a], [b]) => a - b).flatMap(([, rows]) => rows);
  }

  /** The position of a record among the loaded rows. */
  indexOf(usageId: string): number | undefined {
    for (const [page, rows] of this.#pages) {
      const index = rows.findIndex(({ record }) => record.usage_id === usageId);
      if (index >= 0) return page * PAGE_SIZE + index;
    }
    return undefined;
  }

  /** The pages of [first, last] that are not loaded. */
  missing(first: number, last: number): number[] {
    return pagesOf(first, Math.min(last, this.total - 1)).filter((page) => !this.#pages.has(page));
  }

  /** The same list with another page; drops the pages farthest from it. */
  with(page: number, rows: readonly RecordRow[]): LoadedPages {
    const nearest = [...this.#pages]
      .filter(([other]) => other !== page)
      .sort(([a], [b]) => Math.abs(a - page) - Math.abs(b - page))
      .slice(0, MAX_PAGES - 1);
    return new LoadedPages(this.total, [...nearest, [page, rows]]);
  }
}

export function pagesOf(first: number, last: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(Math.max(0, first) / PAGE_SIZE); page * PAGE_SIZE <= last; page++) pages.push(page);
  return pages;
}

/** The rows in a viewport, with some beyond both edges so that scrolling finds them already drawn. */
export function visibleRows(
  scrollTop: number,
  height: number,
  rowHeight: number,
  count: number,
): { first: number; last: number } {
  const beyond = 4;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - beyond);
  return { first, last: Math.min(count - 1, Math.ceil((scrollTop + height) / rowHeight) + beyond) };
}

/**
 * Assigns records to row elements. A new record reuses the element of one that disappeared, so that only texts change; a record
 * that stays keeps its element.
 */
export class Slots {
  #taken = new Map<string, number>();
  #next = 0;

  /** @returns the slot of each of `ids`, in order. */
  take(ids: readonly string[]): number[] {
    const wanted = new Set(ids);
    const free = [...this.#taken].flatMap(([id, slot]) => (wanted.has(id) ? [] : slot)).reverse();
    const slots = ids.map((id) => this.#taken.get(id) ?? free.pop() ?? this.#next++);
    this.#taken = new Map(ids.map((id, position) => [id, slots[position] as number]));
    return slots;
  }
}
