import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { DatabaseRow, Rows } from '../reading/database.ts';
import { readJsonFile } from '../reading/whole.ts';
import { columnsOf, readDatabase, readTable } from '../reading/database.ts';
import { countOf, fieldsOf, labelOf, nameOf, parseJson, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { databaseTime } from '../reading/databaseTime.ts';
import { foldersOr, localData, xdgData } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION } from '../record.ts';
import {
  keepLarger,
  type FoundUsage,
  type Sink,
  type Source,
  type SourceEnvironment,
  type SourceFile,
} from '../source.ts';

/**
 * Crush: sums of each session in a database in the project's folder. A list of projects is in the user's folder. A session's
 * sums include those of the sessions that it started.
 */
export const crush: Source = {
  id: 'crush',
  title: 'Crush',
  locate: (environment) => {
    const usual = environment.platform === 'win32' ? localData(environment) : xdgData(environment);
    const folders = foldersOr(environment, 'CRUSH_GLOBAL_DATA', join(usual, 'crush'));
    const databases = folders.flatMap((folder) => databasesIn(join(folder, PROJECTS), environment));
    // Without a project there is nothing to read; the list's path shows where one would be.
    return databases.length > 0 ? databases : folders.map((folder) => join(folder, PROJECTS));
  },
  matches: (relative) => relative.endsWith('crush.db') || relative === PROJECTS,
  reading: ({ relative }) => ({ kind: 'whole', read: relative === PROJECTS ? readProjects : readSessions }),
  settle: keepLarger,
};

const SOURCE = 'crush-log';
const PROJECTS = 'projects.json';

/** Reads a list of projects that names no database, which is normal only if it is empty. */
function readProjects(file: SourceFile, sink: Sink): void {
  const value = readJsonFile(file, sink);
  if (value === undefined) return;
  const projects = Array.isArray(value) ? (value as unknown[]) : fieldsOf(value)?.['projects'];
  if (!Array.isArray(projects)) return sink.skip('unknown-format', 'no list of projects');
  for (const [index, each] of (projects as unknown[]).entries()) {
    const path = textOf(fieldsOf(each)?.['path']);
    if (path === undefined || !isAbsolute(path)) sink.skip('invalid', 'a project without a path', index + 1);
  }
}

function databasesIn(list: string, { home }: SourceEnvironment): string[] {
  let value: unknown;
  try {
    value = parseJson(readFileSync(list, 'utf8'));
  } catch {
    return [];
  }
  const projects = Array.isArray(value) ? (value as unknown[]) : fieldsOf(value)?.['projects'];
  return (Array.isArray(projects) ? (projects as unknown[]) : []).flatMap((each) => {
    const path = textOf(fieldsOf(each)?.['path']);
    if (path === undefined || !isAbsolute(path)) return [];
    const data = (textOf(fieldsOf(each)?.['data_dir']) ?? '.crush').replace(/^~(?=[\\/])/, home);
    return [join(isAbsolute(data) ? data : join(path, data), 'crush.db')];
  });
}

function readSessions(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const models = modelsOf(rows);
    const table = {
      name: 'sessions',
      needed: ['id', 'prompt_tokens', 'completion_tokens', 'created_at'],
      wanted: ['cost'],
      rest: columnsOf(rows, 'sessions').has('parent_session_id') ? 'WHERE parent_session_id IS NULL' : '',
    };
    readTable(rows, sink, table, (row) => {
      const found = usageOf(row, models, file);
      if (typeof found === 'string') sink.skip(found, textOf(row['id']));
      else if (found !== undefined) sink.usage(found);
    });
  });
}

interface ModelUsed {
  model: string;
  provider: string | undefined;
}

/** For each session, the model of most of its messages. */
function modelsOf(rows: Rows): ReadonlyMap<unknown, ModelUsed> {
  const there = columnsOf(rows, 'messages');
  if (!there.has('model') || !there.has('session_id')) return new Map();
  const provider = there.has('provider') ? 'provider' : 'NULL';
  const counted = rows(
    `SELECT session_id AS session, model, ${provider} AS provider, count(*) AS n FROM messages
      WHERE model IS NOT NULL AND model <> '' GROUP BY 1, 2, 3 ORDER BY n, model`,
  );
  return new Map(
    [...counted].map((row) => [row['session'], { model: String(row['model']), provider: textOf(row['provider']) }]),
  );
}

function usageOf(
  row: DatabaseRow,
  models: ReadonlyMap<unknown, ModelUsed>,
  { path }: SourceFile,
): FoundUsage | 'no-time' | undefined {
  const tokens = { input: countOf(row['prompt_tokens']), output: countOf(row['completion_tokens']) };
  const cost = row['cost'];
  const isPaid = typeof cost === 'number' && cost > 0;
  if (tokens.input + tokens.output === 0 && !isPaid) return undefined;
  // Seconds, although the schema says milliseconds.
  const timestamp = databaseTime(row['created_at']);
  if (timestamp === undefined) return 'no-time';
  const session = String(row['id']);
  const { model = 'unknown', provider } = models.get(row['id']) ?? {};
  const payer = payerOf({ model, provider });
  return {
    record: logRecord({
      usageId: usageId(SOURCE, [session]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'unknown'),
      model: nameOf(model),
      operation: 'agent',
      timestamp,
      tokens,
      folder: path.replace(/[\\/]\.crush[\\/]crush\.db$/, ''),
      session: labelOf(session),
      more: { ...WHOLE_SESSION, charge: payer?.charge },
    }),
    // The cached part of the input is not logged, so the tool's own figure is more accurate than the list price of all input.
    loggedCost: isPaid ? cost : undefined,
    prefersLogged: true,
  };
}
