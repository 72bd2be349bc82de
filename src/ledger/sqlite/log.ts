import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { unlinkIfThere } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { corruptName } from '../../system/sideFiles.ts';
import { size } from './state.ts';

/** The log (`-wal`) of a database: the end of it that is not in the main file yet, and what shares it (`-shm`). */

export const logOf = (path: string): string => `${path}-wal`;
const indexOf = (path: string): string => `${path}-shm`;

/** Whether anything stands in the log of this database. */
export function hasLog(disk: Disk, path: string): boolean {
  return size(disk, logOf(path)) > 0;
}

/**
 * Keeps the log of a database that is gone, under the name of a damaged one. No other database may ever meet it.
 * @returns the name of the database that it would be the log of.
 */
export async function moveLogAside(disk: Disk, path: string, now = Date.now()): Promise<string> {
  const aside = join(dirname(path), corruptName(basename(path), now));
  await disk.rename(logOf(path), logOf(aside));
  await unlinkIfThere(disk, indexOf(path));
  return aside;
}

/** Gives the log a second name, beside the one that its database is about to get. */
export async function linkLog(disk: Disk, path: string, to: string): Promise<void> {
  try {
    await disk.link(logOf(path), logOf(to));
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}

/** Takes the log's first name away. */
export async function unlinkLog(disk: Disk, path: string): Promise<void> {
  for (const name of [logOf(path), indexOf(path)]) await unlinkIfThere(disk, name);
}
