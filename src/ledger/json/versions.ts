import { join } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { readBeside } from '../../system/beside.ts';
import type { Disk, Signature } from '../../system/disk.ts';
import { pause, sameInode } from '../../system/disk.ts';
import { corruptName, incompleteName } from '../../system/sideFiles.ts';
import { fromUtf16 } from '../../system/utf16.ts';
import { lossNote } from '../loss.ts';
import type { Place } from '../place.ts';
import { Checkpoints } from './checkpoint.ts';
import { noteGrowth } from './commit/growth.ts';
import type { HeldVersion } from './commit/heldVersion.ts';
import { releaseVersion } from './commit/heldVersion.ts';
import type { Bytes, Content } from './file.ts';
import { LedgerFile } from './file.ts';
import { LedgerIndex } from './index.ts';
import { OthersJournals } from './othersJournals.ts';
import type { Rebuilt } from './recover.ts';
import { NEW_LEDGER, backupsOf, rebuild, unreadIn } from './recover.ts';
import { UndoLog } from './undoLog.ts';

/** The ledger's content at the moment of a commit, read after the fence was put up. */
export interface LedgerBasis {
  bytes: Bytes;
  /** undefined: the file does not exist yet. */
  signature: Signature | undefined;
  /** Keeps the version recognisable until the commit is over; undefined when there is no file. */
  held: HeldVersion | undefined;
  /** The ledger's bytes are damaged and kept elsewhere: they must not replace an intact previous version. */
  skipBackup: boolean;
  index: LedgerIndex;
  /** The file was damaged or missing, and `bytes` were rebuilt: they must be written. */
  rebuilt: Rebuilt | undefined;
  keptIn: string | undefined;
}

/** Retries when the file does not parse: inkwell's `clear` truncates in place, so a reader can catch it half-written. */
const PATIENT_TRIES = 3;
const PATIENT_MS = 50;
/**
 * The files of one ledger as known to this process: reads versions, runs commits, recovers, adopts. Everything that uses the
 * known version goes through {@link alone}.
 */
export class LedgerVersions {
  readonly disk: Disk;
  readonly place: Place;
  readonly undoLog: UndoLog;
  readonly journals: OthersJournals;
  readonly #label: string;
  readonly #file: LedgerFile;
  #index: LedgerIndex;
  #excluded: ReadonlySet<string> = new Set();
  #turn: Promise<unknown> = Promise.resolve();
  /** The damaged version whose bytes are already kept, so that a retry does not keep them again. */
  #kept: { signature: Signature; name: string } | undefined;
  /** Only set in processes that record one usage and exit. */
  readonly #checkpoints: Checkpoints | undefined;

  constructor(disk: Disk, place: Place, label: string, oneShot = false) {
    this.disk = disk;
    this.place = place;
    this.#label = label;
    this.#checkpoints = oneShot ? new Checkpoints(disk, place) : undefined;
    this.#file = new LedgerFile(disk);
    this.#index = new LedgerIndex(label);
    this.undoLog = new UndoLog(disk, place.folder, place.base);
    this.journals = new OthersJournals(disk, place);
  }

  get index(): LedgerIndex {
    return this.#index;
  }

  /** See {@link Store.exclude}. Also applies to a version that is currently being read. */
  exclude(ids: ReadonlySet<string>): void {
    this.#excluded = ids;
    this.#index.exclude(ids);
  }

  get file(): { bytes: Bytes; signature: Signature | undefined } {
    return this.#file;
  }

  /** Runs one operation at a time: reading a version and committing one must not interleave. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run, run);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Reads the file and updates the index. Call it inside {@link alone}. Returns whether anything changed. */
  async look(): Promise<boolean> {
    // A reader needs the whole content.
    if (this.#index.isPartial) this.#forget();
    return (await this.#load(false)).changed;
  }

  /** Reads the file and returns its version, held; the caller releases it. Call it inside {@link alone}. */
  async heldVersion(): Promise<HeldVersion | undefined> {
    return (await this.#load(true)).held;
  }

  /** @param toAppend holds the version, and assumes that elements covered by a checkpoint are intact. */
  async #load(toAppend: boolean): Promise<{ changed: boolean; held: HeldVersion | undefined }> {
    const resume = this.#index.resumable ? this.#index.contentEnd : 0;
    let held: HeldVersion | undefined;
    try {
      const loaded = await this.#file.load(this.place.path, resume, toAppend);
      held = loaded.held;
      if (loaded.change === 'same') return { changed: false, held };
      const { bytes, signature } = this.#file;
      let index = loaded.change === 'appended' ? this.#index : this.#index.successor(this.#label);
      if (toAppend && index.elements === 0) await this.#checkpoints?.apply(bytes, index);
      await index.extend(bytes, signature === undefined);
      if (index.isPartial && !index.intact) {
        // A file that needs a repair must be read completely.
        this.#checkpoints?.forget();
        index = this.#index.successor(this.#label);
        await index.extend(bytes, signature === undefined);
      }
      this.#show(index);
      return { changed: true, held };
    } catch (error) {
      // The index may lack bytes that were read: the next read must not find the file unchanged.
      this.#file.forget();
      await releaseVersion(this.disk, held);
      throw error;
    }
  }

  /**
   * Reads the ledger for a commit, after the fence was put up, and recovers it if necessary; the caller releases the held
   * version.
   */
  async basis(): Promise<LedgerBasis> {
    for (let tries = 1; ; tries++) {
      const held = await this.heldVersion();
      const { bytes, signature } = this.#file;
      const index = this.#index;
      if (index.intact) {
        return { bytes, signature, held, skipBackup: false, index, rebuilt: undefined, keptIn: undefined };
      }
      if (signature !== undefined && tries <= PATIENT_TRIES) {
        await releaseVersion(this.disk, held);
        await pause(PATIENT_MS);
        continue;
      }
      try {
        return { ...(await this.#recovered()), held };
      } catch (error) {
        await releaseVersion(this.disk, held);
        throw error;
      }
    }
  }

  /** The file is missing, empty or damaged. */
  async #recovered(): Promise<Omit<LedgerBasis, 'held'>> {
    const { signature, bytes } = this.#file;
    const rebuilt = await this.rebuild(false);
    const empty = signature === undefined || bytes.length === 0;
    if (empty && rebuilt.index.elements === 0) {
      const fresh: Bytes = { buffer: Buffer.from(NEW_LEDGER), length: NEW_LEDGER.length };
      const index = this.#index.successor(this.#label);
      index.contentEnd = fresh.length;
      return { bytes: fresh, signature, skipBackup: true, index, rebuilt: undefined, keptIn: undefined };
    }
    const keptIn = empty ? undefined : await this.keepAside(bytes, signature);
    await this.#noteLoss(rebuilt, keptIn);
    return { bytes: rebuilt.bytes, signature, skipBackup: true, index: rebuilt.index, rebuilt, keptIn };
  }

  /** Before the recovered version is in place, so that it is never there without the note. */
  async #noteLoss(rebuilt: Rebuilt, keptIn: string | undefined): Promise<void> {
    const { base } = this.place;
    const { signature } = this.#file;
    const at = new Date().toISOString();
    let text: string | undefined;
    if (keptIn === undefined) {
      const from = rebuilt.sources.map(({ from: file, count }) => `${file}: ${count}`).join('; ');
      const what =
        signature === undefined
          ? `${base} was gone and was restored from its backups on ${at} (${from}).`
          : `${base} was empty and was restored from its backups on ${at} (${from}).`;
      text = [what, 'Records that were added after them are missing.'].join(' ');
    } else {
      const unread = await unreadIn(await this.#readable(), rebuilt, (id) => this.undoLog.removedSince(id, 0));
      text = unread && `${base} was damaged and was recovered on ${at}: ${unread}; they are kept in ${keptIn}.`;
    }
    if (text !== undefined) await this.writeBeside(incompleteName(base), lossNote({ at, text }));
  }

  /** Builds an intact array from the file and its backups; writes nothing. */
  async rebuild(onlyRecords: boolean): Promise<Rebuilt> {
    const { disk, undoLog } = this;
    const { folder, base } = this.place;
    return rebuild(
      { disk, folder, base, label: this.#label, undoLog },
      await this.#readable(),
      await backupsOf(disk, folder, base),
      onlyRecords,
    );
  }

  /** The file's content for a recovery. */
  async #readable(): Promise<{ bytes: Bytes; index: LedgerIndex }> {
    const { buffer, length } = this.#file.bytes;
    const converted = fromUtf16(buffer.subarray(0, length));
    if (!converted) return { bytes: { buffer, length }, index: this.#index };
    const bytes = { buffer: converted, length: converted.length };
    const index = this.#index.successor(this.#label);
    await index.extend(bytes, false);
    return { bytes, index };
  }

  /** Makes the bytes durable in a separate file, once for each version. */
  async keepAside(bytes: Bytes, signature: Signature | undefined): Promise<string> {
    if (signature && this.#kept && this.#kept.signature.mtimeNs === signature.mtimeNs) {
      if (sameInode(signature, this.#kept.signature)) return this.#kept.name;
    }
    const name = corruptName(this.place.base, Date.now());
    await this.writeBeside(name, bytes.buffer.subarray(0, bytes.length));
    if (signature) this.#kept = { signature, name };
    return name;
  }

  /** Writes a new file beside the ledger; it gets its name once it is complete and durable. */
  async writeBeside(name: string, bytes: Uint8Array): Promise<void> {
    const { folder, path } = this.place;
    await writeFileAtomically(join(folder, name), bytes, { disk: this.disk, ledger: path });
  }

  readBeside(name: string): Promise<Buffer | undefined> {
    return readBeside(this.disk, join(this.place.folder, name));
  }

  /** Takes over the version that a commit has just put in place, without reading it. */
  async applied(basis: LedgerBasis, content: Content, signature: Signature): Promise<void> {
    const [first] = content.kept;
    if (content.kept.length === 1 && first?.start === 0 && first.end === basis.index.contentEnd) {
      this.#file.committed({ buffer: basis.bytes.buffer, length: first.end }, content.tail, signature);
      if (basis.index !== this.#index) this.#show(basis.index);
      if (basis.signature && !basis.skipBackup) await noteGrowth(this.disk, this.place, basis.signature, signature);
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

  #show(index: LedgerIndex): void {
    index.exclude(this.#excluded);
    this.#index = index;
  }

  /** Makes the next read read everything. */
  #forget(): void {
    this.#file.forget();
    this.#checkpoints?.forget();
    this.#index = this.#index.successor(this.#label);
  }
}
