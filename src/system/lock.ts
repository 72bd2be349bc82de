import * as fs from 'node:fs';
import { join } from 'node:path';
import { callbackify } from 'node:util';
import type { Disk } from './disk.ts';
import { pause, unlinkIfThere } from './disk.ts';
import { errno } from './errno.ts';
import { lockName, parseSideFile } from './sideFiles.ts';
import { liveness } from './owner.ts';

/**
 * The lock around a commit: `proper-lockfile`, which keeps writers from wasting each other's work. Safety does not rest
 * on it (two waiters can both take over a stale lock, a holder can sleep): the token does that.
 */

const STALE_MS = 10_000;
/** After so long without the lock a commit goes on without it. It is still safe, only more often in vain. */
const PATIENCE_MS = 30_000;
const RELEASE_TRIES = 5;

/** Errors that the next try may cure: another writer holds the lock, or its folder came or went between two calls. */
const PASSING = new Set(['ELOCKED', 'ENOENT', 'ENOTEMPTY']);
const PASSING_WINDOWS = new Set(['EPERM', 'EBUSY', 'EACCES']);

export type Release = () => Promise<void>;

/** Files that a desktop leaves in every folder that it shows. */
const CLUTTER = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory)$/i;

/** Waits for the lock. Resolves with how to release it; where it cannot be had, there is nothing to release. */
export async function acquireLock(disk: Disk, folder: string, base: string): Promise<Release> {
  // Loaded here and not at the top: it hooks process signals, which a program that only reads should not get.
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
        // The default throws, out of a timer. A writer that is fenced off learns it at the rename.
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
 * What stands where the lock should be, in words: a file, as other libraries make their locks, or a folder with something
 * in it. No writer of ours can have it then, nor take it over, and waiting does not help. undefined: nothing like that.
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

/** Removes the lock, and before that what a desktop left in it. */
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

/** The lock could not be removed: others would wait until it is stale. Windows says EBUSY or EPERM for a moment. */
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
 * The file system as proper-lockfile sees it: a lock looks ancient as soon as its holder is certainly dead, so that a
 * takeover needs a moment and not the stale time. Holders are known by their tokens.
 */
function withTakeover(disk: Disk, folder: string, base: string): object {
  const stat = async (path: string): Promise<fs.BigIntStats> => {
    const stats = await disk.stat(path);
    // A lock dated in the future is stale: the clock was set back, or its holder has a different clock.
    const ahead = stats.mtime.getTime() > Date.now() + STALE_MS;
    if (ahead || holderIsDead(disk, folder, base)) stats.mtime = new Date(0);
    return stats;
  };
  return {
    // Used for the locks that are still held when the process ends.
    rmdirSync: fs.rmdirSync,
    mkdir: callbackify((path: string) => disk.mkdirExclusive(path)),
    rmdir: callbackify((path: string) => removeLockFolder(disk, path)),
    utimes: callbackify((path: string, accessed: Date, modified: Date) => disk.utimes(path, accessed, modified)),
    stat: callbackify(stat),
  };
}

function holderIsDead(disk: Disk, folder: string, base: string): boolean {
  const tokens = disk.readdirSync(folder).flatMap((name) => {
    const side = parseSideFile(name, base);
    return side?.kind === 'tok' ? [side] : [];
  });
  return tokens.length > 0 && tokens.every(({ owner }) => liveness(owner) === 'dead');
}
