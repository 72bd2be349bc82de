import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { unlinkIfThere } from '../../../system/disk.ts';
import { parseSideFile, sideFileName, type SideFile } from '../../../system/sideFiles.ts';
import { liveness } from '../../../system/owner.ts';
import { namesIn, type Place } from '../state.ts';

/** Temporary databases of this process beside the ledger. */

/** Runs `work` with an empty file of a new name beside a ledger, and removes it afterwards. */
export async function withSideFile<T>(
  disk: Disk,
  { folder, base }: Pick<Place, 'folder' | 'base'>,
  kind: SideFile['kind'],
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(folder, sideFileName(base, kind));
  try {
    await disk.close(await disk.open(path, 'wx', 0o600));
    return await work(path);
  } finally {
    for (const ending of ['', '-wal', '-shm']) await unlinkIfThere(disk, `${path}${ending}`);
  }
}

/** Removes unfinished copies of processes that were killed. */
export async function removeLeftovers(disk: Disk, folder: string, base: string): Promise<void> {
  for (const name of await namesIn(disk, folder)) {
    const side = parseSideFile(name.replace(/-(wal|shm|journal)$/, ''), base);
    if (side && liveness(side.owner) === 'dead') await unlinkIfThere(disk, join(folder, name));
  }
}
