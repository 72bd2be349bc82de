import { join } from 'node:path';
import type { DatabaseRow } from '../reading/database.ts';
import { readDatabase, readTable } from '../reading/database.ts';
import { countOf, labelOf, nameOf, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { databaseTime } from '../reading/databaseTime.ts';
import { foldersOr } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION } from '../record.ts';
import { keepLarger, type FoundUsage, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone } from '../tokens.ts';

/** Hermes: sums of each session in the table `sessions` of `state.db`, for the user and for each profile. */
export const hermes: Source = {
  id: 'hermes',
  title: 'Hermes',
  locate: (environment) =>
    foldersOr(environment, 'HERMES_HOME', join(environment.home, '.hermes')).flatMap((folder) => [
      join(folder, 'state.db'),
      join(folder, 'profiles'),
    ]),
  matches: (relative) => /(^|\/)state\.db$/.test(relative),
  reading: () => ({ kind: 'whole', read: readSessions }),
  settle: keepLarger,
};

const SOURCE = 'hermes-log';

function readSessions(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const table = {
      name: 'sessions',
      needed: ['id', 'model', 'started_at', 'input_tokens', 'output_tokens'],
      wanted: [
        'billing_provider',
        'cache_read_tokens',
        'cache_write_tokens',
        'reasoning_tokens',
        'estimated_cost_usd',
        'actual_cost_usd',
      ],
    };
    readTable(rows, sink, table, (row) => {
      const found = usageOf(row);
      if (typeof found === 'string') sink.skip(found, textOf(row['id']));
      else if (found !== undefined) sink.usage(found);
    });
  });
}

function usageOf(row: DatabaseRow): FoundUsage | 'no-time' | undefined {
  const tokens = beside(
    {
      input: countOf(row['input_tokens']),
      output: countOf(row['output_tokens']),
      cacheRead: countOf(row['cache_read_tokens']),
      cacheWrite: countOf(row['cache_write_tokens']),
      reasoning: countOf(row['reasoning_tokens']),
    },
    'beside',
  );
  if (isNone(tokens)) return undefined;
  const timestamp = databaseTime(row['started_at']);
  if (timestamp === undefined) return 'no-time';
  const model = nameOf(textOf(row['model']) ?? 'unknown');
  const payer = payerOf({ model, provider: textOf(row['billing_provider']) });
  const session = String(row['id']);
  const [actual, estimated] = [row['actual_cost_usd'], row['estimated_cost_usd']];
  const isBilled = typeof actual === 'number' && actual > 0;
  const logged = isBilled ? actual : estimated;
  return {
    record: logRecord({
      usageId: usageId(SOURCE, [session]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'unknown'),
      model,
      operation: 'agent',
      timestamp,
      tokens,
      session: labelOf(session),
      more: { ...WHOLE_SESSION, charge: payer?.charge },
    }),
    loggedCost: typeof logged === 'number' && logged > 0 ? logged : undefined,
    prefersLogged: isBilled,
  };
}
