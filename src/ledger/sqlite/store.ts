import { resolve as resolvePath } from 'node:path';
import { TableChanged, type ColumnPass } from '../../columns/columnPass.ts';
import { ColumnStore } from '../../columns/columnStore.ts';
import { UsageTable } from '../../columns/table.ts';
import type { Disk } from '../../system/disk.ts';
import { nodeDisk } from '../../system/nodeDisk.ts';
import { withTimeout } from '../../system/withTimeout.ts';
import type { AggregateQuery, Group, Page, PageQuery } from '../../usage/query.ts';
import { isoNow } from '../../usage/record.ts';
import { resolvePlace } from '../place.ts';
import type { FileStoreOptions } from '../options.ts';
import type {
  ClearResult,
  RemoveResult,
  RepairResult,
  StoredElement,
  UndoResult,
  UpsertResult,
  Verification,
} from '../results.ts';
import { LedgerError } from '../results.ts';
import type { Addition, Appended, AppendMode, Look, ReplacePlan, Store } from '../store.ts';
import { Additions, type WriteBatches } from '../additions.ts';
import { Watchers } from '../watchers.ts';
import { appendBatches } from './appending.ts';
import { Access } from './access.ts';
import { lastChange, removeRecords, undoNewest } from './changes.ts';
import { clearDatabase, undoClear } from './clearing.ts';
import { ColumnQueries, type Current, type Source } from './columns/query.ts';
import { needsSealing, resealed, takeSnapshot } from './columns/segments.ts';
import type { Connection } from './connection.ts';
import { explainSqlite } from './engine.ts';
import { dropStored } from './dropping.ts';
import { Exclusion } from './exclusion.ts';
import { backUpIfDue } from './repair/backup.ts';
import { repairDatabase } from './repair/repair.ts';
import { verifyDatabase } from './repair/verify.ts';
import { replaceRecords } from './replacement.ts';
import { elementsOf, idsAfter, idsHeld, recordAt } from './reading.ts';
import { Sealing } from './sealing.ts';
import { describeDatabase, seqOfCursor } from './state.ts';

/** How long closing continues to seal stale segments. The next process that opens the ledger seals the rest. */
const CLOSE_MS = 1_000;

/**
 * Stores the ledger in an SQLite database, for histories that are too large to be rewritten as one JSON file.
 *
 * `append()` resolves once its transaction is on disk; simultaneous calls share one. Sums and pages use columns (see
 * `columns/`), so that time and memory do not grow with the rows. See `docs/sqlite.md`.
 */
export class SqliteStore implements Store {
  readonly name: string;
  readonly #disk: Disk;
  readonly #now: () => number;
  readonly #queries: ColumnQueries;
  readonly #exclusion: Exclusion;
  readonly #access: Access;
  readonly #additions: Additions;
  readonly #watchers: Watchers;
  readonly #sealing: Sealing;
  #looked: Source | undefined;
  #wasLookedAt = false;
  /** Why the last check could not open the database, unless it is damaged. */
  #unavailable: LedgerError | undefined;
  #dataVersion: number | undefined;
  /** Whether this object wrote since the last check: `data_version` reports only other writers. */
  #wrote = false;
  /** Whether this object changed the ledger. A process that only reads makes no backup. */
  #contributed = false;

  constructor({ path, disk = nodeDisk, now = Date.now }: FileStoreOptions) {
    this.name = resolvePath(path);
    this.#disk = disk;
    this.#now = now;
    this.#watchers = new Watchers(this.name);
    this.#queries = new ColumnQueries(this.name);
    this.#exclusion = new Exclusion(this.#queries);
    this.#access = new Access(disk, this.name, now, () => {
      this.#looked = undefined;
      this.#queries.forget();
    });
    const write: WriteBatches = (take) => this.#access.write((connection) => appendBatches(connection, take()));
    this.#additions = new Additions(write, () => this.#changed());
    const onDone = (): void => {
      // The content is the same but faster to read from now on, including for callers that do not watch.
      if (this.#looked) this.#looked.snapshot = resealed(this.#looked);
      this.#watchers.notify();
    };
    this.#sealing = new Sealing(this.#access, () => (this.#wrote = true), onDone);
  }

  async look(): Promise<Look> {
    let problem: LedgerError | undefined;
    try {
      do {
        const connection = await this.#access.opened();
        if (connection) this.#lookAt(connection);
      } while (this.#isOutdated());
    } catch (error) {
      problem = explainSqlite(error, this.name);
      if (problem.code === 'damaged') await this.#access.release();
    }
    const state = await this.#access.attempt(() =>
      describeDatabase(this.#disk, this.name, this.#looked?.snapshot, problem),
    );
    this.#unavailable = state.health === 'unavailable' ? problem : undefined;
    this.#wasLookedAt = true;
    if (this.#watchers.areThere && this.#looked?.snapshot.segments.some(needsSealing)) this.#sealing.start();
    return { state, cursor: this.#cursor() };
  }

  watch(onChange: () => void): { dispose(): void } {
    return this.#watchers.add(onChange);
  }

  append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    return this.#access.attempt(() => this.#additions.add({ additions, mode }));
  }

  async replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult> {
    // A plan that only changes existing records does not create a database.
    if (undoable && !(await this.#access.opened()) && plan(() => undefined).length === 0) {
      return { added: 0, replaced: 0 };
    }
    const at = undoable ? isoNow(this.#now()) : undefined;
    const result = await this.#access.write((connection) => replaceRecords(connection, plan, at));
    this.#changed();
    if (result.replaced > 0) this.#sealing.start();
    return result;
  }

  async remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult> {
    if (!(await this.#access.opened())) return { removed: [], missing: [...new Set(ids)] };
    const at = isoNow(this.#now());
    const result = await this.#access.write((connection) => removeRecords(connection, ids, at, undoable));
    this.#rewrote();
    return result;
  }

  drop(ids: readonly string[]): Promise<number> {
    return dropStored(this.#access, ids, isoNow(this.#now()), () => this.#rewrote());
  }

  async clear(): Promise<ClearResult> {
    await this.flush(Infinity);
    const result = await this.#access.use((connection) => clearDatabase(connection, this.#disk, this.#now()));
    if (result) this.#rewrote();
    return result ?? { removed: 0, keptIn: undefined };
  }

  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    const result = await this.#access.use(async (connection): Promise<UndoResult | undefined> => {
      let change = lastChange(connection);
      if (change && !dryRun) {
        if (change.file !== null) await undoClear(connection, this.#disk, change, change.file);
        // Another process may have undone it while this one waited for its turn to write.
        else change = await connection.write(() => undoNewest(connection));
      }
      return change && { undone: change.op, at: change.at, records: change.records };
    });
    if (result && !dryRun) this.#rewrote();
    return result;
  }

  flush(timeoutMs: number): Promise<boolean> {
    return this.#additions.flush(timeoutMs);
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    return (await this.#ask((now) => this.#queries.aggregate(query, now))) ?? new UsageTable().aggregate(query);
  }

  async pass<T>(pass: ColumnPass<T>): Promise<T> {
    const answer = await this.#ask(async (now) => [await this.#queries.pass(pass, now)] as const);
    return answer === undefined ? pass.start(new ColumnStore()).result() : answer[0];
  }

  async page(query: PageQuery): Promise<Page> {
    const answer = await this.#ask(async (now, source) => {
      const { total, seqs } = await this.#queries.page(query, now);
      const { connection } = this.#looked ?? source;
      // Records removed while the page was computed are omitted.
      const rows = seqs.flatMap((seq) => recordAt(connection, seq) ?? []);
      return { total, rows: rows.map((record) => ({ ledger: this.name, record })) };
    });
    return answer ?? { total: 0, rows: [] };
  }

  elements(): AsyncGenerator<StoredElement[]> {
    return elementsOf(async () => (await this.#current(false))?.connection, this.name);
  }

  elementsSince(cursor: string): AsyncGenerator<StoredElement[]> | undefined {
    const seq = seqOfCursor(cursor, this.#cursor());
    return seq === undefined ? undefined : elementsOf(async () => this.#looked?.connection, this.name, seq);
  }

  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return idsHeld(this.#looked?.connection, ids);
  }

  async changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined> {
    const seq = cursor === undefined ? 0 : seqOfCursor(cursor, this.#cursor());
    return seq === undefined ? undefined : idsAfter(() => this.#looked?.connection, seq);
  }

  async exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#exclusion.set(ids);
    if (this.#looked) this.#exclusion.apply(this.#looked, this.#contents());
  }

  async verify(): Promise<Verification> {
    const { state } = await this.look();
    const place = await resolvePlace(this.#disk, this.name);
    return this.#access.attempt(() => verifyDatabase(this.#disk, place, this.name, state));
  }

  async repair(dryRun: boolean): Promise<RepairResult> {
    await this.flush(Infinity);
    // A repair opens the file itself; when it closes it, the system drops all locks of this process on that file.
    await this.#access.release();
    const place = await resolvePlace(this.#disk, this.name);
    return this.#access.attempt(() => repairDatabase(this.#disk, place, this.#now(), dryRun ? 'dry-run' : 'asked'));
  }

  async close(): Promise<void> {
    await this.flush(Infinity);
    if (this.#sealing.running) await withTimeout(this.#sealing.running, CLOSE_MS);
    const connection = this.#access.current;
    if (connection && this.#contributed) await backUpIfDue(connection, this.#disk, this.#now()).catch(() => undefined);
    await this.#access.release();
  }

  /** The state to query: from the last check or, with `again`, from a new one. */
  async #current(again: boolean): Promise<Source | undefined> {
    if (again || !this.#wasLookedAt) await this.look();
    if (this.#unavailable) throw new LedgerError('io', this.#unavailable.message, { cause: this.#unavailable });
    return this.#looked;
  }

  /** Answers a question about the columns; undefined when there is no database. */
  async #ask<T>(question: (current: Current, source: Source) => Promise<T>): Promise<T | undefined> {
    const source = await this.#current(false);
    if (!source) return undefined;
    return this.#reading(() => question(async (again) => (await this.#current(again)) ?? source, source));
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        if (!this.#isOutdated()) return result;
      } catch (error) {
        if (!this.#isOutdated()) throw error instanceof TableChanged ? error : explainSqlite(error, this.name);
      }
      await this.look();
    }
  }

  /** A file opened without its log may be changed by other writers while it is read. */
  #isOutdated(): boolean {
    const { current } = this.#access;
    return current !== undefined && current.isFrozen && !current.isCurrent;
  }

  /** Cheap when nothing was written since. */
  #lookAt(connection: Connection): void {
    const { data_version: version } = connection.first('PRAGMA data_version') as { data_version: number };
    if (this.#looked?.connection === connection && version === this.#dataVersion && !this.#wrote) return;
    this.#wrote = false;
    this.#looked = { connection, snapshot: takeSnapshot(connection, this.#looked?.snapshot) };
    this.#dataVersion = version;
    this.#exclusion.apply(this.#looked, this.#contents());
  }

  /** Identifies the open database and all changes in it other than additions. */
  #contents(): string {
    return `${this.#access.count}.${this.#looked?.snapshot.epoch}`;
  }

  #cursor(): string {
    const snapshot = this.#looked?.snapshot;
    return snapshot ? `${this.#contents()}/${Math.max(snapshot.tail.lastSeq, snapshot.sealedUpTo)}` : '';
  }

  /** Must be called after each write. */
  #changed(): void {
    this.#wrote = true;
    this.#contributed = true;
    this.#watchers.notify();
  }

  /** Must be called after each change of records that were there before. */
  #rewrote(): void {
    this.#changed();
    this.#sealing.start();
  }
}
