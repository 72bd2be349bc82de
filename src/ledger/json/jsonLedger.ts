import { resolve as resolvePath } from 'node:path';
import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../../usage/query.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { parseInput } from '../../usage/parseInput.ts';
import { UsageError, isoNow } from '../../usage/record.ts';
import { strictProblem } from '../../usage/inkwell.ts';
import type { Disk } from '../../system/disk.ts';
import { nodeDisk } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { Committer } from './committer.ts';
import { oneLine, withFields } from './elementText.ts';
import { explain } from '../errors.ts';
import type { Entry } from './journal.ts';
import { Journal } from './journal.ts';
import { nextTurn } from '../../system/turns.ts';
import { Looks, recentOf, summaryOf } from '../refreshGate.ts';
import type { LedgerOptions } from '../options.ts';
import { inkwellDefaultPath } from '../../system/paths.ts';
import { RecordPricing } from '../pricing.ts';
import { clearLedger, removeRecords, undoLast } from './removal.ts';
import { setCosts } from './replacement.ts';
import { repairLedger } from './repair.ts';
import { describeState } from './state.ts';
import { resolvePlace } from '../place.ts';
import { LedgerStore } from './store.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type {
  AdoptResult,
  ClearResult,
  CostChange,
  Ledger,
  LedgerState,
  RemoveResult,
  RepairResult,
  SetCostsResult,
  StoredElement,
  UndoResult,
  UpsertPlan,
  UpsertResult,
  Verification,
} from '../results.ts';
import { LedgerError } from '../results.ts';
import { upsertRecords } from './upserting.ts';
import { verifyLedger } from './verify.ts';
import { randomId } from '../../system/random.ts';

/** How long closing waits for the ledger. What is not settled by then is durable in the journal, for whoever comes next. */
const CLOSE_MS = 2_000;
const ELEMENTS_PER_TURN = 1_000;

/**
 * The ledger in a JSON file that many processes write at once, their own ways or ours.
 *
 * `track()` resolves once the record is durable in this process's journal; a commit then brings it into the file, soon
 * and together with what else waits. Readers see both. See `docs/ledger-protocol.md` for why nothing is lost.
 */
export class JsonLedger implements Ledger {
  readonly path: string;
  readonly strict: boolean;
  readonly #disk: Disk;
  readonly #source: string | undefined;
  readonly #oneShot: boolean;
  readonly #now: () => number;
  readonly #pricing: RecordPricing;
  #store: LedgerStore | undefined;
  #journal: Journal | undefined;
  readonly #journals = new Set<Journal>();
  readonly #committer: Committer;
  /** Ids that are on their way into the journal. */
  readonly #accepting = new Map<string, Promise<unknown>>();
  #state: LedgerState | undefined;
  #closed = false;
  readonly #looks: Looks;

  constructor(options: LedgerOptions) {
    this.path = resolvePath(options.ledger);
    this.strict = options.strict ?? this.path === inkwellDefaultPath();
    this.#disk = options.disk ?? nodeDisk;
    this.#source = options.source;
    this.#oneShot = options.oneShot ?? false;
    this.#pricing = new RecordPricing(options.pricing);
    this.#now = options.now ?? Date.now;
    this.#looks = new Looks(this.path, () => this.#look());
    this.#committer = new Committer({
      path: this.path,
      store: async () => {
        await this.#open();
        return this.#store!;
      },
      isOwn: this.#isOwn,
      isWatched: () => this.#looks.areWatched,
    });
  }

  async track(usage: UsageInput): Promise<UsageRecord> {
    const [record] = await this.trackAll([usage]);
    return record!;
  }

  async trackAll(usages: readonly UsageInput[]): Promise<UsageRecord[]> {
    this.#checkOpen();
    const records = usages.map((usage) => this.#validate(usage));
    if (records.length === 0) return [];
    if (this.#pricing.wanted(usages)) await this.#price(usages, records);
    const store = await this.#opened(true);
    // What is said to be there already may have been removed by another process meanwhile.
    if (usages.some(({ usage_id: id }) => id !== undefined && this.has(id))) await this.refresh();
    const fresh = new Map<string, UsageRecord>();
    const results: UsageRecord[] = [];
    for (const [i, record] of records.entries()) {
      const named = usages[i]!.usage_id !== undefined;
      const there = named ? (fresh.get(record.usage_id) ?? (await this.#existing(record.usage_id))) : undefined;
      if (there) assertSame(usages[i]!, there);
      else fresh.set(record.usage_id, record);
      results.push(there ?? record);
    }
    // Only a record with an id of somebody's choice may have been there, and been removed, before.
    const isOurs = usages.every(({ usage_id: id }) => id === undefined);
    const { undoLog } = store;
    const seen = await this.#try(store, () => (isOurs ? undoLog.knownSeq() : undoLog.lastSeq()));
    const entries = [...fresh.values()].map((record) => ({ record, text: JSON.stringify(record), seen }));
    // Another call may have taken one of the ids since we asked for it: from here to the acceptance none can.
    if (entries.some(({ record }) => this.#isTaken(store, record.usage_id))) return this.trackAll(usages);
    if (entries.length > 0) {
      const accepted = this.#accept(entries);
      for (const { record } of entries) this.#accepting.set(record.usage_id, accepted);
      try {
        await accepted;
      } finally {
        for (const { record } of entries) this.#accepting.delete(record.usage_id);
      }
    }
    return results;
  }

  async adopt(elements: readonly StoredElement[]): Promise<AdoptResult> {
    this.#checkOpen();
    const result: AdoptResult = { adopted: 0, present: 0, differing: [], refused: [] };
    if (elements.length === 0) return result;
    const store = await this.#opened(true);
    await this.refresh();
    const seen = await this.#try(store, () => store.undoLog.lastSeq());
    const entries = new Map<string, Entry>();
    for (const { record, text } of elements) {
      const id = record.usage_id;
      const problem = this.strict ? strictProblem(record) : undefined;
      const there = entries.get(id)?.text ?? (await this.#textOf(id));
      if (there === undefined && problem) result.refused.push({ usageId: id, reason: problem.message });
      else if (there === undefined) entries.set(id, { record, text: oneLine(text), seen });
      else if (sameElement(there, text, id)) result.present++;
      else result.differing.push(id);
    }
    if (entries.size > 0) await this.#accept([...entries.values()]);
    result.adopted = entries.size;
    return result;
  }

  flush(timeoutMs = Infinity): Promise<boolean> {
    return this.#committer.flush(timeoutMs);
  }

  get state(): LedgerState {
    return (
      this.#state ?? {
        version: 0,
        health: 'missing',
        problems: [],
        records: 0,
        pending: 0,
        unreadable: 0,
        bytes: 0,
        modifiedAt: undefined,
      }
    );
  }

  refresh(): Promise<LedgerState> {
    return this.#looks.refresh();
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    const store = await this.#looked();
    return store.index.table.aggregateSliced(query, nextTurn, 20);
  }

  async page(query: PageQuery): Promise<Page> {
    const store = await this.#looked();
    const { index } = store;
    const { total, rows } = await index.table.selectSliced(query, nextTurn, 20);
    return { total, rows: rows.map(({ locator }) => ({ ledger: this.path, record: index.recordAt(locator) })) };
  }

  ids(): Iterable<string> {
    return this.#store?.index.ids ?? [];
  }

  has(usageId: string): boolean {
    return this.#store?.index.locatorOf(usageId) !== undefined;
  }

  exclude(ids: ReadonlySet<string>): void {
    this.#store?.index.exclude(ids);
  }

  async read(): Promise<UsageRecord[]> {
    await this.refresh();
    const { index } = await this.#looked();
    const locators = [...index.ids].map((id) => index.locatorOf(id)!);
    // In the order of the file, and what waits in journals (negative, counting down) behind it.
    locators.sort((a, b) => (a >= 0 && b >= 0 ? a - b : b - a));
    return locators.map((locator) => index.recordAt(locator));
  }

  async *stored(): AsyncGenerator<StoredElement[]> {
    await this.refresh();
    const ids = (await this.read()).map(({ usage_id }) => usage_id);
    for (let at = 0; at < ids.length; at += ELEMENTS_PER_TURN) {
      const { index } = await this.#looked();
      yield ids.slice(at, at + ELEMENTS_PER_TURN).flatMap((id): StoredElement[] => {
        const locator = index.locatorOf(id);
        if (locator === undefined) return [];
        const record = index.recordAt(locator);
        const text = index.rawAt(locator)?.text ?? JSON.stringify(record);
        // Records of old inkwell versions have none in their text.
        return [
          { record, text: 'usage_id' in (JSON.parse(text) as object) ? text : withFields(text, { usage_id: id }) },
        ];
      });
      await nextTurn();
    }
  }

  summary(filter: UsageFilter = {}): Promise<Totals> {
    return summaryOf(this, filter);
  }

  recent(count: number): Promise<UsageRecord[]> {
    return recentOf(this, count);
  }

  async remove(ids: readonly string[]): Promise<RemoveResult> {
    this.#checkOpen();
    const store = await this.#opened(false);
    const result = await this.#try(store, () => removeRecords(store, this.#removalContext(), ids));
    await this.refresh();
    return result;
  }

  async clear(): Promise<ClearResult> {
    this.#checkOpen();
    const store = await this.#opened(false);
    const result = await this.#try(store, () => clearLedger(store, this.#removalContext()));
    await this.refresh();
    return result;
  }

  async setCosts(changes: readonly CostChange[]): Promise<SetCostsResult> {
    this.#checkOpen();
    const store = await this.#opened(false);
    // inkwell would drop this field, which is ours, at its next save.
    const kept = this.strict ? changes.map(withoutSource) : changes;
    const result = await this.#try(store, () => setCosts(store, this.#removalContext(), kept));
    await this.refresh();
    return result;
  }

  async upsert(plan: UpsertPlan): Promise<UpsertResult> {
    this.#checkOpen();
    if (this.strict) throw new LedgerError('strict', `${this.path} is inkwell's: records are not imported into it.`);
    const store = await this.#opened(true);
    const result = await this.#try(store, () => upsertRecords(store, this.#removalContext(), plan));
    await this.refresh();
    return result;
  }

  async undo(options: { dryRun?: boolean } = {}): Promise<UndoResult | undefined> {
    this.#checkOpen();
    const store = await this.#opened(false);
    const result = await this.#try(store, () => undoLast(store, this.#removalContext(), options.dryRun ?? false));
    await this.refresh();
    return result;
  }

  async verify(): Promise<Verification> {
    const store = await this.#opened(false);
    await this.refresh();
    return this.#try(store, () => verifyLedger(store, this.path, this.#isOwn));
  }

  async repair(options: { dryRun?: boolean } = {}): Promise<RepairResult> {
    this.#checkOpen();
    const store = await this.#opened(false);
    await this.refresh();
    const result = await this.#try(store, () => repairLedger(store, this.#isOwn, options.dryRun ?? false));
    if (!options.dryRun) {
      await this.flush(CLOSE_MS);
      await this.refresh();
    }
    return result;
  }

  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    return this.#looks.watch(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#committer.stop();
    await this.flush(CLOSE_MS);
    await this.#committer.finish();
    for (const journal of this.#journals) await journal.close().catch(() => undefined);
    await this.#looks.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new LedgerError('closed', 'This tracker is closed.');
  }

  #validate(usage: UsageInput): UsageRecord {
    const record = parseInput(usage, {
      id: randomId,
      now: () => isoNow(this.#now()),
      source: this.strict ? undefined : this.#source,
    });
    if (!this.strict) return record;
    // Ours, and set by us: inkwell would drop them at its next save.
    delete record.source;
    delete record.price_source;
    const problem = strictProblem(record);
    if (problem) throw problem;
    return record;
  }

  async #price(usages: readonly UsageInput[], records: readonly UsageRecord[]): Promise<void> {
    await this.#pricing.apply(usages, records);
    this.#checkOpen();
    if (this.strict) for (const record of records) delete record.price_source;
  }

  /** The record with an id that the caller chose, if it is there: a retry must not count twice. */
  async #existing(usageId: string): Promise<UsageRecord | undefined> {
    await this.#accepting.get(usageId)?.catch(() => undefined);
    const pending = this.#committer.pending.get(usageId);
    if (pending) return pending.entry.record;
    if (!this.#state) await this.refresh();
    const { index } = await this.#looked();
    const locator = index.locatorOf(usageId);
    return locator === undefined ? undefined : index.recordAt(locator);
  }

  #isTaken(store: LedgerStore, usageId: string): boolean {
    return this.#accepting.has(usageId) || this.#committer.pending.has(usageId) || store.index.has(usageId);
  }

  async #textOf(usageId: string): Promise<string | undefined> {
    const record = await this.#existing(usageId);
    if (!record) return undefined;
    const { index } = await this.#looked();
    const locator = index.locatorOf(usageId);
    return (locator === undefined ? undefined : index.rawAt(locator)?.text) ?? JSON.stringify(record);
  }

  async #accept(entries: readonly Entry[]): Promise<void> {
    const store = this.#store!;
    const journal = this.#journal!;
    const file = await this.#try(store, () => journal.append(entries));
    this.#committer.accept(entries, journal, file);
    this.#looks.refreshIfWatched();
  }

  /** Finds out where the ledger is. `forWriting` makes its folder and makes sure that there is no obstacle in its place. */
  async #opened(forWriting: boolean): Promise<LedgerStore> {
    if (!this.#store) await this.#open();
    if (forWriting && !this.#journal) {
      const { folder, base, path } = this.#store!.place;
      await this.#try(this.#store!, async () => {
        await this.#disk.mkdir(folder);
        try {
          await this.#disk.close(await this.#disk.open(path, 'r'));
        } catch (error) {
          if (errno(error) !== 'ENOENT') throw error;
        }
      });
      this.#journal ??= new Journal(this.#disk, folder, base);
      this.#journals.add(this.#journal);
    }
    return this.#store!;
  }

  /** Links may be made, changed or replaced (inkwell does that) at any time, so this is asked at every commit. */
  async #open(): Promise<void> {
    const place = await resolvePlace(this.#disk, this.path);
    if (this.#store?.place.path === place.path) return;
    this.#store = new LedgerStore(this.#disk, place, this.path, this.#oneShot);
    this.#journal = undefined;
  }

  async #looked(): Promise<LedgerStore> {
    if (!this.#state) await this.refresh();
    return this.#opened(false);
  }

  async #try<T>(store: LedgerStore, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof UsageError ? error : explain(error, store.place.path);
    }
  }

  async #look(): Promise<LedgerState> {
    let problem: LedgerError | undefined;
    let changed = false;
    let store: LedgerStore | undefined;
    try {
      await this.#open();
      store = this.#store!;
      const looked = store;
      changed = await this.#try(looked, () => this.#lookAt(looked));
    } catch (error) {
      problem = explain(error, this.path);
    }
    const before = this.#state;
    const next = await describeState(store, problem, this.#committer.problem).catch((error: unknown) =>
      describeState(store, explain(error, this.path), this.#committer.problem),
    );
    const same = before !== undefined && !changed && sameState(before, next);
    this.#state = { ...next, version: (before?.version ?? 0) + (same ? 0 : 1) };
    this.#committer.schedule();
    if (!same) this.#looks.tell(this.#state);
    return this.#state;
  }

  #lookAt(store: LedgerStore): Promise<boolean> {
    return store.alone(async () => {
      // Journals first: what leaves them meanwhile is in the file that is read after them.
      const waiting = new Map<string, UsageRecord>();
      const own = [...this.#committer.pending.values()].map(({ entry }) => entry);
      const others = await store.journals.entries(this.#isOwn);
      this.#committer.orphans = others.size > 0;
      const changed = await store.look();
      const absent = [...own, ...others.values()].filter(({ record }) => !store.index.has(record.usage_id));
      const removed = await store.undoLog.removedAmong(absent);
      for (const { record } of absent) if (!removed.has(record.usage_id)) waiting.set(record.usage_id, record);
      return store.index.setWaiting(waiting) || changed;
    });
  }

  readonly #isOwn = (path: string): boolean => {
    for (const journal of this.#journals) if (journal.isOwn(path)) return true;
    return false;
  };

  #removalContext() {
    return {
      now: this.#now,
      isOwn: this.#isOwn,
      settleFirst: () => this.#committer.commitFirst(),
    };
  }
}

function withoutSource({ usageId, fields, ...rest }: CostChange): CostChange {
  const { price_source: _, ...kept } = fields;
  return { usageId, fields: kept, ...rest };
}

function sameState(a: LedgerState, b: Omit<LedgerState, 'version'>): boolean {
  return (
    a.health === b.health &&
    a.records === b.records &&
    a.pending === b.pending &&
    a.unreadable === b.unreadable &&
    a.bytes === b.bytes &&
    a.modifiedAt === b.modifiedAt &&
    a.problems.length === b.problems.length
  );
}
