import { isoNow } from '../../usage/record.ts';
import { nodeDisk } from '../../system/nodeDisk.ts';
import { AdditionNotes, type AdditionNote } from './additionNotes.ts';
import type { LedgerOptions, NoteAdditions } from '../options.ts';
import type { Tracked, UndoResult } from '../results.ts';
import type { Store } from '../store.ts';

/** Maximum number of this object's changes that can be undone. */
const KEPT = 100;

/** An addition that can be undone. */
type UndoableAddition = Pick<AdditionNote, 'ids' | 'at'> & { note?: AdditionNote | undefined };

/** An addition by this object, or `change`: a change that the store keeps. */
type OwnChange = 'change' | UndoableAddition;

/**
 * Decides which change undo reverts. The store keeps removed and replaced records durably, for every process. Additions
 * can be undone by the object that made them and, where they were noted, by later processes of the same user: users do not
 * want to undo additions of another program.
 */
export class Undoing {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #notes: AdditionNotes;
  readonly #noting: NoteAdditions;
  /** Oldest first. */
  readonly #own: OwnChange[] = [];
  /** Additions that have not been noted yet. */
  readonly #unnoted: string[] = [];

  constructor(store: Store, { now = Date.now, noteAdditions, disk = nodeDisk }: LedgerOptions) {
    this.#store = store;
    this.#now = now;
    this.#notes = new AdditionNotes(store.name, disk);
    this.#noting = noteAdditions;
  }

  /** Notes that this object recorded these usages; repetitions are not additions. */
  async added(tracked: readonly Tracked[]): Promise<void> {
    const ids = tracked.flatMap(({ status, record }) => (status === 'recorded' ? [record.usage_id] : []));
    if (ids.length === 0) return;
    const at = isoNow(this.#now());
    const addition: UndoableAddition = { ids, at };
    this.#push(addition);
    if (this.#noting === 'together') for (const id of ids) this.#unnoted.push(id);
    if (this.#noting === 'each') addition.note = await this.#notes.add(at, ids);
  }

  /** Notes that this object made a change that the store can undo. */
  changed(): void {
    this.#push('change');
  }

  async close(): Promise<void> {
    await this.#notes.add(isoNow(this.#now()), this.#unnoted.splice(0));
  }

  /** Undoes the later of the last addition that can be undone and the last change in the store. */
  async undo(dryRun: boolean): Promise<UndoResult | undefined> {
    for (;;) {
      const last = this.#own.at(-1) ?? (await this.#noted());
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
      const { removed } = await this.#store.remove(there, false);
      // Dropped only now, so that a failed removal can be retried.
      await this.#forget(last);
      if (removed.length > 0) return { undone: 'add', at, records: removed.length };
    }
  }

  async #noted(): Promise<UndoableAddition | undefined> {
    const note = this.#noting && (await this.#notes.last());
    return note && { ids: note.ids, at: note.at, note };
  }

  async #forget(addition: UndoableAddition): Promise<void> {
    if (this.#own.at(-1) === addition) this.#own.pop();
    if (addition.note) await this.#notes.drop(addition.note);
    const ids = new Set(addition.ids);
    this.#unnoted.splice(0, Infinity, ...this.#unnoted.filter((id) => !ids.has(id)));
  }

  #push(change: OwnChange): void {
    this.#own.push(change);
    if (this.#own.length > KEPT) this.#own.shift();
  }
}
