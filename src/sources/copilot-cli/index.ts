import { join } from 'node:path';
import { MARKER, OtelLines } from '../otel/index.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred, type Source, type SourceFile } from '../source.ts';
import { readStore } from './store.ts';

/**
 * GitHub Copilot CLI: one row per call in `session-store.db`, which it always writes, and OpenTelemetry in JSONL files, written
 * if its file exporter is on. For a session in both, the telemetry counts.
 */
export const copilotCli: Source = {
  id: 'copilot-cli',
  title: 'GitHub Copilot CLI',
  locate: ({ env, home }) => {
    const file = env['COPILOT_OTEL_FILE_EXPORTER_PATH'];
    const folder = env['COPILOT_HOME'] || join(home, '.copilot');
    return [
      join(folder, 'otel'),
      join(folder, 'session-store.db'),
      ...(file === undefined || file === '' ? [] : [file]),
    ];
  },
  matches: (relative) => relative.endsWith('.jsonl') || relative === STORE,
  reading: (file) =>
    file.relative === STORE
      ? { kind: 'whole', read: readStore }
      : {
          kind: 'lines',
          markers: [MARKER],
          parser: (each: SourceFile, state) => new OtelLines('copilot-cli-log', each, state),
        },
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

const STORE = 'session-store.db';
