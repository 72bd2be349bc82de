import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { unlinkIfThere } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { corruptName } from '../../system/sideFiles.ts';

/** The log (`-wal`) of a database, which contains changes not yet in the main file, and its shared memory (`-shm`). */

export const logOf = (path: string): string => `${path}-wal`;
const indexOf = (path: string): string => `${path}-shm`;

/** In bytes; 0 if the file does not exist. */
export function fileSize(disk: Disk, path: string): number {
  try {
    return Number(disk.statSync(path).size);
  } catch {
    return 0;
  }
}

/** Whether the database has a log that is not empty. */
export function hasLog(disk: Disk, path: string): boolean {
  return fileSize(disk, logOf(path)) > 0;
}

/**
 * Renames the log of a deleted database as for a damaged one, so that it is never applied to another database.
 * @returns the name of the database to which the log would now belong.
 */
export async function moveLogAside(disk: Disk, path: string, now = Date.now()): Promise<string> {
  const aside = join(dirname(path), corruptName(basename(path), now));
  await disk.rename(logOf(path), logOf(aside));
  await unlinkIfThere(disk, indexOf(path));
  return aside;
}

/** Gives the log a second name, matching the one that its database is about to get. */
export async function linkLog(disk: Disk, path: string, to: string): Promise<void> {
  try {
    await disk.link(logOf(path), logOf(to));
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}

/** Removes the log's first name. */
export async function unlinkLog(disk: Disk, path: string): Promise<void> {
  for (const name of [logOf(path), indexOf(path)]) await unlinkIfThere(disk, name);
}
