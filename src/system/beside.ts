import { closeSync, constants, fstatSync, openSync, readFileSync, type BigIntStats, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { readOpen } from './disk.ts';
import { errno } from './errno.ts';
import { previousName } from './sideFiles.ts';

/**
 * Opens files beside a ledger safely. Where others may write to the folder, they can plant a link, a pipe or a hard link to
 * another file under the expected name. These are never read, waited for or written.
 */

/** A file beside the ledger is not a regular file of ours. The message names it and says what to do. */
export class SideFileError extends Error {
  override readonly name = 'SideFileError';
  readonly path: string;
  /** @param what a sentence that names the path. */
  constructor(path: string, what: string) {
    super(`${what} Remove or rename it; LLM Spend creates a new one.`);
    this.path = path;
  }
}

export function folderThere(path: string): SideFileError {
  return new SideFileError(path, `${path} is a folder.`);
}

function deviceThere(path: string): SideFileError {
  return new SideFileError(path, `${path} is a pipe or a device.`);
}

/**
 * Opens a file beside the ledger without following links.
 * @param how `append` creates a missing file, and can also read.
 * @throws {SideFileError} when it is not a regular file, or is to be written and has a second hard link.
 */
export async function openBeside(disk: Disk, path: string, how: 'read' | 'append', mode = 0o600): Promise<number> {
  let fd: number;
  try {
    fd = await disk.open(path, how === 'read' ? 'r!' : 'a+!', mode);
  } catch (error) {
    throw surprise(error, path) ?? error;
  }
  try {
    refuseSurprise(await disk.fstat(fd), path, how === 'append');
    return fd;
  } catch (error) {
    await disk.close(fd);
    throw error;
  }
}

/** Reads a whole file beside the ledger; undefined when it does not exist. @throws {SideFileError} like {@link openBeside}. */
export async function readBeside(disk: Disk, path: string): Promise<Buffer | undefined> {
  let fd: number;
  try {
    fd = await openBeside(disk, path, 'read');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await readOpen(disk, fd);
  } finally {
    await disk.close(fd);
  }
}

/** Reads a file beside the ledger; one that is missing is an error, too. @throws {SideFileError} like {@link openBeside}. */
export function readBesideSync(path: string): Buffer {
  return openedSync(path, false, (fd) => readFileSync(fd));
}

/** Creates a file beside the ledger for its user alone, unless it exists. @throws {SideFileError} like {@link openBeside}. */
export function createBesideSync(path: string): void {
  openedSync(path, true, () => undefined);
}

function openedSync<T>(path: string, writes: boolean, use: (fd: number) => T): T {
  // Windows has neither of the last two, which then count as 0.
  const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(path, (writes ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw surprise(error, path) ?? error;
  }
  try {
    refuseSurprise(fstatSync(fd), path, writes);
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function surprise(error: unknown, path: string): SideFileError | undefined {
  const code = errno(error);
  if (code === 'ELOOP') return new SideFileError(path, `${path} is a link.`);
  if (code === 'EISDIR') return folderThere(path);
  return code === 'ENXIO' ? deviceThere(path) : undefined;
}

function refuseSurprise(stats: Stats | BigIntStats, path: string, writes: boolean): void {
  if (!stats.isFile()) throw stats.isDirectory() ? folderThere(path) : deviceThere(path);
  if (writes && stats.nlink > 1) throw new SideFileError(path, `${path} has a second name (it is a hard link).`);
}

/**
 * Gives a new file beside the ledger the ledger's owner, group and mode, as far as the system allows, because every user who
 * can write the ledger must be able to read the files beside it. If the ledger is missing, its previous version is the model.
 * Files beside a new ledger are accessible to the user alone.
 */
export async function shareLike(disk: Disk, fd: number, ledger: string): Promise<void> {
  const stats = disk.findSync(ledger) ?? disk.findSync(join(dirname(ledger), previousName(basename(ledger))));
  if (!stats || process.platform === 'win32') return;
  await takeAccess(disk, fd, stats, Number(stats.mode) & 0o666);
}

/** Gives an open file the owner and group of another file, and this mode, as far as the system allows. */
export async function takeAccess(
  disk: Disk,
  fd: number,
  { uid, gid }: Pick<BigIntStats, 'uid' | 'gid'>,
  mode: number,
): Promise<void> {
  const own = await disk.fstat(fd);
  const refused = (error: unknown): void => {
    if (!['EPERM', 'EACCES', 'ENOTSUP', 'ENOSYS', 'EINVAL'].includes(errno(error) ?? '')) throw error;
  };
  if (uid !== own.uid || gid !== own.gid) {
    // Only root may change a file's owner; any user may change its group to one of which they are a member.
    await disk
      .fchown(fd, Number(uid), Number(gid))
      .catch((error: unknown) => {
        refused(error);
        return disk.fchown(fd, Number(own.uid), Number(gid));
      })
      .catch(refused);
  }
  if (mode !== (Number(own.mode) & 0o777)) await disk.fchmod(fd, mode).catch(refused);
}
