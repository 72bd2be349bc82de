import { open } from 'node:fs/promises';
import { nextTurn } from '../turn.ts';
import type { Database } from './engine.ts';
import { codeOf, sqliteEngine } from './engine.ts';
import type { Row } from './rows.ts';
import { tryRecordOf } from './rows.ts';

/** Reading what can be read of a damaged database. */

const ROWS_AT_ONCE = 1_000;
/** Nothing readable in so many tries on end: then there is nothing more. */
const MOST_FAILURES = 5_000;
/** No ledger has more; where even the last number cannot be read, the search ends there. */
const MOST_ROWS = 2 ** 32;
/** Of the databases that we make. */
const PAGE_BYTES = 4096;
const SCHEMA_FORMAT = 4;
const UTF8 = 1;

export interface Salvage {
  /** Ids that were removed on purpose: a backup must not bring them back. */
  removed: ReadonlySet<string>;
  /** Somebody cleared the ledger: what is in a backup from before was meant to go. */
  cleared: boolean;
}

/**
 * Gives every readable row, in order.
 * @param path a copy that may be written: SQLite takes the log into it.
 */
export async function salvageRows(path: string, take: (rows: readonly Row[]) => Promise<void>): Promise<Salvage> {
  let db = tryOpen(path);
  if (!db) {
    await replaceHeader(path);
    db = tryOpen(path);
  }
  if (!db) return { removed: new Set(), cleared: false };
  try {
    await rowsBetween(db, take);
    return changesIn(db);
  } finally {
    db.close();
  }
}

/** Halves each stretch that cannot be read until what is left out is as small as can be. */
async function rowsBetween(db: Database, take: (rows: readonly Row[]) => Promise<void>): Promise<void> {
  let failures = 0;
  const stretches: [number, number][] = [[1, lastNumber(db)]];
  for (let stretch = stretches.pop(); stretch && failures < MOST_FAILURES; stretch = stretches.pop()) {
    const [from, to] = stretch;
    const rows = tryRows(db, from, to);
    if (!rows) {
      failures++;
      const middle = Math.floor((from + to) / 2);
      if (from < to) stretches.push([middle + 1, to], [from, middle]);
      continue;
    }
    failures = 0;
    if (rows.length === ROWS_AT_ONCE) stretches.push([rows.at(-1)!.seq + 1, to]);
    await take(rows.filter((row) => typeof row.text === 'string' && tryRecordOf(row) !== undefined));
    await nextTurn();
  }
}

function tryRows(db: Database, from: number, to: number): Row[] | undefined {
  try {
    return db
      .prepare('SELECT seq, usage_id, text FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?')
      .all(from, to, ROWS_AT_ONCE) as unknown as Row[];
  } catch {
    return undefined;
  }
}

function lastNumber(db: Database): number {
  try {
    return (db.prepare('SELECT max(seq) AS last FROM record').get() as { last: number | null }).last ?? 0;
  } catch {
    return MOST_ROWS;
  }
}

function changesIn(db: Database): Salvage {
  try {
    const rows = db
      .prepare("SELECT usage_id FROM changed JOIN change ON change.id = changed.change WHERE op = 'remove'")
      .all() as { usage_id: string }[];
    const clear = db.prepare("SELECT 1 FROM change WHERE op = 'clear'").get();
    return { removed: new Set(rows.map(({ usage_id }) => usage_id)), cleared: clear !== undefined };
  } catch {
    return { removed: new Set(), cleared: false };
  }
}

/** The database, when SQLite takes the file for one at all. */
function tryOpen(path: string): Database | undefined {
  const db = new (sqliteEngine().DatabaseSync)(path);
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    db.close();
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Gives a file the first hundred bytes of a sound database (https://sqlite.org/fileformat.html#the_database_header): they
 * are what a program overwrites that takes the file for its own, and without them nothing behind them is read.
 */
async function replaceHeader(path: string): Promise<void> {
  const header = new DataView(new ArrayBuffer(100));
  new TextEncoder().encodeInto('SQLite format 3\0', new Uint8Array(header.buffer));
  header.setUint16(16, PAGE_BYTES);
  // Both versions are those of a database with a log, so that what is in the log counts.
  for (const [at, byte] of [2, 2, 0, 64, 32, 32].entries()) header.setUint8(18 + at, byte);
  // The size in pages is left at 0, as unknown: the file's own is taken. No free pages.
  header.setUint32(24, 1);
  header.setUint32(40, 1);
  header.setUint32(44, SCHEMA_FORMAT);
  header.setUint32(56, UTF8);
  const file = await open(path, 'r+');
  try {
    await file.write(new Uint8Array(header.buffer), 0, header.byteLength, 0);
  } finally {
    await file.close();
  }
}
