import { Pages } from './pages.ts';
import type { Database } from '../engine.ts';
import { fileSize } from '../log.ts';
import type { Row } from '../rows.ts';
import { nodeDisk } from '../../../system/nodeDisk.ts';

/** Which records of a damaged database were removed or replaced: a repair must not undo that. */

export interface Changes {
  /** Ids that were removed on purpose: they must not be restored from a backup. */
  removed: ReadonlySet<string>;
  /** The last change that replaced a record, by the record's id. */
  replaced: ReadonlyMap<string, number>;
  /** Whether the ledger was cleared: older records in a backup were removed on purpose. */
  cleared: boolean;
}

export const NO_CHANGES: Changes = { removed: new Set(), replaced: new Map(), cleared: false };

export function joined(a: Changes, b: Changes): Changes {
  const replaced = new Map(a.replaced);
  for (const [id, change] of b.replaced) replaced.set(id, Math.max(change, replaced.get(id) ?? 0));
  return { removed: new Set([...a.removed, ...b.removed]), replaced, cleared: a.cleared || b.cleared };
}

/** The changes that SQLite finds. A damaged page may hold some of them. */
export function changesIn(db: Database): Changes {
  const ops = new Map(
    readable<{ id: number; op: string }>(db, 'SELECT id, op FROM change').map(({ id, op }) => [id, op]),
  );
  const removed = new Set<string>();
  const replaced = new Map<string, number>();
  for (const order of ['ASC', 'DESC']) {
    const sql = `SELECT change, usage_id FROM changed ORDER BY change ${order}, position ${order}`;
    for (const { change, usage_id } of readable<{ change: number; usage_id: string }>(db, sql)) {
      if (ops.get(change) === 'remove') removed.add(usage_id);
      else if (ops.get(change) === 'replace') replaced.set(usage_id, Math.max(change, replaced.get(usage_id) ?? 0));
    }
  }
  return { removed, replaced, cleared: [...ops.values()].includes('clear') };
}

/**
 * The changes on all pages. A page may be an old one, from before an undo, and the kind of a change may be on a damaged page:
 * therefore a record counts as removed only if the index does not name it.
 */
export async function changesOn(path: string): Promise<Changes> {
  const pages = new Pages(path);
  try {
    const free = pages.free();
    const ops = new Map<number, string>();
    const found = new Map<string, number>();
    for await (const { change, op, usage_id } of pages.changes(free ?? new Set())) {
      if (op !== undefined) ops.set(change, op);
      if (usage_id !== undefined) found.set(usage_id, Math.max(change, found.get(usage_id) ?? 0));
    }
    const removed = new Set([...found].flatMap(([id, change]) => (ops.get(change) === 'replace' ? [] : [id])));
    const replaced = new Map([...found].filter(([, change]) => ops.get(change) !== 'remove'));
    if (removed.size > 0) {
      for await (const rows of pages.indexed(free ?? new Set()))
        for (const { usage_id } of rows) removed.delete(usage_id);
    }
    return { removed, replaced, cleared: false };
  } finally {
    pages.close();
  }
}

/**
 * The rows that the index of a damaged database names, with empty texts. If the list of free pages is lost, all pages are read:
 * the records that free pages name were found by `salvageRows`, which reads these pages as well.
 */
export async function* indexedRows(path: string): AsyncGenerator<Row> {
  const pages = new Pages(path);
  try {
    for await (const rows of pages.indexed(pages.free() ?? new Set())) yield* rows;
  } finally {
    pages.close();
  }
}

/** Whether a damaged database did not have a record. @param seq the number of its row, if it is known. */
export type Absence = (key: string, seq?: number) => boolean;

/**
 * The index is in order, so an id between two neighbours of one of its intact pages is not in it. A page may be an old one, or an
 * id on it damaged: therefore neither the id nor the number of the row may be anywhere in the index.
 */
export async function absence(path: string): Promise<Absence> {
  if (fileSize(nodeDisk, path) === 0) return () => false;
  const pages = new Pages(path);
  const named = new Set<string | number>();
  const runs: string[][] = [];
  try {
    const free = pages.free() ?? new Set();
    for await (const rows of pages.indexed(free)) for (const { seq, usage_id } of rows) named.add(seq).add(usage_id);
    for await (const rows of pages.indexed(free, true)) {
      const keys = rows.map(({ usage_id }) => usage_id);
      if (keys.length > 1 && isAscending(keys)) runs.push(keys);
    }
  } finally {
    pages.close();
  }
  runs.sort(([a], [b]) => (a! < b! ? -1 : 1));
  return (key, seq = 0) => !named.has(key) && !named.has(seq) && isBetween(runs, key);
}

/** The order of other characters differs between SQLite and JavaScript. */
function isAscending(keys: readonly string[]): boolean {
  return keys.every((key, i) => /^[ -~]+$/.test(key) && (i === 0 || keys[i - 1]! < key));
}

/** @param runs sorted by their first keys. */
function isBetween(runs: readonly (readonly string[])[], key: string): boolean {
  const run = runs[lastUpTo(runs.length, (i) => runs[i]![0]! <= key)];
  return run !== undefined && key < run.at(-1)!;
}

/** The last index for which it holds, if it holds up to that one; -1 if for none. */
function lastUpTo(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The rows up to the first one that cannot be read. */
function readable<T>(db: Database, sql: string): T[] {
  const rows: T[] = [];
  try {
    for (const row of db.prepare(sql).iterate()) rows.push(row as T);
  } catch {
    // The other rows are lost.
  }
  return rows;
}
