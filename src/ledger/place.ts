import type { BigIntStats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Disk } from '../system/disk.ts';
import { errno } from '../system/errno.ts';
import { isMountPoint, obstacleAt, type Obstacle } from '../system/obstacles.ts';
import { explain } from './errors.ts';
import { LedgerError, type Problem } from './results.ts';

/** The actual location of a ledger's file, after following all links. */
export interface Place {
  folder: string;
  base: string;
  path: string;
}

export function placeOf(folder: string, base: string): Place {
  return { folder, base, path: join(folder, base) };
}

/**
 * Follows links, because a rename would replace the link instead of its target.
 * @throws {LedgerError} when the path cannot be a ledger: a folder, a device, a link without a target.
 */
export async function resolvePlace(disk: Disk, requested: string): Promise<Place> {
  try {
    if (await isLink(disk, requested)) {
      const real = await realPathOf(disk, requested);
      refuseUnlessFile(await disk.stat(real), requested);
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

async function isLink(disk: Disk, requested: string): Promise<boolean> {
  try {
    const stats = await disk.lstat(requested);
    if (stats.isSymbolicLink()) return true;
    refuseUnlessFile(stats, requested);
    return false;
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
    return false;
  }
}

/** A rename onto a device, or onto the end of a pipe, would replace it for the whole system. */
function refuseUnlessFile(stats: BigIntStats, requested: string): void {
  if (stats.isDirectory()) throw explain({ code: 'EISDIR' }, requested);
  if (stats.isFile()) return;
  throw new LedgerError('not-a-file', `${requested} is not an ordinary file. Name a file for the ledger.`);
}

async function realPathOf(disk: Disk, requested: string): Promise<string> {
  try {
    return await disk.realpath(requested);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
    const aim = await disk.readlink(requested);
    throw new LedgerError(
      'dangling-link',
      `${requested} is a link to ${aim}, which does not exist. Create that file (containing []), or remove the link.`,
      { cause: error },
    );
  }
}

/**
 * Refuses a ledger that is mounted as a single file before anything is recorded, because records could never be written to it.
 * @throws {LedgerError}
 */
export function refuseMountedFile(path: string): void {
  if (isMountPoint(path)) throw new LedgerError('mounted', OBSTACLES.mounted(path));
}

const OBSTACLES: Record<Obstacle, (path: string) => string> = {
  mounted: (path) =>
    `${path} is mounted as a single file, so it cannot be replaced, and the files beside it are lost with the container. ` +
    `Mount its folder ${dirname(path)} instead.`,
  immutable: (path) =>
    `${path} is immutable, append-only or read-only. Remove that attribute (chattr -i -a, attrib -r).`,
  sticky: (path) =>
    `${path} belongs to another user, and only its owner may replace it, because its folder has the sticky bit. ` +
    `Share a ledger in a folder without that bit, or use a SQLite ledger (.db).`,
  'read-only': (path) => `${path} is on a read-only disk. Name a ledger elsewhere (--ledger or the setting).`,
};

/** The problem of a ledger that is mounted as a single file: nothing can be recorded in it. */
export function mountedProblem(path: string): Problem | undefined {
  if (!isMountPoint(path)) return undefined;
  return { code: 'not-committed', severity: 'warning', message: OBSTACLES.mounted(path), file: path };
}

/** Why the ledger's file cannot be replaced, as a message; undefined when no obstacle is known. */
export function whyNotReplaceable(path: string): string | undefined {
  const obstacle = obstacleAt(path);
  return obstacle && OBSTACLES[obstacle](path);
}
