import type * as fs from 'node:fs';
import { errno } from './errno.ts';

/**
 * All file system access of the ledger, so that tests can count, fail, shorten or interrupt each call. File descriptors are
 * numbers: one promise per call is enough, and cheaper than a FileHandle.
 *
 * Synchronous calls exist where nothing else in this process may happen in between (the fence's last check and the rename), and
 * for tiny calls where a trip to the thread pool would cost more than the call.
 */
export interface Disk {
  /** Whether writes to a file opened with `wxd` are durable when they return. If false, `wxd` is the same as `wx`. */
  readonly durableWrites?: boolean;
  /** Whether a rename may replace an open file. Windows refuses with EPERM, EACCES or EBUSY. */
  readonly replacesOpenFiles: boolean;
  /**
   * @param flags Node's flags; also `wxd` (`wx` with durable writes), and `r!` and `a+!`, which follow no link and do not wait
   * for a pipe.
   */
  open(path: string, flags: string, mode?: number): Promise<number>;
  close(fd: number): Promise<void>;
  /** Fills `into` with the bytes at `position`; may read fewer. Returns their number, 0 at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** Writes `bytes` at `position`; may write fewer. Returns their number. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  /** A small {@link write} whose latency matters. */
  append(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  fsync(fd: number): Promise<void>;
  ftruncate(fd: number, length: number): Promise<void>;
  fstat(fd: number): Promise<fs.BigIntStats>;
  fchmod(fd: number, mode: number): Promise<void>;
  fchown(fd: number, uid: number, gid: number): Promise<void>;
  stat(path: string): Promise<fs.BigIntStats>;
  lstat(path: string): Promise<fs.BigIntStats>;
  readdir(path: string): Promise<string[]>;
  readlink(path: string): Promise<string>;
  realpath(path: string): Promise<string>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Creates one folder, the lock; fails with EEXIST when it exists. */
  mkdirExclusive(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  utimes(path: string, accessed: Date, modified: Date): Promise<void>;
  statSync(path: string): fs.BigIntStats;
  /** Like {@link statSync}, but returns undefined instead of throwing when the file does not exist (exceptions are slow here). */
  findSync(path: string): fs.BigIntStats | undefined;
  /** Whether the name exists. Unlike a stat it does not query times, which on Linux would make a later write more expensive. */
  isThereSync(path: string): boolean;
  readdirSync(path: string): string[];
  renameSync(from: string, to: string): void;
}

/** Writes all of `bytes` from `position` on, repeating partial writes. Returns the position after them. */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return repeated((rest, at) => disk.write(fd, rest, at), bytes, position);
}

/** {@link writeAll} for a few bytes whose latency matters. */
export function appendAll(disk: Disk, fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return repeated((rest, at) => disk.append(fd, rest, at), bytes, position);
}

async function repeated(
  write: (rest: Uint8Array, position: number) => Promise<number>,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const count = await write(bytes.subarray(done), position + done);
    if (count === 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'EIO' });
    done += count;
  }
  return position + done;
}

/** Reads a small file whole; undefined when it does not exist. */
export async function readWhole(disk: Disk, path: string): Promise<Buffer | undefined> {
  let fd: number;
  try {
    fd = await disk.open(path, 'r');
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

/** Bytes read in one call. */
const READ_AT_ONCE = 1 << 26;

/** Reads an open file whole. */
export async function readOpen(disk: Disk, fd: number): Promise<Buffer> {
  const size = Number((await disk.fstat(fd)).size);
  // One byte more than expected, to notice a file that has grown and read it to its end.
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    const count = await disk.read(fd, buffer.subarray(length, length + READ_AT_ONCE), length);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
}

/** Makes renames, links and new names in `folder` survive a power cut. */
export async function fsyncFolder(disk: Disk, folder: string): Promise<void> {
  // Windows cannot open a folder for this and does not need it: NTFS journals file names.
  if (process.platform === 'win32') return;
  const fd = await disk.open(folder, 'r');
  try {
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}

/** Whether a rename failed because its target is open; it can succeed once the other program closes the file. */
export function isHeldOpen(disk: Disk, error: unknown): boolean {
  const code = errno(error);
  return !disk.replacesOpenFiles && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY');
}

/** Renames onto a file that other programs may have open for a moment. */
export async function renameOnto(disk: Disk, from: string, to: string, patienceMs: number): Promise<void> {
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    try {
      return await disk.rename(from, to);
    } catch (error) {
      if (!isHeldOpen(disk, error) || performance.now() > giveUp) throw error;
    }
    await pause(5 + Math.random() * 10);
  }
}

/** ms since the last change, never negative: after the clock was set back, a file must not look fresh forever. */
export async function ageOf(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return Math.abs(Date.now() - Number((await disk.stat(path)).mtimeMs));
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a name. Succeeds if it does not exist. */
export async function unlinkIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}

/** Identifies a version of a file. */
export interface Signature {
  dev: bigint;
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
}

export function signatureOf(stats: fs.BigIntStats): Signature {
  // Some versions of Node for Windows return 64 bits of it for a path but 32 for a descriptor (libuv #4698).
  return { dev: BigInt.asUintN(32, stats.dev), ino: stats.ino, size: stats.size, mtimeNs: stats.mtimeNs };
}

export function sameVersion(a: Signature | undefined, b: Signature | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.dev === b.dev;
}

export function sameInode(a: Signature, b: Signature): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** A pause that does not keep the process alive; the caller must do that. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
