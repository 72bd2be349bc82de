import { join } from 'node:path';
import { readDatabase } from '../reading/database.ts';
import { countOf, labelOf, nameOf, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { logRecord } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { Sink, Source, SourceEnvironment, SourceFile } from '../source.ts';
import { vendorOf } from '../vendors.ts';

/** GitHub Copilot Chat: spans in an SQLite database, written if `github.copilot.chat.otel.dbSpanExporter.enabled` is on. */
export const copilotChat: Source = {
  id: 'copilot-chat',
  title: 'GitHub Copilot Chat',
  locate: (environment) =>
    userFolders(environment).map((folder) =>
      join(folder, 'User', 'globalStorage', 'github.copilot-chat', 'agent-traces.db'),
    ),
  matches: (relative) => relative.endsWith('agent-traces.db'),
  reading: () => ({ kind: 'whole', read: readSpans }),
  settle: (candidate, get) => keepPreferred(candidate, get, (one, there) => one.total_tokens > there.total_tokens),
};

const SOURCE = 'copilot-chat-log';
const EDITORS = ['Code', 'Code - Insiders', 'VSCodium'];

function userFolders({ platform, env, home }: SourceEnvironment): string[] {
  if (platform === 'win32') {
    const roaming = env['APPDATA'] ?? join(home, 'AppData', 'Roaming');
    return EDITORS.map((name) => join(roaming, name));
  }
  const base =
    platform === 'darwin'
      ? join(home, 'Library', 'Application Support')
      : (env['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  const servers = ['.vscode-server', '.vscode-server-insiders'].map((name) => join(home, name, 'data'));
  return [...EDITORS.map((name) => join(base, name)), ...servers];
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
      const cacheRead = countOf(row['cached']);
      const cacheWrite = countOf(Number(row['written'] ?? 0));
      const input = Math.max(countOf(row['input']), cacheRead) + cacheWrite;
      const output = countOf(row['output']);
      const timestamp = timeOf(row['at']);
      if (timestamp === undefined) {
        sink.skip('no-time', textOf(row['span']));
        continue;
      }
      if (input + output === 0) continue;
      const model = nameOf(textOf(row['model']) ?? 'unknown');
      sink.usage({
        record: logRecord({
          usageId: usageId(SOURCE, [textOf(row['trace']), textOf(row['span'])]),
          source: SOURCE,
          provider: vendorOf(model) ?? 'github-copilot',
          model,
          operation: 'chat',
          timestamp,
          tokens: { input, output, cacheRead, cacheWrite },
          session: labelOf(textOf(row['session'])),
        }),
      });
    }
  });
}
