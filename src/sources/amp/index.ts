import { join } from 'node:path';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, objectsIn, labelOf, nameOf, stemOf, textOf, timeOf } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr, xdgData } from '../reading/places.ts';
import { readJsonObject } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord, type LogTokens } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone, takeTotal } from '../tokens.ts';
import { countsIn, messageFields } from '../reading/parts.ts';

/**
 * Amp: one JSON file per thread. Newer threads have a list of calls, whose cached tokens are in the message that each call
 * made; older ones have counts only in their messages.
 */
export const amp: Source = {
  id: 'amp',
  title: 'Amp',
  locate: (environment) =>
    foldersOr(environment, 'AMP_DATA_DIR', join(xdgData(environment), 'amp')).map((folder) => join(folder, 'threads')),
  matches: (relative) => relative.endsWith('.json'),
  reading: () => ({ kind: 'whole', read: readThread }),
  settle: keepLarger,
};

const SOURCE = 'amp-log';

function readThread(file: SourceFile, sink: Sink): void {
  const thread = readJsonObject(file, sink);
  if (thread === undefined) return;
  const id = textOf(thread['id']) ?? stemOf(file.relative);
  const messages = objectsIn(thread['messages']);
  const ledger = countsIn(thread, 'usageLedger', sink);
  if (Array.isArray(ledger?.['events'])) {
    for (const [index, each] of (ledger['events'] as unknown[]).entries()) {
      guarded(sink, index + 1, (named) => {
        const event = messageFields(each, named);
        if (event !== undefined) take(id, eventCall(event, messages), named);
      });
    }
    return;
  }
  for (const [index, message] of messages.entries()) {
    guarded(sink, index + 1, (named) => take(id, messageCall(message), named));
  }
}

interface Call {
  key: string | undefined;
  time: unknown;
  model: unknown;
  tokens: LogTokens;
  credits: unknown;
}

function eventCall(event: Fields, messages: readonly Fields[]): Call {
  const counts = fieldsOf(event['tokens']) ?? {};
  const made = messages.find(({ messageId, role }) => messageId === event['toMessageId'] && role === 'assistant');
  const cached = fieldsOf(made?.['usage']);
  const tokens = beside({
    input: countOf(counts['input']),
    output: countOf(counts['output']),
    cacheRead: countOf(cached?.['cacheReadInputTokens']),
    cacheWrite: countOf(cached?.['cacheCreationInputTokens']),
  });
  if (isNone(tokens)) takeTotal(tokens, countOf(counts['total']));
  const message = event['toMessageId'];
  const key = textOf(event['id']) ?? (typeof message === 'number' ? `message ${message}` : undefined);
  return { key, time: event['timestamp'], model: event['model'], tokens, credits: event['credits'] };
}

function messageCall(message: Fields): Call | undefined {
  const usage = fieldsOf(message['usage']);
  if (message['role'] !== 'assistant' || usage === undefined) return undefined;
  const tokens = beside({
    input: countOf(usage['inputTokens']),
    output: countOf(usage['outputTokens']),
    cacheRead: countOf(usage['cacheReadInputTokens']),
    cacheWrite: countOf(usage['cacheCreationInputTokens']),
  });
  if (isNone(tokens)) takeTotal(tokens, countOf(usage['totalTokens']));
  const id = message['messageId'];
  const key = typeof id === 'number' ? `message ${id}` : textOf(id);
  return { key, time: usage['timestamp'], model: usage['model'], tokens, credits: usage['credits'] };
}

function take(thread: string, call: Call | undefined, sink: Sink): void {
  if (call === undefined || isNone(call.tokens)) return;
  const { tokens } = call;
  const timestamp = timeOf(call.time);
  if (timestamp === undefined) return sink.skip('no-time', call.key);
  const model = nameOf(textOf(call.model) ?? 'unknown');
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [thread, call.key ?? `${timestamp} ${model} ${tokens.input} ${tokens.output}`]),
      source: SOURCE,
      provider: payerOf({ model })?.provider ?? 'unknown',
      model,
      operation: 'agent',
      timestamp,
      tokens,
      session: labelOf(thread),
      // Amp's own unit. The price of a credit depends on the contract, so the cost is computed at list price.
      more: { amp_credits: typeof call.credits === 'number' ? call.credits : undefined },
    }),
  });
}
