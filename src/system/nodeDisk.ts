import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Disk } from './disk.ts';
import { errno } from './errno.ts';

// Not `fs.promises`: loading that takes a one-shot process longer than all its file system calls.
const open = promisify(fs.open);
const close = promisify(fs.close);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fchmod = promisify(fs.fchmod);
const fchown = promisify(fs.fchown);
const readdir = promisify(fs.readdir);
const readlink = promisify(fs.readlink);
const realpathNative = promisify(fs.realpath.native);
const realpathInSteps = promisify(fs.realpath);
const rename = promisify(fs.rename);
const link = promisify(fs.link);
const unlink = promisify(fs.unlink);
const mkdir = promisify(fs.mkdir);
const rmdir = promisify(fs.rmdir);
const utimes = promisify(fs.utimes);
const fstat = promisify(fs.fstat);
const stat = promisify(fs.stat);
const lstat = promisify(fs.lstat);

function transfer(
  call: typeof fs.read | typeof fs.write,
  fd: number,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    (call as typeof fs.write)(fd, bytes, 0, bytes.length, position, (error, count) =>
      error ? reject(error) : resolve(count),
    );
  });
}

/** Largest append that runs in the calling thread, ... */
const QUICK_BYTES = 65_536;
/** ... provided that the previous append took less than this, ms. A slow or busy disk is written to from the thread pool. */
const QUICK_MS = 2;
let lastAppendMs = Infinity;

/** An append takes 0.3 ms on a good disk; switching to another thread and back adds a third. */
async function append(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  const start = performance.now();
  try {
    return lastAppendMs < QUICK_MS && bytes.length <= QUICK_BYTES
      ? fs.writeSync(fd, bytes, 0, bytes.length, position)
      : await transfer(fs.write, fd, bytes, position);
  } finally {
    lastAppendMs = performance.now() - start;
  }
}

/**
 * Linux can write and sync in one call, which saves a trip to the thread pool: a third of the time of a small append. macOS has
 * the flag, but unlike its fsync (F_FULLFSYNC in libuv) it does not flush the drive's cache.
 */
const DURABLE_WRITES = process.platform === 'linux';
const { O_RDONLY, O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_DSYNC } = fs.constants;
/**
 * Do not follow links or wait for the other end of a pipe. Windows has neither flag, but lets only administrators create links.
 */
const NO_SURPRISE = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);
/** Flags for which Node has no name. */
const FLAGS: Readonly<Record<string, string | number>> = {
  wxd: DURABLE_WRITES ? O_WRONLY | O_CREAT | O_EXCL | O_DSYNC : 'wx',
  'r!': O_RDONLY | NO_SURPRISE,
  'a+!': O_RDWR | O_APPEND | O_CREAT | NO_SURPRISE,
};

export const nodeDisk: Disk = {
  durableWrites: DURABLE_WRITES,
  replacesOpenFiles: process.platform !== 'win32',
  open: (path, flags, mode) => open(path, FLAGS[flags] ?? flags, mode),
  close: (fd) => close(fd),
  read: (fd, into, position) => transfer(fs.read, fd, into, position),
  write: (fd, bytes, position) => transfer(fs.write, fd, bytes, position),
  append,
  fsync: (fd) => fsync(fd),
  ftruncate: (fd, length) => ftruncate(fd, length),
  fstat: (fd) => fstat(fd, { bigint: true }),
  fchmod: (fd, mode) => fchmod(fd, mode),
  fchown: (fd, uid, gid) => fchown(fd, uid, gid),
  stat: (path) => stat(path, { bigint: true }),
  lstat: (path) => lstat(path, { bigint: true }),
  readdir: (path) => readdir(path),
  readlink: (path) => readlink(path),
  realpath: (path) =>
    realpathNative(path).catch((error: unknown) => {
      if (!isRealpathGap(error)) throw error;
      return realpathInSteps(path);
    }),
  mkdir: (path) => makeFolders(path, mkdir),
  rename: (from, to) => rename(from, to),
  link: (existing, path) => link(existing, path),
  unlink: (path) => unlink(path),
  mkdirExclusive: (path) => mkdir(path),
  rmdir: (path) => rmdir(path),
  utimes: (path, accessed, modified) => utimes(path, accessed, modified),
  statSync: (path) => fs.statSync(path, { bigint: true }),
  findSync: (path) => fs.statSync(path, { bigint: true, throwIfNoEntry: false }),
  isThereSync: (path) => fs.existsSync(path),
  readdirSync: (path) => fs.readdirSync(path),
  renameSync: (from, to) => fs.renameSync(from, to),
};

/**
 * Windows cannot name the real path of every file that it can open: not on some virtual drives, nor, under Wine, for paths over
 * 260 characters.
 */
function isRealpathGap(error: unknown): boolean {
  const code = errno(error);
  return process.platform === 'win32' && (code === 'UNKNOWN' || code === 'EISDIR');
}

/** Wraps a synchronous call in a promise. */
function inline<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => Promise<R> {
  return async (...args) => call(...args);
}

/**
 * The same calls in the calling thread, for a process with nothing else to do (one `llm-spend record`): starting a thread pool
 * and waking it about forty times would take longer than the calls.
 */
export const blockingDisk: Disk = {
  ...nodeDisk,
  open: inline((path, flags, mode) => fs.openSync(path, FLAGS[flags] ?? flags, mode)),
  close: inline(fs.closeSync),
  read: inline((fd, into, position) => fs.readSync(fd, into, 0, into.length, position)),
  write: inline((fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position)),
  append: inline((fd, bytes, position) => fs.writeSync(fd, bytes, 0, bytes.length, position)),
  fsync: inline(fs.fsyncSync),
  ftruncate: inline(fs.ftruncateSync),
  fstat: inline((fd) => fs.fstatSync(fd, { bigint: true })),
  fchmod: inline(fs.fchmodSync),
  fchown: inline(fs.fchownSync),
  stat: inline((path) => fs.statSync(path, { bigint: true })),
  lstat: inline((path) => fs.lstatSync(path, { bigint: true })),
  readdir: inline((path) => fs.readdirSync(path)),
  readlink: inline((path) => fs.readlinkSync(path)),
  realpath: inline((path) => {
    try {
      return fs.realpathSync.native(path);
    } catch (error) {
      if (!isRealpathGap(error)) throw error;
      return fs.realpathSync(path);
    }
  }),
  mkdir: (path) => makeFolders(path, inline(fs.mkdirSync)),
  rename: inline(fs.renameSync),
  link: inline(fs.linkSync),
  unlink: inline(fs.unlinkSync),
  mkdirExclusive: inline((path) => fs.mkdirSync(path)),
  rmdir: inline((path) => fs.rmdirSync(path)),
  utimes: inline(fs.utimesSync),
};

/**
 * Creates the folder and its missing parents. Node's `recursive` option loops forever where an existing folder does not allow
 * subfolders, as in /proc.
 */
async function makeFolders(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  try {
    await makeFolder(path, make);
  } catch (error) {
    const parent = dirname(path);
    if (errno(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolders(parent, make);
    await makeFolder(path, make);
  }
}

async function makeFolder(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  try {
    await make(path);
  } catch (error) {
    // If it is a file, the next access inside it reports that. For a root or a mount, mkdir may fail with codes other than
    // EEXIST.
    if (!fs.existsSync(path)) throw error;
  }
}
