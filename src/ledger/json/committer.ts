import { pause } from '../../system/disk.ts';
import { explain } from '../errors.ts';
import type { Change } from './commit/commit.ts';
import { commit } from './commit/commit.ts';
import { isForeignActive } from './commit/inFlight.ts';
import type { Journal, JournalFile } from './journal.ts';
import type { Entry } from './journalContent.ts';
import type { LedgerIndex } from './index.ts';
import { tailOf } from './recover.ts';
import type { Adopted } from './othersJournals.ts';
import type { LedgerBasis, LedgerVersions } from './versions.ts';
import { whyNotReplaceable } from '../place.ts';
import { LedgerError } from '../results.ts';
import { withTimeout } from '../../system/withTimeout.ts';

/** A pending record, and the journals that contain it until it is settled: our own, or adopted ones. */
export interface Pending {
  entry: Entry;
  files: Origin[];
}
interface OwnJournal {
  kind: 'own';
  journal: Journal;
  file: JournalFile;
}
interface AdoptedJournal {
  kind: 'adopted';
  adopted: Adopted;
  left: number;
}
type Origin = OwnJournal | AdoptedJournal;

/** Minimum time between commits, ... */
const SPACING_MS = 50;
/** ... and the minimum ratio of idle time to commit time: commits take at most a tenth of the time. */
const SPACING_FACTOR = 9;
/** How long a background commit waits for foreign writers in flight before it gives up and retries later. */
const SETTLE_MS = 500;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** The spacing after a commit that did not settle, because of other writers. */
const UNSETTLED_SPACING_MS = 400;
/** The spacing while inkwell writes: each of our versions between two of its versions may cost it one. */
const FOREIGN_SPACING_MS = 4_000;
const REMOVAL_MS = 10_000;
/** How often a watching process checks for journals of dead processes. */
const ADOPTION_MS = 1_000;

/** The dependencies of a {@link Committer}, provided by its store. */
export interface CommitterHost {
  /** The ledger's path, for messages. */
  readonly path: string;
  /** The ledger's current location: links may have changed. */
  readonly store: () => Promise<LedgerVersions>;
  /** Whether a journal belongs to this process. */
  readonly isOwn: (path: string) => boolean;
  /** Whether this process watches the ledger. */
  readonly isWatched: () => boolean;
}

/**
 * Commits accepted records to the ledger's file in the background, all pending ones at once, until each is settled and may
 * leave its journal. Adopts the journals of dead processes.
 */
export class Committer {
  /** Accepted but unsettled records, by id. */
  readonly pending = new Map<string, Pending>();
  /** Why the last commit failed; undefined when it succeeded. */
  problem: LedgerError | undefined;
  /** Whether records were seen in other processes' journals: if these processes are dead, we must commit the records. */
  orphans = false;
  readonly #host: CommitterHost;
  #cycle: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #adoption: NodeJS.Timeout | undefined;
  #nextCommit = 0;
  #failures = 0;
  #closed = false;

  constructor(host: CommitterHost) {
    this.#host = host;
  }

  /** Takes over records that are durable in our journal. */
  accept(entries: readonly Entry[], journal: Journal, file: JournalFile): void {
    for (const entry of entries) {
      this.pending.set(entry.record.usage_id, { entry, files: [{ kind: 'own', journal, file }] });
    }
    this.schedule();
  }

  /**
   * Resolves with true when nothing is pending, with false when time runs out.
   * @throws {LedgerError} when a commit fails and there is no time limit.
   */
  async flush(timeoutMs: number): Promise<boolean> {
    const giveUp = performance.now() + timeoutMs;
    let failed: unknown;
    while (this.pending.size > 0 && performance.now() < giveUp) {
      if (failed !== undefined && timeoutMs === Infinity) throw explain(failed, this.#host.path);
      const left = giveUp - performance.now();
      const cycle = this.#runCycle(Math.min(left, SETTLE_MS)).then(
        () => undefined,
        (error: unknown) => error ?? true,
      );
      failed = await withTimeout(cycle, left);
      // Retrying within the limit would not help.
      if (this.problem?.code === 'read-only' && timeoutMs !== Infinity) return false;
      if (failed !== undefined || this.pending.size > 0) await pause(Math.min(20, Math.max(0, left)));
    }
    return this.pending.size === 0;
  }

  /** Stops scheduling commits. {@link finish} waits for a running one. */
  stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#adoption);
  }

  async finish(): Promise<void> {
    await this.#cycle?.catch(() => undefined);
  }

  /** Schedules a commit of the pending records. */
  schedule(): void {
    if (this.#timer || this.#cycle || this.#closed) return;
    if (this.pending.size === 0) {
      // Only a watching process adopts journals on its own; a command that merely reads changes nothing.
      if (this.orphans && this.#host.isWatched()) this.#scheduleAdoption();
      return;
    }
    const failing = this.#failures > 0;
    const delay = failing
      ? RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1]!
      : Math.max(0, this.#nextCommit - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#runCycle(SETTLE_MS).catch(() => undefined);
    }, delay);
    // Pending records are already durable, so a disk that stays full must not prevent the process from exiting.
    if (failing) this.#timer.unref();
  }

  #scheduleAdoption(): void {
    this.#adoption ??= setTimeout(() => {
      this.#adoption = undefined;
      if (!this.#closed) void this.#runCycle(SETTLE_MS).catch(() => undefined);
    }, ADOPTION_MS).unref();
  }

  /** Commits all pending records once. Callers that arrive during the commit wait for it. */
  #runCycle(settleMs: number): Promise<void> {
    this.#cycle ??= this.#commitPending(settleMs)
      .then(
        () => {
          this.#failures = 0;
          this.problem = undefined;
        },
        (error: unknown) => {
          this.#failures++;
          this.problem = explain(error, this.#host.path);
          throw error;
        },
      )
      .finally(() => {
        this.#cycle = undefined;
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.schedule();
      });
    return this.#cycle;
  }

  async #commitPending(settleMs: number): Promise<void> {
    const store = await this.#host.store();
    for (const adopted of await store.journals.adopt(this.#host.isOwn)) await this.#takeOver(store, adopted);
    if (this.pending.size === 0) return;
    const started = performance.now();
    const batch = [...this.pending.values()];
    const change: Change = {
      plan: (basis) => this.#planAppend(store, basis, batch),
      holds: (index) => this.#holdsAll(store, index, batch),
    };
    const outcome = await commit(store, change, settleMs).catch((error: unknown) => {
      // The system's error code does not reveal that the file is immutable, or which path to mount.
      const reason = whyNotReplaceable(store.place.path);
      throw reason === undefined ? error : new LedgerError('read-only', reason, { cause: error });
    });
    const took = performance.now() - started;
    const isForeign = isForeignActive(store.disk, store.place);
    const usual = outcome === 'settled' ? SPACING_MS : UNSETTLED_SPACING_MS;
    // Not all processes at the same moment.
    const spacing = isForeign ? FOREIGN_SPACING_MS * (0.75 + Math.random() / 2) : usual;
    this.#nextCommit = performance.now() + Math.max(spacing, took * SPACING_FACTOR);
    if (outcome === 'settled') await this.#settle(store, batch);
  }

  async #holdsAll(store: LedgerVersions, index: LedgerIndex, batch: readonly Pending[]): Promise<boolean> {
    const absent = batch.map(({ entry }) => entry).filter(({ record }) => !index.has(record.usage_id));
    return absent.length === 0 || (await store.undoLog.removedAmong(absent)).size === absent.length;
  }

  async #takeOver(store: LedgerVersions, adopted: Adopted): Promise<void> {
    const file: Origin = { kind: 'adopted', adopted, left: 0 };
    for (const entry of adopted.content.entries) {
      const id = entry.record.usage_id;
      const pending = this.pending.get(id);
      // A record that is already pending may be in no other file: our own journal was carried away and is now adopted back.
      if (!pending) this.pending.set(id, { entry, files: [file] });
      else if (!pending.files.includes(file)) pending.files.push(file);
      else continue;
      file.left++;
    }
    if (file.left === 0) await store.journals.dismiss(adopted);
  }

  async #planAppend(store: LedgerVersions, basis: LedgerBasis, batch: readonly Pending[]) {
    const absent = batch.map(({ entry }) => entry).filter(({ record }) => !basis.index.has(record.usage_id));
    const removed = await store.undoLog.removedAmong(absent);
    const texts = absent.filter(({ record }) => !removed.has(record.usage_id)).map(({ text }) => text);
    if (texts.length === 0 && !basis.rebuilt) return undefined;
    return {
      kept: [{ start: 0, end: basis.index.contentEnd }],
      tail: tailOf(basis.index.elements, texts),
    };
  }

  /** Removes settled records from their journals. */
  async #settle(store: LedgerVersions, batch: readonly Pending[]): Promise<void> {
    const own = new Map<JournalFile, { journal: Journal; count: number }>();
    for (const { entry, files } of batch) {
      this.pending.delete(entry.record.usage_id);
      for (const file of files) {
        if (file.kind === 'own') {
          const group = own.get(file.file) ?? { journal: file.journal, count: 0 };
          group.count++;
          own.set(file.file, group);
        } else if (--file.left === 0) {
          await store.journals.dismiss(file.adopted);
        }
      }
    }
    for (const [file, { journal, count }] of own) await journal.settle(file, count);
  }

  /** Commits pending records first, so that a removal finds them. */
  async commitFirst(): Promise<void> {
    const giveUp = performance.now() + REMOVAL_MS;
    do {
      await this.#runCycle(SETTLE_MS);
    } while (this.pending.size > 0 && performance.now() < giveUp);
  }
}
