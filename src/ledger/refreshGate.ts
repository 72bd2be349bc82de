import type { Group, AggregateQuery, Page, PageQuery, Totals, UsageFilter } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { LedgerState } from './results.ts';
import { watchLedger } from '../system/watch.ts';

/** What every store does alike for those who look at it. */

/** Looks at a ledger, one at a time, and those who are told of what they find. */
export class Looks {
  readonly #path: string;
  readonly #look: () => Promise<LedgerState>;
  readonly #listeners = new Set<(state: LedgerState) => void>();
  #underWay: { current: Promise<LedgerState>; next: Promise<LedgerState> | undefined } | undefined;

  constructor(path: string, look: () => Promise<LedgerState>) {
    this.#path = path;
    this.#look = look;
  }

  /** Calls that come while a look is under way share one more look after it. */
  refresh(): Promise<LedgerState> {
    if (!this.#underWay) {
      const current = this.#look().finally(() => {
        const next = this.#underWay?.next;
        this.#underWay = next ? { current: next, next: undefined } : undefined;
        void next?.finally(() => (this.#underWay = undefined)).catch(() => undefined);
      });
      this.#underWay = { current, next: undefined };
      return current;
    }
    this.#underWay.next ??= this.#underWay.current.catch(() => undefined).then(() => this.#look());
    return this.#underWay.next;
  }

  get areWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** For what this process has written itself. */
  refreshIfWatched(): void {
    if (this.areWatched) void this.refresh().catch(() => undefined);
  }

  tell(state: LedgerState): void {
    for (const listener of this.#listeners) listener(state);
  }

  watch(listener: (state: LedgerState) => void): { dispose(): void } {
    this.#listeners.add(listener);
    const watcher = watchLedger(this.#path, () => this.refresh());
    return {
      dispose: () => {
        watcher.dispose();
        this.#listeners.delete(listener);
      },
    };
  }

  /** Nobody is told any more. Waits for the look under way. */
  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#underWay?.current.catch(() => undefined);
  }
}

export async function summaryOf(
  ledger: { aggregate: (query: AggregateQuery) => Promise<Group[]> },
  filter: UsageFilter,
): Promise<Totals> {
  const [total] = await ledger.aggregate({ filter, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } });
  return total!.totals;
}

export async function recentOf(
  ledger: { page: (query: PageQuery) => Promise<Page> },
  count: number,
): Promise<UsageRecord[]> {
  const page = await ledger.page({ filter: {}, sort: 'time', descending: true, offset: 0, limit: count });
  return page.rows.map(({ record }) => record);
}
