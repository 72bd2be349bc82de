import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { nextTurn } from '../../../system/turns.ts';
import { previousName } from '../../../system/sideFiles.ts';
import { bringBack } from '../clearing.ts';
import { Connection } from '../connection.ts';
import { codeOf } from '../engine.ts';
import type { Row } from '../rows.ts';
import { findRow, rowsAfter, tryRecordOf } from '../rows.ts';
import type { Salvage } from './salvage.ts';
import { salvageLog, salvageRows } from './salvage.ts';
import type { Place } from '../state.ts';
import { remainsOf, size } from '../state.ts';

/** A new database with all that can be read of a damaged one, or of what is left of one that is gone. */

const ROWS_AT_ONCE = 1_000;

export interface Rebuilt {
  records: number;
  /** Of them, those out of the damaged database. */
  recovered: number;
  fromBackup: number;
  /** Rows of the damaged database that cannot be read as records. */
  unreadable: number;
}

/** @param built the name of the new database. */
export async function rebuild(disk: Disk, place: Place, built: string): Promise<Rebuilt> {
  const connection = await Connection.create(disk, built);
  try {
    let recovered = 0;
    /** Two ids for one record: a backup must not bring it back under the other one. */
    const others = new Set<string>();
    const salvage = await salvageFrom(disk, place, async (rows) => {
      for (const { otherId } of rows) if (otherId !== undefined) others.add(otherId);
      recovered += await connection.write(() => bringBack(connection, rows));
    });
    const fromBackup = salvage.cleared
      ? 0
      : await takeBackup(disk, place, connection, new Set([...salvage.removed, ...others]));
    return { records: recovered + fromBackup, recovered, fromBackup, unreadable: salvage.unreadable };
  } finally {
    await connection.close();
  }
}

/** Adds to a database what can be read of a damaged one and is not in it. */
export async function addFrom(disk: Disk, damaged: string, built: string): Promise<void> {
  const connection = await Connection.create(disk, built);
  try {
    await salvageRows(disk, damaged, async (rows) => {
      await connection.write(() => bringBack(connection, rows));
    });
  } finally {
    await connection.close();
  }
}

/** Adds to a database what a sound one has and it has not. */
export async function addAll(disk: Disk, from: string, to: string): Promise<void> {
  const target = await Connection.create(disk, to);
  try {
    const source = await Connection.create(disk, from);
    try {
      await takeRows(source, target, () => true);
    } finally {
      await source.close();
    }
  } finally {
    await target.close();
  }
}

async function salvageFrom(disk: Disk, place: Place, take: (rows: readonly Row[]) => Promise<void>): Promise<Salvage> {
  if (size(disk, place.path) > 0) return salvageRows(disk, place.path, take);
  const remains = await remainsOf(disk, place);
  // What was kept aside last has its log with it.
  if (remains?.aside !== undefined) return salvageRows(disk, join(place.folder, remains.aside), take);
  if (remains?.log === true) return salvageLog(disk, place.path, take);
  return { removed: new Set(), cleared: false, unreadable: 0 };
}

async function takeBackup(
  disk: Disk,
  place: Place,
  connection: Connection,
  removed: ReadonlySet<string>,
): Promise<number> {
  const backup = await openSound(disk, join(place.folder, previousName(place.base)));
  if (!backup) return 0;
  try {
    return await takeRows(backup, connection, (row) => !removed.has(row.usage_id) && tryRecordOf(row) !== undefined);
  } finally {
    await backup.close();
  }
}

/** Puts rows back that the copy of the ledger has of these ids. How many. */
export async function restoreRows(
  disk: Disk,
  place: Place,
  connection: Connection,
  usageIds: readonly string[],
): Promise<number> {
  const backup = await openSound(disk, join(place.folder, previousName(place.base)));
  if (!backup) return 0;
  try {
    const rows = usageIds.flatMap((id) => findRow(backup, id) ?? []).filter((row) => tryRecordOf(row) !== undefined);
    return await connection.write(() => bringBack(connection, rows));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return 0;
  } finally {
    await backup.close();
  }
}

/** undefined also for one that cannot be read. */
async function openSound(disk: Disk, path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open(disk, path);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** How many rows were new; as far as the source can be read. */
async function takeRows(from: Connection, to: Connection, wanted: (row: Row) => boolean): Promise<number> {
  let taken = 0;
  let after = 0;
  for (;;) {
    let rows: Row[];
    try {
      rows = rowsAfter(from, after, ROWS_AT_ONCE);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return taken;
    }
    if (rows.length === 0) return taken;
    after = rows.at(-1)!.seq;
    const some = rows.filter(wanted);
    taken += await to.write(() => bringBack(to, some));
    await nextTurn();
  }
}
