import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { payerOf } from '../payer.ts';
import { logRecord } from '../record.ts';
import type { LineParser, ParserState, Sink, SourceFile } from '../source.ts';
import { beside, isNone, takeTotal } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

interface Context {
  model?: string;
  provider?: string;
  folder?: string;
}

/** Parses a session in pi's format: replies with their counts and cost; changes of the model are separate lines. */
export class PiLines implements LineParser {
  readonly #source: string;
  readonly #session: string;
  readonly #folder: string | undefined;
  readonly #context: Context;

  constructor(source: string, { relative }: SourceFile, state: ParserState | undefined) {
    this.#source = source;
    const parts = relative.split('/');
    // `<time>_<session>.jsonl`, followed by the reason why the session ended.
    const name = parts.at(-1)!.replace(/\.jsonl.*$/, '');
    this.#session = /^\d{4}-\d\d-\d\dT[^_]*_(.+)$/.exec(name)?.[1] ?? name;
    this.#folder = parts.length > 1 ? parts[0] : undefined;
    this.#context = { ...(state as Context | undefined) };
  }

  state(): ParserState {
    return { ...this.#context };
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const folder = textOf(entry['cwd']);
    if (folder !== undefined) this.#context.folder = folder;
    const message = fieldsOf(entry['message']);
    const isReply = entry['type'] === undefined || entry['type'] === 'message';
    if (isReply && message?.['role'] === 'assistant') this.#reply(entry, message, sink);
    else if (entry['type'] === 'model_change') this.#setModel(entry);
    else if (entry['customType'] === 'model-snapshot') this.#setModel(fieldsOf(entry['data']));
  }

  #setModel(fields: Fields | undefined): void {
    const model = firstText(fields, 'modelId', 'model');
    if (model === undefined) return;
    this.#context.model = model;
    const provider = firstText(fields, 'provider');
    if (provider !== undefined) this.#context.provider = provider;
  }

  #reply(entry: Fields, message: Fields, sink: Sink): void {
    const usage = countsIn(message, 'usage', sink);
    if (usage === undefined) return;
    const tokens = beside({
      input: countOf(usage['input']),
      output: countOf(usage['output']),
      cacheRead: countOf(usage['cacheRead']),
      cacheWrite: countOf(usage['cacheWrite']),
    });
    if (isNone(tokens)) takeTotal(tokens, countOf(usage['totalTokens']));
    const cost = fieldsOf(usage['cost'])?.['total'];
    const logged = typeof cost === 'number' && cost > 0 ? cost : undefined;
    if (isNone(tokens) && logged === undefined) return;
    const time = message['timestamp'] ?? entry['timestamp'];
    const timestamp = timeOf(time) ?? timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    const model = firstText(message, 'model', 'modelId') ?? this.#context.model ?? 'unknown';
    const provider = firstText(message, 'provider') ?? this.#context.provider;
    const payer = payerOf({ model, provider });
    const response = firstText(message, 'responseId');
    const key = [timestamp, model, tokens.input, tokens.cacheRead, tokens.cacheWrite, tokens.output];
    sink.usage({
      record: logRecord({
        usageId: usageId(this.#source, response === undefined ? [this.#session, ...key] : [this.#session, response]),
        source: this.#source,
        provider: nameOf(payer?.provider ?? 'unknown'),
        model: nameOf(model),
        operation: 'agent',
        timestamp,
        tokens,
        folder: this.#context.folder,
        project: labelOf(this.#folder),
        session: labelOf(this.#session),
        more: { charge: payer?.charge, response_id: response },
      }),
      loggedCost: logged,
    });
  }
}
