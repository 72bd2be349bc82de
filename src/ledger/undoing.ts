import { isoNow } from '../usage/record.ts';
import type { UndoResult } from './results.ts';
import type { Store } from './store.ts';

/** Maximum number of this object's changes that can be undone. */
const KEPT = 100;

/** An addition by this object, or `change`: a change that the store keeps. */
type OwnChange = 'change' | { ids: readonly string[]; at: string };

/**
 * Decides which change undo reverts. The store keeps removed and replaced records durably, for every process; additions are
 * known only to this object, because users do not want to undo additions of another program.
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

  /** Undoes the later of the last addition by this object and the last change in the store. */
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
