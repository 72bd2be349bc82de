import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { nextTurn } from '../../../system/turns.ts';
import { previousName } from '../../../system/sideFiles.ts';
import { bringBack } from '../clearing.ts';
import { Connection } from '../connection.ts';
import { codeOf } from '../engine.ts';
import type { Row } from '../rows.ts';
import { findRow, idOf, rowsAfter, tryRecordOf } from '../rows.ts';
import { outdated, placed } from './disputes.ts';
import { absence, indexedRows, type Changes } from './removals.ts';
import type { Salvage } from './salvage.ts';
import { NOTHING, salvageLog, salvageRows } from './salvage.ts';
import type { Place } from '../state.ts';
import { leftoversOf } from '../state.ts';
import { fileSize } from '../log.ts';

/** Builds a new database from everything readable of a damaged one, or from the remains of a deleted one. */

const ROWS_AT_ONCE = 1_000;

export interface Rebuilt {
  records: number;
  /** Number of these that come from the damaged database. */
  recovered: number;
  fromBackup: number;
  /** Rows of the damaged database that cannot be read as records. */
  unreadable: number;
  /** Number of records of which some fields could not be read, or have two values. */
  rescued: number;
  /** Ids in the damaged database's index whose records were found nowhere, and were not removed on purpose. */
  lost: string[];
}

/** @param built path of the new database. */
export async function rebuild(disk: Disk, place: Place, built: string): Promise<Rebuilt> {
  const connection = await Connection.create(disk, built);
  try {
    let recovered = 0;
    let marked = 0;
    /** Second ids of records: a backup must not restore such a record under its other id. */
    const others = new Set<string>();
    const found = new Set<number>();
    const salvage = await salvageFrom(disk, place, async (rows) => {
      for (const { seq, otherId } of rows) {
        found.add(seq);
        if (otherId !== undefined) others.add(otherId);
      }
      const added = await connection.write(() => addPlaced(connection, rows));
      recovered += added.whole;
      marked += added.marked;
    });
    const fromBackup = salvage.cleared
      ? 0
      : await takeBackup(disk, place, connection, { ...salvage, removed: new Set([...salvage.removed, ...others]) });
    const rescued = marked + (await addRescued(connection, salvage.rescued));
    for (const { seq } of salvage.rescued) found.add(seq);
    const lost: string[] = [];
    if (!salvage.cleared && fileSize(disk, place.path) > 0) {
      for await (const { seq, usage_id } of indexedRows(place.path)) {
        const id = idOf(usage_id);
        const isKnown = found.has(seq) || salvage.removed.has(usage_id) || findRow(connection, id) !== undefined;
        if (!isKnown) lost.push(id);
      }
    }
    const { unreadable } = salvage;
    return { records: recovered + fromBackup + rescued, recovered, fromBackup, rescued, unreadable, lost };
  } finally {
    await connection.close();
  }
}

/** Adds the readable records of a damaged database that are missing. */
export async function addFrom(disk: Disk, damaged: string, built: string): Promise<void> {
  const connection = await Connection.create(disk, built);
  try {
    const { rescued } = await salvageRows(disk, damaged, async (rows) => {
      await connection.write(() => addPlaced(connection, rows));
    });
    await addRescued(connection, rescued);
  } finally {
    await connection.close();
  }
}

/** Adds the records of an intact database that are missing. */
export async function addAll(disk: Disk, from: string, to: string): Promise<void> {
  const target = await Connection.create(disk, to);
  try {
    const source = await Connection.create(disk, from);
    try {
      await takeRows(source, target, (row) => row);
    } finally {
      await source.close();
    }
  } finally {
    await target.close();
  }
}

const isDisputed = ({ mark, otherId }: Row): boolean => mark !== undefined || otherId !== undefined;

/** @returns how many records were added, without a mark and with one. */
function addPlaced(connection: Connection, rows: readonly Row[]): { whole: number; marked: number } {
  const whole = rows.filter((row) => !isDisputed(row));
  const result = { whole: bringBack(connection, whole), marked: 0 };
  // One by one: where the ids of a row go depends on the rows before.
  for (const row of rows.filter(isDisputed)) {
    const place = placed(connection, row);
    if (place) result[row.mark === undefined ? 'whole' : 'marked'] += bringBack(connection, [place]);
  }
  return result;
}

/** Adds the records made of damaged rows, unless they are there already under one of their ids. @returns how many were added. */
async function addRescued(connection: Connection, rows: readonly Row[]): Promise<number> {
  const { whole } = await connection.write(() => addPlaced(connection, rows));
  return whole;
}

async function salvageFrom(disk: Disk, place: Place, take: (rows: readonly Row[]) => Promise<void>): Promise<Salvage> {
  if (fileSize(disk, place.path) > 0) return salvageRows(disk, place.path, take);
  const leftovers = await leftoversOf(disk, place);
  // The database that was kept aside last has its own log.
  if (leftovers?.aside !== undefined) return salvageRows(disk, join(place.folder, leftovers.aside), take);
  if (leftovers?.log === true) return salvageLog(disk, place.path, take);
  return NOTHING;
}

async function takeBackup(
  disk: Disk,
  place: Place,
  connection: Connection,
  { removed, replaced }: Changes,
): Promise<number> {
  const backup = await openSound(disk, join(place.folder, previousName(place.base)));
  if (!backup) return 0;
  try {
    const isAbsent = await absence(place.path);
    const known = lastChangeOf(backup);
    return await takeRows(backup, connection, (row) => {
      const { usage_id: key } = row;
      if (removed.has(key) || isAbsent(key) || tryRecordOf(row) === undefined) return undefined;
      // The backup has the values from before that change.
      return (replaced.get(key) ?? 0) > known ? outdated(row) : row;
    });
  } finally {
    await backup.close();
  }
}

/** Restores rows with these ids from the backup. @returns how many. */
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

/** undefined also for an unreadable database. */
async function openSound(disk: Disk, path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open(disk, path);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The number of the last change that a backup knows, or ever knew. */
function lastChangeOf(backup: Connection): number {
  const sql = "SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence WHERE name = 'change'";
  return (backup.first(sql) as { last: number }).last;
}

/** Returns how many rows were new, reading as much of the source as possible. */
async function takeRows(from: Connection, to: Connection, wanted: (row: Row) => Row | undefined): Promise<number> {
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
    const some = rows.flatMap((row) => wanted(row) ?? []);
    taken += await to.write(() => bringBack(to, some));
    await nextTurn();
  }
}
