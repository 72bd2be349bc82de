import { join } from 'node:path';
import { countOf, fieldsOf, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type LineParser, type Sink, type Source, type SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

/**
 * Mux (Coder): `sessions/<workspace>/chat.jsonl`, and one file for each agent below `subagent-transcripts/`. Counts are those
 * of Vercel's AI SDK.
 */
export const mux: Source = {
  id: 'mux',
  title: 'Mux',
  locate: (environment) =>
    foldersOr(environment, 'MUX_ROOT', join(environment.home, '.mux')).map((folder) => join(folder, 'sessions')),
  matches: (relative) => /^[^/]+\/(subagent-transcripts\/[^/]+\/)?chat\.jsonl$/.test(relative),
  reading: () => ({ kind: 'lines', markers: ['"usage"'], parser: (file) => new MuxLines(file) }),
  settle: keepLarger,
};

const SOURCE = 'mux-log';

class MuxLines implements LineParser {
  readonly #file: SourceFile;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  state(): null {
    return null;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const metadata = fieldsOf(entry['metadata']);
    const counts = countsIn(metadata, 'usage', sink);
    if (metadata === undefined || counts === undefined) return;
    const written = fieldsOf(fieldsOf(metadata['providerMetadata'])?.['anthropic'])?.['cacheCreationInputTokens'];
    const tokens = including({
      input: countOf(counts['inputTokens']),
      output: countOf(counts['outputTokens']),
      cacheRead: countOf(counts['cachedInputTokens']),
      cacheWrite: countOf(written),
      reasoning: countOf(counts['reasoningTokens']),
    });
    if (isNone(tokens)) return;
    const id = textOf(entry['id']);
    const timestamp = timeOf(metadata['timestamp'] ?? entry['timestamp'] ?? entry['createdAt']);
    if (timestamp === undefined) return sink.skip('no-time', id);
    const [workspace = '', , agent] = this.#file.relative.split('/');
    // `anthropic:claude-opus-4-5`; a name with a tag contains another colon.
    const [, provider, model = 'unknown'] = /^([^:/]+):(.+)$/.exec(textOf(metadata['model']) ?? '') ?? [];
    const payer = payerOf({ model, provider });
    sink.usage({
      record: logRecord({
        usageId: usageId(SOURCE, [workspace, agent, id ?? `${timestamp} ${tokens.input} ${tokens.output}`]),
        source: SOURCE,
        provider: nameOf(payer?.provider ?? 'unknown'),
        model: nameOf(model),
        operation: agent === undefined ? 'agent' : 'subagent',
        timestamp,
        tokens,
        session: labelOf(workspace),
        more: { charge: payer?.charge, message_id: id },
      }),
    });
  }
}
