import { join } from 'node:path';
import { shareLike } from '../../system/beside.ts';
import type { Disk, Signature } from '../../system/disk.ts';
import { appendAll, fsyncFolder, sameInode, signatureOf, unlinkIfThere, writeAll } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { sideFileName } from '../../system/sideFiles.ts';
import { refuseForeignFile } from '../foreignFile.ts';
import { placeOf, refuseMountedFile } from '../place.ts';
import type { Entry } from './journalContent.ts';

/** A journal's file, as long as it contains unsettled entries. */
export interface JournalFile {
  path: string;
  unsettled: number;
}

interface OpenJournal extends JournalFile {
  fd: number;
  signature: Signature;
  /** Offset after the last acknowledged byte. */
  end: number;
  /** Size of the file: the bytes from `end` on are blank. */
  size: number;
  /** Time of the last check that its path still names our inode (`performance.now()`). */
  seenAt: number;
}

/** A journal larger than this is closed for writing, so that it can be removed once its entries have settled. */
const ROTATE_BYTES = 1 << 20;
/**
 * The file is extended ahead of its lines, by its own size within these bounds: a write into allocated blocks becomes durable
 * in half the time, because the file system need not record any metadata.
 */
const GROW_LEAST = 4_096;
const GROW_MOST = 65_536;
const blank = (length: number): Uint8Array => new Uint8Array(length);
/** Errors of a write that is too large for the disk, a quota or a limit; a smaller write may succeed. */
const NO_ROOM: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** How long an ownership check by file name is trusted before the inode is checked again, ms. */
const SEEN_MS = 50;

/** One line of a journal. The element's text is stored as a string if it differs from what we would write. */
export function journalLine(entry: Entry): string {
  return `{"seen":${entry.seen},"record":${entry.text}}\n`;
}

/**
 * This process's journal (NDJSON). A record in it is acknowledged, at the cost of one append and one fsync.
 *
 * Calls that arrive during an fsync share the next one. A record is removed from the journal when it is settled.
 */
export class Journal {
  readonly #disk: Disk;
  #folder: string;
  #base: string;
  #current: OpenJournal | undefined;
  #queue: { entries: readonly Entry[]; resolve: (file: JournalFile) => void; reject: (error: unknown) => void }[] = [];
  #work: Promise<void> = Promise.resolve();
  #pumping = false;

  constructor(disk: Disk, folder: string, base: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#base = base;
  }

  /** Whether the file is one of those that this process has open. */
  isOwn(path: string): boolean {
    return this.#current?.path === path;
  }

  /** Makes the entries durable, all or none. @returns the file that contains them. */
  append(entries: readonly Entry[]): Promise<JournalFile> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ entries, resolve, reject });
      if (!this.#pumping) {
        this.#pumping = true;
        void this.#exclusive(() => this.#pump());
      }
    });
  }

  /** Marks `count` entries of `file` as settled; an empty journal is removed or reused. */
  settle(file: JournalFile, count: number): Promise<void> {
    return this.#exclusive(async () => {
      file.unsettled -= count;
      if (file.unsettled > 0) return;
      if (file !== this.#current) {
        await unlinkIfThere(this.#disk, file.path);
        return;
      }
      if (this.#current.end >= ROTATE_BYTES) await this.#discard();
      else if (this.#current.end > 0) await this.#empty(this.#current);
    });
  }

  /**
   * Empties a journal for reuse. Its blocks are kept as long as blanking them is no more expensive than allocating new ones. If
   * blanking would not be durable by itself, the file is truncated instead: the next line must never mix with an old one.
   */
  async #empty(journal: OpenJournal): Promise<void> {
    if (this.#disk.durableWrites && journal.end <= GROW_MOST) {
      await writeAll(this.#disk, journal.fd, blank(journal.end), 0);
    } else {
      await this.#disk.ftruncate(journal.fd, 0);
      journal.size = 0;
    }
    journal.end = 0;
  }

  /** Closes the journal. An empty journal is removed; otherwise it remains for a later process. */
  close(): Promise<void> {
    return this.#exclusive(async () => {
      const journal = this.#current;
      if (!journal) return;
      if (journal.unsettled === 0) await this.#discard();
      else await this.#leave();
    });
  }

  #exclusive(work: () => Promise<void>): Promise<void> {
    const next = this.#work.then(work);
    this.#work = next.catch(() => undefined);
    return next;
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const bytes = Buffer.from(batch.flatMap(({ entries }) => entries.map(journalLine)).join(''));
      try {
        const file = await this.#write(bytes);
        for (const { entries, resolve } of batch) {
          file.unsettled += entries.length;
          resolve(file);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#pumping = false;
  }

  async #write(bytes: Uint8Array): Promise<JournalFile> {
    for (;;) {
      if (this.#current && this.#current.end >= ROTATE_BYTES) await this.#leave();
      const journal = (this.#current ??= await this.#create());
      let stillOurs: boolean;
      try {
        await this.#put(journal, bytes);
        if (!this.#disk.durableWrites) await this.#disk.fsync(journal.fd);
        // Another process may have considered us dead and adopted the journal: it may have read it before this append.
        stillOurs = this.#stillOurs(journal);
      } catch (error) {
        await this.#takeBack(journal);
        throw error;
      }
      journal.end += bytes.length;
      if (stillOurs) return journal;
      await this.#leave();
    }
  }

  /** Writes the lines, followed by blank space if they extend the file. */
  async #put(journal: OpenJournal, bytes: Uint8Array): Promise<void> {
    const { fd, end, size } = journal;
    const until = end + bytes.length;
    if (until <= size) {
      await appendAll(this.#disk, fd, bytes, end);
      return;
    }
    const step = Math.min(Math.max(size, GROW_LEAST), GROW_MOST);
    const padded = blank(Math.ceil(until / step) * step - end);
    padded.set(bytes);
    // An almost full disk may have no room for the blank space; only the lines matter.
    const count = await this.#disk.append(fd, padded, end).catch((error: unknown) => {
      if (!NO_ROOM.has(errno(error))) throw error;
      return 0;
    });
    if (count < bytes.length) await appendAll(this.#disk, fd, bytes.subarray(count), end + count);
    journal.size = end + Math.max(count, bytes.length);
  }

  /**
   * A process that adopts a journal renames it, and no other process creates a file of this name, so its existence is
   * sufficient. The inode is checked from time to time, in case the folder was replaced by a copy. That check requires a stat,
   * after which Linux must record a new timestamp at the next write, which then takes half as long again.
   */
  #stillOurs(journal: OpenJournal): boolean {
    const now = performance.now();
    if (now - journal.seenAt < SEEN_MS && this.#disk.isThereSync(journal.path)) return true;
    journal.seenAt = now;
    try {
      return sameInode(signatureOf(this.#disk.statSync(journal.path)), journal.signature);
    } catch (error) {
      if (errno(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * An append failed: no process may later find half of it, or all of it. After a failed fsync the kernel may consider pages
   * clean that never reached the disk, so no more is written to this file.
   */
  async #takeBack(journal: OpenJournal): Promise<void> {
    try {
      await this.#disk.ftruncate(journal.fd, journal.end);
    } catch {
      // The written bytes remain, either incomplete or unacknowledged; readers skip incomplete lines.
    }
    await this.#leave();
    if (journal.unsettled === 0) await unlinkIfThere(this.#disk, journal.path).catch(() => undefined);
  }

  async #create(): Promise<OpenJournal> {
    refuseMountedFile(join(this.#folder, this.#base));
    await refuseForeignFile(this.#disk, placeOf(this.#folder, this.#base));
    const path = join(this.#folder, sideFileName(this.#base, 'journal'));
    const fd = await this.#disk.open(path, 'wxd', 0o600);
    try {
      await shareLike(this.#disk, fd, join(this.#folder, this.#base));
      const signature = signatureOf(await this.#disk.fstat(fd));
      await fsyncFolder(this.#disk, this.#folder);
      return { path, fd, signature, end: 0, size: 0, seenAt: -Infinity, unsettled: 0 };
    } catch (error) {
      await this.#disk.close(fd).catch(() => undefined);
      await unlinkIfThere(this.#disk, path).catch(() => undefined);
      throw error;
    }
  }

  /** Stops writing to the current file, which remains until its entries have settled. */
  async #leave(): Promise<void> {
    const journal = this.#current;
    this.#current = undefined;
    if (journal) await this.#disk.close(journal.fd).catch(() => undefined);
  }

  async #discard(): Promise<void> {
    const journal = this.#current;
    await this.#leave();
    if (journal) await unlinkIfThere(this.#disk, journal.path);
  }
}
