import type { Disk } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { oneLine } from '../elementText.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type { Addition, Appended, AppendMode } from '../store.ts';
import type { Committer } from './committer.ts';
import { Journal } from './journal.ts';
import { type Entry } from './journalContent.ts';
import type { LedgerVersions } from './versions.ts';

/** The dependencies of {@link Acceptance}, provided by its store. */
export interface AcceptanceHost {
  readonly disk: Disk;
  readonly committer: Committer;
  /** Returns the ledger's files without reading them. */
  readonly opened: () => Promise<LedgerVersions>;
  /** Returns the ledger's files after reading them; with `again`, reads them now. */
  readonly looked: (again: boolean) => Promise<LedgerVersions>;
  /** Called after records were accepted. */
  readonly onAccepted: () => void;
}

/**
 * Accepts new records: determines which of them the ledger already has, and writes the others durably to this process's
 * journal. The committer moves them into the ledger's file.
 */
export class Acceptance {
  readonly #host: AcceptanceHost;
  readonly #journals = new Map<string, Journal>();
  /** The ids currently being written to the journal. */
  readonly #accepting = new Map<string, Promise<unknown>>();

  constructor(host: AcceptanceHost) {
    this.#host = host;
  }

  /** Whether the file is a journal of this process. */
  isOwn(path: string): boolean {
    for (const journal of this.#journals.values()) if (journal.isOwn(path)) return true;
    return false;
  }

  /** See {@link Store.append}. */
  async append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]> {
    const isOurs = mode === 'all' && additions.every(({ given }) => given === undefined);
    const store = isOurs ? await this.#host.opened() : await this.#lookedFor(additions, mode);
    const journal = await this.#journalOf(store);
    const fresh = new Map<string, Addition>();
    const appended: Appended[] = [];
    for (const addition of additions) appended.push(await this.#judge(store, addition, mode, fresh));
    // Removals after this number may apply to these records. A record whose id was generated here cannot have been removed
    // before.
    const seen = await (isOurs ? store.undoLog.knownSeq() : store.undoLog.lastSeq());
    const entries = [...fresh.values()].map(({ record, text }): Entry => ({
      record,
      text: mode === 'each' ? oneLine(text) : text,
      seen,
    }));
    // Another call may have taken one of the ids since they were checked. From here to the acceptance this cannot happen.
    if (entries.some(({ record }) => this.#isTaken(store, record.usage_id))) return this.append(additions, mode);
    if (entries.length > 0) await this.#accept(journal, entries);
    return appended;
  }

  /** Closes the journals. Records that are not settled in the ledger stay in them, durably. */
  async close(): Promise<void> {
    for (const journal of this.#journals.values()) await journal.close().catch(() => undefined);
  }

  /** @param fresh collects the additions of this call that are new. */
  async #judge(
    store: LedgerVersions,
    addition: Addition,
    mode: AppendMode,
    fresh: Map<string, Addition>,
  ): Promise<Appended> {
    const { record, text, given } = addition;
    const id = record.usage_id;
    const isNew = mode === 'all' && given === undefined;
    const there = isNew ? undefined : (fresh.get(id) ?? (await this.#existing(store, id)));
    if (!there) {
      fresh.set(id, addition);
      return { status: 'recorded', record };
    }
    if (mode === 'all') {
      assertSame(given!, there.record);
      return { status: 'present', record: there.record };
    }
    return { status: sameElement(there.text, text, id) ? 'present' : 'differing', record: there.record };
  }

  /** The record with this id, wherever it is now: on its way into the journal, in a journal, or in the ledger's file. */
  async #existing(store: LedgerVersions, usageId: string): Promise<{ record: UsageRecord; text: string } | undefined> {
    await this.#accepting.get(usageId)?.catch(() => undefined);
    const pending = this.#host.committer.pending.get(usageId);
    if (pending) {
      const removed = await store.undoLog.removedAmong([pending.entry]);
      if (removed.size === 0) return pending.entry;
      // Another process removed this record before our commit. Until the commit it would hide a new record with its id.
      await this.#host.committer.commitFirst();
    }
    const { index } = store;
    const locator = index.locatorOf(usageId);
    if (locator === undefined) return undefined;
    return index.waitingAt(locator) ?? { record: index.recordAt(locator), text: index.rawAt(locator)!.text };
  }

  /** Reads the ledger again if another process may have removed a record that appears to exist. */
  async #lookedFor(additions: readonly Addition[], mode: AppendMode): Promise<LedgerVersions> {
    const { index } = await this.#host.opened();
    const seemsThere = ({ record, given }: Addition): boolean =>
      given !== undefined && index.locatorOf(record.usage_id) !== undefined;
    return this.#host.looked(mode === 'each' || additions.some(seemsThere));
  }

  #isTaken(store: LedgerVersions, usageId: string): boolean {
    return this.#accepting.has(usageId) || this.#host.committer.pending.has(usageId) || store.index.has(usageId);
  }

  async #accept(journal: Journal, entries: readonly Entry[]): Promise<void> {
    const accepted = journal.append(entries);
    for (const { record } of entries) this.#accepting.set(record.usage_id, accepted);
    try {
      const file = await accepted;
      this.#host.committer.accept(entries, journal, file);
    } finally {
      for (const { record } of entries) this.#accepting.delete(record.usage_id);
    }
    this.#host.onAccepted();
  }

  /** Creates the ledger's folder. Refuses places where a ledger is impossible. */
  async #journalOf({ place: { folder, base, path } }: LedgerVersions): Promise<Journal> {
    const known = this.#journals.get(path);
    if (known) return known;
    const { disk } = this.#host;
    await disk.mkdir(folder);
    try {
      await disk.close(await disk.open(path, 'r'));
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error;
    }
    const journal = this.#journals.get(path) ?? new Journal(disk, folder, base);
    this.#journals.set(path, journal);
    return journal;
  }
}
