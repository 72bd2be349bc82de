import { sqliteEngine, type Database } from '../../ledger/sqlite/engine.ts';
import { messageOf } from './walk.ts';
import type { Sink, SourceFile } from '../source.ts';

type Row = Record<string, unknown>;

/**
 * Reads an SQLite database that another program may be writing to, without changing it.
 * @param use receives a function that yields the rows of a query one at a time.
 */
export function readDatabase(
  file: SourceFile,
  sink: Sink,
  use: (rows: (query: string) => Iterable<Row>) => void,
): void {
  let database: Database;
  try {
    database = new (sqliteEngine().DatabaseSync)(file.path, { readOnly: true });
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
    return;
  }
  try {
    database.exec('PRAGMA busy_timeout = 2000');
    use((query) => rowsOf(database, query));
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
  } finally {
    database.close();
  }
}

/** Integers are read as bigint: Node throws for a number beyond 2^53, and the rows after it would not be read. */
function* rowsOf(database: Database, query: string): Generator<Row> {
  const statement = database.prepare(query);
  statement.setReadBigInts(true);
  for (const row of statement.iterate()) {
    yield Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    );
  }
}
