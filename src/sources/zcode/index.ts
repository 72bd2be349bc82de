import { join } from 'node:path';
import { columnsOf, readDatabase, readTable, type DatabaseRow, type Rows } from '../reading/database.ts';
import { countOf, labelOf, nameOf, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { databaseTime } from '../reading/databaseTime.ts';
import { foldersOr } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type FoundUsage, type Sink, type Source, type SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';

/** Z Code (z.ai): one row per call in the table `model_usage` of an SQLite database. */
export const zcode: Source = {
  id: 'zcode',
  title: 'Z Code',
  locate: (environment) =>
    foldersOr(environment, 'ZCODE_HOME', join(environment.home, '.zcode')).map((home) =>
      join(home, 'cli', 'db', 'db.sqlite'),
    ),
  matches: (relative) => relative.endsWith('db.sqlite'),
  reading: () => ({ kind: 'whole', read: readCalls }),
  settle: keepLarger,
};

const SOURCE = 'zcode-log';

function readCalls(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const folders = foldersOf(rows);
    const table = {
      name: 'model_usage',
      needed: ['id', 'session_id', 'model_id', 'input_tokens', 'output_tokens'],
      wanted: [
        'provider_id',
        'reasoning_tokens',
        'cache_creation_input_tokens',
        'cache_read_input_tokens',
        'started_at',
        'completed_at',
      ],
    };
    readTable(rows, sink, table, (row) => {
      const found = usageOf(row, folders);
      if (typeof found === 'string') sink.skip(found, String(row['id']));
      else if (found !== undefined) sink.usage(found);
    });
  });
}

/** The working folder of each session. */
function foldersOf(rows: Rows): ReadonlyMap<unknown, string | undefined> {
  if (!columnsOf(rows, 'session').has('directory')) return new Map();
  return new Map([...rows('SELECT id, directory FROM session')].map((row) => [row['id'], textOf(row['directory'])]));
}

function usageOf(
  row: DatabaseRow,
  folders: ReadonlyMap<unknown, string | undefined>,
): FoundUsage | 'no-time' | undefined {
  const tokens = including({
    input: countOf(row['input_tokens']),
    output: countOf(row['output_tokens']),
    cacheRead: countOf(row['cache_read_input_tokens']),
    cacheWrite: countOf(row['cache_creation_input_tokens']),
    reasoning: countOf(row['reasoning_tokens']),
  });
  if (isNone(tokens)) return undefined;
  const timestamp = databaseTime(row['completed_at'] ?? row['started_at']);
  if (timestamp === undefined) return 'no-time';
  const model = nameOf(textOf(row['model_id']) ?? 'unknown');
  const payer = payerOf({ model, provider: textOf(row['provider_id']) });
  const session = textOf(row['session_id']);
  return {
    record: logRecord({
      // Row numbers start over in a new database; the session makes the id unique.
      usageId: usageId(SOURCE, [session, String(row['id'])]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'zai'),
      model,
      operation: 'agent',
      timestamp,
      tokens,
      folder: folders.get(row['session_id']),
      session: labelOf(session),
      more: { charge: payer?.charge },
    }),
  };
}
