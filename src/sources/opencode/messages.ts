import { readDatabase } from '../reading/database.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import type { FoundUsage, Sink, SourceFile } from '../source.ts';
import { countsIn } from '../reading/parts.ts';
import { readJsonObject } from '../reading/whole.ts';

/** Reads the messages of OpenCode and its forks. */

/** Reads a database of messages. @param source source of the records: `opencode-log`. */
export function readMessages(source: string, file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const tables = new Set([...rows("SELECT name FROM sqlite_master WHERE type = 'table'")].map(({ name }) => name));
    const queries = [
      ...(tables.has('message') ? ['SELECT id, session_id, data FROM message'] : []),
      ...(tables.has('session_message')
        ? ["SELECT id, session_id, time_created, data FROM session_message WHERE type = 'assistant'"]
        : []),
    ];
    if (queries.length === 0) return sink.skip('unknown-format', 'no table message');
    for (const query of queries) {
      for (const row of rows(query)) guarded(sink, undefined, () => readRow(source, row, sink));
    }
  });
}

function readRow(source: string, row: Readonly<Record<string, unknown>>, sink: Sink): void {
  const id = textOf(row['id']);
  const message = typeof row['data'] === 'string' ? fieldsOf(parseJson(row['data'])) : undefined;
  if (message === undefined) return sink.skip('not-json', id);
  const found = usageOf(source, message, sink, { id, session: textOf(row['session_id']), time: row['time_created'] });
  if (found !== undefined) sink.usage(found);
}

/** Reads a file with one message. */
export function readMessageFile(source: string, file: SourceFile, sink: Sink): void {
  const message = readJsonObject(file, sink);
  const found = message && usageOf(source, message, sink, {});
  if (found !== undefined) sink.usage(found);
}

/**
 * Whether a message's output includes its reasoning. OpenCode passed on the provider's figure until it began to subtract the
 * reasoning (anomalyco/opencode#21047). If the message has a total, that decides. Earlier messages have none; there, Gemini
 * counted thoughts separately and the others included reasoning, which then cannot exceed the output.
 * @param rest input and output, without the reasoning.
 */
function isReasoningInside(provider: string, rest: number, reasoning: number, counts: Fields): boolean {
  const total = countOf(counts['total']);
  if (total > 0) return total < rest + reasoning;
  return !/google|gemini|vertex/i.test(provider) && reasoning <= countOf(counts['output']);
}

/** Values in the columns beside a message. */
interface RowFacts {
  id?: string | undefined;
  session?: string | undefined;
  time?: unknown;
}

function usageOf(source: string, message: Fields, sink: Sink, row: RowFacts): FoundUsage | undefined {
  const counts = countsIn(message, 'tokens', sink);
  if (counts === undefined) return undefined;
  const cache = fieldsOf(counts['cache']);
  const named = fieldsOf(message['model']);
  const model = firstText(message, 'modelID') ?? firstText(named, 'id') ?? 'unknown';
  const provider = firstText(message, 'providerID') ?? firstText(named, 'providerID') ?? 'unknown';
  const cacheRead = countOf(cache?.['read']);
  const cacheWrite = countOf(cache?.['write']);
  const input = countOf(counts['input']) + cacheRead + cacheWrite;
  const reasoning = countOf(counts['reasoning']);
  const written = countOf(counts['output']);
  const isInside = isReasoningInside(provider, input + written, reasoning, counts);
  // In some messages only the total is known: it is counted as output, as ccusage does.
  const known = isInside ? written : written + reasoning;
  const output = input + known === 0 ? countOf(counts['total']) : known;
  if (input + output === 0) return undefined;
  const session = row.session ?? textOf(message['sessionID']);
  const id = row.id ?? textOf(message['id']);
  const timestamp = timeOf(fieldsOf(message['time'])?.['created'] ?? row.time);
  if (timestamp === undefined) {
    sink.skip('no-time', id);
    return undefined;
  }
  const cost = message['cost'];
  const payer = payerOf({ model, provider }) ?? { provider };
  return {
    record: logRecord({
      usageId: usageId(source, id === undefined ? [session, timestamp, model, input, output] : [id]),
      source,
      provider: nameOf(payer.provider),
      model: nameOf(model),
      operation: 'agent',
      timestamp,
      tokens: { input, output, cacheRead, cacheWrite, reasoning },
      session: labelOf(session),
      folder: firstText(fieldsOf(message['path']), 'root', 'cwd'),
      more: { charge: payer.charge, message_id: id },
    }),
    loggedCost: typeof cost === 'number' && cost > 0 ? cost : undefined,
  };
}
