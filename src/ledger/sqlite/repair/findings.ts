import type { Disk } from '../../../system/disk.ts';
import { Connection } from '../connection.ts';
import { isDamage } from '../engine.ts';
import { fileSize, logOf } from '../log.ts';
import { inWorker } from '../worker.ts';

const SMALL = 2 ** 20;

type Found = { integrity_check: string }[];

/** Whether a question about the whole database takes less time than a thread takes to start. */
export function isSmall(disk: Disk, path: string): boolean {
  return [path, logOf(path)].every((name) => fileSize(disk, name) <= SMALL);
}

/** The defects that SQLite finds in the file, in its own words. A database of another program is not damaged; it throws. */
export async function findings(disk: Disk, path: string, most: number): Promise<string[]> {
  const check = `PRAGMA integrity_check(${most})`;
  try {
    const connection = await Connection.open(disk, path);
    if (!connection) return [];
    let rows: Found | undefined;
    try {
      if (isSmall(disk, path)) rows = connection.rows(check) as Found;
    } finally {
      await connection.close();
    }
    rows ??= (await inWorker(connection.location, check)) as Found;
    return rows.map(({ integrity_check }) => integrity_check).filter((text) => text !== 'ok');
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [(error as Error).message];
  }
}
