import { join } from 'node:path';
import { folderThere, shareLike, takeAccess } from '../../../system/beside.ts';
import type { Disk } from '../../../system/disk.ts';
import { isHeldOpen, pause, renameOnto, sameVersion, unlinkIfThere, writeAll } from '../../../system/disk.ts';
import { errno } from '../../../system/errno.ts';
import { liveness } from '../../../system/owner.ts';
import { parseSideFile, previousName, sideFileName } from '../../../system/sideFiles.ts';
import type { Place } from '../../place.ts';
import { LedgerError } from '../../results.ts';
import type { Bytes, Content } from '../file.ts';
import type { LedgerBasis } from '../versions.ts';
import type { HeldVersion } from './heldVersion.ts';
import { holdVersion, isVersionAt, releaseVersion, versionAt } from './heldVersion.ts';
import { quiesce, setAsideAbandoned } from './inFlight.ts';

/** How long a commit waits for other programs to close the ledger, on systems that do not replace open files. */
const OPEN_PATIENCE_MS = 10_000;
/** A program that keeps reopening the ledger may leave gaps of only a few ms, so retries stay frequent. */
const LONGEST_PAUSE_MS = 20;
const CHUNK = 8 * 1024 * 1024;

/**
 * The fence of a commit: a file of this process that becomes the ledger by a rename. A writer first removes all other tokens
 * and only then reads the ledger, so a writer that slept, or was considered dead, finds no token to rename and starts over.
 */
export class Token {
  readonly #disk: Disk;
  readonly #place: Place;
  readonly #path: string;
  #fd: number | undefined;
  #inPlace = false;
  /** Whether the ledger belongs to another user, and this one is not root. */
  #isOthers = false;

  private constructor(disk: Disk, place: Place, path: string, fd: number) {
    this.#disk = disk;
    this.#place = place;
    this.#path = path;
    this.#fd = fd;
  }

  /** After this, no writer that read the ledger before can put its version in place. */
  static async publish(disk: Disk, place: Place): Promise<Token> {
    const path = join(place.folder, sideFileName(place.base, 'tok'));
    const token = new Token(disk, place, path, await disk.open(path, 'wx', 0o600));
    try {
      await token.#revokeOthers();
      // A version read at a quiet moment is more likely to be still current when ours is written.
      await quiesce(disk, place.folder);
      return token;
    } catch (error) {
      await token.withdraw();
      throw error;
    }
  }

  /**
   * Makes the content durable and replaces the ledger with it.
   * @returns undefined when the ledger is no longer the version that was read, or another writer removed this token: start
   * over.
   */
  async replaceLedger(basis: LedgerBasis, content: Content): Promise<HeldVersion | undefined> {
    let version: HeldVersion | undefined;
    try {
      version = await this.#write(basis, content);
      if (!version) return undefined;
      if (basis.signature !== undefined && !basis.skipBackup) await this.#backUp(basis);
      this.#inPlace = await this.#rename(basis, version);
      return this.#inPlace ? version : undefined;
    } finally {
      if (!this.#inPlace) await releaseVersion(this.#disk, version).catch(() => undefined);
    }
  }

  /** Removes the token, unless it has become the ledger. */
  async withdraw(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await this.#disk.close(fd).catch(() => undefined);
    if (!this.#inPlace) await unlinkIfThere(this.#disk, this.#path).catch(() => undefined);
  }

  async #revokeOthers(): Promise<void> {
    const { folder, base } = this.#place;
    const names = await this.#disk.readdir(folder);
    await setAsideAbandoned(this.#disk, this.#place, names);
    for (const name of names) {
      const side = parseSideFile(name, base);
      const path = join(folder, name);
      if (!side || path === this.#path) continue;
      const leftBehind = side.kind === 'tmp' && liveness(side.owner) === 'dead';
      if (side.kind !== 'tok' && !leftBehind) continue;
      await unlinkIfThere(this.#disk, path).catch((error: unknown) => {
        throw this.#disk.findSync(path)?.isDirectory() === true ? folderThere(path) : error;
      });
    }
  }

  async #write(basis: LedgerBasis, content: Content): Promise<HeldVersion | undefined> {
    const fd = this.#fd!;
    await this.#takeOverMode(fd, basis.signature === undefined);
    await writeContent(this.#disk, fd, basis.bytes, content);
    await this.#disk.fsync(fd);
    this.#fd = undefined;
    try {
      return await holdVersion(this.#disk, this.#path, fd);
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * The new file gets the mode and owner of the file it replaces, or of the previous version if the ledger is missing. A new
   * ledger is accessible to the user alone.
   */
  async #takeOverMode(fd: number, isMissing: boolean): Promise<void> {
    const disk = this.#disk;
    const { folder, base, path } = this.#place;
    const own = await disk.fstat(fd);
    let stats;
    try {
      stats = await disk.stat(isMissing ? join(folder, previousName(base)) : path);
    } catch (error) {
      // The check before the rename will notice that the ledger no longer exists.
      if (errno(error) === 'ENOENT') return;
      throw error;
    }
    this.#isOthers = !isMissing && stats.uid !== own.uid && own.uid !== 0n;
    // For users other than root the ledger becomes the writer's, as with any editor.
    await takeAccess(disk, fd, stats, Number(stats.mode) & 0o777);
  }

  /**
   * Keeps the version about to be replaced as `.prev`, so that at every moment one exists. A second link to the inode costs
   * nothing. A copy is required on a file system without links, and for another user's file: in a folder with the sticky bit
   * only that user may rename or remove the link.
   */
  async #backUp(basis: LedgerBasis): Promise<void> {
    const disk = this.#disk;
    const { folder, base, path } = this.#place;
    const temporary = join(folder, sideFileName(base, 'tmp'));
    const previous = join(folder, previousName(base));
    try {
      if (this.#isOthers || !(await this.#linked(temporary))) await copyBytes(disk, temporary, path, basis.bytes);
      await renameOnto(disk, temporary, previous, OPEN_PATIENCE_MS);
    } catch (error) {
      throw errno(error) === 'EISDIR' ? folderThere(previous) : error;
    } finally {
      // A rename between two links of one inode does nothing and leaves both.
      await unlinkIfThere(disk, temporary).catch(() => undefined);
    }
  }

  /** @returns false: the file system has no links, or the ledger no longer exists, which the check before the rename will notice. */
  async #linked(to: string): Promise<boolean> {
    try {
      await this.#disk.link(this.#place.path, to);
      return true;
    } catch (error) {
      if (['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'].includes(errno(error) ?? '')) throw error;
      return false;
    }
  }

  /** @returns false: the ledger has changed, or the token was removed. */
  async #rename(basis: LedgerBasis, version: HeldVersion): Promise<boolean> {
    const disk = this.#disk;
    const { folder, path } = this.#place;
    const giveUp = performance.now() + OPEN_PATIENCE_MS;
    for (let wait = 1; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      await quiesce(disk, folder);
      // No other code of this process runs between the check and the rename.
      if (!sameVersion(versionAt(disk, path), basis.signature)) return false;
      try {
        disk.renameSync(this.#path, path);
        return true;
      } catch (error) {
        if (errno(error) === 'ENOENT') {
          // The token was removed, unless the rename took place and only its response was lost.
          return isVersionAt(disk, path, version);
        }
        if (!isHeldOpen(disk, error)) throw error;
        if (performance.now() > giveUp) {
          const cause = `Another program keeps ${path} open, or it is read-only. The commit will be retried.`;
          throw new LedgerError('busy', cause, { cause: error });
        }
      }
      await pause(wait * (0.5 + Math.random()));
    }
  }
}

async function writeContent(disk: Disk, fd: number, bytes: Bytes, content: Content): Promise<void> {
  let position = 0;
  for (const { start, end } of content.kept) {
    for (let at = start; at < end; at += CHUNK) {
      position = await writeAll(disk, fd, bytes.buffer.subarray(at, Math.min(end, at + CHUNK)), position);
    }
  }
  await writeAll(disk, fd, content.tail, position);
}

async function copyBytes(disk: Disk, path: string, ledger: string, bytes: Bytes): Promise<void> {
  const fd = await disk.open(path, 'wx', 0o600);
  try {
    await shareLike(disk, fd, ledger);
    await writeContent(disk, fd, bytes, { kept: [{ start: 0, end: bytes.length }], tail: new Uint8Array(0) });
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}
