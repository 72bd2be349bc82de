import type { ColumnPass } from '../columns/columnPass.ts';
import { inkwellDefaultPath } from '../system/paths.ts';
import { randomId } from '../system/random.ts';
import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../usage/query.ts';
import { parseInput } from '../usage/parseInput.ts';
import { isoNow, type UsageInput, type UsageRecord } from '../usage/record.ts';
import { additionsOf, adoptResult, planCosts, planRecords, trackedOf, withAddedIds } from './plans.ts';
import type { LedgerOptions } from './options.ts';
import { applyCosts } from './pricing.ts';
import { Observer } from './observer.ts';
import {
  LedgerError,
  type AdoptResult,
  type ClearResult,
  type CostChange,
  type LedgerState,
  type RemoveResult,
  type RepairResult,
  type SetCostsResult,
  type StoredElement,
  type Tracked,
  type UndoResult,
  type UpsertPlan,
  type UpsertResult,
  type Verification,
} from './results.ts';
import { passOver, type Store } from './store.ts';
import { makeStrict, refusedByInkwell } from './strict.ts';
import { Undoing } from './undo/undoing.ts';

/**
 * A ledger of usage records in any store: validates and prices new records, prevents a usage recorded twice from counting
 * twice, and answers queries. It knows nothing about files or databases: see {@link Store}.
 */
export class Ledger {
  /** Whether to accept only records that inkwell can read, because inkwell also writes to this ledger. */
  readonly strict: boolean;
  readonly #store: Store;
  readonly #options: LedgerOptions;
  /** The ledger's name: the absolute path of its file, or its URL. */
  readonly ledger: string;
  readonly path: string;
  readonly #now: () => number;
  readonly #observer: Observer;
  readonly #undoing: Undoing;
  #excluded: ReadonlySet<string> = new Set();
  #closed = false;

  constructor(store: Store, options: LedgerOptions = {}) {
    this.#store = store;
    this.ledger = this.path = store.name;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.strict = options.strict ?? store.name === inkwellDefaultPath();
    this.#observer = new Observer(store);
    this.#undoing = new Undoing(store, options);
  }

  /**
   * Records one usage. Resolves with the stored record once it is durable: from then on no crash can lose it. A usage whose
   * `usage_id` is already in the ledger with the same values is not recorded again.
   * @throws {UsageError} when the record is refused, {@link LedgerError} when it could not be made durable. In both cases it is
   * not recorded.
   */
  async track(usage: UsageInput): Promise<UsageRecord> {
    const [tracked] = await this.trackWithStatus([usage]);
    return tracked!.record;
  }

  /** Records all usages or none, with one fsync. Resolves with the stored records, in the order of `usages`. */
  async trackAll(usages: readonly UsageInput[]): Promise<UsageRecord[]> {
    return (await this.trackWithStatus(usages)).map(({ record }) => record);
  }

  /** Like {@link trackAll}, and returns for each usage whether it was added or already in the ledger. */
  async trackWithStatus(usages: readonly UsageInput[]): Promise<Tracked[]> {
    this.#checkOpen();
    const records = usages.map((usage) => this.#validate(usage));
    if (records.length === 0) return [];
    if (!this.strict) await this.#options.assign?.(records);
    await applyCosts(this.#options.pricing, usages, records);
    this.#checkOpen();
    if (this.strict) for (const record of records) delete record.price_source;
    const tracked = trackedOf(await this.#store.append(additionsOf(records, usages), 'all'));
    await this.#undoing.added(tracked);
    return tracked;
  }

  /** Copies records of another ledger unchanged. Records already in this ledger stay. Resolves once they are durable. */
  async adopt(elements: readonly StoredElement[]): Promise<AdoptResult> {
    this.#checkOpen();
    if (elements.length === 0) return adoptResult(new Map(), []);
    const refused = this.strict ? await refusedByInkwell(elements, this) : new Map<string, string>();
    const additions = elements.filter(({ record }) => !refused.has(record.usage_id));
    return adoptResult(refused, await this.#store.append(additions, 'each'));
  }

  /** Waits until everything recorded so far is in the ledger's file. Resolves with false after `timeoutMs`. */
  flush(timeoutMs = Infinity): Promise<boolean> {
    return this.#store.flush(timeoutMs);
  }

  /** Reads the store's current state. Cheap when nothing changed. */
  refresh(): Promise<LedgerState> {
    return this.#observer.refresh();
  }

  /** The result of the last {@link refresh}. */
  get state(): LedgerState {
    return this.#observer.state;
  }

  /** Identifies the contents that the last {@link refresh} found: see {@link addedSince}. */
  get cursor(): string {
    return this.#observer.cursor;
  }

  /** Totals by group, as of the last {@link refresh}. The first query refreshes automatically. */
  async aggregate(query: AggregateQuery): Promise<Group[]> {
    await this.#observer.looked();
    return this.#store.aggregate(query);
  }

  /** One page of records, as of the last {@link refresh}. */
  async page(query: PageQuery): Promise<Page> {
    await this.#observer.looked();
    return this.#store.page(query);
  }

  /** Hands the columns of the records to a pass, as of the last {@link refresh}. */
  async pass<T>(pass: ColumnPass<T>): Promise<T> {
    await this.#observer.looked();
    return passOver(this.#store, pass, this.#excluded);
  }

  /** The grand total of the matching records. */
  async summary(filter: UsageFilter = {}): Promise<Totals> {
    const [total] = await this.aggregate({ filter, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } });
    return total!.totals;
  }

  /** The newest records by time, newest first. */
  async recent(count: number): Promise<UsageRecord[]> {
    const page = await this.page({ filter: {}, sort: 'time', descending: true, offset: 0, limit: count });
    return page.rows.map(({ record }) => record);
  }

  /** All records with their text, in the order of addition, some thousand at a time. */
  async *stored(): AsyncGenerator<readonly StoredElement[]> {
    await this.refresh();
    yield* this.#store.elements();
  }

  /** The records added since the {@link cursor} was this, in any process; undefined if that is unknown, or if others changed. */
  storedSince(cursor: string): AsyncIterable<readonly StoredElement[]> | undefined {
    return this.#store.elementsSince?.(cursor);
  }

  /** All records, in the order of addition. */
  async read(): Promise<UsageRecord[]> {
    const records: UsageRecord[] = [];
    for await (const elements of this.stored()) for (const { record } of elements) records.push(record);
    return records;
  }

  /** Whether the last {@link refresh} found this id. */
  async has(usageId: string): Promise<boolean> {
    return (await this.holds([usageId])).has(usageId);
  }

  /** The ids among `ids` that the last {@link refresh} found. */
  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    await this.#observer.looked();
    return this.#store.holds(ids);
  }

  /**
   * The ids added since {@link cursor} had this value, some thousand at a time and in no particular order; without a cursor,
   * all ids. Undefined when the store cannot determine this, or when records were also changed or removed.
   */
  async addedSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined> {
    await this.#observer.looked();
    return this.#store.changesSince(cursor);
  }

  /** Excludes these records from all totals and pages from now on: another ledger of the same view counts them. */
  exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#excluded = ids;
    return this.#store.exclude(ids);
  }

  /** Removes records from the ledger, and by default keeps them for {@link undo}. `missing` lists ids that do not exist. */
  async remove(ids: readonly string[], { undoable = true }: { undoable?: boolean } = {}): Promise<RemoveResult> {
    this.#checkOpen();
    const result = await this.#store.remove(ids, undoable);
    if (undoable && result.removed.length > 0) this.#undoing.changed();
    await this.refresh();
    return result;
  }

  /** Empties the ledger, and keeps its content for {@link undo}. */
  async clear(): Promise<ClearResult> {
    this.#checkOpen();
    const result = await this.#store.clear();
    if (result.removed > 0) this.#undoing.changed();
    await this.refresh();
    return result;
  }

  /**
   * Sets the costs of records in one commit, and keeps their old costs for {@link undo}. All other fields are kept byte for
   * byte.
   */
  async setCosts(changes: readonly CostChange[]): Promise<SetCostsResult> {
    this.#checkOpen();
    const { plan, result } = planCosts(changes, this.strict);
    const { replaced } = await this.#store.replace(plan, true);
    if (replaced > 0) this.#undoing.changed();
    await this.refresh();
    return result();
  }

  /** Adds and replaces records in one commit. Undo covers the added ones after {@link noteImport}. */
  async upsert(plan: UpsertPlan): Promise<UpsertResult> {
    this.#checkOpen();
    if (this.strict) throw new LedgerError('strict', `${this.path} is inkwell's: records are not imported into it.`);
    const { plan: noting, added } = withAddedIds(planRecords(plan));
    const result = await this.#store.replace(noting, false);
    this.#undoing.imported(added, result.replaced);
    return result;
  }

  /**
   * Makes the records that {@link upsert} added so far one step of undo, for later processes as well, if the ledger notes its
   * additions `together`.
   * @returns the time of that step, ISO 8601; undefined when there is nothing to undo, or when it could not be noted.
   */
  async noteImport(): Promise<string | undefined> {
    return this.#undoing.noteImport();
  }

  /**
   * Undoes the last addition by this object (or noted: {@link LedgerOptions.noteAdditions}), or the last remove, clear or
   * change of costs by any process, whichever is later. Resolves with undefined when there is nothing to undo.
   * @param options.importedAt undoes this import, of which {@link noteImport} returned the time, whichever changes came after it.
   */
  async undo(options: { dryRun?: boolean; importedAt?: string } = {}): Promise<UndoResult | undefined> {
    this.#checkOpen();
    const result = await this.#undoing.undo(options);
    await this.refresh();
    return result;
  }

  /** Reads all files of the ledger and describes its state. Changes nothing. */
  async verify(): Promise<Verification> {
    await this.refresh();
    return this.#store.verify();
  }

  /** Repairs everything that {@link verify} finds. With `dryRun`, describes the repair without changing anything. */
  async repair(options: { dryRun?: boolean } = {}): Promise<RepairResult> {
    this.#checkOpen();
    await this.refresh();
    const result = await this.#store.repair(options.dryRun ?? false);
    await this.refresh();
    return result;
  }

  /** Calls `listener` after each change of the state by any process. Changes in quick succession are reported once. */
  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    return this.#observer.watch(listener);
  }

  /** Commits all pending records and releases all resources. Records that cannot be committed now stay durable. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#undoing.close();
    await this.#observer.close();
    await this.#store.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new LedgerError('closed', 'This tracker is closed.');
  }

  #validate(usage: UsageInput): UsageRecord {
    const record = parseInput(usage, {
      id: randomId,
      now: () => isoNow(this.#now()),
      source: this.#options.source,
    });
    if (this.strict) makeStrict(record);
    return record;
  }
}
