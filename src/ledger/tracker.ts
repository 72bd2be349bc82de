import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../usage/query.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import { JsonLedger } from './json/jsonLedger.ts';
import type { CostTrackerOptions } from './options.ts';
import { resolveLedgerPath, storeOf } from '../system/paths.ts';
import { SqliteLedger } from './sqlite/sqliteLedger.ts';
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
} from './results.ts';
import { LedgerError } from './results.ts';

export type { CostTrackerOptions } from './options.ts';

/**
 * A ledger of usages, in the store that its file's ending asks for: `.json` (one array that any program can read) or,
 * for big histories, `.db` and `.sqlite` (SQLite). Whoever uses it cannot tell which.
 */
export class CostTracker implements Ledger {
  readonly #ledger: Ledger;

  /**
   * @throws {TypeError} for an option that does not exist, or a ledger that is not a string.
   * @throws {LedgerError} `unsupported` when no store keeps a ledger of that name.
   */
  constructor(options: CostTrackerOptions = {}) {
    checkOptions(options);
    this.#ledger = openStore(options);
  }

  /** The ledger's name: the absolute path of its file. */
  get ledger(): string {
    return this.#ledger.path;
  }

  get path(): string {
    return this.#ledger.path;
  }

  get strict(): boolean {
    return this.#ledger.strict;
  }

  track(usage: UsageInput): Promise<UsageRecord> {
    return this.#ledger.track(usage);
  }

  trackAll(usages: readonly UsageInput[]): Promise<UsageRecord[]> {
    return this.#ledger.trackAll(usages);
  }

  adopt(elements: readonly StoredElement[]): Promise<AdoptResult> {
    return this.#ledger.adopt(elements);
  }

  flush(timeoutMs?: number): Promise<boolean> {
    return this.#ledger.flush(timeoutMs);
  }

  refresh(): Promise<LedgerState> {
    return this.#ledger.refresh();
  }

  get state(): LedgerState {
    return this.#ledger.state;
  }

  aggregate(query: AggregateQuery): Promise<Group[]> {
    return this.#ledger.aggregate(query);
  }

  page(query: PageQuery): Promise<Page> {
    return this.#ledger.page(query);
  }

  ids(): Iterable<string> {
    return this.#ledger.ids();
  }

  has(usageId: string): boolean {
    return this.#ledger.has(usageId);
  }

  get mark(): string {
    return this.#ledger.mark ?? String(this.#ledger.state.version);
  }

  addedSince(mark: string): Iterable<string> | undefined {
    return this.#ledger.addedSince?.(mark);
  }

  exclude(ids: ReadonlySet<string>): void {
    this.#ledger.exclude(ids);
  }

  stored(): AsyncIterable<StoredElement[]> {
    return this.#ledger.stored();
  }

  read(): Promise<UsageRecord[]> {
    return this.#ledger.read();
  }

  summary(filter?: UsageFilter): Promise<Totals> {
    return this.#ledger.summary(filter);
  }

  recent(count: number): Promise<UsageRecord[]> {
    return this.#ledger.recent(count);
  }

  remove(ids: readonly string[]): Promise<RemoveResult> {
    return this.#ledger.remove(ids);
  }

  clear(): Promise<ClearResult> {
    return this.#ledger.clear();
  }

  setCosts(changes: readonly CostChange[]): Promise<SetCostsResult> {
    return this.#ledger.setCosts(changes);
  }

  upsert(plan: UpsertPlan): Promise<UpsertResult> {
    return this.#ledger.upsert(plan);
  }

  undo(options?: { dryRun?: boolean }): Promise<UndoResult | undefined> {
    return this.#ledger.undo(options);
  }

  verify(): Promise<Verification> {
    return this.#ledger.verify();
  }

  repair(options?: { dryRun?: boolean }): Promise<RepairResult> {
    return this.#ledger.repair(options);
  }

  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    return this.#ledger.watch(listener);
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }
}

const OPTIONS: Readonly<Record<keyof CostTrackerOptions, true>> = {
  ledger: true,
  source: true,
  strict: true,
  pricing: true,
  now: true,
  disk: true,
};

/** A misspelt option must not be ignored: `{ path: '...' }` would record into the person's default ledger. */
function checkOptions(options: CostTrackerOptions): void {
  const known = Object.keys(OPTIONS).join(', ');
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`CostTracker: the options must be an object. Known options: ${known}.`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new TypeError(`CostTracker: unknown option ${JSON.stringify(name)}. Known options: ${known}.`);
    }
  }
  const { ledger } = options;
  if (ledger !== undefined && (typeof ledger !== 'string' || ledger.trim() === '')) {
    throw new TypeError('CostTracker: the option "ledger" must be a path or a URL, as a string that is not empty.');
  }
}

function openStore(options: CostTrackerOptions): Ledger {
  const ledger = options.ledger ?? resolveLedgerPath();
  const store = storeOf(ledger);
  if (store === 'json') return new JsonLedger({ ...options, ledger });
  if (store === 'sqlite') return new SqliteLedger({ ...options, ledger });
  throw new LedgerError(
    'unsupported',
    `${ledger}: a ledger's file ends in .json (which any program can read), or in .db or .sqlite (SQLite, for big histories).`,
  );
}
