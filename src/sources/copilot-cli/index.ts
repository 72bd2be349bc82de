import { dirname, join } from 'node:path';
import { ownEnvironment } from '../../system/paths.ts';
import { MARKER, OtelLines } from '../otel/index.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred, type Source, type SourceEnvironment, type SourceFile } from '../source.ts';
import { readStore } from './store.ts';

/**
 * GitHub Copilot CLI: one row per call in `session-store.db`, which it always writes, and OpenTelemetry in JSONL files, written
 * if its file exporter is on. For a session in both, the telemetry counts.
 */
export const copilotCli: Source = {
  id: 'copilot-cli',
  title: 'GitHub Copilot CLI',
  locate: ({ env, home }) => {
    const folder = env['COPILOT_HOME'] || join(home, '.copilot');
    return [...telemetryOf(folder, env), join(folder, STORE)];
  },
  matches: (relative) => relative.endsWith('.jsonl') || relative === STORE,
  reading: (file) =>
    file.relative === STORE
      ? { kind: 'whole', read: (store, sink) => readStore(store, sink, telemetryOf(dirname(store.path))) }
      : {
          kind: 'lines',
          markers: [MARKER],
          parser: (each: SourceFile, state) => new OtelLines('copilot-cli-log', each, state),
        },
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

const STORE = 'session-store.db';

/** The places of telemetry: a folder of the tool's, and the file that the user chose. */
function telemetryOf(folder: string, env: SourceEnvironment['env'] = ownEnvironment().env): string[] {
  const file = env['COPILOT_OTEL_FILE_EXPORTER_PATH'];
  return [join(folder, 'otel'), ...(file === undefined || file === '' ? [] : [file])];
}
