import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf, type Fields } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { foldersIn } from '../reading/places.ts';
import { readJsonFile } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceEnvironment, type SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';
import { countsIn, messageFields } from '../reading/parts.ts';

/**
 * Cline CLI since version 3: one folder per session, with the messages in `<id>.messages.json`. Agents have separate sessions,
 * so the sums of a session, which include theirs, are ignored.
 */
export const clineCli: Source = {
  id: 'cline-cli',
  title: 'Cline CLI',
  locate: (environment: SourceEnvironment): string[] => {
    const own = foldersIn(environment, 'CLINE_SESSION_DATA_DIR');
    if (own.length > 0) return own;
    const data = foldersIn(environment, 'CLINE_DATA_DIR').map((folder) => join(folder, 'sessions'));
    if (data.length > 0) return data;
    const homes = foldersIn(environment, 'CLINE_DIR');
    return (homes.length > 0 ? homes : [join(environment.home, '.cline')]).map((home) =>
      join(home, 'data', 'sessions'),
    );
  },
  matches: (relative) => relative.endsWith('.messages.json'),
  reading: () => ({ kind: 'whole', read: readSession }),
  settle: keepLarger,
};

const SOURCE = 'cline-cli-log';

function readSession(file: SourceFile, sink: Sink): void {
  const value = readJsonFile(file, sink);
  if (value === undefined) return;
  const messages = Array.isArray(value) ? (value as unknown[]) : fieldsOf(value)?.['messages'];
  if (!Array.isArray(messages)) return sink.skip('unknown-format', 'no messages');
  const session = file.relative.slice(file.relative.lastIndexOf('/') + 1).replace(/\.messages\.json$/, '');
  const about = sessionIn(file.path.replace(/\.messages\.json$/, '.json'));
  for (const [index, message] of (messages as unknown[]).entries()) {
    guarded(sink, index + 1, (named) => {
      const fields = messageFields(message, named);
      if (fields !== undefined) readMessage(fields, session, about, named);
    });
  }
}

function readMessage(message: Fields, session: string, about: Fields | undefined, sink: Sink): void {
  if (message['role'] !== 'assistant') return;
  const metrics = countsIn(message, 'metrics', sink);
  if (metrics === undefined) return;
  const tokens = including({
    input: countOf(metrics['inputTokens']),
    output: countOf(metrics['outputTokens']),
    cacheRead: countOf(metrics['cacheReadTokens']),
    cacheWrite: countOf(metrics['cacheWriteTokens']),
  });
  const cost = metrics['cost'];
  const logged = typeof cost === 'number' && cost > 0 ? cost : undefined;
  if (isNone(tokens) && logged === undefined) return;
  const id = textOf(message['id']);
  const time = message['ts'] ?? message['timestamp'] ?? message['createdAt'] ?? about?.['started_at'];
  const timestamp = timeOf(time);
  if (timestamp === undefined) return sink.skip('no-time', id);
  const info = fieldsOf(message['modelInfo']);
  const model = nameOf(firstText(info, 'id') ?? firstText(about, 'model') ?? 'unknown');
  const payer = payerOf({ model, provider: firstText(info, 'provider') ?? firstText(about, 'provider') });
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [session, id ?? `${timestamp} ${tokens.input} ${tokens.output}`]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'unknown'),
      model,
      operation: 'agent',
      timestamp,
      tokens,
      folder: firstText(about, 'workspace_root', 'cwd'),
      session: labelOf(session),
      more: { charge: payer?.charge, message_id: id },
    }),
    loggedCost: logged,
  });
}

function sessionIn(path: string): Fields | undefined {
  try {
    return fieldsOf(parseJson(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
