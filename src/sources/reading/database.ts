import { sqliteEngine, type Database } from '../../ledger/sqlite/engine.ts';
import type { Sink, SourceFile } from '../source.ts';
import { guarded } from './guarded.ts';
import { messageOf } from './walk.ts';

export type DatabaseRow = Readonly<Record<string, unknown>>;
/** Yields the rows of a query, one at a time. */
export type Rows = (query: string) => Iterable<DatabaseRow>;

/** How long a database that its program has locked is waited for, ms. */
const BUSY_MS = 2_000;

/**
 * Reads an SQLite database that another program may be writing, without changing anything in it. One that stays locked, or that
 * cannot be read, is skipped and named.
 */
export function readDatabase(file: SourceFile, sink: Sink, use: (rows: Rows) => void): void {
  let database: Database;
  try {
    database = new (sqliteEngine().DatabaseSync)(file.path, { readOnly: true });
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
    return;
  }
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // One moment of the database: a row that its program adds between two queries is read next time.
    database.exec('BEGIN');
    use((query) => rowsOf(database, query));
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
  } finally {
    database.close();
  }
}

/**
 * Hands on the rows of a table. A column that a version of the tool did not have is undefined; a table that is not there, or lacks a
 * column that `needed` names, is of a version that is not known: the file is skipped and named, never taken for one without usage.
 * @param wanted names of columns. @param rest SQL after the table's name.
 */
export function readTable(
  rows: Rows,
  sink: Sink,
  table: { name: string; needed: readonly string[]; wanted: readonly string[]; rest?: string },
  use: (row: DatabaseRow) => void,
): void {
  const there = columnsOf(rows, table.name);
  const missing = table.needed.filter((name) => !there.has(name));
  if (there.size === 0 || missing.length > 0) {
    const what = there.size === 0 ? `no table ${table.name}` : `no column ${table.name}.${missing.join(', ')}`;
    return sink.skip('unknown-format', what);
  }
  const columns = [...table.needed, ...table.wanted.filter((name) => there.has(name))];
  const names = columns.map((name) => `"${name}"`).join(', ');
  for (const row of rows(`SELECT ${names} FROM "${table.name}" ${table.rest ?? ''}`)) {
    guarded(sink, undefined, () => use(row));
  }
}

/** The names of a table's columns; empty where there is no such table. */
export function columnsOf(rows: Rows, table: string): ReadonlySet<unknown> {
  return new Set([...rows(`SELECT name FROM pragma_table_info('${table}')`)].map(({ name }) => name));
}

/** Integers are asked for as bigint: Node throws at one beyond 2^53, and the rows after it would not be read. */
function* rowsOf(database: Database, query: string): Generator<DatabaseRow> {
  const statement = database.prepare(query);
  statement.setReadBigInts(true);
  for (const row of statement.iterate()) {
    yield Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    );
  }
}
