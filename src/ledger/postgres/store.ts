import { Additions } from '../additions.ts';
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
import type { AggregateQuery, Group, Page, PageQuery } from '../../usage/query.ts';
import { emptyTotals } from '../../usage/query.ts';
import { isoNow } from '../../usage/record.ts';
import { LedgerAccess, type LedgerRow } from './access.ts';
import { parseAddress } from './server/address.ts';
import { appendToLedger } from './appending.ts';
import { clearStored, lastStoredChange, removeStored, undoStored } from './changes.ts';
import { explainPostgres } from './server/engine.ts';
import { Polling } from './polling.ts';
import { elementsOfLedger, heldIds, idsAfterSeq } from './reading.ts';
import { describeDifferences, findDifferences, repairStored } from './repair.ts';
import { replacePlanned } from './replacement.ts';
import { stateOfLedger } from './state.ts';
import { aggregateStored, type Asked } from './sums/aggregate.ts';
import { pageStored } from './sums/page.ts';

/**
 * Stores the ledger in PostgreSQL, for several machines and a team. `append()` resolves once the server has committed. All sums
 * are added up by the server. See `docs/team.md`.
 */
export class PostgresStore implements Store {
  readonly name: string;
  readonly #access: LedgerAccess;
  readonly #additions: Additions;
  readonly #polling = new Polling();
  readonly #now: () => number;
  #excluded: ReadonlySet<string> = new Set();
  #looked: LedgerRow | undefined;
  #unavailable: LedgerError | undefined;

  /** @throws {LedgerError} `unsupported` for a URL that cannot be used. */
  constructor({ path, now = Date.now }: FileStoreOptions) {
    const address = parseAddress(path);
    this.name = address.name;
    this.#now = now;
    this.#access = new LedgerAccess(address, now);
    this.#additions = new Additions(
      (take) => this.#access.write((write) => appendToLedger(write, take())),
      () => this.#polling.notify(),
    );
  }

  async look(): Promise<Look> {
    try {
      this.#looked = await this.#access.ledgerRow();
      this.#unavailable = undefined;
    } catch (error) {
      this.#unavailable = explainPostgres(error, this.#access.address);
    }
    this.#polling.isReachable = this.#unavailable === undefined;
    const cursor = this.#looked ? `${this.#looked.epoch}/${this.#looked.seq}/${this.#looked.foreign}` : '';
    return { state: stateOfLedger(this.#looked, this.#unavailable), cursor };
  }

  watch(onChange: () => void): { dispose(): void } {
    return this.#polling.add(onChange);
  }

  append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    return this.#additions.add({ additions, mode });
  }

  async replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult> {
    // A plan that only changes existing records does not create a ledger.
    if (undoable && !(await this.#exists()) && plan(() => undefined).length === 0) return { added: 0, replaced: 0 };
    const at = undoable ? isoNow(this.#now()) : undefined;
    const result = await this.#access.write((write) => replacePlanned(write, plan, at));
    this.#polling.notify();
    return result;
  }

  async remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult> {
    if (!(await this.#exists())) return { removed: [], missing: [...new Set(ids)] };
    const at = undoable ? isoNow(this.#now()) : undefined;
    const result = await this.#access.write((write) => removeStored(write, ids, at));
    this.#polling.notify();
    return result;
  }

  async clear(): Promise<ClearResult> {
    await this.flush(Infinity);
    if (!(await this.#exists())) return { removed: 0, keptIn: undefined };
    const removed = await this.#access.write((write) => clearStored(write, isoNow(this.#now())));
    this.#polling.notify();
    return { removed, keptIn: removed > 0 ? `the table llm_spend.changed of ${this.name}` : undefined };
  }

  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    const { connection, ledgerId } = this.#access;
    const change = await this.#access.orMissing(() => connection.snapshot((sql) => lastStoredChange(sql, ledgerId)));
    if (change === undefined) return undefined;
    if (dryRun) return { undone: change.op, at: change.at, records: change.records };
    const result = await this.#access.write((write) => undoStored(write));
    this.#polling.notify();
    return result;
  }

  flush(timeoutMs: number): Promise<boolean> {
    return this.#additions.flush(timeoutMs);
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    this.#checkAvailable();
    const groups = await this.#access.orMissing(() =>
      this.#access.connection.snapshot((sql) => aggregateStored(sql, this.#asked, query)),
    );
    return groups ?? (query.groupBy.length === 0 ? [{ key: [], totals: emptyTotals() }] : []);
  }

  async page(query: PageQuery): Promise<Page> {
    this.#checkAvailable();
    const page = await this.#access.orMissing(() =>
      this.#access.connection.snapshot((sql) => pageStored(sql, this.#asked, query)),
    );
    const rows = (page?.records ?? []).map((record) => ({ ledger: this.name, record }));
    return { total: page?.total ?? 0, rows };
  }

  async *elements(): AsyncGenerator<StoredElement[]> {
    this.#checkAvailable();
    yield* elementsOfLedger(this.#access);
  }

  async holds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#unavailable ? new Set() : heldIds(this.#access, ids);
  }

  async changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined> {
    if (cursor === undefined) return idsAfterSeq(this.#access, -1);
    const [epoch, seq] = cursor.split('/');
    if (seq === undefined || Number(epoch) !== this.#looked?.epoch) return undefined;
    return idsAfterSeq(this.#access, Number(seq));
  }

  async exclude(ids: ReadonlySet<string>): Promise<void> {
    this.#excluded = ids;
  }

  async verify(): Promise<Verification> {
    const { state } = await this.look();
    const { modifiedAt: _, ...shown } = state;
    const differences = await this.#access.orMissing(() =>
      this.#access.connection.snapshot((sql) => findDifferences(sql, this.#access.ledgerId), true),
    );
    const problems = [...state.problems, ...(differences ? describeDifferences(differences) : [])];
    const health = state.health === 'ok' && problems.length > 0 ? 'damaged' : state.health;
    return { ...shown, path: this.name, health, problems, files: [] };
  }

  async repair(dryRun: boolean): Promise<RepairResult> {
    await this.flush(Infinity);
    const result = await repairStored(this.#access, dryRun);
    this.#polling.notify();
    return result;
  }

  async close(): Promise<void> {
    await this.flush(Infinity);
    this.#polling.close();
    await this.#access.connection.close();
  }

  get #asked(): Asked {
    return { ledgerId: this.#access.ledgerId, name: this.name, excluded: this.#excluded };
  }

  async #exists(): Promise<boolean> {
    return (await this.#access.ledgerRow()) !== undefined;
  }

  #checkAvailable(): void {
    if (this.#unavailable) throw new LedgerError('io', this.#unavailable.message, { cause: this.#unavailable });
  }
}
