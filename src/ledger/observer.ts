import { Coalescer } from '../system/coalescer.ts';
import type { LedgerState } from './results.ts';
import type { Look, Store } from './store.ts';

const NOT_LOOKED_AT: LedgerState = {
  version: 0,
  health: 'missing',
  problems: [],
  records: 0,
  pending: 0,
  unreadable: 0,
  bytes: 0,
  modifiedAt: undefined,
};

/** Reads a store, one read at a time, caches the result, and notifies listeners of each change. */
export class Observer {
  readonly #store: Store;
  readonly #looks: Coalescer<LedgerState>;
  readonly #listeners = new Set<(state: LedgerState) => void>();
  #watcher: { dispose(): void } | undefined;
  #state: LedgerState | undefined;
  #cursor = '';

  constructor(store: Store) {
    this.#store = store;
    this.#looks = new Coalescer(async () => this.#take(await store.look()));
  }

  get state(): LedgerState {
    return this.#state ?? NOT_LOOKED_AT;
  }

  get cursor(): string {
    return this.#cursor;
  }

  refresh(): Promise<LedgerState> {
    return this.#looks.now();
  }

  /** Refreshes if that has not been done yet. */
  async looked(): Promise<void> {
    if (!this.#state) await this.refresh();
  }

  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    this.#listeners.add(listener);
    this.#watcher ??= this.#store.watch(() => void this.refresh().catch(() => undefined));
    return {
      dispose: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this.#stopWatching();
      },
    };
  }

  /** Stops watching, and waits for the running read. */
  async close(): Promise<void> {
    this.#listeners.clear();
    this.#stopWatching();
    await this.#looks.idle();
  }

  #stopWatching(): void {
    this.#watcher?.dispose();
    this.#watcher = undefined;
  }

  #take({ state, cursor }: Look): LedgerState {
    const before = this.#state;
    const same = before !== undefined && cursor === this.#cursor && sameState(before, state);
    this.#cursor = cursor;
    this.#state = { ...state, version: (before?.version ?? 0) + (same ? 0 : 1) };
    if (!same) for (const listener of this.#listeners) listener(this.#state);
    return this.#state;
  }
}

function sameState(a: Look['state'], b: Look['state']): boolean {
  return (
    a.health === b.health &&
    a.records === b.records &&
    a.pending === b.pending &&
    a.unreadable === b.unreadable &&
    a.problems.length === b.problems.length &&
    a.problems.every(({ message }, i) => message === b.problems[i]!.message)
  );
}
