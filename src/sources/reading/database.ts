import { sqliteEngine, type Database } from '../../ledger/sqlite/engine.ts';
import { messageOf } from './walk.ts';
import type { Sink, SourceFile } from '../source.ts';

type Row = Record<string, unknown>;

/**
 * Reads an SQLite database that another program may be writing, without changing anything in it.
 * @param use gets a function that yields the rows of a query, one at a time.
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
    use((query) => database.prepare(query).iterate() as Iterable<Row>);
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
  } finally {
    database.close();
  }
}
