import { closeSync, openSync, readSync } from 'node:fs';
import { nextTurn } from '../../../system/turns.ts';
import { logOf } from '../log.ts';
import { salvage } from '../../json/salvage/salvage.ts';
import type { Row } from '../rows.ts';
import type { DamagedRow } from './rescue.ts';
import { bytesOf, serialTypes, cellValues, varint } from './pageValues.ts';
import { changeAt, changedAt, type ChangeRow } from './changeCells.ts';

/**
 * Reads rows of `record` directly from the pages of a damaged database: a single damaged page of the tree can make all rows
 * unreachable. See https://sqlite.org/fileformat.html.
 */

export const PAGE_BYTES = 4096;
const HEADER = 'SQLite format 3\0';
const FREE_PAGES_AT = 32;
const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const INDEX_INTERIOR = 0x02;
const TABLE_INTERIOR = 0x05;
const INTERIOR_CELLS_AT = 12;
const LAST_CHILD_AT = 8;
const CELLS_AT = 8;
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const SALTS_BYTES = 8;
/** Longer than the text of any record. */
const MOST_BYTES = 1 << 26;
/** Longer entries of an index continue on other pages. */
const LONGEST_ENTRY = 900;
const PAGES_PER_TURN = 256;
/** `seq, usage_id, time_ms, cost_kind, cost_nanos, text`. */
const COLUMNS = 6;

/** Reads a database file and its log page by page; page numbers begin with 1. Must be closed. */
export class Pages {
  readonly #fd: number;
  /** The newest version of each page in the log. */
  readonly #logged: ReadonlyMap<number, Buffer>;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    this.#logged = pagesInLog(logOf(path));
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** undefined beyond the end, and for the number 0 that ends a chain. */
  page(number: number): Buffer | undefined {
    return this.#logged.get(number) ?? this.#inFile(number);
  }

  #inFile(number: number): Buffer | undefined {
    return number < 1 ? undefined : readAt(this.#fd, (number - 1) * PAGE_BYTES, PAGE_BYTES, 1);
  }

  /** Free pages, which may still have their former content; undefined when the list cannot be read. */
  free(): ReadonlySet<number> | undefined {
    const first = this.page(1);
    if (first?.toString('latin1', 0, HEADER.length) !== HEADER) return undefined;
    const free = new Set<number>();
    let trunk = first.readUInt32BE(FREE_PAGES_AT);
    while (trunk !== 0) {
      const page = this.page(trunk);
      if (!page || free.has(trunk)) return undefined;
      free.add(trunk);
      const leaves = Math.min(page.readUInt32BE(4), PAGE_BYTES / 4 - 2);
      for (let i = 0; i < leaves; i++) free.add(page.readUInt32BE(8 + 4 * i));
      trunk = page.readUInt32BE(0);
    }
    return free;
  }

  /**
   * Yields the rows on all pages except `free`, in batches. Pages referenced by another page come first: an unreferenced page
   * may be free, and contain an older version of a record.
   */
  async *rows(free: ReadonlySet<number>): AsyncGenerator<DamagedRow[]> {
    const leaves = (await this.#leaves(free)).map((number) => () => this.page(number));
    yield* this.#each(leaves, (page) => [...this.#rowsOn(page)]);
    // If a cell's header is damaged, the record's text may still be intact.
    yield* this.#each(leaves, textsOn);
  }

  /**
   * Yields the ids and numbers in the index of `record`, as rows without text.
   * @param wholePages only those of leaves whose entries can all be read.
   */
  async *indexed(free: ReadonlySet<number>, wholePages = false): AsyncGenerator<Row[]> {
    for await (const [number, page] of this.#all()) {
      if (!isIndex(page) || free.has(number)) continue;
      const rows = [...this.#cellsOn(page, (at) => this.#indexedAt(page, at))];
      if (!wholePages || (page[0] === INDEX_LEAF && rows.length === cellsOf(page))) yield rows;
    }
  }

  /** Yields the rows of `changed` and `change` on all pages except `free`, without the texts of records. */
  async *changes(free: ReadonlySet<number>): AsyncGenerator<ChangeRow> {
    for await (const [number, page] of this.#all()) {
      if (free.has(number)) continue;
      if (isIndex(page)) yield* this.#cellsOn(page, (at) => changedAt(page, at));
      if (page[0] === TABLE_LEAF) yield* this.#cellsOn(page, (at) => changeAt(page, at));
    }
  }

  async *#each(
    leaves: readonly (() => Buffer | undefined)[],
    rowsOf: (page: Buffer) => DamagedRow[],
  ): AsyncGenerator<DamagedRow[]> {
    let rows: DamagedRow[] = [];
    for (const [i, read] of leaves.entries()) {
      const page = read();
      if (page?.[0] === TABLE_LEAF) rows.push(...rowsOf(page));
      if (i % PAGES_PER_TURN > 0) continue;
      yield rows;
      rows = [];
      await nextTurn();
    }
    yield rows;
  }

  async #leaves(free: ReadonlySet<number>): Promise<number[]> {
    const linked = new Set<number>();
    const leaves: number[] = [];
    for await (const [number, page] of this.#all()) {
      if (page[0] === TABLE_INTERIOR) for (const child of childrenOf(page)) linked.add(child);
      if (page[0] === TABLE_LEAF && !free.has(number)) leaves.push(number);
    }
    return leaves.sort((a, b) => Number(linked.has(b)) - Number(linked.has(a)) || a - b);
  }

  async *#all(): AsyncGenerator<[number, Buffer]> {
    const last = Math.max(0, ...this.#logged.keys());
    for (let number = 1; ; number++) {
      const page = this.page(number);
      if (page) yield [number, page];
      else if (number > last) return;
      if (number % PAGES_PER_TURN === 0) await nextTurn();
    }
  }

  #rowsOn(page: Buffer): Generator<DamagedRow> {
    return this.#cellsOn(page, (at) => this.#rowAt(page, at));
  }

  *#cellsOn<T>(page: Buffer, read: (at: number) => T | undefined): Generator<T> {
    const isInterior = page[0] === INDEX_INTERIOR;
    for (let i = 0; i < cellsOf(page); i++) {
      try {
        const at = page.readUInt16BE((isInterior ? INTERIOR_CELLS_AT : CELLS_AT) + 2 * i);
        // Within an index, each page has entries; those of an interior one follow the number of a page.
        const row = read(isInterior ? at + 4 : at);
        if (row) yield row;
      } catch (error) {
        // A damaged offset points outside the page.
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }

  #rowAt(page: Buffer, at: number): DamagedRow | undefined {
    const size = varint(page, at);
    const seq = varint(page, size.next);
    const payload = this.#payload(page, seq.next, size.value);
    if (!payload) return undefined;
    const { types, start } = serialTypes(payload, COLUMNS);
    if (types.length !== COLUMNS || types[0] !== 0) return undefined;
    const [, usage_id, time_ms, cost_kind, cost_nanos, text] = cellValues(payload, types, start);
    return { seq: seq.value, usage_id, time_ms, cost_kind, cost_nanos, text };
  }

  /** An entry of the index: an id and its row's number, which is 0, 1 or an integer of 1 to 8 bytes. */
  #indexedAt(page: Buffer, at: number): Row | undefined {
    const size = varint(page, at);
    if (size.next + size.value > PAGE_BYTES || size.value > LONGEST_ENTRY) return undefined;
    const header = varint(page, size.next);
    const key = varint(page, header.next);
    const number = varint(page, key.next);
    const isEntry = number.next === size.next + header.value && key.value >= 13 && key.value % 2 === 1;
    const bytes = bytesOf(number.value);
    const start = number.next + bytesOf(key.value);
    if (!isEntry || start + bytes !== size.next + size.value) return undefined;
    const isInteger = number.value >= 1 && number.value <= 6;
    const seq = isInteger ? page.readUIntBE(start, Math.min(bytes, 6)) : number.value === 9 ? 1 : 0;
    return seq === 0 ? undefined : { seq, usage_id: page.toString('utf8', number.next, start), text: '' };
  }

  /** Payload that does not fit on its page continues on overflow pages, each of which names the next. It may be cut off. */
  #payload(page: Buffer, at: number, size: number): Buffer | undefined {
    if (size > MOST_BYTES) return undefined;
    const most = PAGE_BYTES - 35;
    if (size <= most) return at + size <= PAGE_BYTES ? page.subarray(at, at + size) : undefined;
    const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
    const fitting = least + ((size - least) % (PAGE_BYTES - 4));
    const local = fitting <= most ? fitting : least;
    const parts = [page.subarray(at, at + local)];
    let next = page.readUInt32BE(at + local);
    for (let left = size - local; left > 0;) {
      const more = this.page(next);
      if (!more) break;
      const length = Math.min(left, PAGE_BYTES - 4);
      parts.push(more.subarray(4, 4 + length));
      next = more.readUInt32BE(0);
      left -= length;
    }
    return Buffer.concat(parts);
  }
}

function isIndex(page: Buffer): boolean {
  return page[0] === INDEX_LEAF || page[0] === INDEX_INTERIOR;
}

/** The number of cells that a page says it has. */
function cellsOf(page: Buffer): number {
  return Math.min(page.readUInt16BE(3), (PAGE_BYTES - CELLS_AT) / 2);
}

/** Finds intact JSON objects on a page by their text alone. */
function textsOn(page: Buffer): Row[] {
  const ranges = salvage(page, 0, PAGE_BYTES, {
    members: [],
    accept: (start, end) => page.toString('utf8', start, end).includes('"usage_id"'),
  });
  return [...ranges].flatMap((range) =>
    range ? [{ seq: 0, usage_id: '', text: page.toString('utf8', range.start, range.end) }] : [],
  );
}

/** The pages referenced by an interior page. Page 1 has its header elsewhere, and references no pages of the table. */
function childrenOf(page: Buffer): number[] {
  const cells = Math.min(page.readUInt16BE(3), (PAGE_BYTES - INTERIOR_CELLS_AT) / 2);
  const children = [page.readUInt32BE(LAST_CHILD_AT)];
  for (let i = 0; i < cells; i++) {
    const at = page.readUInt16BE(INTERIOR_CELLS_AT + 2 * i);
    if (at + 4 <= PAGE_BYTES) children.push(page.readUInt32BE(at));
  }
  return children;
}

function pagesInLog(path: string): Map<number, Buffer> {
  const pages = new Map<number, Buffer>();
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return pages;
  }
  try {
    const salts = readAt(fd, LOG_HEADER_BYTES / 2, SALTS_BYTES);
    if (!salts) return pages;
    for (let at = LOG_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + PAGE_BYTES) {
      const header = readAt(fd, at, FRAME_HEADER_BYTES);
      const page = readAt(fd, at + FRAME_HEADER_BYTES, PAGE_BYTES);
      // Frames of an earlier round have other salts.
      if (!header || !page || !header.subarray(SALTS_BYTES, 2 * SALTS_BYTES).equals(salts)) break;
      pages.set(header.readUInt32BE(0), page);
    }
    return pages;
  } finally {
    closeSync(fd);
  }
}

/** @param least with fewer bytes than these, there is nothing; the rest is zeros, as SQLite reads the last page of a file that was cut. */
function readAt(fd: number, position: number, length: number, least = length): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(fd, bytes, 0, length, position) >= least ? bytes : undefined;
}
