import { join } from 'node:path';
import { foldersOr } from '../reading/places.ts';
import type { Source } from '../source.ts';
import { keepLarger } from '../source.ts';
import { PiLines } from './lines.ts';

/** pi, and the agents that keep their sessions in its format: omp and OpenClaw. */

export const pi: Source = {
  id: 'pi',
  title: 'pi',
  locate: (environment) =>
    foldersOr(environment, 'PI_AGENT_DIR', join(environment.home, '.pi', 'agent')).map((folder) =>
      /[\\/]sessions[\\/]?$/.test(folder) ? folder : join(folder, 'sessions'),
    ),
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: reading('pi-log'),
  settle: keepLarger,
};

export const omp: Source = {
  id: 'omp',
  title: 'omp',
  locate: ({ home }) => [join(home, '.omp', 'agent', 'sessions')],
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: reading('omp-log'),
  settle: keepLarger,
};

/** Includes its earlier names. Sessions that were reset or deleted keep their files under other names. */
export const openClaw: Source = {
  id: 'openclaw',
  title: 'OpenClaw',
  locate: (environment) =>
    foldersOr(
      environment,
      'OPENCLAW_DIR',
      ...['.openclaw', '.clawdbot', '.moltbot', '.moldbot'].map((name) => join(environment.home, name)),
    ),
  matches: (relative) => /\.jsonl(\.(deleted|reset)\..*)?$/.test(relative),
  reading: reading('openclaw-log'),
  settle: keepLarger,
};

function reading(source: string): Source['reading'] {
  return () => ({
    kind: 'lines',
    markers: ['"usage"', 'model_change', 'model-snapshot', '"cwd"'],
    parser: (file, state) => new PiLines(source, file, state),
  });
}
