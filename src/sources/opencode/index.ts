import { join } from 'node:path';
import { readDatabase } from '../database.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, projectOf, textOf, timeOf } from '../fields.ts';
import { usageId } from '../identity.ts';
import { logRecord } from '../record.ts';
import { keepPreferred } from '../types.ts';
import type { Sighting, Sink, Source, SourceFile } from '../types.ts';
import { readJsonFile } from '../whole.ts';

/** OpenCode: an SQLite database of messages; versions before it kept one JSON file a message. */
export const openCode: Source = {
  id: 'opencode',
  title: 'OpenCode',
  locate: ({ env, home }) => [
    env['OPENCODE_DATA_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'opencode'),
  ],
  matches: (relative) => DATABASE.test(relative) || /^storage\/message\/.*\.json$/.test(relative),
  reading: ({ relative }) => ({ kind: 'whole', read: DATABASE.test(relative) ? readMessages : readMessage }),
  // A message in both places says more in the database, where it is finished; where it was copied, the same.
  settle: (candidate, get) => keepPreferred(candidate, get, (one, there) => one.total_tokens > there.total_tokens),
};

const SOURCE = 'opencode-log';
const DATABASE = /^opencode(-[\w-]+)?\.db$/;

function readMessages(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    for (const row of rows('SELECT id, session_id, data FROM message')) {
      const message = typeof row['data'] === 'string' ? fieldsOf(parseJson(row['data'])) : undefined;
      if (message === undefined) {
        sink.skip('not-json', textOf(row['id']));
        continue;
      }
      const sighting = sightingOf(message, textOf(row['id']), textOf(row['session_id']));
      if (sighting !== undefined) sink.usage(sighting);
    }
  });
}

function readMessage(file: SourceFile, sink: Sink): void {
  const message = fieldsOf(readJsonFile(file, sink));
  const sighting = message && sightingOf(message, undefined, undefined);
  if (sighting !== undefined) sink.usage(sighting);
}

function sightingOf(message: Fields, rowId: string | undefined, rowSession: string | undefined): Sighting | undefined {
  const counts = fieldsOf(message['tokens']);
  const cache = fieldsOf(counts?.['cache']);
  const model = textOf(message['modelID']);
  const provider = textOf(message['providerID']);
  const timestamp = timeOf(fieldsOf(message['time'])?.['created']);
  if (counts === undefined || model === undefined || provider === undefined || timestamp === undefined)
    return undefined;
  const cacheRead = countOf(cache?.['read']);
  const cacheWrite = countOf(cache?.['write']);
  const input = countOf(counts['input']) + cacheRead + cacheWrite;
  const reasoning = countOf(counts['reasoning']);
  // Reasoning stands beside the output here. Only the total is known in some: it is taken for output, as ccusage does.
  const known = countOf(counts['output']) + reasoning;
  const output = input + known === 0 ? countOf(counts['total']) : known;
  if (input + output === 0) return undefined;
  const session = rowSession ?? textOf(message['sessionID']);
  const id = rowId ?? textOf(message['id']);
  const cost = message['cost'];
  return {
    record: logRecord({
      usageId: usageId(SOURCE, id === undefined ? [session, timestamp, model, input, output] : [id]),
      source: SOURCE,
      provider: nameOf(provider),
      model: nameOf(model),
      operation: 'agent',
      timestamp,
      tokens: { input, output, cacheRead, cacheWrite, reasoning },
      session: labelOf(session),
      project: projectOf(firstText(fieldsOf(message['path']), 'root', 'cwd')),
      more: { message_id: id },
    }),
    loggedCost: typeof cost === 'number' && cost > 0 ? cost : undefined,
  };
}
