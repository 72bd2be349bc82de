import { sqliteEngine, type Database } from '../../ledger/sqlite/engine.ts';
import type { Sink, SourceFile } from '../source.ts';
import { guarded } from './guarded.ts';
import { messageOf } from './walk.ts';

export type DatabaseRow = Readonly<Record<string, unknown>>;
/** Yields the rows of a query, one at a time. */
export type Rows = (query: string) => Iterable<DatabaseRow>;

/** How long to wait for a database locked by its program, ms. */
const BUSY_MS = 2_000;

/**
 * Reads an SQLite database that another program may be writing to, without changing it. A database that stays locked or cannot
 * be read is skipped and reported.
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
    // Reads a single state of the database: rows that its program adds between two queries are read the next time.
    database.exec('BEGIN');
    use((query) => rowsOf(database, query));
  } catch (error) {
    const message = messageOf(error);
    sink.skip(/^no such (table|column)/.test(message) ? 'unknown-format' : 'unreadable', message);
  } finally {
    database.close();
  }
}

/**
 * Passes on the rows of a table. A column that the tool's version lacks is undefined. If the table, or a column listed in
 * `needed`, is missing, the version is unknown: the file is skipped and reported, never treated as a file without usage.
 * @param wanted names of columns.
 * @param rest SQL after the table's name.
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

/** The names of a table's columns; empty if the table does not exist. */
export function columnsOf(rows: Rows, table: string): ReadonlySet<unknown> {
  return new Set([...rows(`SELECT name FROM pragma_table_info('${table}')`)].map(({ name }) => name));
}

/** Integers are read as bigint: Node throws for a number beyond 2^53, and the rows after it would not be read. */
function* rowsOf(database: Database, query: string): Generator<DatabaseRow> {
  const statement = database.prepare(query);
  statement.setReadBigInts(true);
  for (const row of statement.iterate()) {
    yield Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    );
  }
}
