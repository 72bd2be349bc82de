import type { HistoryBackend, LedgerAction } from '../../../src/host/historySession.ts';
import type { Memory } from '../../../src/host/historyPalette.ts';
import type { LedgerState } from '../../../src/ledger/types.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../../../src/usage/query.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { UsageTable } from '../../../src/usage/table.ts';

/** A ledger in memory, behind the table that the real ones are read into. */
export class TableBackend implements HistoryBackend {
  readonly calendar: Calendar;
  readonly actions: LedgerAction[] = [];
  readonly #table = new UsageTable();
  readonly #ledger: number;
  readonly #path: string;
  readonly #records = new Map<string, UsageRecord>();
  readonly #listeners = new Set<() => void>();
  #removed: UsageRecord[] = [];
  #state: Partial<LedgerState> = {};
  #loaded = true;
  #updatedAt = Date.now();

  constructor(records: Iterable<UsageRecord>, calendar: Calendar, path = '/ledger/costs.json') {
    this.calendar = calendar;
    this.#path = path;
    this.#ledger = this.#table.addLedger(path);
    for (const record of records) this.#put(record);
  }

  get snapshot(): HistoryBackend['snapshot'] {
    const state: LedgerState = {
      version: this.#table.version,
      health: 'ok',
      problems: [],
      records: this.#table.size,
      pending: 0,
      unreadable: 0,
      bytes: 0,
      modifiedAt: this.#updatedAt,
      ...this.#state,
    };
    return {
      version: this.#table.version,
      loaded: this.#loaded,
      ledgers: [{ path: this.#path, label: 'costs.json', primary: true, state }],
      failure: undefined,
      updatedAt: this.#updatedAt,
    };
  }

  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  aggregate(query: AggregateQuery): Promise<Group[]> {
    return Promise.resolve(this.#table.aggregate(query));
  }

  page(query: PageQuery): Promise<Page> {
    const { total, rows } = this.#table.select(query);
    const found = rows.flatMap(({ usageId }) => this.#records.get(usageId) ?? []);
    return Promise.resolve({ total, rows: found.map((record) => ({ ledger: this.#path, record })) });
  }

  perform(action: LedgerAction): Promise<string | undefined> {
    this.actions.push(action);
    if (action.verb === 'remove') {
      this.#removed = action.ids.flatMap((id) => this.#records.get(id) ?? []);
      for (const { usage_id } of this.#removed) this.#table.remove(this.#ledger, usage_id);
      this.#changed();
      return Promise.resolve(`Removed ${this.#removed.length} records.`);
    }
    if (action.verb === 'undo') {
      for (const record of this.#removed) this.#put(record);
      this.#changed();
      return Promise.resolve(`Brought ${this.#removed.length} records back.`);
    }
    return Promise.resolve(undefined);
  }

  /** As if another process had recorded. */
  record(...records: UsageRecord[]): void {
    for (const record of records) this.#put(record);
    this.#changed();
  }

  /** As if the ledger's file had come to harm. */
  setState(state: Partial<LedgerState>): void {
    this.#state = state;
    this.#changed();
  }

  setLoaded(loaded: boolean): void {
    this.#loaded = loaded;
    this.#changed();
  }

  #put(record: UsageRecord): void {
    this.#records.set(record.usage_id, record);
    this.#table.add(this.#ledger, record, 0);
  }

  #changed(): void {
    this.#updatedAt = Date.now();
    for (const listener of this.#listeners) listener();
  }
}

/** The editor's storage, in memory. */
export class Memento implements Memory {
  readonly #values = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#values.get(key);
  }

  update(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value);
    return Promise.resolve();
  }
}
