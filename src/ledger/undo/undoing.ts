import { isoNow } from '../../usage/record.ts';
import { nodeDisk } from '../../system/nodeDisk.ts';
import { AdditionNotes, type NotedAddition, type AdditionNote } from './additionNotes.ts';
import type { LedgerOptions, NoteAdditions } from '../options.ts';
import type { Tracked, UndoResult } from '../results.ts';
import type { Store } from '../store.ts';

/** Maximum number of this object's changes that can be undone. */
const KEPT = 100;

/** Records removed in one commit: a store holds the removed ones in memory. */
const REMOVED_AT_ONCE = 100_000;

/** An addition that can be undone. */
type UndoableAddition = NotedAddition & { note?: AdditionNote | undefined };

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
  /** Records that an import added, and the number of those that it updated, not noted yet. */
  #imported: { ids: string[]; updated: number } = { ids: [], updated: 0 };

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
    if (this.#noting === 'each') addition.note = await this.#notes.add({ at, ids });
  }

  /** Notes that this object made a change that the store can undo. */
  changed(): void {
    this.#push('change');
  }

  /** Remembers what an import stored, for {@link noteImport}. */
  imported(added: Iterable<string>, updated: number): void {
    if (this.#noting !== 'together') return;
    for (const id of added) this.#imported.ids.push(id);
    this.#imported.updated += updated;
  }

  /** Notes everything imported so far as one addition. @returns its time, if it can be undone. */
  async noteImport(): Promise<string | undefined> {
    const { ids, updated } = this.#imported;
    this.#imported = { ids: [], updated: 0 };
    const note = await this.#notes.add({ at: isoNow(this.#now()), ids, op: 'import', ...(updated > 0 && { updated }) });
    return note?.at;
  }

  async close(): Promise<void> {
    await this.noteImport();
    await this.#notes.add({ at: isoNow(this.#now()), ids: this.#unnoted.splice(0) });
  }

  /**
   * Undoes the later of the last addition that can be undone and the last change in the store, or with `importedAt` the import
   * that was noted at this time.
   */
  async undo({
    dryRun = false,
    importedAt,
  }: {
    dryRun?: boolean;
    importedAt?: string;
  }): Promise<UndoResult | undefined> {
    if (importedAt !== undefined) {
      const note = await this.#notes.last(importedAt);
      return note && this.#undoAddition({ ...note, note }, dryRun);
    }
    for (;;) {
      const last = await this.#lastAddition();
      const stored = last && (await this.#store.undo(true));
      if (last === undefined || (stored !== undefined && stored.at > last.at)) {
        const result = await this.#store.undo(dryRun);
        if (this.#own.at(-1) === 'change' && !dryRun) this.#own.pop();
        return result;
      }
      const result = await this.#undoAddition(last, dryRun);
      if (result !== undefined) return result;
    }
  }

  /** Removes the records of an addition that are still there; undefined when there are none. */
  async #undoAddition(addition: UndoableAddition, dryRun: boolean): Promise<UndoResult | undefined> {
    const { ids, at, op = 'add', updated } = addition;
    const undone = {
      undone: op,
      at,
      ...(op === 'add' && ids.length === 1 && { usageId: ids[0]! }),
      ...(updated !== undefined && { updated }),
    } as const;
    if (dryRun) {
      await this.#store.look();
      const { size } = await this.#store.holds(ids);
      if (size > 0) return { ...undone, records: size };
    }
    let records = 0;
    for (let i = 0; i < ids.length; i += REMOVED_AT_ONCE) {
      records += await this.#remove(ids.slice(i, i + REMOVED_AT_ONCE));
    }
    // Dropped only now, so that a failed removal can be retried.
    await this.#forget(addition);
    return records > 0 ? { ...undone, records } : undefined;
  }

  async #remove(ids: readonly string[]): Promise<number> {
    if (this.#store.drop) return this.#store.drop(ids);
    await this.#store.look();
    const there = [...(await this.#store.holds(ids))];
    return there.length === 0 ? 0 : (await this.#store.remove(there, false)).removed.length;
  }

  /** Undefined when there is none, or when this object changed records since, which the store undoes. */
  async #lastAddition(): Promise<UndoableAddition | undefined> {
    const own = this.#own.at(-1);
    const note = this.#noting && (await this.#notes.last());
    const noted = note && { ...note, note };
    if (own === undefined) return noted;
    // Another process imports for the user of this one, possibly after the last change here.
    const isImport = noted?.op === 'import' && (own === 'change' || noted.at > own.at);
    return isImport ? noted : own === 'change' ? undefined : own;
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
