import { isObject, objectAt, textAt, type JsonObject } from './json.ts';
import type { OpenStream, StartStream } from './openStream.ts';
import { EVENT_READERS } from './streamEvents.ts';

/**
 * Assembles the events of streamed responses into whole responses, as the API would have sent them without streaming.
 *
 * Events of several streams may follow each other.
 */
export class StreamAssembler {
  readonly #open = new Map<string, OpenStream>();
  readonly #started: (stream: OpenStream) => void;

  /** @param started called at the first event of each stream; the stream is completed as events are added. */
  constructor(started: (stream: OpenStream) => void) {
    this.#started = started;
  }

  /** Returns true if the value was an event of a stream; otherwise it is a response by itself, or neither. */
  add(value: unknown): boolean {
    if (!isObject(value)) return false;
    const start: StartStream = (key, response, streamed = true) => {
      const stream: OpenStream = { response, streamed, cut: true };
      this.#open.set(key, stream);
      this.#started(stream);
      return stream;
    };
    return EVENT_READERS.some((read) => read(value, this.#open, start)) || isFragment(value);
  }
}

const BEDROCK_PARTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop'];
const COHERE_PARTS = /^(?:message|content|tool-call|tool-plan|citation)-(?:start|delta|end)$/;
const COHERE_V1_PARTS =
  /^(?:stream-start|text-generation|citation-generation|tool-calls-(?:chunk|generation)|search-\S+)$/;

/** Events of OpenAI's streams and realtime API, of `codex exec` and of Vertex AI. */
const EVENTS =
  /^(?:(?:image_generation|image_edit|transcript|speech|session|conversation|input_audio_buffer|output_audio_buffer|rate_limits|thread|turn|item)\.|vertex_event$)/;

/** Parts of streams without usage, and requests that a tool printed above the response. */
function isFragment(value: JsonObject): boolean {
  const type = textAt(value, 'type') ?? '';
  if (EVENTS.test(type)) return objectAt(value, 'usage') === undefined;
  if (objectAt(value, 'setupComplete') !== undefined || isLivePart(value) || isRequest(value)) return true;
  if (COHERE_PARTS.test(type)) return type !== 'message-end';
  if (isPadded(value)) return true;
  if (COHERE_V1_PARTS.test(textAt(value, 'event_type') ?? '')) return true;
  return BEDROCK_PARTS.some((part) => objectAt(value, part) !== undefined);
}

/** A message of Gemini's Live API without counts. */
function isLivePart(value: JsonObject): boolean {
  return objectAt(value, 'serverContent') !== undefined && objectAt(value, 'usageMetadata') === undefined;
}

/** A frame of ConverseStream without counts, which `p` pads to hide its length, or of an agent's words. */
function isPadded(value: JsonObject): boolean {
  if (typeof value['bytes'] === 'string') return objectAt(value, 'usage') === undefined;
  return typeof value['p'] === 'string' && ['contentBlockIndex', 'role', 'stopReason'].some((field) => field in value);
}

/** The body of a request, as HTTPie prints it, or a message of Pydantic AI to a model. */
function isRequest(value: JsonObject): boolean {
  if (value['kind'] === 'request' && Array.isArray(value['parts'])) return true;
  const asks = Array.isArray(value['messages']) || Array.isArray(value['contents']) || 'input' in value;
  return asks && 'model' in value && !('usage' in value) && !('id' in value) && !('object' in value);
}
