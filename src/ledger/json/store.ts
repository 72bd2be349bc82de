import { basename, dirname, join } from 'node:path';
import type { Basis, Committed, Content, Place } from './commit.ts';
import { ageOf, commit, inFlight, placeOf } from './commit.ts';
import type { Disk, Signature } from '../../system/disk.ts';
import {
  fsyncFolder,
  pause,
  readWhole,
  sameInode,
  sameVersion,
  signatureOf,
  unlinkIfThere,
  writeAll,
} from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { explain } from '../errors.ts';
import type { Entry, JournalContent } from './journal.ts';
import { readJournal } from './journal.ts';
import type { Bytes } from './file.ts';
import { LedgerFile } from './file.ts';
import { Checkpoints } from './checkpoint.ts';
import { LedgerIndex } from './index.ts';
import { corruptName, parseSideFile, sideFileName } from '../../system/sideFiles.ts';
import { liveness } from '../../system/owner.ts';
import type { Rebuilt } from './recover.ts';
import { NEW_LEDGER, backupsOf, rebuild } from './recover.ts';
import { LedgerError } from '../results.ts';
import { UndoLog } from './undoLog.ts';

/** What the ledger holds at the moment of a commit, and how it came to be known. */
export interface LedgerBasis extends Basis {
  index: LedgerIndex;
  /** The file was damaged or gone, and `bytes` are what could be put together: they must be written. */
  rebuilt: Rebuilt | undefined;
  keptIn: string | undefined;
}

export type Plan = (basis: LedgerBasis) => Promise<Content | undefined>;
export type Applied = (basis: LedgerBasis) => Promise<void>;

/** A journal of another process, carried away because its owner is gone. */
export interface Adopted {
  path: string;
  content: JournalContent;
}

/** Tries at a file that cannot be parsed: inkwell's `clear` truncates in place, so that a moment later all is well. */
const PATIENT_TRIES = 3;
const PATIENT_MS = 50;
/** A journal whose owner is unknown is adopted once nobody has touched it for so long. */
const ABANDONED_MS = 30_000;
/** No file system notes the time of a change more coarsely than FAT, to two seconds. */
const COARSEST_CLOCK_MS = 3_000;
/** A foreign temporary file older than this belongs to nobody who will still rename it. */
const FORGOTTEN_MS = 3_600_000;

/**
 * The files of one ledger as this process knows them: reads versions, runs commits, recovers, adopts. Everything that
 * touches the known version goes through {@link alone}.
 */
export class LedgerStore {
  readonly disk: Disk;
  readonly place: Place;
  readonly undoLog: UndoLog;
  readonly #label: string;
  readonly #file: LedgerFile;
  #index: LedgerIndex;
  #turn: Promise<unknown> = Promise.resolve();
  /** The damaged version whose bytes are kept already, so that another try does not keep them again. */
  #kept: { signature: Signature; name: string } | undefined;
  readonly #journals = new Map<string, { signature: Signature; readAt: number; content: JournalContent }>();
  /** Journals that have our name already and were not read yet, and those that could not be let go. */
  readonly #carried = new Set<string>();
  readonly #undismissed: Adopted[] = [];

  /** Only processes that record one usage and end have them. */
  readonly #checkpoints: Checkpoints | undefined;

  constructor(disk: Disk, place: Place, label: string, oneShot = false) {
    this.disk = disk;
    this.place = place;
    this.#label = label;
    this.#checkpoints = oneShot ? new Checkpoints(disk, place) : undefined;
    this.#file = new LedgerFile(disk);
    this.#index = new LedgerIndex(label);
    this.undoLog = new UndoLog(disk, place.folder, place.base);
  }

  get index(): LedgerIndex {
    return this.#index;
  }

  get file(): { bytes: Bytes; signature: Signature | undefined } {
    return this.#file;
  }

  /** One at a time: reading a version and committing one must not interleave. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run, run);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Looks at the file and brings the index up to date. Call inside {@link alone}. Returns whether anything changed. */
  async look(): Promise<boolean> {
    // Whoever looks wants to know what is in it.
    if (this.#index.isPartial) this.#forget();
    return (await this.#load(false)).changed;
  }

  /** Entries in the journals of others, by their id. Their files may vanish while we read: then it looks again. */
  async othersJournals(isOwn: (path: string) => boolean): Promise<Map<string, Entry>> {
    const { folder, base } = this.place;
    for (let tries = 0; ; tries++) {
      const entries = new Map<string, Entry>();
      let vanished = false;
      let names: string[];
      try {
        names = await this.disk.readdir(folder);
      } catch (error) {
        if (errno(error) === 'ENOENT') return entries;
        throw error;
      }
      const seen = new Set<string>();
      for (const name of names) {
        const path = join(folder, name);
        if (parseSideFile(name, base)?.kind !== 'journal' || isOwn(path)) continue;
        seen.add(path);
        const content = await this.#journal(path);
        if (!content) vanished = true;
        for (const entry of content?.entries ?? []) entries.set(entry.record.usage_id, entry);
      }
      for (const path of this.#journals.keys()) if (!seen.has(path)) this.#journals.delete(path);
      if (!vanished || tries === 5) return entries;
    }
  }

  async #journal(path: string): Promise<JournalContent | undefined> {
    try {
      const signature = signatureOf(await this.disk.stat(path));
      const known = this.#journals.get(path);
      // A journal keeps its size over many lines, so that its time alone must tell: one that is younger than the clock of
      // the file system is fine may have changed again within the same tick.
      const hasAged = known && known.readAt - Number(known.signature.mtimeNs / 1_000_000n) > COARSEST_CLOCK_MS;
      if (hasAged && sameVersion(known.signature, signature)) return known.content;
      const readAt = Date.now();
      const content = signature.size === 0n ? { entries: [], bad: 0 } : await readJournal(this.disk, path);
      if (content) this.#journals.set(path, { signature, readAt, content });
      return content;
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Carries the journals of dead processes away: each is renamed to a name of ours and only then read, so that nobody
   * else reads it too, and its owner, should it live after all, notices.
   */
  async adopt(isOwn: (path: string) => boolean): Promise<Adopted[]> {
    const { folder, base } = this.place;
    for (const adopted of this.#undismissed.splice(0)) await this.dismiss(adopted);
    for (const name of await this.disk.readdir(folder)) {
      const side = parseSideFile(name, base);
      const path = join(folder, name);
      if (side?.kind !== 'journal' || isOwn(path)) continue;
      const life = liveness(side.owner);
      if (life === 'alive') continue;
      if (life === 'unknown' && ((await ageOf(this.disk, path)) ?? 0) < ABANDONED_MS) continue;
      const mine = join(folder, sideFileName(base, 'journal'));
      try {
        await this.disk.rename(path, mine);
      } catch {
        // Gone already, or not ours to move: whoever may, adopts it.
        continue;
      }
      this.#carried.add(mine);
    }
    return this.#readCarried();
  }

  async #readCarried(): Promise<Adopted[]> {
    const adopted: Adopted[] = [];
    for (const path of this.#carried) {
      let content: JournalContent | undefined;
      try {
        content = await readJournal(this.disk, path);
      } catch {
        continue;
      }
      this.#carried.delete(path);
      if (content && content.entries.length + content.bad > 0) adopted.push({ path, content });
      else await this.dismiss({ path, content: { entries: [], bad: 0 } });
    }
    return adopted;
  }

  /** Lets an adopted journal go: unlinked, or kept aside when some of it could not be read. What fails is tried again. */
  async dismiss(adopted: Adopted): Promise<void> {
    const { folder, base } = this.place;
    try {
      if (adopted.content.bad === 0) await unlinkIfThere(this.disk, adopted.path);
      else await this.disk.rename(adopted.path, join(folder, corruptName(base, Date.now())));
    } catch (error) {
      if (errno(error) !== 'ENOENT') this.#undismissed.push(adopted);
    }
  }

  /** Runs one commit: reads under the fence, asks `plan` what to write, and brings the index up to date. */
  commit(plan: Plan, applied?: Applied): Promise<Committed | undefined> {
    return commit<LedgerBasis>(this.disk, this.place, {
      alone: (run) => this.alone(run),
      read: () => this.#basis(),
      plan,
      applied: async (basis, content, signature) => {
        await this.#applied(basis, content, signature);
        await applied?.(basis);
      },
    });
  }

  /**
   * Waits until nobody in flight can replace what we see by an older version.
   *
   * Whoever comes after a list reads what stands in the file then. So a version counts only if it was there before the
   * list and still is behind it: one that arrives in between may have a writer behind it who read the version before.
   * @param holds whether the index has what it should have.
   * @returns `lost`: it has not, commit again. `waiting`: somebody is still in flight after `budgetMs`.
   */
  async settled(
    committed: Committed | undefined,
    holds: (index: LedgerIndex) => Promise<boolean>,
    budgetMs: number,
  ): Promise<'settled' | 'lost' | 'waiting'> {
    const giveUp = performance.now() + budgetMs;
    /** The last version found to hold it. Kept open, so that its inode's number is not given out again. */
    let found: { signature: Signature; fd: number } | undefined;
    try {
      for (;;) {
        const listed = await this.#threats();
        // Tokens of others cannot displace our own version: they were revoked before, or read it.
        if (committed && listed.foreign.size === 0 && this.#isInPlace(committed)) return 'settled';
        const alone = listed.foreign.size === 0 && listed.tokens.size === 0;
        if (found && alone && this.#isInPlace(found)) {
          // Another put it there, and may not have made it durable yet.
          if (process.platform !== 'win32') await this.disk.fsync(found.fd);
          await fsyncFolder(this.disk, this.place.folder);
          return 'settled';
        }
        const there = await this.alone(async () => {
          const { fd } = await this.#load(true);
          const before = found;
          found = fd === undefined ? undefined : { signature: this.#file.signature!, fd };
          if (before) await this.disk.close(before.fd);
          return this.#index.intact && (await holds(this.#index));
        });
        if (!there) return 'lost';
        for (;;) {
          if (performance.now() > giveUp) return 'waiting';
          if (alone) break;
          await pause(5);
          const now = await this.#threats();
          const names = [...now.foreign, ...now.tokens];
          if (!names.some((name) => listed.foreign.has(name) || listed.tokens.has(name))) break;
        }
      }
    } finally {
      if (found) await this.disk.close(found.fd);
    }
  }

  #isInPlace({ signature }: { signature: Signature }): boolean {
    try {
      return sameInode(signatureOf(this.disk.statSync(this.place.path)), signature);
    } catch (error) {
      if (errno(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #threats(): Promise<{ foreign: Set<string>; tokens: Set<string> }> {
    const { foreign, tokens } = inFlight(this.disk, this.place);
    const ages = await Promise.all(foreign.map((name) => ageOf(this.disk, join(this.place.folder, name))));
    return {
      foreign: new Set(foreign.filter((_, i) => ages[i] !== undefined && ages[i] < FORGOTTEN_MS)),
      tokens: new Set(tokens.filter((name) => liveness(parseSideFile(name, this.place.base)!.owner) !== 'dead')),
    };
  }

  /** @param toAppend keeps the file open, and takes what a checkpoint covers for sound. */
  async #load(toAppend: boolean): Promise<{ changed: boolean; fd: number | undefined }> {
    const resume = this.#index.resumable ? this.#index.contentEnd : 0;
    let fd: number | undefined;
    try {
      const loaded = await this.#file.load(this.place.path, resume, toAppend);
      fd = loaded.fd;
      if (loaded.change === 'same') return { changed: false, fd };
      const { bytes, signature } = this.#file;
      let index = loaded.change === 'appended' ? this.#index : this.#index.successor(this.#label);
      if (toAppend && index.elements === 0) await this.#checkpoints?.apply(bytes, index);
      await index.extend(bytes, signature === undefined);
      if (index.isPartial && !index.intact) {
        // What is to be mended must be known whole.
        this.#checkpoints?.forget();
        index = this.#index.successor(this.#label);
        await index.extend(bytes, signature === undefined);
      }
      this.#index = index;
      return { changed: true, fd };
    } catch (error) {
      // The index may lack what the file has read: the next look must not find it unchanged.
      this.#file.forget();
      if (fd !== undefined) await this.disk.close(fd);
      throw error;
    }
  }

  async #basis(): Promise<LedgerBasis> {
    for (let tries = 1; ; tries++) {
      const { fd } = await this.#load(true);
      const index = this.#index;
      if (index.intact) return this.#asBasis(fd);
      if (this.#file.signature !== undefined && tries <= PATIENT_TRIES) {
        if (fd !== undefined) await this.disk.close(fd);
        await pause(PATIENT_MS);
        continue;
      }
      try {
        return await this.#recovered(fd);
      } catch (error) {
        if (fd !== undefined) await this.disk.close(fd);
        throw error;
      }
    }
  }

  #asBasis(fd: number | undefined): LedgerBasis {
    return {
      bytes: this.#file.bytes,
      signature: this.#file.signature,
      fd,
      skipBackup: false,
      index: this.#index,
      rebuilt: undefined,
      keptIn: undefined,
    };
  }

  /** The file is gone, empty or damaged. */
  async #recovered(fd: number | undefined): Promise<LedgerBasis> {
    const { signature, bytes } = this.#file;
    const rebuilt = await this.rebuild(false);
    const empty = signature === undefined || bytes.length === 0;
    if (empty && rebuilt.index.elements === 0) {
      const fresh: Bytes = { buffer: Buffer.from(NEW_LEDGER), length: NEW_LEDGER.length };
      const index = this.#index.successor(this.#label);
      index.contentEnd = fresh.length;
      return { bytes: fresh, signature, fd, skipBackup: true, index, rebuilt: undefined, keptIn: undefined };
    }
    const keptIn = empty ? undefined : await this.keepAside(bytes, signature);
    return { bytes: rebuilt.bytes, signature, fd, skipBackup: true, index: rebuilt.index, rebuilt, keptIn };
  }

  /** Puts a sound array together from what is known of the file and its backups; writes nothing. */
  async rebuild(onlyRecords: boolean): Promise<Rebuilt> {
    const { folder, base } = this.place;
    return rebuild(
      this.disk,
      folder,
      this.#label,
      this.#file.bytes,
      this.#index,
      await backupsOf(this.disk, folder, base),
      this.undoLog,
      onlyRecords,
    );
  }

  /** Makes the bytes durable under a name of their own, once for each version. */
  async keepAside(bytes: Bytes, signature: Signature | undefined): Promise<string> {
    if (signature && this.#kept && this.#kept.signature.mtimeNs === signature.mtimeNs) {
      if (sameInode(signature, this.#kept.signature)) return this.#kept.name;
    }
    const name = corruptName(this.place.base, Date.now());
    await this.writeBeside(name, bytes.buffer.subarray(0, bytes.length));
    if (signature) this.#kept = { signature, name };
    return name;
  }

  /** Writes a new file beside the ledger, whole and durable before it has its name. */
  async writeBeside(name: string, bytes: Uint8Array): Promise<void> {
    const { folder, base } = this.place;
    const temporary = join(folder, sideFileName(base, 'tmp'));
    try {
      const fd = await this.disk.open(temporary, 'wx', 0o600);
      try {
        await writeAll(this.disk, fd, bytes, 0);
        await this.disk.fsync(fd);
      } finally {
        await this.disk.close(fd);
      }
      await this.disk.rename(temporary, join(folder, name));
    } catch (error) {
      await unlinkIfThere(this.disk, temporary).catch(() => undefined);
      throw error;
    }
    await fsyncFolder(this.disk, folder);
  }

  readBeside(name: string): Promise<Buffer | undefined> {
    return readWhole(this.disk, join(this.place.folder, name));
  }

  async #applied(basis: LedgerBasis, content: Content, signature: Signature): Promise<void> {
    const [first] = content.kept;
    if (content.kept.length === 1 && first?.start === 0 && first.end === basis.index.contentEnd) {
      this.#file.committed({ buffer: basis.bytes.buffer, length: first.end }, content.tail, signature);
      if (basis.index !== this.#index) this.#index = basis.index;
    } else {
      this.#checkpoints?.forget();
      const kept = content.kept.map(({ start, end }) => basis.bytes.buffer.subarray(start, end));
      const buffer = Buffer.concat(kept);
      this.#file.committed({ buffer, length: buffer.length }, content.tail, signature);
      this.#index = this.#index.successor(this.#label);
    }
    await this.#index.extend(this.#file.bytes, false);
    await this.#checkpoints?.save(this.#file.bytes, this.#index);
  }

  /** The next look reads everything anew. */
  #forget(): void {
    this.#file.forget();
    this.#checkpoints?.forget();
    this.#index = this.#index.successor(this.#label);
  }
}

/** Where a ledger really is. Follows links, because a rename would replace the link and not what it names. */
export async function resolvePlace(disk: Disk, requested: string): Promise<Place> {
  try {
    let isLink = false;
    try {
      const stats = await disk.lstat(requested);
      if (stats.isDirectory()) throw explain({ code: 'EISDIR' }, requested);
      isLink = stats.isSymbolicLink();
      if (!isLink && !stats.isFile()) {
        throw new LedgerError('not-a-file', `${requested} is not an ordinary file. Name a file for the ledger.`);
      }
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error;
    }
    if (isLink) {
      let real: string;
      try {
        real = await disk.realpath(requested);
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error;
        const aim = await disk.readlink(requested);
        throw new LedgerError(
          'dangling-link',
          `${requested} is a link to ${aim}, which does not exist. Create that file (containing []), or remove the link.`,
          { cause: error },
        );
      }
      if ((await disk.stat(real)).isDirectory()) throw explain({ code: 'EISDIR' }, requested);
      return placeOf(dirname(real), basename(real));
    }
    let folder = dirname(requested);
    try {
      folder = await disk.realpath(folder);
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error;
    }
    return placeOf(folder, basename(requested));
  } catch (error) {
    throw explain(error, requested);
  }
}
