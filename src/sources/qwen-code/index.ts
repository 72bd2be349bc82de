import { join } from 'node:path';
import { countOf, fieldsOf, labelOf, nameOf, parseJson, stemOf, textOf, timeKey, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { isEarlier, logRecord } from '../record.ts';
import { keepPreferred, type LineParser, type Sink, type Source, type SourceFile } from '../source.ts';
import { including, isNone, takeTotal } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

/**
 * Qwen Code, a fork of Gemini CLI: one JSONL file per conversation, `projects/<project>/chats/<file>.jsonl`. Telemetry lines
 * repeat the counts of the reply; resumed sessions repeat replies.
 */
export const qwenCode: Source = {
  id: 'qwen-code',
  title: 'Qwen Code',
  locate: (environment) =>
    foldersOr(environment, 'QWEN_DATA_DIR', join(environment.home, '.qwen')).map((folder) => join(folder, 'projects')),
  matches: (relative) => /^[^/]+\/chats\/[^/]+\.jsonl$/.test(relative),
  reading: () => ({ kind: 'lines', markers: ['"usageMetadata"'], parser: (file) => new QwenLines(file) }),
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

const SOURCE = 'qwen-code-log';

class QwenLines implements LineParser {
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
    if (entry['type'] !== 'assistant') return;
    const counts = countsIn(entry, 'usageMetadata', sink);
    if (counts === undefined) return;
    const timestamp = timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    // Google's way of counting: the prompt includes cached tokens, the candidates do not include thoughts.
    const tokens = including(
      {
        input: countOf(counts['promptTokenCount']),
        output: countOf(counts['candidatesTokenCount']),
        cacheRead: countOf(counts['cachedContentTokenCount']),
        reasoning: countOf(counts['thoughtsTokenCount']),
      },
      'beside',
    );
    if (isNone(tokens)) takeTotal(tokens, countOf(counts['totalTokenCount']));
    if (isNone(tokens)) return;
    const model = nameOf(textOf(entry['model']) ?? 'unknown');
    const session = textOf(entry['sessionId']) ?? stemOf(this.#file.relative);
    const payer = payerOf({ model });
    sink.usage({
      record: logRecord({
        // Some versions give the replies of a resumed session new ids, so time and counts identify the call.
        usageId: usageId(SOURCE, [session, timeKey(entry['timestamp'], timestamp), model, tokens.input, tokens.output]),
        source: SOURCE,
        provider: nameOf(payer?.provider ?? 'alibaba'),
        model,
        operation: 'agent',
        timestamp,
        tokens,
        folder: textOf(entry['cwd']),
        project: labelOf(this.#file.relative.split('/')[0]),
        branch: labelOf(textOf(entry['gitBranch'])),
        session: labelOf(session),
        more: { charge: payer?.charge, message_id: textOf(entry['uuid']) },
      }),
    });
  }
}
