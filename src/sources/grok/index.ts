import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { countOf, fieldsOf, labelOf, nameOf, parseJson, textOf, timeOf, type Fields } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr } from '../reading/places.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type LineParser, type ParserState, type Sink, type Source, type SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

/**
 * Grok Build: `sessions/<folder>/<session>/updates.jsonl`. The end of a turn has the turn's counts, by model if there are
 * several.
 */
export const grok: Source = {
  id: 'grok-build',
  title: 'Grok Build',
  locate: (environment) =>
    foldersOr(environment, 'GROK_HOME', join(environment.home, '.grok')).map((folder) => join(folder, 'sessions')),
  matches: (relative) => /(^|\/)updates\.jsonl$/.test(relative),
  reading: () => ({
    kind: 'lines',
    markers: ['turn_completed', '"model"', '"modelId"'],
    parser: (file, state) => new GrokLines(file, state),
  }),
  settle: keepLarger,
};

const SOURCE = 'grok-build-log';

class GrokLines implements LineParser {
  readonly #file: SourceFile;
  readonly #parts: readonly string[];
  #model: string | undefined;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#file = file;
    this.#parts = file.relative.split('/');
    this.#model = typeof state === 'string' ? state : undefined;
  }

  state(): ParserState {
    return this.#model ?? null;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const params = fieldsOf(entry['params']) ?? entry;
    const update = fieldsOf(params['update']);
    if (update === undefined) return;
    this.#model = textOf(update['modelId']) ?? textOf(update['model']) ?? this.#model;
    if (update['sessionUpdate'] !== 'turn_completed') return;
    const usage = countsIn(update, 'usage', sink);
    if (usage === undefined) return;
    const time = entry['timestamp'] ?? params['timestamp'] ?? update['timestamp'];
    const timestamp = timeOf(time) ?? new Date(this.#file.modifiedAt).toISOString();
    const prompt = textOf(update['prompt_id']);
    const byModel = Object.entries(fieldsOf(usage['modelUsage']) ?? {}).flatMap(([model, counts]) => {
      const fields = fieldsOf(counts);
      return fields === undefined ? [] : [{ model, fields }];
    });
    // The turn's sums count; the counts by model are used only if they add up to these.
    const isWhole = byModel.length > 1 && sameSums(byModel, usage);
    const model = byModel.length === 1 ? byModel[0]!.model : (this.#model ?? byModel[0]?.model ?? this.#current());
    for (const part of isWhole ? byModel : [{ model, fields: usage }]) this.#tell(part, prompt, timestamp, sink);
  }

  /** The model named in the session's summary. */
  #current(): string {
    try {
      const summary = readFileSync(join(dirname(this.#file.path), 'summary.json'), 'utf8');
      return textOf(fieldsOf(parseJson(summary))?.['current_model_id']) ?? 'unknown';
    } catch {
      return 'unknown';
    }
  }

  #tell(part: { model: string; fields: Fields }, prompt: string | undefined, timestamp: string, sink: Sink): void {
    const { model, fields } = part;
    const tokens = including({
      input: countOf(fields['inputTokens']),
      output: countOf(fields['outputTokens']),
      cacheRead: countOf(fields['cachedReadTokens']),
      cacheWrite: countOf(fields['cacheCreationTokens']),
      reasoning: countOf(fields['reasoningTokens']),
    });
    if (isNone(tokens)) return;
    const session = this.#parts.at(-2) ?? '';
    sink.usage({
      record: logRecord({
        usageId: usageId(SOURCE, [session, prompt ?? `${timestamp} ${tokens.input} ${tokens.output}`, model]),
        source: SOURCE,
        provider: 'x-ai',
        model: nameOf(model),
        operation: 'agent',
        timestamp,
        tokens,
        folder: decoded(this.#parts.at(-3)),
        session: labelOf(session),
      }),
    });
  }
}

function sameSums(parts: readonly { fields: Fields }[], whole: Fields): boolean {
  return ['inputTokens', 'outputTokens'].every(
    (name) => parts.reduce((sum, { fields }) => sum + countOf(fields[name]), 0) === countOf(whole[name]),
  );
}

/** The folder's name is the encoded path of the working folder. */
function decoded(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}
