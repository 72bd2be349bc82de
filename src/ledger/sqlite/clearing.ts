import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { unlinkIfThere } from '../../system/disk.ts';
import { nextTurn } from '../../system/turns.ts';
import { clearedName } from '../../system/sideFiles.ts';
import type { ClearResult } from '../results.ts';
import { LedgerError } from '../results.ts';
import { copyDatabase } from './repair/backup.ts';
import type { Change } from './changes.ts';
import { emptyLedger } from './changes.ts';
import { Connection } from './connection.ts';
import { explainSqlite } from './engine.ts';
import type { Row } from './rows.ts';
import { RowAppender } from './rowAppender.ts';
import { findRow, idOf, rowsAfter, tryRecordOf } from './rows.ts';
import { epochOf, touch } from './columns/segments.ts';
import { fileSize } from './log.ts';

/** Empties a ledger, and undoes that. The cleared records are kept in a separate database, which the change names. */

const ROWS_PER_TRANSACTION = 5_000;

type Extent = {
  records: number;
  last: number | null;
  epoch: number;
};

/** Copies first, then empties, and starts over if something was written in between. */
export async function clearDatabase(connection: Connection, disk: Disk, now: number): Promise<ClearResult> {
  for (;;) {
    const before = extentOf(connection);
    if (before.records === 0) return { removed: 0, keptIn: undefined };
    const name = clearedName(basename(connection.path), now);
    const keptIn = join(dirname(connection.path), name);
    await copyDatabase(disk, connection.path, keptIn);
    const done = await connection.write(() => {
      const { last, epoch } = extentOf(connection);
      if (last !== before.last || epoch !== before.epoch) return false;
      emptyLedger(connection, new Date(now).toISOString(), before.records, name);
      return true;
    });
    if (done) return { removed: before.records, keptIn };
    await unlinkIfThere(disk, keptIn);
  }
}

function extentOf(connection: Connection): Extent {
  const { records, last } = connection.first('SELECT count(*) AS records, max(seq) AS last FROM record') as Extent;
  return { records, last, epoch: epochOf(connection) };
}

/** Restores cleared records, some thousand at a time. If interrupted, it can be repeated. */
export async function undoClear(connection: Connection, disk: Disk, change: Change, file: string): Promise<void> {
  // Accepts only names that we create: a database edited by hand must not make us read other files.
  const own = file.startsWith(`${basename(connection.path)}.cleared.`) && !/[\\/]/.test(file);
  const path = join(dirname(connection.path), file);
  const kept = own && fileSize(disk, path) > 0 ? await opened(disk, path) : undefined;
  if (!kept) {
    throw new LedgerError(
      'damaged',
      `${file} is missing: it contains the records cleared at ${change.at}. Put it back beside the ledger to undo.`,
    );
  }
  try {
    let after = 0;
    for (;;) {
      const rows = rowsAfter(kept, after, ROWS_PER_TRANSACTION);
      if (rows.length === 0) break;
      after = rows.at(-1)!.seq;
      await connection.write(() => bringBack(connection, rows));
      await nextTurn();
    }
    await connection.write(() => {
      connection.sql('DELETE FROM change WHERE id = ?').run(change.id);
      touch(connection, []);
    });
  } finally {
    await kept.close();
  }
  for (const name of [path, `${path}-wal`, `${path}-shm`]) await unlinkIfThere(disk, name);
}

/** @throws {LedgerError} that names this file instead of the ledger. */
async function opened(disk: Disk, path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open(disk, path);
  } catch (error) {
    throw explainSqlite(error, path);
  }
}

/** Adds rows of another database. @returns how many of them were missing. */
export function bringBack(connection: Connection, rows: readonly Row[]): number {
  const appender = new RowAppender(connection);
  for (const row of rows) {
    if (findRow(connection, idOf(row.usage_id))) continue;
    const record = tryRecordOf(row);
    if (record) appender.add(record, row.text);
    else appender.addOther(row);
  }
  appender.finish();
  return appender.count;
}
