import * as vscode from 'vscode';
import { SETTINGS } from '../../contributions.ts';
import { planLedgerReprice } from '../../ledger/reprice.ts';
import type { LedgerReprice, RepriceSelection } from '../../ledger/reprice.ts';
import type {
  ClearResult,
  CostChange,
  Ledger,
  RemoveResult,
  RepairResult,
  SetCostsResult,
  UndoResult,
  Verification,
} from '../../library/index.ts';
import { undoLedger } from '../../sources/import/undo.ts';
import { Coalescer } from '../../system/coalescer.ts';
import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../../usage/query.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { onDidChangeSettings } from '../common/settings.ts';
import type { Prices } from '../prices/prices.ts';
import { healthOf, NOTHING_READ, sameLedgers, shownLedgers } from './ledgerSnapshot.ts';
import type { Health, LedgerSnapshot, ShownLedger } from './ledgerSnapshot.ts';
import { openLedgers } from './openLedgers.ts';
import type { OpenLedgers } from './openLedgers.ts';
import { undoLatest } from './ownLedgers.ts';
import { recordNew } from './recordNew.ts';
import type { RecordedUsages } from './recordNew.ts';

/**
 * A commit is a burst of events: journal, token, rename. The quiet time is short so that changes appear immediately, and
 * bounded for a writer that never pauses.
 */
const TIMING = { quietMs: 40, maxWaitMs: 250 };

/**
 * The ledgers shown in a window: the primary one, and inkwell's if it exists. Opens them after the editor's start, follows all
 * their changes and those of the settings that name them, and fires one event per change.
 *
 * A query before the first read waits for it. A failed query rejects, and the next one retries.
 */
export class LedgerService implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #openLedgers: (onHint: () => void) => OpenLedgers;
  readonly #changed = new vscode.EventEmitter<LedgerSnapshot>();
  readonly #refresher: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  #snapshot = NOTHING_READ;
  #open: OpenLedgers | undefined;
  #disposed = false;

  /** Fires after each change of {@link snapshot}. */
  readonly onDidChange = this.#changed.event;

  /** @param open opens the ledgers. Default: those of the settings. */
  constructor(log: vscode.LogOutputChannel, prices: Prices, open?: (onHint: () => void) => OpenLedgers) {
    this.#log = log;
    this.#openLedgers = open ?? ((onHint) => openLedgers(prices, log, onHint));
    this.#refresher = new Coalescer(() => this.#look(), {
      timing: TIMING,
      onError: (error) => this.#fail(error),
    });
    this.#subscriptions = [
      this.#changed,
      this.#refresher,
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // Watchers miss changes while a machine sleeps, on some file systems, and when they run out of handles.
        if (focused) this.#refresher.request();
      }),
      onDidChangeSettings([SETTINGS.ledgerPath, SETTINGS.ledgers, SETTINGS.showInkwell], () => void this.reopen()),
    ];
  }

  get snapshot(): LedgerSnapshot {
    return this.#snapshot;
  }

  /** The ledger that new records go into, once it has been read. */
  get primary(): ShownLedger | undefined {
    return this.#snapshot.ledgers.find(({ primary }) => primary);
  }

  get health(): Health {
    return healthOf(this.#snapshot);
  }

  /** Whether any ledger shown contains a record. */
  get hasUsage(): boolean {
    return this.#snapshot.ledgers.some(({ state }) => state.records > 0);
  }

  /** Starts reading. Returns at once. */
  start(): void {
    this.#refresher.request();
  }

  /** Reads the disk now. Resolves once {@link snapshot} is at least as new as this call; never rejects. */
  refresh(): Promise<void> {
    return this.#refresher.now().catch((error: unknown) => this.#fail(error));
  }

  /** Closes the ledgers and opens those named in the current settings. Never rejects. */
  async reopen(): Promise<void> {
    const before = this.#open;
    this.#open = undefined;
    this.#publish({ ...NOTHING_READ, version: this.#snapshot.version + 1 });
    await this.refresh();
    await this.#close(before);
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    return this.#opened().view.aggregate(query);
  }

  async page(query: PageQuery): Promise<Page> {
    return this.#opened().view.page(query);
  }

  async summary(filter?: UsageFilter): Promise<Totals> {
    return this.#opened().view.summary(filter);
  }

  /**
   * Records one usage in the primary ledger; resolves once it is durable and shown.
   * @throws {UsageError} when it is refused, {@link LedgerError} when it could not be stored.
   */
  async record(usage: UsageInput): Promise<UsageRecord> {
    return this.#change(({ primary }) => primary.track(usage));
  }

  /** Records several usages, all or none. */
  async recordAll(usages: readonly UsageInput[]): Promise<UsageRecord[]> {
    return this.#change(({ primary }) => primary.trackAll(usages));
  }

  /** Records the usages that the primary ledger does not contain yet, and returns which ones these are. */
  async recordNew(usages: readonly UsageInput[]): Promise<RecordedUsages> {
    return this.#change(({ primary }) => recordNew(primary, usages));
  }

  /**
   * Removes records from the primary ledger. Records of other ledgers are returned as `missing`, because we may not change
   * them.
   */
  async remove(ids: readonly string[]): Promise<RemoveResult> {
    return this.#change(({ primary }) => primary.remove(ids));
  }

  async clear(): Promise<ClearResult> {
    return this.#change(({ primary }) => primary.clear());
  }

  /** Undoes the last change of the ledgers that the editor writes to; undefined when there is none. */
  async undo(): Promise<UndoResult | undefined> {
    return this.changeOwn((own) => undoLatest(own));
  }

  /** The change that {@link undo} would revert. */
  async undoable(): Promise<UndoResult | undefined> {
    return undoLatest(this.#own(this.#opened()), { dryRun: true });
  }

  /** Changes the ledgers that the editor writes to: the primary one, and that of imported usage where there is any. */
  async changeOwn<T>(act: (own: readonly Ledger[]) => Promise<T>): Promise<T> {
    return this.#change((open) => act(this.#own(open)));
  }

  /** The cost changes that repricing the primary ledger would make. */
  async planReprice(prices: Prices, selection?: RepriceSelection): Promise<LedgerReprice> {
    return planLedgerReprice(this.#opened().primary, await prices.requiredPricer(), Date.now(), selection);
  }

  async setCosts(changes: readonly CostChange[]): Promise<SetCostsResult> {
    return this.#change(({ primary }) => primary.setCosts(changes));
  }

  /** Verifies every ledger shown. Changes nothing. */
  async verify(): Promise<Verification[]> {
    const { all } = this.#opened();
    return Promise.all(all.map((ledger) => ledger.verify()));
  }

  /** The changes that {@link repair} would make to the primary ledger. */
  async repairable(): Promise<RepairResult> {
    return this.#opened().primary.repair({ dryRun: true });
  }

  async repair(): Promise<RepairResult> {
    return this.#change(({ primary }) => primary.repair());
  }

  /** The ledger of usage imported from agents' logs. */
  get imported(): Ledger {
    return this.#opened().imported;
  }

  /**
   * Undoes the import of this time.
   * @param all whether imported usage that was added since goes as well: nothing was imported before.
   * @returns the number of records removed.
   */
  async undoImport(at: string, all: boolean): Promise<number> {
    return this.#change(async ({ imported, primary }) => {
      const undone = (await undoLedger(imported, { importedAt: at }))?.records ?? 0;
      return all && imported !== primary ? undone + (await imported.clear()).removed : undone;
    });
  }

  /** The absolute path of the primary ledger's file. */
  get path(): string {
    return this.#opened().primary.path;
  }

  dispose(): void {
    this.#disposed = true;
    for (const each of this.#subscriptions) each.dispose();
  }

  /** Stops, and commits pending records. Records that cannot be committed now stay durable in the journal. */
  async close(): Promise<void> {
    this.dispose();
    const open = this.#open;
    this.#open = undefined;
    await this.#close(open);
  }

  async #change<T>(act: (open: OpenLedgers) => Promise<T>): Promise<T> {
    const result = await act(this.#opened());
    await this.refresh();
    return result;
  }

  #own({ primary, imported }: OpenLedgers): readonly Ledger[] {
    return imported === primary || imported.state.health === 'missing' ? [primary] : [primary, imported];
  }

  /** @throws {Error} when the settings name something that cannot be a ledger, and after {@link close}. */
  #opened(): OpenLedgers {
    if (this.#disposed) throw new Error(vscode.l10n.t('LLM Spend is shutting down.'));
    this.#open ??= this.#openLedgers(() => this.#refresher.request());
    return this.#open;
  }

  async #look(): Promise<void> {
    const open = this.#opened();
    const { all, primary, view } = open;
    const states = await view.refresh();
    if (this.#open !== open) return; // The settings name other ledgers now.
    const ledgers = shownLedgers(all, states, primary);
    const { loaded, failure } = this.#snapshot;
    if (loaded && failure === undefined && sameLedgers(ledgers, this.#snapshot.ledgers)) return;
    this.#logHealth(ledgers);
    this.#publish({
      version: this.#snapshot.version + 1,
      loaded: true,
      ledgers,
      failure: undefined,
      updatedAt: Date.now(),
    });
  }

  #fail(error: unknown): void {
    if (this.#disposed) return;
    const failure = error instanceof Error ? error.message : String(error);
    if (failure === this.#snapshot.failure) return;
    this.#log.error(error instanceof Error ? error : failure);
    this.#publish({ ...this.#snapshot, version: this.#snapshot.version + 1, loaded: true, failure });
  }

  #publish(snapshot: LedgerSnapshot): void {
    this.#snapshot = snapshot;
    if (!this.#disposed) this.#changed.fire(snapshot);
  }

  #logHealth(ledgers: readonly ShownLedger[]): void {
    for (const { path, state } of ledgers) {
      const known = this.#snapshot.ledgers.find((before) => before.path === path);
      if (known?.state.health === state.health) continue;
      const text = `${path}: ${state.health}, ${state.records} records`;
      if (state.health === 'ok' || state.health === 'missing') this.#log.info(text);
      else this.#log.warn([text, ...state.problems.map(({ message }) => message)].join('\n  '));
    }
  }

  async #close(open: OpenLedgers | undefined): Promise<void> {
    try {
      await open?.close();
    } catch (error) {
      this.#log.warn(`Closing the ledger: ${String(error)}`);
    }
  }
}
