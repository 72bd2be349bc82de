import type { ColumnPass } from '../columns/columnPass.ts';
import { foldTop } from '../columns/foldGroups.ts';
import { orderGroups } from '../columns/groupOrder.ts';
import { usdToNanos } from '../usage/money.ts';
import type {
  AggregateQuery,
  Group,
  Page,
  PageQuery,
  SortKey,
  StoredUsage,
  Totals,
  UsageFilter,
} from '../usage/query.ts';
import { costKind } from '../usage/query.ts';
import { mergeGroups } from '../usage/totals.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerState } from './results.ts';

/**
 * Several ledgers shown as one: the primary ledger first, then the others (such as inkwell's). A `usage_id` that occurs in
 * several ledgers counts once, in the first.
 */
export class LedgerView {
  readonly ledgers: readonly Ledger[];
  #versions = '';
  #isPartial = false;
  /** For each ledger after the first: the ids shared with each earlier ledger, and the cursors of both at that time. */
  readonly #shared = new Map<string, { ids: Set<string>; cursors: [string, string] }>();
  #sharing: Promise<void> = Promise.resolve();

  constructor(ledgers: readonly Ledger[]) {
    this.ledgers = ledgers;
  }

  /** Refreshes all ledgers; returns their states in the order of {@link ledgers}. */
  async refresh(): Promise<LedgerState[]> {
    const states = await Promise.all(this.ledgers.map((ledger) => ledger.refresh()));
    await this.#shareOut(states);
    this.#isPartial = states.some(({ health }) => health === 'damaged' || health === 'unavailable');
    return states;
  }

  /** Whether a part of the ledgers could not be read at the last {@link refresh}. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  async aggregate(query: AggregateQuery): Promise<Group[]> {
    const asked = this.#asked(query.filter);
    if (asked.length === 1) return asked[0]!.aggregate(query);
    // A single ledger cannot tell which groups are largest overall, so `top` is applied after merging.
    const { top, ...whole } = query;
    const all = (await Promise.all(asked.map((ledger) => ledger.aggregate(whole)))).flat();
    const groups = orderGroups(mergeGroups(all), query.groupBy);
    return top ? foldTop(groups, top) : groups;
  }

  async page(query: PageQuery): Promise<Page> {
    const asked = this.#asked(query.filter);
    if (asked.length === 1) return asked[0]!.page(query);
    const end = query.offset + query.limit;
    const all = asked.reduce((sum, { state }) => sum + state.records, 0);
    // Wherever the other ledgers' rows fall, at least this many of a ledger's first rows come before the page.
    const skipped = asked.map(({ state }) => Math.max(0, query.offset - (all - state.records)));
    const pages = await Promise.all(
      asked.map((ledger, i) => ledger.page({ ...query, offset: skipped[i]!, limit: end - skipped[i]! })),
    );
    const rows = pages.flatMap((page) => page.rows).sort(comparing(query.sort, query.descending));
    const from = query.offset - skipped.reduce((sum, count) => sum + count, 0);
    return {
      total: pages.reduce((sum, page) => sum + page.total, 0),
      rows: rows.slice(from, from + query.limit),
    };
  }

  /** Hands the columns of each ledger to a pass; one result for each. */
  pass<T>(pass: ColumnPass<T>): Promise<T[]> {
    return Promise.all(this.#asked(pass.filter).map((ledger) => ledger.pass(pass)));
  }

  async summary(filter: UsageFilter = {}): Promise<Totals> {
    const [total] = await this.aggregate({ filter, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } });
    return total!.totals;
  }

  /** Calls `listener` with all states whenever one of them changes. */
  watch(listener: (states: LedgerState[]) => void): { dispose(): void } {
    const watchers = this.ledgers.map((ledger) =>
      ledger.watch(() => {
        const states = this.ledgers.map(({ state }) => state);
        void this.#shareOut(states)
          .catch(() => undefined)
          .then(() => listener(states));
      }),
    );
    return { dispose: () => watchers.forEach((watcher) => watcher.dispose()) };
  }

  async close(): Promise<void> {
    await Promise.all(this.ledgers.map((ledger) => ledger.close()));
  }

  /** The ledgers to ask: those that a filter on ledgers selects. If it selects none, one is asked, and returns nothing. */
  #asked(filter: UsageFilter): readonly Ledger[] {
    const wanted = filter.values?.ledger;
    const asked = wanted ? this.ledgers.filter(({ path }) => wanted.includes(path)) : this.ledgers;
    return asked.length > 0 ? asked : this.ledgers.slice(0, 1);
  }

  /** Excludes from each ledger the records that an earlier one has. One call runs at a time. */
  #shareOut(states: readonly LedgerState[]): Promise<void> {
    const next = this.#sharing.catch(() => undefined).then(() => this.#shareOutNow(states));
    this.#sharing = next;
    return next;
  }

  async #shareOutNow(states: readonly LedgerState[]): Promise<void> {
    const versions = states.map(({ version }) => version).join();
    if (versions === this.#versions) return;
    for (const [i, ledger] of this.ledgers.entries()) {
      if (i === 0) continue;
      const shared: ReadonlySet<string>[] = [];
      for (const before of this.ledgers.slice(0, i)) shared.push(await this.#sharedBy(before, ledger));
      await ledger.exclude(shared.length === 1 ? shared[0]! : new Set(shared.flatMap((ids) => [...ids])));
    }
    this.#versions = versions;
  }

  /** The ids that two ledgers share. If both can name their new ids, only those are looked up. */
  async #sharedBy(one: Ledger, other: Ledger): Promise<ReadonlySet<string>> {
    const key = JSON.stringify([one.ledger, other.ledger]);
    const known = this.#shared.get(key);
    const cursors: [string, string] = [one.cursor, other.cursor];
    const ofOne = known && (await addedTo(one, known.cursors[0]));
    const ofOther = known && (await addedTo(other, known.cursors[1]));
    if (known && ofOne && ofOther) {
      await addHeld(known.ids, ofOne, other);
      await addHeld(known.ids, ofOther, one);
      known.cursors = cursors;
      return new Set(known.ids);
    }
    const [few, many] = one.state.records < other.state.records ? [one, other] : [other, one];
    const ids = new Set<string>();
    const all = few.state.records > 0 ? await few.addedSince(undefined) : undefined;
    if (all) await addHeld(ids, all, many);
    this.#shared.set(key, { ids, cursors });
    return new Set(ids);
  }
}

type Ids = AsyncIterable<readonly string[]> | readonly (readonly string[])[];

async function addedTo(ledger: Ledger, cursor: string): Promise<Ids | undefined> {
  return ledger.cursor === cursor ? [] : ledger.addedSince(cursor);
}

/** Adds those of the ids that the ledger contains as well. */
async function addHeld(to: Set<string>, ids: Ids, ledger: Ledger): Promise<void> {
  for await (const batch of ids) for (const id of await ledger.holds(batch)) to.add(id);
}

const SORT_VALUE: Record<SortKey, (usage: StoredUsage) => number | bigint | string> = {
  time: ({ record }) => Date.parse(record.timestamp),
  cost: ({ record }) => (costKind(record) === 'unknown' ? -1n : usdToNanos(record.cost_usd)),
  tokens: ({ record }) => record.total_tokens,
  input: ({ record }) => record.input_tokens,
  output: ({ record }) => record.output_tokens,
  provider: ({ record }) => record.provider,
  model: ({ record }) => record.model,
  operation: ({ record }) => record.operation,
  project: ({ record }) => record.project ?? '',
};

function comparing(sort: SortKey, descending: boolean): (a: StoredUsage, b: StoredUsage) => number {
  const valueOf = SORT_VALUE[sort];
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const x = valueOf(a);
    const y = valueOf(b);
    if (x !== y) return x < y ? -sign : sign;
    return sort === 'time' ? 0 : sign * (Date.parse(a.record.timestamp) - Date.parse(b.record.timestamp));
  };
}
