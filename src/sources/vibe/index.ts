import { basename, dirname, join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, timeOf, type Fields } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr } from '../reading/places.ts';
import { readJsonObject } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { countsIn } from '../reading/parts.ts';

/** Mistral Vibe: sums of each session in its `meta.json`; those of an agent in a subfolder. */
export const vibe: Source = {
  id: 'mistral-vibe',
  title: 'Mistral Vibe',
  locate: (environment) =>
    foldersOr(environment, 'VIBE_HOME', join(environment.home, '.vibe')).map((folder) =>
      join(folder, 'logs', 'session'),
    ),
  matches: (relative) => /(^|\/)meta\.json$/.test(relative),
  reading: () => ({ kind: 'whole', read: readSession }),
  settle: keepLarger,
};

const SOURCE = 'mistral-vibe-log';

function readSession(file: SourceFile, sink: Sink): void {
  const meta = readJsonObject(file, sink);
  const stats = countsIn(meta, 'stats', sink);
  if (meta === undefined || stats === undefined) return;
  const tokens = {
    input: countOf(stats['session_prompt_tokens']),
    output: countOf(stats['session_completion_tokens']),
  };
  if (tokens.input + tokens.output === 0) return;
  const session = firstText(meta, 'session_id', 'id') ?? basename(dirname(file.path));
  const timestamp = startOf(meta) ?? new Date(file.modifiedAt).toISOString();
  const config = fieldsOf(meta['config']) ?? fieldsOf(meta['agent_config']);
  const model = firstText(meta, 'model') ?? firstText(stats, 'model') ?? firstText(config, 'active_model', 'model');
  const name = nameOf(model ?? 'unknown');
  const cost = stats['session_cost'];
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [session]),
      source: SOURCE,
      provider: nameOf(payerOf({ model: name })?.provider ?? 'mistral'),
      model: name,
      operation: /(^|\/)agents\//.test(file.relative) ? 'subagent' : 'agent',
      timestamp,
      tokens,
      folder: firstText(fieldsOf(meta['environment']), 'working_directory'),
      branch: labelOf(firstText(meta, 'git_branch')),
      session: labelOf(session),
      more: WHOLE_SESSION,
    }),
    loggedCost: typeof cost === 'number' && cost > 0 ? cost : undefined,
  });
}

/** Versions of 2025 wrote the local time, without its offset. */
function startOf(meta: Fields): string | undefined {
  const { start_time: start } = meta;
  if (typeof start === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(start)) return timeOf(Date.parse(start));
  return timeOf(start) ?? timeOf(meta['created_at']);
}
