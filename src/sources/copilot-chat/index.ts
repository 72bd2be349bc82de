import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDatabase } from '../reading/database.ts';
import { countOf, labelOf, nameOf, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { editorFolders } from '../reading/places.ts';
import { logRecord } from '../record.ts';
import { keepLarger } from '../source.ts';
import type { Sink, Source, SourceEnvironment, SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';
import { vendorOf } from '../vendors.ts';
import { readChat } from './sessions.ts';

/**
 * GitHub Copilot Chat: spans in an SQLite database, written if `github.copilot.chat.otel.dbSpanExporter.enabled` is on, and the
 * chats that VS Code always keeps.
 */
export const copilotChat: Source = {
  id: 'copilot-chat',
  title: 'GitHub Copilot Chat',
  locate: (environment) =>
    chatFolders(environment).flatMap((user) => [
      join(user, 'globalStorage', 'github.copilot-chat', 'agent-traces.db'),
      join(user, 'globalStorage', 'emptyWindowChatSessions'),
      ...chatsOfWorkspaces(join(user, 'workspaceStorage')),
    ]),
  matches: (relative) => relative.endsWith('agent-traces.db') || CHAT.test(relative),
  reading: ({ relative }) => ({ kind: 'whole', read: CHAT.test(relative) ? readChat : readSpans }),
  settle: keepLarger,
};

const SOURCE = 'copilot-chat-log';
const CHAT = /^[^/]+\.jsonl?$/;

/** The folders with the chats of workspaces. Extensions keep databases and caches beside them, so only these are read. */
function chatsOfWorkspaces(storage: string): string[] {
  try {
    return readdirSync(storage)
      .map((name) => join(storage, name, 'chatSessions'))
      .filter((folder) => existsSync(folder));
  } catch {
    return [];
  }
}

/** Other editors have other assistants. */
function chatFolders(environment: SourceEnvironment): string[] {
  return editorFolders(environment).filter((folder) => /Code|VSCodium|vscode/.test(folder));
}

/** The span of each call; spans of agents and tools contain their sums, or nothing. */
const QUERY = `
  SELECT s.span_id AS span, s.trace_id AS trace, s.chat_session_id AS session, s.request_model AS model,
         s.input_tokens AS input, s.output_tokens AS output, s.cached_tokens AS cached, s.end_time_ms AS at,
         (SELECT a.value FROM span_attributes a
           WHERE a.span_id = s.span_id AND a.key = 'gen_ai.usage.cache_creation.input_tokens') AS written
    FROM spans s WHERE s.operation_name = 'chat'`;

function readSpans(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    for (const row of rows(QUERY)) {
      const tokens = including({
        input: countOf(row['input']),
        output: countOf(row['output']),
        cacheRead: countOf(row['cached']),
        cacheWrite: countOf(Number(row['written'] ?? 0)),
      });
      const timestamp = timeOf(row['at']);
      if (timestamp === undefined) {
        sink.skip('no-time', textOf(row['span']));
        continue;
      }
      if (isNone(tokens)) continue;
      const model = nameOf(textOf(row['model']) ?? 'unknown');
      sink.usage({
        record: logRecord({
          usageId: usageId(SOURCE, [textOf(row['trace']), textOf(row['span'])]),
          source: SOURCE,
          provider: vendorOf(model) ?? 'github-copilot',
          model,
          operation: 'chat',
          timestamp,
          tokens,
          session: labelOf(textOf(row['session'])),
        }),
      });
    }
  });
}
