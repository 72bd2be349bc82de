import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersIn } from '../reading/places.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type LineParser, type ParserState, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone } from '../tokens.ts';
import { modelAt } from './cli.ts';
import { countsIn } from '../reading/parts.ts';

/**
 * Kimi Code: `sessions/wd_*\/<session>/agents/<agent>/wire.jsonl`. An event has the counts of one call; the request before it
 * names the model, for which the event has only an alias. The usage of an agent is only in its own file.
 */
export const kimiCode: Source = {
  id: 'kimi-code',
  title: 'Kimi Code',
  locate: (environment) => {
    const { platform, home } = environment;
    const given = foldersIn(environment, 'KIMI_CODE_HOME');
    const desktop = ['Application Support', 'kimi-desktop', 'daimon-share', 'daimon', 'runtime', 'kimi-code', 'home'];
    const usual = [join(home, '.kimi-code'), ...(platform === 'darwin' ? [join(home, 'Library', ...desktop)] : [])];
    return (given.length > 0 ? given : usual).map((folder) => join(folder, 'sessions'));
  },
  matches: (relative) => /^[^/]+\/[^/]+\/agents\/[^/]+\/wire\.jsonl$/.test(relative),
  reading: () => ({
    kind: 'lines',
    markers: ['usage.record', 'llm.request'],
    parser: (file, state) => new CodeLines(file, state),
  }),
  settle: keepLarger,
};

const SOURCE = 'kimi-code-log';

class CodeLines implements LineParser {
  readonly #file: SourceFile;
  readonly #parts: readonly string[];
  #model: string | undefined;
  #workFolder: { path: string | undefined } | undefined;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#file = file;
    this.#parts = file.relative.split('/');
    this.#model = typeof state === 'string' ? state : undefined;
  }

  state(): ParserState {
    return this.#model ?? null;
  }

  line(bytes: Buffer, sink: Sink, offset: number): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const event = fieldsOf(entry['event']) ?? entry;
    const type = firstText(event, 'type', 'name');
    if (type === 'llm.request') {
      this.#model = firstText(event, 'model') ?? firstText(fieldsOf(event['payload']), 'model') ?? this.#model;
      return;
    }
    if (type !== 'usage.record') return;
    const payload = fieldsOf(event['payload']) ?? event;
    const counts = countsIn(payload, 'usage', sink);
    if (counts === undefined) return;
    const time = entry['timestamp'] ?? entry['time'] ?? event['timestamp'] ?? event['time'];
    const timestamp = timeOf(time);
    if (timestamp === undefined) return sink.skip('no-time');
    const tokens = beside({
      input: countOf(counts['inputOther']),
      output: countOf(counts['output']),
      cacheRead: countOf(counts['inputCacheRead']),
      cacheWrite: countOf(counts['inputCacheCreation']),
    });
    if (isNone(tokens)) return;
    const [, session, , agent] = this.#parts;
    this.#workFolder ??= { path: this.#readFolder() };
    const model = this.#model ?? textOf(payload['model']) ?? 'kimi-for-coding';
    sink.usage({
      record: logRecord({
        // The file only grows, so an offset identifies the event.
        usageId: usageId(SOURCE, [session, agent, offset]),
        source: SOURCE,
        provider: 'moonshotai',
        model: nameOf(modelAt(model, timestamp)),
        operation: agent === 'main' ? 'agent' : 'subagent',
        timestamp,
        tokens,
        folder: this.#workFolder.path,
        session: labelOf(session),
      }),
    });
  }

  #readFolder(): string | undefined {
    const folder = dirname(dirname(dirname(this.#file.path)));
    try {
      const state = fieldsOf(parseJson(readFileSync(join(folder, 'state.json'), 'utf8')));
      return textOf(state?.['workDir']);
    } catch {
      return undefined;
    }
  }
}
