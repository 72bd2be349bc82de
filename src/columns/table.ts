import { Aggregation } from './aggregation.ts';
import { Answers } from './answers.ts';
import { CompiledFilter } from './filter.ts';
import { IdIndex } from './idIndex.ts';
import { RowPages } from './rowPages.ts';
import { FREE, ROW_MASK, SEGMENT_ROWS, SHADOWED, VISIBLE } from './segment.ts';
import { ColumnStore } from './columnStore.ts';
import { finish, TableChanged, type ColumnPass, type Yield } from './columnPass.ts';
import type { AggregateQuery, Calendar, Dimension, Group, PageQuery, UsageFilter } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';

/** The location of a record: the ledger's index, and the locator by which that ledger finds it. */
export interface RowRef {
  ledger: number;
  locator: number;
  usageId: string;
}

export interface RowPage {
  /** Number of matching rows. */
  total: number;
  rows: RowRef[];
}

const UTC: Calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };

/**
 * All records of all ledgers in memory, column by column, for totals by group and for pages.
 *
 * A `usage_id` that occurs in several ledgers counts once: the row of the ledger that was registered first is visible, and
 * shadows the others until it is removed. Adding a record takes the same time however many there are.
 */
export class UsageTable {
  readonly #store = new ColumnStore();
  readonly #answers = new Answers(this.#store);
  /** Maps an id to its visible row; shadowed rows are linked behind it, in the order of their ledgers. */
  readonly #ids = new IdIndex();
  readonly #counts: number[] = [];
  #size = 0;
  #version = 0;
  readonly #pages = new RowPages(this.#store);

  /**
   * Registers a ledger, or finds it by its label.
   * @returns its index; ledgers with smaller indexes take precedence.
   */
  addLedger(label: string): number {
    if (label === '') throw new RangeError('a ledger needs a label');
    // Code 0 is "has none", so codes are indexes plus one.
    const index = this.#store.dictionaries.ledger.encode(label) - 1;
    this.#counts[index] ??= 0;
    return index;
  }

  /** Number of visible rows: the records that count. */
  get size(): number {
    return this.#size;
  }

  /** Increases with every change. */
  get version(): number {
    return this.#version;
  }

  /** Number of rows of a ledger, including shadowed ones. */
  count(ledger: number): number {
    return this.#counts[ledger] ?? 0;
  }

  has(ledger: number, usageId: string): boolean {
    return this.#chain(usageId).some((row) => this.#ledgerOf(row) === ledger);
  }

  /** The locator that was passed to {@link add} for this record. */
  locate(ledger: number, usageId: string): number | undefined {
    const row = this.#chain(usageId).find((one) => this.#ledgerOf(one) === ledger);
    return row === undefined ? undefined : this.#store.segment(row).locator[row & ROW_MASK];
  }

  /** Excludes a record of a ledger from all totals and pages, or includes it again. */
  hide(ledger: number, usageId: string, hidden: boolean): void {
    const [row] = this.#chain(usageId);
    if (row === undefined || this.#ledgerOf(row) !== ledger) return;
    this.#setState(row, hidden ? SHADOWED : VISIBLE);
    this.#answers.forget();
    this.#version++;
  }

  /** The ids of a ledger, or of all visible records, in no particular order. */
  *ids(ledger?: number): Generator<string> {
    for (const id of this.#ids.keys()) if (ledger === undefined || this.has(ledger, id)) yield id;
  }

  /**
   * Adds a record of a ledger.
   * @param locator lets the ledger find the record again; {@link select} returns it.
   * @returns false, without any change, when the ledger already has the id.
   */
  add(ledger: number, record: UsageRecord, locator: number): boolean {
    const chain = this.#chain(record.usage_id);
    if (chain.some((row) => this.#ledgerOf(row) === ledger)) return false;
    const row = this.#store.write(ledger + 1, record, locator);
    this.#counts[ledger] = this.count(ledger) + 1;
    this.#version++;
    const after = chain.findIndex((other) => this.#ledgerOf(other) > ledger);
    chain.splice(after === -1 ? chain.length : after, 0, row);
    this.#relink(record.usage_id, chain);
    if (chain.length === 1) this.#answers.rowAdded(row);
    else this.#answers.forget();
    return true;
  }

  /** @returns false when the ledger does not have the id. */
  remove(ledger: number, usageId: string): boolean {
    const chain = this.#chain(usageId);
    const row = chain.find((one) => this.#ledgerOf(one) === ledger);
    if (row === undefined) return false;
    this.#answers.forget();
    this.#free(row);
    this.#relink(
      usageId,
      chain.filter((one) => one !== row),
    );
    this.#version++;
    return true;
  }

  /** Removes all rows of a ledger. */
  clear(ledger: number): void {
    const others = this.#counts.some((count, index) => index !== ledger && count > 0);
    this.#version++;
    this.#answers.forget();
    if (!others) {
      this.#store.reset();
      this.#ids.clear();
      this.#size = 0;
      this.#counts[ledger] = 0;
      return;
    }
    for (const segment of this.#store.segments) {
      for (let at = 0; at < segment.used; at++) {
        if (segment.state[at] !== FREE && segment.ledger[at] === ledger + 1) {
          this.remove(ledger, segment.ids[at] as string);
        }
      }
    }
  }

  /** Totals by group, in the order documented at {@link Aggregation.groups}: buckets by time, values by cost. */
  aggregate(query: AggregateQuery): Group[] {
    return finish(this.#aggregating(query));
  }

  /**
   * {@link aggregate} with pauses, for callers that must not block. Restarts when the table changes during the pass.
   * @throws {TableChanged} when it changed in each of `attempts` passes.
   */
  aggregateSliced(query: AggregateQuery, yieldNow: Yield, attempts = 3): Promise<Group[]> {
    return this.#sliced(() => this.#aggregating(query), yieldNow, attempts);
  }

  /**
   * Returns one page of the matching rows. Ties ascend by time, then by insertion; descending order is the exact reverse of
   * ascending. The order is cached until the table changes, so the next page needs no further sorting. Only pages beyond the
   * first 512 rows require a full sort.
   */
  select(query: PageQuery): RowPage {
    return finish(this.#selecting(query));
  }

  /** {@link select} with pauses, like {@link aggregateSliced}. */
  selectSliced(query: PageQuery, yieldNow: Yield, attempts = 3): Promise<RowPage> {
    return this.#sliced(() => this.#selecting(query), yieldNow, attempts);
  }

  /** Runs a pass over all segments, with pauses, like {@link aggregateSliced}. */
  passSliced<T>(pass: ColumnPass<T>, yieldNow: Yield, attempts = 3): Promise<T> {
    return this.#sliced(() => this.#passing(pass), yieldNow, attempts);
  }

  /** The values of a dimension among the matching records, with the number of records of each, most frequent first. */
  distinct(dimension: Dimension, filter: UsageFilter = {}): { value: string | null; records: number }[] {
    return this.aggregate({ filter, groupBy: [dimension], calendar: UTC })
      .map(({ key, totals }) => ({ value: key[0] ?? null, records: totals.records }))
      .sort((a, b) => b.records - a.records);
  }

  /** Times of the first and the last matching record, ms; undefined when none matches. */
  bounds(filter: UsageFilter = {}): { first: number; last: number } | undefined {
    const compiled = new CompiledFilter(this.#store, filter);
    const matches = new Uint32Array(SEGMENT_ROWS);
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (const segment of this.#store.segments) {
      const count = compiled.select(segment, matches);
      for (let i = 0; i < count; i++) {
        const ms = segment.time[matches[i] as number] as number;
        if (ms < first) first = ms;
        if (ms > last) last = ms;
      }
    }
    return first <= last ? { first, last } : undefined;
  }

  *#passing<T>(pass: ColumnPass<T>): Generator<void, T> {
    const taker = pass.start(this.#store);
    for (const segment of this.#store.segments) {
      taker.take(segment);
      yield;
    }
    return taker.result();
  }

  *#aggregating(query: AggregateQuery): Generator<void, Group[]> {
    const kept = this.#answers.find(query);
    if (kept !== undefined) return yield* kept.groups(query.top);
    const aggregation = new Aggregation(this.#store, query);
    for (const [i, segment] of this.#store.segments.entries()) {
      if (i > 0) yield;
      aggregation.takeSegment(segment);
    }
    this.#answers.keep(query, aggregation);
    return yield* aggregation.groups(query.top);
  }

  *#selecting(query: PageQuery): Generator<void, RowPage> {
    const { total, rows } = yield* this.#pages.select(query, this.#version, this.#size);
    return { total, rows: rows.map((row) => this.#refOf(row)) };
  }

  #refOf(row: number): RowRef {
    const segment = this.#store.segment(row);
    const at = row & ROW_MASK;
    return {
      ledger: this.#ledgerOf(row),
      locator: segment.locator[at] as number,
      usageId: segment.ids[at] as string,
    };
  }

  async #sliced<T>(start: () => Generator<void, T>, yieldNow: Yield, attempts: number): Promise<T> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const version = this.#version;
      const steps = start();
      let step = steps.next();
      while (step.done !== true) {
        await yieldNow();
        if (this.#version !== version) break;
        step = steps.next();
      }
      if (step.done === true) return step.value;
    }
    throw new TableChanged();
  }

  /** The rows of an id, in the order of their ledgers; the first one is visible. */
  #chain(usageId: string): number[] {
    const chain: number[] = [];
    let row = this.#ids.get(usageId);
    while (row !== undefined) {
      chain.push(row);
      const next = this.#store.segment(row).next[row & ROW_MASK] as number;
      row = next === 0 ? undefined : next - 1;
    }
    return chain;
  }

  #relink(usageId: string, chain: readonly number[]): void {
    for (const [i, row] of chain.entries()) {
      const segment = this.#store.segment(row);
      const next = chain[i + 1];
      segment.next[row & ROW_MASK] = next === undefined ? 0 : next + 1;
      this.#setState(row, i === 0 ? VISIBLE : SHADOWED);
    }
    const [first] = chain;
    if (first === undefined) this.#ids.delete(usageId);
    else this.#ids.set(usageId, first);
  }

  #free(row: number): void {
    this.#counts[this.#ledgerOf(row)] = this.count(this.#ledgerOf(row)) - 1;
    this.#setState(row, FREE);
    this.#store.release(row);
  }

  #setState(row: number, state: number): void {
    const { state: states } = this.#store.segment(row);
    const at = row & ROW_MASK;
    if (states[at] === VISIBLE) this.#size--;
    if (state === VISIBLE) this.#size++;
    states[at] = state;
  }

  #ledgerOf(row: number): number {
    return (this.#store.segment(row).ledger[row & ROW_MASK] as number) - 1;
  }
}
