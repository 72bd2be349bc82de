import { resolve as resolvePath } from 'node:path';
import { Coalescer } from '../../system/coalescer.ts';
import type { ColumnPass } from '../../columns/columnPass.ts';
import type { Disk } from '../../system/disk.ts';
import { nodeDisk } from '../../system/nodeDisk.ts';
import { nextTurn } from '../../system/turns.ts';
import type { AggregateQuery, Group, Page, PageQuery } from '../../usage/query.ts';
import { UsageError } from '../../usage/record.ts';
import { explain } from '../errors.ts';
import type { FileStoreOptions } from '../options.ts';
import type {
  ClearResult,
  LedgerError,
  RemoveResult,
  RepairResult,
  StoredElement,
  UndoResult,
  UpsertResult,
  Verification,
} from '../results.ts';
import type { Addition, Appended, AppendMode, Look, ReplacePlan, Store } from '../store.ts';
import { Watchers } from '../watchers.ts';
import { Acceptance } from './acceptance.ts';
import { Committer } from './committer.ts';
import type { ChangeContext } from './commit/commitUntil.ts';
import { elementsOf } from './reading.ts';
import { clearLedger, dropRecords, removeRecords, undoLast } from './removal.ts';
import { repairLedger } from './repair.ts';
import { replaceRecords } from './replacement.ts';
import { describeState } from './state.ts';
import { resolvePlace } from '../place.ts';
import { LedgerVersions } from './versions.ts';
import { verifyLedger } from './verify.ts';

/** How long closing waits for the commit. Records that are not settled by then are durable in the journal. */
const CLOSE_MS = 2_000;
/** A query starts again when records arrive during it, at most this many times. */
const ATTEMPTS = 20;

/**
 * Stores the ledger in a JSON file that many processes, including other programs, write concurrently.
 *
 * `append()` resolves once the records are durable in this process's journal. A commit moves them into the file soon after,
 * together with all other pending records. Readers see both. `docs/ledger-protocol.md` explains why no record is lost.
 */
export class JsonStore implements Store {
  readonly name: string;
  readonly #disk: Disk;
  readonly #oneShot: boolean;
  readonly #now: () => number;
  readonly #committer: Committer;
  readonly #acceptance: Acceptance;
  /** Coalesces reads: concurrent requests of many callers share one. */
  readonly #looks = new Coalescer(() => this.#lookNow());
  readonly #watchers: Watchers;
  #versions: LedgerVersions | undefined;
  #excluded: ReadonlySet<string> = new Set();
  #wasLookedAt = false;
  /** Why the last look could not read the ledger. */
  #unavailable: LedgerError | undefined;
  /** Number of reads that found a change. */
  #changes = 0;

  constructor({ path, disk = nodeDisk, now = Date.now, oneShot = false }: FileStoreOptions) {
    this.name = resolvePath(path);
    this.#disk = disk;
    this.#oneShot = oneShot;
    this.#now = now;
    this.#watchers = new Watchers(this.name);
    this.#committer = new Committer({
      path: this.name,
      store: () => this.#reopened(),
      isOwn: this.#isOwn,
      isWatched: () => this.#watchers.areThere,
    });
    this.#acceptance = new Acceptance({
      disk,
      committer: this.#committer,
      opened: () => this.#opened(),
      looked: (again) => this.#looked(again),
      onAccepted: () => this.#watchers.notify(),
    });
  }

  look(): Promise<Look> {
    return this.#looks.now();
  }

  watch(onChange: () => void): { dispose(): void } {
    return this.#watchers.add(onChange);
  }

  append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    return this.#explained(() => this.#acceptance.append(additions, mode));
  }

  async replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult> {
    // The plan must also see records that wait in journals of other processes.
    await this.look();
    return this.#changing((versions, context) => replaceRecords(versions, context, plan, undoable));
  }

  remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult> {
    return this.#changing((versions, context) => removeRecords(versions, context, ids, undoable));
  }

  drop(ids: readonly string[]): Promise<number> {
    return this.#changing((versions, context) => dropRecords(versions, context, ids));
  }

  clear(): Promise<ClearResult> {
    return this.#changing(clearLedger);
  }

  undo(dryRun: boolean): Promise<UndoResult | undefined> {
    return this.#changing((versions, context) => undoLast(versions, context, dryRun));
  }

  flush(timeoutMs: number): Promise<boolean> {
    return this.#committer.flush(timeoutMs);
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    const { index } = await this.#looked();
    return index.table.aggregateSliced(query, nextTurn, ATTEMPTS);
  }

  async pass<T>(pass: ColumnPass<T>): Promise<T> {
    const { index } = await this.#looked();
    return index.table.passSliced(pass, nextTurn, ATTEMPTS);
  }

  async page(query: PageQuery): Promise<Page> {
    const { index } = await this.#looked();
    const { total, rows } = await index.table.selectSliced(query, nextTurn, ATTEMPTS);
    return { total, rows: rows.map(({ locator }) => ({ ledger: this.name, record: index.recordAt(locator) })) };
  }

  async *elements(): AsyncGenerator<StoredElement[]> {
    const { index } = await this.#looked();
    yield* elementsOf(index);
  }

  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const index = this.#versions?.index;
    return new Set(ids.filter((id) => index?.locatorOf(id) !== undefined));
  }

  async changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined> {
    return cursor === undefined ? batchesOf([...(this.#versions?.index.ids ?? [])]) : undefined;
  }

  async exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#excluded = ids;
    this.#versions?.exclude(ids);
  }

  verify(): Promise<Verification> {
    return this.#explained(async () => {
      const versions = await this.#opened();
      if (!this.#unavailable) return verifyLedger(versions, this.name, this.#isOwn);
      const { modifiedAt: _, ...state } = await describeState(versions, this.#unavailable, undefined);
      return { path: this.name, ...state, files: [] };
    });
  }

  async repair(dryRun: boolean): Promise<RepairResult> {
    await this.look();
    const result = await this.#explained(async () => repairLedger(await this.#opened(), this.#isOwn, dryRun));
    if (!dryRun) await this.flush(CLOSE_MS);
    return result;
  }

  async close(): Promise<void> {
    this.#committer.stop();
    await this.flush(CLOSE_MS);
    await this.#committer.finish();
    await this.#acceptance.close();
    await this.#looks.idle();
  }

  /** Runs a change of records that are already in the ledger. */
  #changing<T>(work: (versions: LedgerVersions, context: ChangeContext) => Promise<T>): Promise<T> {
    const context: ChangeContext = {
      now: this.#now,
      isOwn: this.#isOwn,
      settleFirst: () => this.#committer.commitFirst(),
    };
    return this.#explained(async () => work(await this.#opened(), context));
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof UsageError ? error : explain(error, this.#versions?.place.path ?? this.name);
    }
  }

  async #opened(): Promise<LedgerVersions> {
    return this.#versions ?? this.#reopened();
  }

  /**
   * Links may be created, changed or replaced (inkwell does that) at any time, so every read and commit resolves the path
   * again.
   */
  async #reopened(): Promise<LedgerVersions> {
    const place = await resolvePlace(this.#disk, this.name);
    if (this.#versions?.place.path === place.path) return this.#versions;
    this.#versions = new LedgerVersions(this.#disk, place, this.name, this.#oneShot);
    this.#versions.exclude(this.#excluded);
    return this.#versions;
  }

  async #looked(again = false): Promise<LedgerVersions> {
    if (again || !this.#wasLookedAt) await this.look();
    return this.#opened();
  }

  async #lookNow(): Promise<Look> {
    let problem: LedgerError | undefined;
    let versions: LedgerVersions | undefined;
    try {
      versions = await this.#reopened();
      if (await this.#lookAt(versions)) this.#changes++;
    } catch (error) {
      problem = explain(error, versions?.place.path ?? this.name);
    }
    this.#wasLookedAt = true;
    this.#unavailable = problem;
    const state = await describeState(versions, problem, this.#committer.problem).catch((error: unknown) =>
      describeState(versions, explain(error, this.name), this.#committer.problem),
    );
    this.#committer.schedule();
    return { state, cursor: `${this.#changes} ${state.bytes} ${state.modifiedAt}` };
  }

  #lookAt(versions: LedgerVersions): Promise<boolean> {
    return versions.alone(async () => {
      // Journals first: records that leave them in the meantime are in the file, which is read afterwards.
      const waiting = new Map<string, StoredElement>();
      const own = [...this.#committer.pending.values()].map(({ entry }) => entry);
      const others = await versions.journals.entries(this.#isOwn);
      this.#committer.orphans = others.size > 0;
      const changed = await versions.look();
      const absent = [...own, ...others.values()].filter(({ record }) => !versions.index.has(record.usage_id));
      const removed = await versions.undoLog.removedAmong(absent);
      for (const entry of absent) if (!removed.has(entry.record.usage_id)) waiting.set(entry.record.usage_id, entry);
      return versions.index.setWaiting(waiting) || changed;
    });
  }

  readonly #isOwn = (path: string): boolean => this.#acceptance.isOwn(path);
}

async function* batchesOf(ids: readonly string[]): AsyncGenerator<readonly string[]> {
  yield ids;
}
