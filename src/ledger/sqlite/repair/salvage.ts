import { copyFile, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { nextTurn } from '../../../system/turns.ts';
import { Connection } from '../connection.ts';
import type { Database, Statement } from '../engine.ts';
import { codeOf, sqliteEngine } from '../engine.ts';
import { withSideFile } from './leftovers.ts';
import { hasLog, logOf } from '../log.ts';
import { PAGE_BYTES, Pages } from './pages.ts';
import type { Row } from '../rows.ts';
import { restoredRow } from '../rows.ts';
import { marked, outdated, settled } from './disputes.ts';
import {
  absence,
  changesIn,
  changesOn,
  indexedRows,
  joined,
  NO_CHANGES,
  type Absence,
  type Changes,
} from './removals.ts';
import { DAMAGED_COLUMNS, rescuedRow, type DamagedRow } from './rescue.ts';

/** Reads as much as possible of a damaged database, without changing it. */

const ROWS_AT_ONCE = 1_000;
/** After this many consecutive failures, the rest is considered unreadable. */
const MOST_FAILURES = 5_000;
/** More rows than any ledger has; limits the search when even the last number cannot be read. */
const MOST_ROWS = 2 ** 32;
/** https://sqlite.org/fileformat.html#the_database_header */
const HEADER_BYTES = 100;
const PAGES_AT = 28;

export interface Salvage extends Changes {
  /** Rows that exist but cannot be read as records. */
  unreadable: number;
  /** Records made of rows with damaged texts; an intact record of the same id counts instead. */
  rescued: readonly Row[];
}

type Take = (rows: readonly Row[]) => Promise<void>;

/**
 * Passes every readable row to `take`: first those that SQLite finds, in order, then those found by scanning pages. Pages are
 * always scanned: a damaged interior page can hide thousands of rows without an error. A row may be passed twice; the first one
 * counts.
 */
export async function salvageRows(disk: Disk, path: string, take: Take): Promise<Salvage> {
  const rescued = new Map<string, Row>();
  const disputed = new Map<string, Row>();
  const disputedIds = new Set<string>();
  const takeReadable = async (rows: readonly DamagedRow[], scan?: Scan): Promise<number> => {
    const readable: Row[] = [];
    let unreadable = 0;
    for (const row of rows) {
      const restored = restoredRow(row);
      const whole = restored && marked(restored, row);
      const rest = whole ? undefined : rescuedRow(row);
      if (rest && !rescued.has(rest.usage_id) && !isGone(rest, scan)) rescued.set(rest.usage_id, rest);
      if (rest?.otherId !== undefined) disputedIds.add(rest.otherId);
      // Texts without columns come last, and again for each row.
      if (whole && row.usage_id === '' && disputedIds.has(whole.usage_id)) continue;
      if (whole?.otherId !== undefined) {
        disputed.set(JSON.stringify([whole.usage_id, whole.otherId]), whole);
        disputedIds.add(whole.usage_id);
      } else if (whole && !isGone(whole, scan)) {
        // A text without columns may be the one from before a change.
        readable.push(row.usage_id === '' && scan?.replaced.has(whole.usage_id) ? outdated(whole) : whole);
      }
      if (!whole && !rest) unreadable++;
    }
    await take(readable);
    return unreadable;
  };
  const walk = joined(await walkRows(disk, path, takeReadable), await changesOn(path));
  const unreadable = await scanPages(path, walk, takeReadable);
  const decided = await settledRows(path, [...disputed.values()]);
  await take(decided.filter(({ usage_id, otherId }) => ![usage_id, otherId!].some((id) => walk.removed.has(id))));
  const known = new Set(decided.map(({ seq, otherId }) => `${seq} ${otherId}`));
  const kept = [...rescued.values()].filter(
    ({ seq, usage_id }) => !walk.removed.has(usage_id) && !known.has(`${seq} ${usage_id}`),
  );
  return { ...walk, unreadable, rescued: kept };
}

/** For rows that were not found by SQLite. */
type Scan = Changes & { isAbsent: Absence };

function isGone({ usage_id, seq }: Row, scan: Scan | undefined): boolean {
  return scan !== undefined && (scan.removed.has(usage_id) || scan.isAbsent(usage_id, seq));
}

/** Passes on the readable rows except removed ones. @returns the number of unreadable ones. */
type TakeReadable = (rows: readonly DamagedRow[], scan?: Scan) => Promise<number>;

async function walkRows(disk: Disk, path: string, take: TakeReadable): Promise<Changes> {
  const db = openLedger(path, true);
  if (db) return readAll(db, take);
  return withScratch(disk, path, async (copy, page) => {
    await copyFile(path, copy);
    if (hasLog(disk, path)) await copyFile(logOf(path), logOf(copy));
    // First the header alone, which other programs overwrite; if that is not enough, the whole first page.
    for (const bytes of [HEADER_BYTES, PAGE_BYTES]) {
      await overwrite(copy, page.subarray(0, bytes));
      const mended = openLedger(copy, false);
      if (mended) return readAll(mended, take);
    }
    return NO_CHANGES;
  });
}

/**
 * Passes on the rows of all pages except free ones, which contain removed records. If the list of free pages is lost as well,
 * all pages are read: a removed record that reappears can be removed again, whereas a lost one is lost.
 * @returns the number of rows that cannot be read as records.
 */
async function scanPages(path: string, changes: Changes, take: TakeReadable): Promise<number> {
  const pages = new Pages(path);
  let unreadable = 0;
  try {
    const free = pages.free();
    if (free === undefined && changes.cleared) return 0;
    const scan = { ...changes, isAbsent: await absence(path) };
    for await (const rows of pages.rows(free ?? new Set())) {
      unreadable += await take(rows, scan);
    }
    return unreadable;
  } finally {
    pages.close();
  }
}

/** Decides between the two ids of rows, of which one is damaged. */
async function settledRows(path: string, rows: readonly Row[]): Promise<Row[]> {
  if (rows.length === 0) return [];
  // With the row's number, because damage can turn an id into that of another record.
  const nameOf = (seq: number, key: string | undefined): string => `${seq} ${key}`;
  const asked = new Set(rows.flatMap(({ seq, usage_id, otherId }) => [nameOf(seq, usage_id), nameOf(seq, otherId)]));
  const named = new Set<string>();
  for await (const { seq, usage_id } of indexedRows(path)) {
    const name = nameOf(seq, usage_id);
    if (asked.has(name)) named.add(name);
  }
  return rows.map((row) => settled(row, (key) => named.has(nameOf(row.seq, key))));
}

/** Passes on the rows in the log of a deleted database. */
export async function salvageLog(disk: Disk, path: string, take: Take): Promise<Salvage> {
  return withScratch(disk, path, async (copy, page) => {
    await overwrite(copy, page);
    await copyFile(logOf(path), logOf(copy));
    const db = openLedger(copy, false);
    if (!db) return NOTHING;
    const changes = await readAll(db, async (rows) => {
      await take(rows.flatMap((row) => restoredRow(row) ?? []));
      return 0;
    });
    return { ...NOTHING, ...changes };
  });
}

export const NOTHING: Salvage = { ...NO_CHANGES, unreadable: 0, rescued: [] };

async function readAll(db: Database, take: TakeReadable): Promise<Changes> {
  try {
    // Locks the file once, not for each of thousands of queries.
    db.exec('BEGIN');
    await rowsBetween(db, take);
    return changesIn(db);
  } finally {
    db.close();
  }
}

/** Bisects unreadable stretches to skip as little as possible. */
async function rowsBetween(db: Database, take: TakeReadable): Promise<void> {
  let failures = 0;
  const stretches: [number, number][] = [[1, lastNumber(db)]];
  const query = rowsQuery(db);
  if (query === undefined) return;
  for (let stretch = stretches.pop(); stretch && failures < MOST_FAILURES; stretch = stretches.pop()) {
    const [from, to] = stretch;
    const rows = tried(() => query.all(from, to) as unknown as DamagedRow[]);
    if (!rows) {
      failures++;
      const middle = Math.floor((from + to) / 2);
      if (from < to) stretches.push([middle + 1, to], [from, middle]);
      continue;
    }
    failures = 0;
    if (rows.length === ROWS_AT_ONCE) stretches.push([Number(rows.at(-1)!.seq) + 1, to]);
    await take(rows);
    await nextTurn();
  }
}

/** undefined: damage renamed a column. */
function rowsQuery(db: Database): Statement | undefined {
  const sql = `SELECT ${DAMAGED_COLUMNS} FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ${ROWS_AT_ONCE}`;
  return tried(() => db.prepare(sql));
}

function tried<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function lastNumber(db: Database): number {
  const row = tried(() => db.prepare('SELECT max(seq) AS last FROM record').get() as { last: number | null });
  return row === undefined ? MOST_ROWS : (row.last ?? 0);
}

/** Opens the database if SQLite accepts the file and finds our tables in it. */
function openLedger(path: string, readOnly: boolean): Database | undefined {
  const { DatabaseSync } = sqliteEngine();
  let db: Database | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: 10_000 });
    db.prepare(`SELECT ${DAMAGED_COLUMNS} FROM record`);
    return db;
  } catch (error) {
    db?.close();
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Runs `work` with a temporary file for a copy, and the first page of an intact ledger. */
async function withScratch<T>(
  disk: Disk,
  path: string,
  work: (copy: string, page: Uint8Array) => Promise<T>,
): Promise<T> {
  const ledger = { folder: dirname(path), base: basename(path) };
  const page = await withSideFile(disk, ledger, 'tmp', async (sound) => {
    await (await Connection.create(disk, sound)).close();
    return firstPage(sound);
  });
  return withSideFile(disk, ledger, 'tmp', (copy) => work(copy, page));
}

async function firstPage(path: string): Promise<Uint8Array> {
  const page = new Uint8Array(PAGE_BYTES);
  const file = await open(path, 'r');
  try {
    await file.read(page, 0, PAGE_BYTES, 0);
  } finally {
    await file.close();
  }
  // The number of pages is unknown; with 0, SQLite uses the file size.
  new DataView(page.buffer).setUint32(PAGES_AT, 0);
  return page;
}

async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
}
