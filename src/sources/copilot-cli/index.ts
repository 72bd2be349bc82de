import { join } from 'node:path';
import { MARKER, OtelLines } from '../otel/index.ts';
import { isEarlier } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { Source } from '../source.ts';

/** GitHub Copilot CLI: OpenTelemetry in JSONL files, written if its file exporter is on. */
export const copilotCli: Source = {
  id: 'copilot-cli',
  title: 'GitHub Copilot CLI',
  locate: ({ env, home }) =>
    [
      join(home, '.copilot', 'otel'),
      ...[env['COPILOT_OTEL_FILE_EXPORTER_PATH']].filter((path) => path !== undefined && path !== ''),
    ] as string[],
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: () => ({
    kind: 'lines',
    markers: [MARKER],
    parser: (file, state) => new OtelLines('copilot-cli-log', file, state),
  }),
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};
