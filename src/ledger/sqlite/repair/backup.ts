import { basename, dirname, join } from 'node:path';
import { shareLike } from '../../../system/beside.ts';
import type { Disk } from '../../../system/disk.ts';
import { fsyncFolder, unlinkIfThere } from '../../../system/disk.ts';
import { previousName, sideFileName } from '../../../system/sideFiles.ts';
import type { Connection } from '../connection.ts';
import { removeLeftovers } from './leftovers.ts';
import { inWorker } from '../worker.ts';
import { fileSize } from '../log.ts';

/**
 * The backup of the ledger, beside it under the same name as a JSON ledger's: a complete database, copied while others continue
 * to write, and put in place as a whole.
 */

const DAY_MS = 86_400_000;
/** This many new records trigger a copy before the day is over, as does growth by half. */
const MANY = 10_000;

type Marks = {
  backup_ms: number;
  backup_seq: number;
  backup_epoch: number;
  epoch: number;
  last: number | null;
};

/** Copies the ledger if it has changed, and a day has passed or many records were added since the last copy. */
export async function backUpIfDue(connection: Connection, disk: Disk, now: number): Promise<void> {
  if (!connection.isCurrent || !isDue(disk, connection, now)) return;
  const { last, epoch } = marksOf(connection);
  // Claimed before copying, so that only one of several ending processes makes the copy.
  const mine = await connection.write(() => {
    if (!isDue(disk, connection, now)) return false;
    connection.sql('UPDATE ledger SET backup_ms = ?, backup_seq = ?, backup_epoch = ?').run(now, last ?? 0, epoch);
    return true;
  });
  if (!mine) return;
  await removeLeftovers(disk, dirname(connection.path), basename(connection.path));
  await copyDatabase(disk, connection.path, previousPath(connection.path));
}

function isDue(disk: Disk, connection: Connection, now: number): boolean {
  const { backup_ms, backup_seq, backup_epoch, epoch, last } = marksOf(connection);
  if (last === null || (last === backup_seq && epoch === backup_epoch)) return false;
  if (fileSize(disk, previousPath(connection.path)) === 0 && backup_ms < now - 60_000) return true;
  return Math.abs(now - backup_ms) >= DAY_MS || last - backup_seq >= Math.max(MANY, backup_seq / 2);
}

function marksOf(connection: Connection): Marks {
  return connection.first('SELECT ledger.*, (SELECT max(seq) FROM record) AS last FROM ledger') as Marks;
}

export function previousPath(path: string): string {
  return join(dirname(path), previousName(basename(path)));
}

/** Makes a consistent copy of an open database, replacing any file of that name. The copy is on disk when this resolves. */
export async function copyDatabase(disk: Disk, path: string, to: string): Promise<void> {
  const temporary = join(dirname(path), sideFileName(basename(path), 'tmp'));
  const fd = await disk.open(temporary, 'wx', 0o600);
  try {
    await inWorker(path, 'VACUUM INTO ?', [temporary]);
    await shareLike(disk, fd, path);
    await disk.fsync(fd);
    await disk.rename(temporary, to);
  } finally {
    await disk.close(fd);
    await unlinkIfThere(disk, temporary);
  }
  await fsyncFolder(disk, dirname(path));
}
