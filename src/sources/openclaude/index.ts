import { join } from 'node:path';
import { claudeCode } from '../claude-code/index.ts';
import { ClaudeLines, USAGE_MARKER } from '../claude-code/lines.ts';
import type { Source } from '../source.ts';

/** OpenClaude: a fork of Claude Code, with the same format in another folder. */
export const openClaude: Source = {
  id: 'openclaude',
  title: 'OpenClaude',
  locate: ({ home }) => [join(home, '.openclaude', 'projects')],
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: () => ({
    kind: 'lines',
    markers: [USAGE_MARKER],
    parser: (file, state) => new ClaudeLines(file, state, 'openclaude-log'),
  }),
  settle: (candidate, get) => claudeCode.settle(candidate, get),
};
