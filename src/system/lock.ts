import * as fs from 'node:fs';
import { join } from 'node:path';
import { callbackify } from 'node:util';
import type { Disk } from './disk.ts';
import { pause, unlinkIfThere } from './disk.ts';
import { errno } from './errno.ts';
import { lockName, parseSideFile } from './sideFiles.ts';
import { liveness } from './owner.ts';

/**
 * The lock around a commit. `proper-lockfile` only prevents writers from wasting each other's work. It is not needed for
 * safety, and cannot provide it (two waiters can both take over a stale lock, a holder can sleep): the token does.
 */

const STALE_MS = 10_000;
/** After this long without the lock a commit proceeds without it: still safe, but more likely to be wasted. */
const PATIENCE_MS = 30_000;
const RELEASE_TRIES = 5;

/** Errors that a retry may fix: another writer holds the lock, or its folder appeared or disappeared between two calls. */
const PASSING = new Set(['ELOCKED', 'ENOENT', 'ENOTEMPTY']);
const PASSING_WINDOWS = new Set(['EPERM', 'EBUSY', 'EACCES']);

export type Release = () => Promise<void>;

/** Files that desktops create in every folder they show. */
const CLUTTER = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory)$/i;

/** Waits for the lock. Resolves with its release function, which does nothing if the lock could not be had. */
export async function acquireLock(disk: Disk, folder: string, base: string): Promise<Release> {
  // Imported here because it hooks process signals, which must not happen in a program that only reads.
  const { lock } = await import('proper-lockfile');
  const target = join(folder, base);
  const giveUp = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const release = await lock(target, {
        realpath: false,
        stale: STALE_MS,
        retries: 0,
        lockfilePath: join(folder, lockName(base)),
        fs: withTakeover(disk, folder, base),
        // The default throws from a timer. A writer that lost the lock finds out at the rename.
        onCompromised: () => undefined,
      });
      return () => release().catch(() => removeLock(disk, join(folder, lockName(base))));
    } catch (error) {
      const code = errno(error) ?? '';
      if ((await obstructionOf(disk, folder, base)) !== undefined) return async () => undefined;
      const passing = PASSING.has(code) || (process.platform === 'win32' && PASSING_WINDOWS.has(code));
      if (!passing) throw error;
      if (performance.now() > giveUp) return async () => undefined;
    }
    await pause(10 + Math.random() * 40);
  }
}

/**
 * Describes an object that blocks the lock's path: a file, as other libraries use for locks, or a folder that is not empty. No
 * writer of ours can own or take over such a lock, so waiting is useless. undefined: no obstruction.
 */
export async function obstructionOf(disk: Disk, folder: string, base: string): Promise<string | undefined> {
  const path = join(folder, lockName(base));
  try {
    if (!(await disk.lstat(path)).isDirectory()) return `${lockName(base)} is not a folder of LLM Spend`;
    const foreign = (await disk.readdir(path)).filter((name) => !CLUTTER.test(name));
    return foreign.length === 0 ? undefined : `${lockName(base)} holds ${foreign[0]!}`;
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes the lock folder, and first any desktop files in it. */
async function removeLockFolder(disk: Disk, path: string): Promise<void> {
  try {
    return await disk.rmdir(path);
  } catch (error) {
    if (errno(error) === 'ENOENT') throw error;
    const clutter = (await disk.readdir(path).catch(() => [])).filter((name) => CLUTTER.test(name));
    if (clutter.length === 0) throw error;
    for (const name of clutter) await unlinkIfThere(disk, join(path, name));
  }
  return disk.rmdir(path);
}

/** Retries a failed removal, since others would wait until the lock is stale. Windows temporarily fails with EBUSY or EPERM. */
async function removeLock(disk: Disk, path: string): Promise<void> {
  for (let tries = 0; tries < RELEASE_TRIES; tries++) {
    await pause(10);
    try {
      return await removeLockFolder(disk, path);
    } catch (error) {
      if (errno(error) === 'ENOENT') return;
    }
  }
}

/**
 * The file system as seen by proper-lockfile. A lock appears ancient as soon as its holder is certainly dead, so a takeover
 * takes a moment instead of the stale time. Holders are identified by their tokens.
 */
function withTakeover(disk: Disk, folder: string, base: string): object {
  const stat = async (path: string): Promise<fs.BigIntStats> => {
    const stats = await disk.stat(path);
    // A lock dated in the future is stale: the clock was set back, or its holder has a different clock.
    const ahead = stats.mtime.getTime() > Date.now() + STALE_MS;
    if (ahead || holderIsDead(disk, folder, base)) stats.mtime = new Date(0);
    return stats;
  };
  return { ...lockFolders(disk), stat: callbackify(stat) };
}

/** The file system as seen by proper-lockfile, where a desktop's files in a lock are no part of it. */
export function lockFolders(disk: Disk): object {
  return {
    // Used for locks that are still held when the process exits.
    rmdirSync: fs.rmdirSync,
    mkdir: callbackify((path: string) => disk.mkdirExclusive(path)),
    rmdir: callbackify((path: string) => removeLockFolder(disk, path)),
    utimes: callbackify((path: string, accessed: Date, modified: Date) => disk.utimes(path, accessed, modified)),
    stat: callbackify((path: string) => disk.stat(path)),
  };
}

function holderIsDead(disk: Disk, folder: string, base: string): boolean {
  const tokens = disk.readdirSync(folder).flatMap((name) => {
    const side = parseSideFile(name, base);
    return side?.kind === 'tok' ? [side] : [];
  });
  return tokens.length > 0 && tokens.every(({ owner }) => liveness(owner) === 'dead');
}
