import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTextFile } from '../reading/whole.ts';
import { readDatabase } from '../reading/database.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, stemOf, textOf, timeOf } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { logRecord } from '../record.ts';
import type { Sink, SourceFile } from '../source.ts';
import { vendorOf } from '../vendors.ts';
import { replayed } from './journal.ts';
import { countsIn, listIn, messageFields } from '../reading/parts.ts';

/**
 * The chats kept by VS Code: one document per chat, or a journal of changes to it. Later versions contain the counts of each
 * request, without the cached part. Chats in the telemetry's database are skipped here, because the database has more detail.
 */

const SOURCE = 'copilot-chat-log';

export function readChat(file: SourceFile, sink: Sink): void {
  const text = readTextFile(file, sink);
  if (text === undefined || text.trim() === '') return;
  const chat = file.relative.endsWith('.jsonl') ? replayed(text, sink) : fieldsOf(parseJson(text));
  if (chat === undefined) return sink.skip('not-json');
  const session = textOf(chat['sessionId']) ?? stemOf(file.relative);
  const traced = tracedSessions(file.path);
  // If the database cannot be read, its contents are unknown, and a chat could count twice.
  if (typeof traced === 'string') return sink.skip('unreadable', traced);
  if (traced.has(session)) return;
  const requests = listIn(chat, 'requests', sink);
  for (const [index, request] of requests.entries()) {
    guarded(sink, index + 1, (named) => {
      const fields = messageFields(request, named);
      if (fields !== undefined) readRequest(fields, session, named);
    });
  }
}

function readRequest(request: Fields, session: string, sink: Sink): void {
  const result = countsIn(request, 'result', sink);
  const metadata = countsIn(result, 'metadata', sink);
  const usage = fieldsOf(result?.['usage']);
  const input =
    countOf(metadata?.['promptTokens']) || countOf(usage?.['promptTokens']) || countOf(request['promptTokens']);
  const output = countOf(
    metadata?.['outputTokens'] ?? usage?.['completionTokens'] ?? request['completionTokens'] ?? request['outputTokens'],
  );
  if (input + output === 0) return;
  const timestamp = timeOf(request['timestamp']);
  const id = textOf(request['requestId']);
  if (timestamp === undefined) return sink.skip('no-time', id);
  const model = nameOf((firstText(request, 'modelId') ?? 'unknown').replace(/^copilot\//, ''));
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [session, id ?? timestamp]),
      source: SOURCE,
      provider: vendorOf(model) ?? 'github-copilot',
      model,
      operation: 'chat',
      timestamp,
      tokens: { input, output },
      session: labelOf(session),
      more: { request_id: id },
    }),
  });
}

let lastTraced: { key: string; sessions: ReadonlySet<string> } | undefined;

/** The chats in the telemetry's database of the same editor, or the reason why it cannot be read. */
function tracedSessions(path: string): ReadonlySet<string> | string {
  const user = path.slice(0, path.search(/[\\/](workspaceStorage|globalStorage)[\\/]/));
  const database = join(user, 'globalStorage', 'github.copilot-chat', 'agent-traces.db');
  if (!existsSync(database)) return new Set();
  const stats = [database, `${database}-wal`].map((each) => statSync(each, { throwIfNoEntry: false }));
  const key = JSON.stringify([database, ...stats.map((each) => [each?.size, each?.mtimeMs])]);
  if (lastTraced?.key === key) return lastTraced.sessions;
  const sessions = new Set<string>();
  let problem: string | undefined;
  const sink: Sink = { usage: () => undefined, skip: (_reason, detail) => (problem = detail ?? 'not readable') };
  const file = { path: database, relative: 'agent-traces.db', modifiedAt: 0, size: 0, version: '' };
  readDatabase(file, sink, (rows) => {
    for (const row of rows("SELECT DISTINCT chat_session_id AS session FROM spans WHERE operation_name = 'chat'")) {
      if (typeof row['session'] === 'string') sessions.add(row['session']);
    }
  });
  if (problem !== undefined) return `agent-traces.db: ${problem}`;
  lastTraced = { key, sessions };
  return sessions;
}
