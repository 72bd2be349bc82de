import { resolve as resolvePath } from 'node:path';
import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../../usage/query.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { parseInput } from '../../usage/parseInput.ts';
import { isoNow } from '../../usage/record.ts';
import { TableChanged, UsageTable } from '../../columns/table.ts';
import type { Disk } from '../../system/disk.ts';
import { nodeDisk } from '../../system/disk.ts';
import { nextTurn } from '../../system/turns.ts';
import { Looks, recentOf, summaryOf } from '../refreshGate.ts';
import type { LedgerOptions } from '../options.ts';
import { RecordPricing } from '../pricing.ts';

import { resolvePlace } from '../place.ts';
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
import { within } from '../../system/within.ts';
import { Access } from './access.ts';
import { Additions } from './additions.ts';
import { backUpIfDue } from './repair/backup.ts';
import { lastChange, removeRecords, setCosts, undoChange } from './changes.ts';
import { clearDatabase, undoClear } from './clearing.ts';
import type { Connection } from './connection.ts';
import { explainSqlite } from './engine.ts';
import type { Source } from './columns/query.ts';
import { ColumnQueries } from './columns/query.ts';
import { repairDatabase } from './repair/repair.ts';
import { findRow, idOf, recordOf, rowsAfter } from './rows.ts';
import { needsSealing, sealOne, takeSnapshot } from './columns/segments.ts';
import { describeDatabase, nothingYet, sameState } from './state.ts';
import { upsertRecords } from './upserting.ts';
import { verifyDatabase } from './repair/verify.ts';
import type { Addition } from './writing.ts';
import { adoptInto } from './writing.ts';
import { randomId } from '../../system/random.ts';

/** How long closing goes on sealing what removals made stale. Whoever opens the ledger next does the rest. */
const CLOSE_MS = 1_000;
const MEND_MS = 60_000;
/** Rows that are read between two turns of others. */
const ROWS_PER_TURN = 1_000;
const NOTHING: ReadonlySet<string> = new Set();

/**
 * The ledger in an SQLite database, for histories that are too big to be rewritten as one JSON file.
 *
 * `track()` resolves once its transaction is on the disk; calls that come together share one. Sums and pages come from
 * columns (columns.ts), so that neither time nor memory grows with the rows. See `docs/sqlite.md`.
 */
export class SqliteLedger implements Ledger {
  readonly path: string;
  /** inkwell cannot read a database, so nothing is refused for its sake. */
  readonly strict = false;
  readonly #disk: Disk;
  readonly #source: string | undefined;
  readonly #now: () => number;
  readonly #pricing: RecordPricing;
  readonly #queries: ColumnQueries;
  readonly #access: Access;
  readonly #additions: Additions;
  #looked: Source | undefined;
  #dataVersion: number | undefined;
  /** We wrote since the last look: `data_version` tells only of others. */
  #wrote = false;
  /** This ledger was changed through us: who merely reads leaves no copy behind. */
  #contributed = false;
  /** What tells the contents at the last look from others. */
  #seen = '';
  #state: LedgerState | undefined;
  #excluded: ReadonlySet<string> = NOTHING;
  /** The numbers of excluded records, as far as they are there, and of which contents they are. */
  #hidden = new Map<string, number>();
  #hiddenOf = '';
  #mending: Promise<void> | undefined;
  #closed = false;
  readonly #looks: Looks;

  constructor(options: LedgerOptions) {
    this.path = resolvePath(options.ledger);
    this.#disk = options.disk ?? nodeDisk;
    this.#source = options.source;
    this.#now = options.now ?? Date.now;
    this.#looks = new Looks(this.path, () => this.#look());
    this.#pricing = new RecordPricing(options.pricing);
    this.#queries = new ColumnQueries(this.path);
    this.#access = new Access(this.#disk, this.path, this.#now, () => {
      this.#looked = undefined;
      this.#queries.forget();
    });
    this.#additions = new Additions(this.#access, () => this.#changed());
  }

  async track(usage: UsageInput): Promise<UsageRecord> {
    const [record] = await this.trackAll([usage]);
    return record!;
  }

  async trackAll(usages: readonly UsageInput[]): Promise<UsageRecord[]> {
    this.#checkOpen();
    const records = usages.map((usage) =>
      parseInput(usage, { id: randomId, now: () => isoNow(this.#now()), source: this.#source }),
    );
    if (this.#pricing.wanted(usages)) {
      await this.#pricing.apply(usages, records);
      this.#checkOpen();
    }
    return this.#additions.add(
      records.map((record, i): Addition => {
        const usage = usages[i]!;
        return { record, text: JSON.stringify(record), given: usage.usage_id === undefined ? undefined : usage };
      }),
    );
  }

  async adopt(elements: readonly StoredElement[]): Promise<AdoptResult> {
    this.#checkOpen();
    const batch = elements.map(({ record, text }): Addition => ({ record, text, given: undefined }));
    const result = await this.#access.write((connection) => adoptInto(connection, batch));
    this.#changed();
    return result;
  }

  async flush(timeoutMs = Infinity): Promise<boolean> {
    const { underWay } = this.#additions;
    if (underWay) await within(underWay, timeoutMs);
    return this.#additions.underWay === undefined;
  }

  get state(): LedgerState {
    return this.#state ?? { version: 0, ...nothingYet() };
  }

  refresh(): Promise<LedgerState> {
    return this.#looks.refresh();
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    const source = await this.#current(false);
    if (!source) return new UsageTable().aggregate(query);
    return this.#reading(() => this.#queries.aggregate(query, async (again) => (await this.#current(again)) ?? source));
  }

  async page(query: PageQuery): Promise<Page> {
    const source = await this.#current(false);
    if (!source) return { total: 0, rows: [] };
    return this.#reading(async () => {
      const page = await this.#queries.page(query, async (again) => (await this.#current(again)) ?? source);
      const { connection } = this.#looked ?? source;
      const rows = page.seqs.flatMap((seq) => {
        const row = connection.first('SELECT usage_id, text FROM record WHERE seq = ?', seq);
        // One that was removed while the page was being made.
        return row === undefined
          ? []
          : [{ ledger: this.path, record: recordOf(row as { usage_id: string; text: string }) }];
      });
      return { total: page.total, rows };
    });
  }

  ids(): Iterable<string> {
    return this.#idsAfter(0);
  }

  get mark(): string {
    const snapshot = this.#looked?.snapshot;
    return snapshot
      ? `${this.#access.count} ${snapshot.epoch} ${Math.max(snapshot.tail.lastSeq, snapshot.sealedUpTo)}`
      : '';
  }

  addedSince(mark: string): Iterable<string> | undefined {
    const [opens, epoch, seq] = mark.split(' ');
    const same = Number(opens) === this.#access.count && Number(epoch) === this.#looked?.snapshot.epoch;
    return same ? this.#idsAfter(Number(seq)) : undefined;
  }

  has(usageId: string): boolean {
    const connection = this.#looked?.connection;
    return connection !== undefined && findRow(connection, usageId) !== undefined;
  }

  exclude(ids: ReadonlySet<string>): void {
    this.#excluded = ids;
    this.#hideExcluded();
  }

  async *stored(): AsyncGenerator<StoredElement[]> {
    await this.refresh();
    let after = 0;
    for (;;) {
      const connection = (await this.#current(false))?.connection;
      if (!connection) return;
      const rows = rowsAfter(connection, after, ROWS_PER_TURN);
      if (rows.length === 0) return;
      after = rows.at(-1)!.seq;
      yield rows.map((row) => ({ record: recordOf(row), text: row.text }));
      await nextTurn();
    }
  }

  async read(): Promise<UsageRecord[]> {
    const records: UsageRecord[] = [];
    for await (const elements of this.stored()) for (const { record } of elements) records.push(record);
    return records;
  }

  summary(filter: UsageFilter = {}): Promise<Totals> {
    return summaryOf(this, filter);
  }

  recent(count: number): Promise<UsageRecord[]> {
    return recentOf(this, count);
  }

  async remove(ids: readonly string[]): Promise<RemoveResult> {
    this.#checkOpen();
    if (!(await this.#access.opened())) return { removed: [], missing: [...new Set(ids)] };
    const result = await this.#access.write((connection) => removeRecords(connection, ids, isoNow(this.#now())));
    await this.#mended();
    return result;
  }

  async setCosts(changes: readonly CostChange[]): Promise<SetCostsResult> {
    this.#checkOpen();
    if (!(await this.#access.opened()))
      return { changed: [], missing: changes.map(({ usageId }) => usageId), differing: [] };
    const result = await this.#access.write((connection) => setCosts(connection, changes, isoNow(this.#now())));
    await this.#mended();
    return result;
  }

  async upsert(plan: UpsertPlan): Promise<UpsertResult> {
    this.#checkOpen();
    const result = await this.#access.write((connection) => upsertRecords(connection, plan));
    if (result.replaced > 0) await this.#mended();
    else this.#changed();
    return result;
  }

  async clear(): Promise<ClearResult> {
    this.#checkOpen();
    await this.flush();
    const result = await this.#access.use((connection) => clearDatabase(connection, this.#disk, this.#now()));
    if (!result) return { removed: 0, keptIn: undefined };
    await this.#mended();
    return result;
  }

  async undo(options: { dryRun?: boolean } = {}): Promise<UndoResult | undefined> {
    this.#checkOpen();
    const result = await this.#access.use(async (connection): Promise<UndoResult | undefined> => {
      const change = lastChange(connection);
      if (!change) return undefined;
      const { op, at, records, file } = change;
      if (options.dryRun !== true) {
        if (file === null) await connection.write(() => undoChange(connection, change));
        else await undoClear(connection, this.#disk, change, file);
      }
      return { undone: op, at, records };
    });
    if (result && options.dryRun !== true) await this.#mended();
    return result;
  }

  async verify(): Promise<Verification> {
    const state = await this.refresh();
    const place = await resolvePlace(this.#disk, this.path);
    return this.#access.attempt(() => verifyDatabase(this.#disk, place, this.path, state));
  }

  async repair(options: { dryRun?: boolean } = {}): Promise<RepairResult> {
    this.#checkOpen();
    await this.flush();
    // A repair reads the file by itself; when it closes that, the system lets go of every lock of this process on it.
    await this.#access.letGo();
    const place = await resolvePlace(this.#disk, this.path);
    const result = await this.#access.attempt(() =>
      repairDatabase(this.#disk, place, this.#now(), options.dryRun ?? false),
    );
    await this.refresh();
    return result;
  }

  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    return this.#looks.watch(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    if (this.#mending) await within(this.#mending, CLOSE_MS);
    await this.#looks.close();
    const connection = this.#access.current;
    if (connection && this.#contributed) await backUpIfDue(connection, this.#disk, this.#now()).catch(() => undefined);
    await this.#access.letGo();
  }

  #checkOpen(): void {
    if (this.#closed) throw new LedgerError('closed', 'This tracker is closed.');
  }

  /** What there is to ask of: what the last look found, or with `again` what a new one does. */
  async #current(again: boolean): Promise<Source | undefined> {
    if (again || !this.#state) await this.refresh();
    if (this.#state?.health === 'unavailable') {
      throw new LedgerError('io', this.#state.problems[0]?.message ?? `${this.path} cannot be opened.`);
    }
    return this.#looked;
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        if (!this.#isOutdated()) return result;
      } catch (error) {
        if (!this.#isOutdated()) throw error instanceof TableChanged ? error : explainSqlite(error, this.path);
      }
      await this.refresh();
    }
  }

  /** Nobody keeps writers away from a file that is read without its log. */
  #isOutdated(): boolean {
    const { current } = this.#access;
    return current !== undefined && current.isFrozen && !current.isCurrent;
  }

  async #look(): Promise<LedgerState> {
    let problem: LedgerError | undefined;
    try {
      do {
        const connection = await this.#access.opened();
        if (connection) this.#lookAt(connection);
      } while (this.#isOutdated());
    } catch (error) {
      problem = explainSqlite(error, this.path);
      if (problem.code === 'damaged') await this.#access.letGo();
    }
    const before = this.#state;
    const next = await describeDatabase(this.#disk, this.path, this.#looked?.snapshot, problem);
    const seen = this.#contents();
    const same = before !== undefined && sameState(before, next) && this.#seen === seen;
    this.#seen = seen;
    this.#state = { ...next, version: (before?.version ?? 0) + (same ? 0 : 1) };
    if (!same) this.#looks.tell(this.#state);
    if (this.#looked?.snapshot.segments.some(needsSealing) && this.#looks.areWatched) void this.#mend();
    return this.#state;
  }

  #contents(): string {
    const snapshot = this.#looked?.snapshot;
    if (!snapshot) return '';
    return `${this.#access.count} ${snapshot.epoch} ${snapshot.records} ${snapshot.sealedUpTo} ${snapshot.tail.lastSeq}`;
  }

  /** Cheap when nobody wrote since. */
  #lookAt(connection: Connection): void {
    const { data_version: version } = connection.first('PRAGMA data_version') as { data_version: number };
    if (this.#looked?.connection === connection && version === this.#dataVersion && !this.#wrote) return;
    this.#wrote = false;
    this.#looked = { connection, snapshot: takeSnapshot(connection, this.#looked?.snapshot) };
    this.#dataVersion = version;
    this.#hideExcluded();
  }

  /** Something of ours was written. */
  #changed(): void {
    this.#wrote = true;
    this.#contributed = true;
    this.#looks.refreshIfWatched();
  }

  async #mended(): Promise<void> {
    this.#changed();
    await this.refresh();
    void this.#mend();
  }

  /** Seals the segments that need it, one after the other. */
  #mend(): Promise<void> {
    this.#mending ??= this.#mendAll()
      .catch(() => undefined)
      .finally(() => (this.#mending = undefined));
    return this.#mending;
  }

  async #mendAll(): Promise<void> {
    const giveUp = performance.now() + MEND_MS;
    for (;;) {
      const connection = this.#access.current;
      if (!connection || performance.now() > giveUp) return;
      if (!(await connection.write(() => sealOne(connection)))) break;
      this.#wrote = true;
      await nextTurn();
    }
    // The same contents, read faster.
    await this.refresh();
  }

  #hideExcluded(): void {
    const source = this.#looked;
    if (!source) return;
    const { connection, snapshot } = source;
    const contents = `${this.#access.count} ${snapshot.epoch}`;
    const known = this.#hiddenOf === contents ? this.#hidden : new Map<string, number>();
    const hidden = new Map<string, number>();
    for (const id of this.#excluded) {
      const seq = known.get(id) ?? findRow(connection, id)?.seq;
      if (seq !== undefined) hidden.set(id, seq);
    }
    const same =
      known === this.#hidden && hidden.size === known.size && [...hidden.keys()].every((id) => known.has(id));
    this.#hidden = hidden;
    this.#hiddenOf = contents;
    if (!same) this.#queries.hide(new Set(hidden.values()));
  }

  *#idsAfter(seq: number): Generator<string> {
    const connection = this.#looked?.connection;
    if (!connection) return;
    let after = seq;
    for (;;) {
      const rows = connection.rows(
        'SELECT seq, usage_id FROM record WHERE seq > ? ORDER BY seq LIMIT ?',
        after,
        ROWS_PER_TURN,
      ) as { seq: number; usage_id: string }[];
      for (const { usage_id } of rows) yield idOf(usage_id);
      if (rows.length < ROWS_PER_TURN) return;
      after = rows.at(-1)!.seq;
    }
  }
}
