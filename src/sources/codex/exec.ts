import type { Fields } from '../fields.ts';
import { fieldsOf, nameOf, parseJson, stemOf, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { isEarlier, logRecord } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { LineParser, ParserState, Sink, Source, SourceFile } from '../source.ts';
import { areWhole, countsOf, difference, isNothing, tokensOf, type Counts } from './counts.ts';
import { DEFAULT_MODEL, modelOf } from './rollout.ts';

/**
 * Saved output of `codex exec --json`: the events of one run after another. The event at the end of each turn has the token
 * counts of the session so far, but no time and usually no model.
 */
export const codexExec: Source = {
  id: 'codex-exec',
  title: 'Codex exec',
  agent: 'codex',
  locate: () => [],
  matches: (relative) => /\.(jsonl|ndjson|json|log|txt)$/i.test(relative),
  reading: () => ({
    kind: 'lines',
    markers: ['"thread.started"', '"turn.completed"', '"model"'],
    parser: (file, state) => new ExecLines(file, state),
  }),
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

const SOURCE = 'codex-exec';

interface Context {
  session: string | undefined;
  model: string | undefined;
  totals: Counts | undefined;
  /** Number of completed turns in the session. */
  turns: number;
}

class ExecLines implements LineParser {
  readonly #file: SourceFile;
  #context: Context;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#file = file;
    this.#context = (structuredClone(state) as Context | undefined) ?? newContext(undefined);
  }

  state(): ParserState {
    return JSON.parse(JSON.stringify(this.#context)) as ParserState;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    if (entry['type'] === 'thread.started') this.#context = newContext(textOf(entry['thread_id']));
    this.#context.model = modelOf(entry) ?? this.#context.model;
    if (entry['type'] === 'turn.completed') this.#turn(entry, sink);
  }

  #turn(entry: Fields, sink: Sink): void {
    const context = this.#context;
    const total = countsOf(entry['usage']);
    if (total === undefined) return;
    if (!areWhole(total)) return sink.skip('invalid', 'a token count is not a whole number');
    const counts = isGrown(total, context.totals) ? difference(total, context.totals) : total;
    context.totals = total;
    context.turns++;
    if (isNothing(counts)) return;
    const { input, cached, output, reasoning } = counts;
    const session = context.session ?? stemOf(this.#file.relative);
    sink.usage({
      record: logRecord({
        usageId: usageId(SOURCE, [session, context.turns, input, cached, output, reasoning]),
        source: SOURCE,
        provider: 'openai',
        model: nameOf(context.model ?? DEFAULT_MODEL),
        operation: 'agent',
        timestamp: timeOf(entry['timestamp']) ?? new Date(this.#file.modifiedAt).toISOString(),
        tokens: tokensOf(counts),
        session,
        more: { model_assumed: context.model === undefined || undefined },
      }),
    });
  }
}

function newContext(session: string | undefined): Context {
  return { session, model: undefined, totals: undefined, turns: 0 };
}

/** Whether these are later counts of the same session. */
function isGrown(now: Counts, before: Counts | undefined): boolean {
  return (
    before !== undefined && now.input >= before.input && now.cached >= before.cached && now.output >= before.output
  );
}
