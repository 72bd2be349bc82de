import { isoNow } from '../usage/record.ts';
import type { UndoResult } from './results.ts';
import type { Store } from './store.ts';

/** How many own changes can be undone. */
const KEPT = 100;

/** An addition of this object, or `change`: one that the store keeps. */
type OwnChange = 'change' | { ids: readonly string[]; at: string };

/**
 * Decides what undo takes back. The store keeps removed and replaced records durably, for every process; which records
 * were added last is known to this object alone, because no person wants to undo the additions of another program.
 */
export class Undoing {
  readonly #store: Store;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #own: OwnChange[] = [];

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Notes that this object added these records. */
  added(ids: readonly string[]): void {
    if (ids.length > 0) this.#push({ ids, at: isoNow(this.#now()) });
  }

  /** Notes that this object made a change that the store can undo. */
  changed(): void {
    this.#push('change');
  }

  /** Takes the later one back of the last own addition and the last change in the store. */
  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    for (;;) {
      const last = this.#own.at(-1);
      const stored = last === undefined || last === 'change' ? undefined : await this.#store.undo(true);
      if (last === undefined || last === 'change' || (stored !== undefined && stored.at > last.at)) {
        const result = await this.#store.undo(dryRun);
        if (last === 'change' && !dryRun) this.#own.pop();
        return result;
      }
      const { ids, at } = last;
      await this.#store.look();
      const there = [...(await this.#store.holds(ids))];
      if (dryRun && there.length > 0) return { undone: 'add', at, records: there.length };
      this.#own.pop();
      const { removed } = await this.#store.remove(there, false);
      if (removed.length > 0) return { undone: 'add', at, records: removed.length };
    }
  }

  #push(change: OwnChange): void {
    this.#own.push(change);
    if (this.#own.length > KEPT) this.#own.shift();
  }
}
