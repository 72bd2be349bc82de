import { isObject, objectAt, textAt, type JsonObject } from './json.ts';
import { EVENT_READERS, type OpenStream, type StartStream } from './streamEvents.ts';

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

/** Parts of Bedrock's and Cohere's streams without usage. */
function isFragment(value: JsonObject): boolean {
  const type = textAt(value, 'type') ?? '';
  if (COHERE_PARTS.test(type)) return type !== 'message-end';
  if (COHERE_V1_PARTS.test(textAt(value, 'event_type') ?? '')) return true;
  return BEDROCK_PARTS.some((part) => objectAt(value, part) !== undefined);
}
