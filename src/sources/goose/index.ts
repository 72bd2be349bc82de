import { join } from 'node:path';
import type { DatabaseRow } from '../reading/database.ts';
import { readDatabase, readTable } from '../reading/database.ts';
import { countOf, fieldsOf, labelOf, nameOf, parseJson, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersIn, roamingData, xdgData } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION } from '../record.ts';
import { keepLarger, type FoundUsage, type Sink, type Source, type SourceFile } from '../source.ts';
import { databaseTime } from '../reading/databaseTime.ts';

/** Goose: sums of each session in the table `sessions` of an SQLite database, without cache counts. */
export const goose: Source = {
  id: 'goose',
  title: 'Goose',
  locate: (environment) => {
    const given = foldersIn(environment, 'GOOSE_PATH_ROOT').map((root) => join(root, 'data'));
    const data = xdgData(environment);
    const roaming = roamingData(environment);
    const usual =
      environment.platform === 'win32'
        ? [join(roaming, 'Block', 'goose', 'data'), join(roaming, 'Block', 'goose'), join(data, 'goose')]
        : [join(data, 'goose'), join(data, 'Block', 'goose')];
    if (environment.platform === 'darwin') usual.push(join(roaming, 'goose'), join(roaming, 'Block', 'goose'));
    return (given.length > 0 ? given : usual).map((folder) => join(folder, 'sessions', 'sessions.db'));
  },
  matches: (relative) => relative.endsWith('sessions.db'),
  reading: () => ({ kind: 'whole', read: readSessions }),
  settle: keepLarger,
};

const SOURCE = 'goose-log';

function readSessions(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const table = {
      name: 'sessions',
      needed: ['id', 'created_at'],
      wanted: [
        'model_config_json',
        'provider_name',
        'working_dir',
        'total_tokens',
        'input_tokens',
        'output_tokens',
        'accumulated_total_tokens',
        'accumulated_input_tokens',
        'accumulated_output_tokens',
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
  // The counts without `accumulated_` are those of the current context.
  const count = (name: string): number => countOf(row[`accumulated_${name}_tokens`] ?? row[`${name}_tokens`]);
  const input = count('input');
  const known = count('output');
  // The part of the total beyond both is reasoning.
  const reasoning = Math.max(0, count('total') - input - known);
  const output = known + reasoning;
  if (input + output === 0) return undefined;
  const timestamp = databaseTime(row['created_at']);
  if (timestamp === undefined) return 'no-time';
  const session = String(row['id']);
  const config = fieldsOf(parseJson(textOf(row['model_config_json']) ?? ''));
  const model = nameOf(textOf(config?.['model_name']) ?? 'unknown');
  const payer = payerOf({ model, provider: textOf(row['provider_name']) });
  return {
    record: logRecord({
      usageId: usageId(SOURCE, [session]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'unknown'),
      model,
      operation: 'agent',
      timestamp,
      tokens: { input, output, reasoning },
      folder: textOf(row['working_dir']),
      session: labelOf(session),
      more: { ...WHOLE_SESSION, charge: payer?.charge },
    }),
  };
}
