import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Disk } from '../disk.ts';
import { errno, fsyncFolder, sameInode, signatureOf, unlinkIfThere } from '../disk.ts';
import { nextTurn } from '../turn.ts';
import { acquireLock } from '../lock.ts';
import { corruptName, previousName, sideFileName } from '../names.ts';

import type { RepairResult } from '../types.ts';
import { bringBack } from './clearing.ts';
import { Connection } from './connection.ts';
import { codeOf, isDamage } from './engine.ts';
import type { Row } from './rows.ts';
import { idOf, keyOf, rowsAfter, tryRecordOf } from './rows.ts';
import { salvageRows, type Salvage } from './salvage.ts';
import { touch } from './segments.ts';
import type { Place } from './state.ts';
import { isLost, size } from './state.ts';
import { inWorker } from './worker.ts';

/**
 * Mending a database: what can be read of it goes into a new one, with what only its backup holds, and the new one takes
 * its place once it is complete. The damaged file is kept, whole.
 */

const ROWS_AT_ONCE = 1_000;

export async function repairDatabase(disk: Disk, place: Place, now: number, dryRun: boolean): Promise<RepairResult> {
  const { base } = place;
  if (!(await isDamaged(disk, place)) && !(await isLost(disk, place))) return mendRows(disk, place, now, dryRun);
  const release = dryRun ? undefined : await acquireLock(disk, place.folder, base);
  const work = join(place.folder, sideFileName(base, 'tmp'));
  const built = join(place.folder, sideFileName(base, 'tmp'));
  try {
    // Another process may have been faster.
    if (!dryRun && !(await isDamaged(disk, place)) && !(await isLost(disk, place))) {
      return mendRows(disk, place, now, dryRun);
    }
    const was = size(disk, place.path) > 0 ? signatureOf(disk.statSync(place.path)) : undefined;
    const { records, recovered, fromBackup } = await rebuild(disk, place, work, built);
    const would = dryRun ? 'would be' : 'were';
    const actions: string[] = [];
    const aside = was && corruptName(base, now);
    if (aside !== undefined) {
      actions.push(
        dryRun ? `the file as it is would be kept in ${base}.corrupt.<time>` : `the file as it was is kept in ${aside}`,
        `${recovered} records ${would} read out of it`,
      );
    }
    if (fromBackup > 0) actions.push(`${fromBackup} records ${would} brought back from ${previousName(base)}`);
    actions.push(`${base} ${dryRun ? 'would be' : 'was'} written anew with ${records} records`);
    if (!dryRun) await swap(disk, place, built, was, aside);
    return {
      actions,
      records,
      recovered: recovered + fromBackup,
      keptIn: aside === undefined || dryRun ? undefined : join(place.folder, aside),
    };
  } finally {
    for (const file of [work, built]) {
      for (const ending of ['', '-wal', '-shm', '-journal']) await unlinkIfThere(disk, `${file}${ending}`);
    }
    await release?.();
  }
}

/** Whether SQLite finds anything wrong with the file. One of another program is not damaged, and says so. */
export async function isDamaged(disk: Disk, place: Place): Promise<boolean> {
  try {
    const connection = await Connection.open(disk, place.path);
    if (!connection) return false;
    await connection.close();
    return (await findings(place.path, 1)).length > 0;
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

/** What an integrity check says, in SQLite's words. */
export async function findings(path: string, most: number): Promise<string[]> {
  try {
    const rows = (await inWorker(path, `PRAGMA integrity_check(${most})`)) as { integrity_check: string }[];
    return rows.map(({ integrity_check }) => integrity_check).filter((text) => text !== 'ok');
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [(error as Error).message];
  }
}

/** A new database with all that is in the damaged one, and in the backup. */
async function rebuild(
  disk: Disk,
  place: Place,
  work: string,
  built: string,
): Promise<{ records: number; recovered: number; fromBackup: number }> {
  const connection = await Connection.create(disk, built);
  try {
    let salvage: Salvage = { removed: new Set(), cleared: false };
    let recovered = 0;
    if (size(disk, place.path) > 0) {
      // A copy, with its log: reading must not change what is kept.
      await copyFile(place.path, work);
      if (size(disk, `${place.path}-wal`) > 0) await copyFile(`${place.path}-wal`, `${work}-wal`);
      salvage = await salvageRows(work, async (rows) => {
        recovered += await connection.write(() => bringBack(connection, rows));
      });
    }
    const fromBackup = salvage.cleared ? 0 : await takeBackup(disk, place, connection, salvage.removed);
    return { records: recovered + fromBackup, recovered, fromBackup };
  } finally {
    await connection.close();
  }
}

async function takeBackup(
  disk: Disk,
  place: Place,
  connection: Connection,
  removed: ReadonlySet<string>,
): Promise<number> {
  let taken = 0;
  try {
    const backup = await Connection.open(disk, join(place.folder, previousName(place.base)));
    if (!backup) return 0;
    try {
      let after = 0;
      for (;;) {
        const rows = rowsAfter(backup, after, ROWS_AT_ONCE);
        if (rows.length === 0) return taken;
        after = rows.at(-1)!.seq;
        const wanted = rows.filter((row) => !removed.has(row.usage_id) && tryRecordOf(row) !== undefined);
        taken += await connection.write(() => bringBack(connection, wanted));
        await nextTurn();
      }
    } finally {
      await backup.close();
    }
  } catch (error) {
    // A backup that cannot be read any further is none.
    if (codeOf(error) === undefined) throw error;
    return taken;
  }
}

/**
 * Puts the new database in the place of the damaged one. First the old one gets its second name, so that it is kept
 * whatever happens; its log goes before it does, as no other database may ever meet it.
 */
async function swap(
  disk: Disk,
  { folder, path }: Place,
  built: string,
  was: ReturnType<typeof signatureOf> | undefined,
  aside: string | undefined,
): Promise<void> {
  await syncFile(disk, built);
  if (was !== undefined && aside !== undefined) {
    const kept = join(folder, aside);
    await disk.rename(path, kept);
    if (!sameInode(signatureOf(disk.statSync(kept)), was)) {
      // While we slept somebody else mended it: theirs is the ledger.
      await disk.rename(kept, path);
      return;
    }
    for (const ending of ['-wal', '-shm']) {
      try {
        await disk.rename(`${path}${ending}`, `${kept}${ending}`);
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error;
      }
    }
  }
  try {
    await disk.link(built, path);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    await mergeInto(disk, path, built);
  }
  await fsyncFolder(disk, folder);
}

/** A record came in between, and with it a new database: what was recovered goes into that. */
async function mergeInto(disk: Disk, path: string, built: string): Promise<void> {
  const [target, source] = [await Connection.create(disk, path), await Connection.create(disk, built)];
  try {
    let after = 0;
    for (;;) {
      const rows = rowsAfter(source, after, ROWS_AT_ONCE);
      if (rows.length === 0) return;
      after = rows.at(-1)!.seq;
      await target.write(() => bringBack(target, rows));
    }
  } finally {
    await source.close();
    await target.close();
  }
}

async function syncFile(disk: Disk, path: string): Promise<void> {
  const fd = await disk.open(path, 'r+');
  try {
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
}

/** Takes rows out that are no records: somebody else wrote them. They are kept as text. */
async function mendRows(disk: Disk, place: Place, now: number, dryRun: boolean): Promise<RepairResult> {
  const connection = await Connection.open(disk, place.path);
  if (!connection) return { actions: [], records: 0, recovered: 0, keptIn: undefined };
  try {
    const bad: Row[] = [];
    let records = 0;
    let after = 0;
    for (;;) {
      const rows = rowsAfter(connection, after, ROWS_AT_ONCE);
      if (rows.length === 0) break;
      after = rows.at(-1)!.seq;
      const unreadable = rows.filter((row) => tryRecordOf(row) === undefined);
      records += rows.length - unreadable.length;
      bad.push(...unreadable);
      await nextTurn();
    }
    if (bad.length === 0) return { actions: [], records, recovered: 0, keptIn: undefined };
    const action = `${bad.length} rows that are no records ${dryRun ? 'would be' : 'were'} taken out`;
    if (dryRun) return { actions: [action], records, recovered: 0, keptIn: undefined };
    const name = corruptName(place.base, now);
    const lines = bad.map(({ usage_id, text }) => `${JSON.stringify({ usage_id: idOf(usage_id), text })}\n`);
    await writeBeside(disk, place, name, lines.join(''));
    await connection.write(() => {
      for (const { seq, usage_id } of bad) {
        connection.sql('DELETE FROM record WHERE seq = ? AND usage_id = ?').run(seq, keyOf(idOf(usage_id)));
      }
      touch(
        connection,
        bad.map(({ seq }) => seq),
      );
    });
    return { actions: [`${action} and kept in ${name}`], records, recovered: 0, keptIn: join(place.folder, name) };
  } finally {
    await connection.close();
  }
}

async function writeBeside(disk: Disk, { folder }: Place, name: string, text: string): Promise<void> {
  const path = join(folder, basename(name));
  const fd = await disk.open(path, 'wx', 0o600);
  try {
    const bytes = new TextEncoder().encode(text);
    let written = 0;
    while (written < bytes.length) written += await disk.write(fd, bytes, written, bytes.length - written, written);
    await disk.fsync(fd);
  } finally {
    await disk.close(fd);
  }
  await fsyncFolder(disk, folder);
}
