import { isObject, objectAt, textAt, type JsonObject } from './json.ts';

/**
 * The events of streamed responses -> whole responses, as the API would have sent them unstreamed.
 *
 * Events of several streams may follow each other. What is no event of a known stream passes as it is.
 */
export interface Assembled {
  response: unknown;
  /** The parts were streamed. */
  streamed: boolean;
  /** The stream ends before its last event, so its counts are not final. */
  cut: boolean;
}

/** A response that is being put together. */
interface Open extends Assembled {
  response: JsonObject;
}

export function assemble(values: readonly unknown[]): Assembled[] {
  const done: Assembled[] = [];
  const open = new Map<string, Open>();
  const start = (key: string, response: JsonObject, streamed = true): Open => {
    const stream: Open = { response, streamed, cut: true };
    open.set(key, stream);
    done.push(stream);
    return stream;
  };
  for (const value of values) {
    const taken =
      isObject(value) &&
      (anthropic(value, open, start) ||
        chatChunk(value, open, start) ||
        openaiResponse(value, open, start) ||
        gemini(value, open, start) ||
        ollama(value, open, start) ||
        isFragment(value));
    if (!taken) done.push({ response: value, streamed: false, cut: false });
  }
  return done;
}

/** Adds a value to the stream that it belongs to; false: it is no event of this kind. */
type Taker = (value: JsonObject, open: Map<string, Open>, start: Start) => boolean;
/** Opens a stream. `streamed` is false where a single event is just what an unstreamed response looks like. */
type Start = (key: string, response: JsonObject, streamed?: boolean) => Open;

/** `message_start` has the input's usage, `message_delta` the output's so far (and repeats what it knows of the input). */
const anthropic: Taker = (value, open, start) => {
  const type = textAt(value, 'type') ?? '';
  if (type === 'message_start') {
    const message = objectAt(value, 'message');
    if (message === undefined) return false;
    start('anthropic', { ...message });
    return true;
  }
  if (!/^(?:message_delta|message_stop|content_block_(?:start|delta|stop)|ping)$/.test(type)) return false;
  const stream = open.get('anthropic');
  if (stream === undefined) {
    // Pasted from the middle: a delta may still say all that there is to know.
    if (type === 'message_delta' && objectAt(value, 'usage') !== undefined) {
      start('anthropic', { type: 'message', usage: value['usage'] });
    }
    return true;
  }
  if (type === 'message_delta') {
    stream.response['usage'] = { ...objectAt(stream.response, 'usage'), ...withoutNulls(objectAt(value, 'usage')) };
    stream.cut = false;
  }
  if (type === 'message_stop') open.delete('anthropic');
  return true;
};

/** Chunks of one id; usage is in the last one (`stream_options.include_usage`), for some vendors in each. */
const chatChunk: Taker = (value, open, start) => {
  if (value['object'] !== 'chat.completion.chunk') return false;
  const key = `chat ${textAt(value, 'id') ?? ''}`;
  const stream = open.get(key) ?? start(key, { ...value, object: 'chat.completion' });
  const usage = objectAt(value, 'usage') ?? objectAt(objectAt(value, 'x_groq') ?? {}, 'usage');
  if (usage !== undefined) stream.response['usage'] = usage;
  for (const field of ['model', 'provider', 'service_tier']) {
    const text = textAt(value, field);
    if (text !== undefined) stream.response[field] = text;
  }
  const choices = value['choices'];
  const finished = Array.isArray(choices) && choices.some((choice) => isObject(choice) && choice['finish_reason']);
  if (finished || usage !== undefined) stream.cut = false;
  return true;
};

/** The event that ends the stream holds the whole response. */
const openaiResponse: Taker = (value, open, start) => {
  const type = textAt(value, 'type') ?? '';
  if (!type.startsWith('response.')) return false;
  const response = objectAt(value, 'response');
  if (response === undefined) return true;
  const key = `response ${textAt(response, 'id') ?? ''}`;
  const stream = open.get(key) ?? start(key, response);
  stream.response = response;
  if (/^response\.(?:completed|incomplete|failed|done|cancelled)$/.test(type)) stream.cut = false;
  return true;
};

/** Chunks of one `responseId`, each with the counts so far; the last one has a `finishReason`. */
const gemini: Taker = (value, open, start) => {
  const chunk = objectAt(value, 'response') ?? value;
  const { candidates } = chunk;
  const id = textAt(chunk, 'responseId');
  const key = `gemini ${id ?? ''}`;
  const known = open.get(key);
  if (!Array.isArray(candidates) && (known === undefined || objectAt(chunk, 'usageMetadata') === undefined))
    return false;
  const stream = known ?? start(key, chunk, false);
  if (known !== undefined) {
    stream.response = { ...known.response, ...chunk };
    stream.streamed = true;
  }
  if (Array.isArray(candidates) && candidates.some((each) => isObject(each) && each['finishReason'])) {
    stream.cut = false;
    if (id === undefined) open.delete(key);
  }
  return true;
};

/** One line a token, the last with `done: true` and the counts. */
const ollama: Taker = (value, open, start) => {
  if (typeof value['done'] !== 'boolean' || textAt(value, 'model') === undefined) return false;
  const known = open.get('ollama');
  const stream = known ?? start('ollama', value, !value['done']);
  stream.response = value;
  if (value['done']) {
    stream.cut = false;
    open.delete('ollama');
  }
  return true;
};

const BEDROCK_PARTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop'];

/** Parts of Bedrock's and Cohere's streams that say nothing of usage. */
function isFragment(value: JsonObject): boolean {
  if (/^(?:message|content|tool-call|tool-plan|citation)-(?:start|delta|end)$/.test(textAt(value, 'type') ?? '')) {
    return value['type'] !== 'message-end';
  }
  return BEDROCK_PARTS.some((part) => objectAt(value, part) !== undefined);
}

function withoutNulls(usage: JsonObject | undefined): JsonObject {
  return Object.fromEntries(Object.entries(usage ?? {}).filter(([, count]) => count !== null));
}
