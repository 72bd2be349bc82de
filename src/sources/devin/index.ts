import { join } from 'node:path';
import { countOf, fieldsOf, labelOf, nameOf, stemOf, textOf, timeOf, type Fields } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { countsIn, messageFields } from '../reading/parts.ts';
import { xdgData } from '../reading/places.ts';
import { readJsonObject } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';

/**
 * Devin CLI: one JSON document per session, in the Agent Trajectory Interchange Format (ATIF), whose prompt includes cached tokens.
 * Devin charges ACUs, whose price depends on the contract, so the cost is computed at list price.
 */
export const devin: Source = {
  id: 'devin',
  title: 'Devin CLI',
  locate: (environment) => [join(xdgData(environment), 'devin', 'cli', 'transcripts')],
  matches: (relative) => /^[^/]+\.json$/.test(relative),
  reading: () => ({ kind: 'whole', read: readTranscript }),
  settle: keepLarger,
};

const SOURCE = 'devin-log';

function readTranscript(file: SourceFile, sink: Sink): void {
  const transcript = readJsonObject(file, sink);
  if (transcript === undefined) return;
  const { steps } = transcript;
  if (!Array.isArray(steps)) return sink.skip('unknown-format', 'it has no list of steps');
  for (const [index, each] of (steps as unknown[]).entries()) {
    guarded(sink, index + 1, (named) => {
      const step = messageFields(each, named);
      // A continued session begins with a copy of the steps before it.
      if (step !== undefined && step['is_copied_context'] !== true) {
        take(transcript, { step, index, session: stemOf(file.relative) }, named);
      }
    });
  }
}

interface Place {
  step: Fields;
  index: number;
  /** By the name of the file. */
  session: string;
}

function take(transcript: Fields, { step, index, session }: Place, sink: Sink): void {
  const metrics = countsIn(step, 'metrics', sink);
  if (metrics === undefined) return;
  const extra = fieldsOf(metrics['extra']);
  const tokens = including({
    input: countOf(metrics['prompt_tokens']),
    output: countOf(metrics['completion_tokens']),
    cacheRead: countOf(metrics['cached_tokens']),
    cacheWrite: countOf(extra?.['cache_creation_input_tokens']),
    reasoning: countOf(extra?.['reasoning_tokens']),
  });
  if (isNone(tokens)) return;
  const timestamp = timeOf(step['timestamp']);
  if (timestamp === undefined) return sink.skip('no-time', `step ${index + 1}`);
  const agent = fieldsOf(transcript['agent']);
  const model = nameOf(textOf(step['model_name']) ?? textOf(agent?.['model_name']) ?? 'unknown');
  const id = textOf(transcript['session_id']) ?? session;
  const acus = fieldsOf(step['metadata'])?.['committed_acu_cost'];
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [id, typeof step['step_id'] === 'number' ? step['step_id'] : index]),
      source: SOURCE,
      provider: payerOf({ model })?.provider ?? 'unknown',
      model,
      operation: 'agent',
      timestamp,
      tokens,
      session: labelOf(id),
      more: { charge: 'credits', acus: typeof acus === 'number' ? acus : undefined },
    }),
  });
}
