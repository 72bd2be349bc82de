import { modelInPath } from './exchanges.ts';
import { isObject } from './json.ts';

/**
 * Finds the JSON objects in text that a user pasted or piped, one at a time.
 *
 * Accepts one JSON value, an array, NDJSON, several values in sequence (also with HTTP headers or prose around them, as printed
 * by `curl -i` and `curl -v`), a transcript of server-sent events, and each of these inside a JSON string. Takes linear time:
 * no character is scanned more than a few times, and values that are not objects are skipped without parsing.
 */

export type ResponseProblemCode =
  // Of the text.
  | 'empty'
  | 'too-large'
  | 'not-json'
  | 'truncated'
  // Of a response in it.
  | 'no-usage'
  | 'provider-error'
  | 'invalid-usage';

/** Why a text, or one of the responses in it, contains no usage. */
export interface ResponseProblem {
  code: ResponseProblemCode;
  /** A readable sentence. */
  message: string;
}

/** An object of the text, or the reason why a part of it could not be read. */
export type Found = { value: unknown; problem?: undefined } | { problem: ResponseProblem; value?: undefined };

/** The answer to a request, or a text without requests. */
export interface Documents {
  /** The host that the response came from, if the text contains it (`curl -v` and HTTPie print it). */
  host: string | undefined;
  /** The model in the address of the request. */
  model: string | undefined;
  found: Iterable<Found>;
}

/**
 * Far more than the events of any stream. A text with more objects does not consist of responses, and each costs memory and
 * time.
 */
export const MAX_DOCUMENTS = 400_000;
/** As a text: `toLocaleString` would load ICU's number formats, 10 ms, in each process that loads prices. */
const MAX_DOCUMENTS_TEXT = '400,000';

const NOT_JSON: ResponseProblem = {
  code: 'not-json',
  message: 'This is not JSON. Paste the response as the API sent it.',
};
export const TRUNCATED: ResponseProblem = {
  code: 'truncated',
  message: 'The response is incomplete: its end, which contains the usage, is missing.',
};
export const TOO_MANY: ResponseProblem = {
  code: 'too-large',
  message: `The text has more than ${MAX_DOCUMENTS_TEXT} JSON objects, which is too many for responses.`,
};
const EVENT_STREAM = /^data:/m;
/** The end of the headers in a frame of AWS's binary streams, before its JSON. */
const FRAME = /:(?:message-type|content-type)[^{}]{1,8}(?:event|application\/json)(?=\{)/g;
/** The first line of a request, as `curl -v` and HTTPie print it. */
const REQUEST = /^(?:> )?(?:GET|POST|PUT) (\S+) HTTP\/[\d.]+\r?$/gm;
const REQUEST_HOST = /^(?:> )?host: *([^\s:]+)/im;
/** Lines of `curl -v` outside the body: notes, request and response headers, and byte counts. */
const CURL_NOISE = /^(?:[*<>](?: .*)?|[{}] \[\d+ bytes data\])\r?$/gm;

/**
 * One entry for each request in the text, or one for the whole text.
 * @param maxLength in UTF-16 units; longer texts are refused unread.
 */
export function readDocuments(text: string, maxLength: number): Documents[] {
  if (text.length > maxLength) {
    const message = `The text is too large for a response (${megabytes(text.length)}, at most ${megabytes(maxLength)}).`;
    return [withoutRequest([{ problem: { code: 'too-large', message } }])];
  }
  const body = text.replace(/^\uFEFF/, '').trim();
  if (body === '') return [withoutRequest([{ problem: { code: 'empty', message: 'The text is empty.' } }])];
  const requests = [...body.matchAll(REQUEST)];
  if (requests.length === 0) return [withoutRequest(fromBody(body))];
  return requests.map(({ index, 1: path }, each) => {
    // Notes about the connection are before the first request.
    const part = body.slice(each === 0 ? 0 : index, requests[each + 1]?.index);
    const host = REQUEST_HOST.exec(part)?.[1]?.toLowerCase();
    return { host, model: modelInPath(path!), found: fromBody(part.replaceAll(CURL_NOISE, '').trim()) };
  });
}

function withoutRequest(found: Iterable<Found>): Documents {
  return { host: undefined, model: undefined, found };
}

/** Responses that a tool printed as JSON strings, one or a list, several times over; undefined if they are not strings. */
function unquoted(body: string): string[] | undefined {
  const isString = body.startsWith('"');
  if (!isString && !/^\[\s*"/.test(body)) return undefined;
  const value = parse(body)?.value;
  const texts = typeof value === 'string' ? [value] : Array.isArray(value) ? (value as unknown[]) : [];
  const inner = texts.filter((each): each is string => typeof each === 'string' && each.includes('{'));
  return inner.length === 0 || inner.length < texts.length ? undefined : inner.map((each) => each.trim());
}

function* fromBody(body: string): Generator<Found> {
  const inner = unquoted(body);
  if (inner === undefined) yield* fromPlain(body);
  // Each level is shorter than the one around it.
  else for (const each of inner) yield* fromBody(each);
}

function fromPlain(body: string): Iterable<Found> {
  const isJson = /^(?:\{|\[\s*[{[])/.test(body);
  if (!isJson && EVENT_STREAM.test(body)) return fromEvents(body);
  if (!isJson && body.includes(':event-type') && body.search(FRAME) >= 0) return fromFrames(body);
  return startsWithLine(body) ? fromLines(body) : fromText(body);
}

/** Whether the first line is a complete object and more follows, as in NDJSON. */
function startsWithLine(body: string): boolean {
  const end = body.search(/[\r\n]/);
  return end > 0 && body.startsWith('{') && parse(body.slice(0, end)) !== undefined;
}

/** Server-sent events: consecutive `data:` lines form one value. https://html.spec.whatwg.org/#parsing-an-event-stream */
function* fromEvents(body: string): Generator<Found> {
  let data: string[] = [];
  let isBroken = false;
  function* dispatch(): Generator<Found> {
    const text = data.join('\n').trim();
    data = [];
    if (text === '' || text === '[DONE]') return;
    const parsed = parse(text);
    if (parsed !== undefined) yield* objectsOf(parsed.value);
    else if (!isBroken) {
      isBroken = true;
      yield { problem: /^[[{]/.test(text) ? TRUNCATED : NOT_JSON };
    }
  }
  for (const line of linesOf(body)) {
    const next = /^data: ?(.*)$/s.exec(line)?.[1];
    // Some tools print transcripts without blank lines: a line with a complete value also ends an event.
    const isComplete = next !== undefined && data.length === 1 && parse(data[0]!) !== undefined;
    if (line.trim() === '' || isComplete) yield* dispatch();
    if (next !== undefined) data.push(next);
  }
  yield* dispatch();
}

/** Frames of AWS's binary streams: their lengths and checksums may look like brackets and quotes. */
function* fromFrames(body: string): Generator<Found> {
  const frames = new RegExp(FRAME);
  while (frames.test(body)) {
    const start = frames.lastIndex;
    const end = closingBracket(body, start);
    const parsed = end < 0 ? undefined : parse(body.slice(start, end));
    if (parsed === undefined) yield { problem: TRUNCATED };
    else yield parsed;
    if (end >= 0) frames.lastIndex = end;
  }
}

/** NDJSON. An unreadable line does not hide the others. */
function* fromLines(body: string): Generator<Found> {
  let number = 0;
  let broken: { line: string; number: number } | undefined;
  for (const line of linesOf(body)) {
    if (line.trim() === '') continue;
    number++;
    if (broken !== undefined) yield { problem: notALine(broken.number) };
    broken = undefined;
    const parsed = parse(line);
    if (parsed === undefined) broken = { line, number };
    else yield* objectsOf(parsed.value);
  }
  if (broken !== undefined) yield { problem: /^\s*[[{]/.test(broken.line) ? TRUNCATED : notALine(broken.number) };
}

function notALine(number: number): ResponseProblem {
  return { code: 'not-json', message: `Line ${number} is not JSON.` };
}

/**
 * Finds objects in a text by their brackets, skipping everything in between, including the brackets and commas of arrays. Prose
 * and log prefixes may contain curly brackets that are not JSON: they are reported only if nothing else is found.
 */
function* fromText(body: string): Generator<Found> {
  let read = 0;
  let isBroken = false;
  let start = body.indexOf('{');
  while (start >= 0) {
    const end = closingBracket(body, start);
    if (end < 0) {
      yield { problem: TRUNCATED };
      yield* wholeLines(body, start);
      return;
    }
    const parsed = parse(body.slice(start, end));
    if (parsed === undefined) isBroken = true;
    else {
      read++;
      yield parsed;
    }
    start = body.indexOf('{', end);
  }
  if (read > 0) {
    if (/^\[\s*\{/.test(body) && !body.endsWith(']')) yield { problem: TRUNCATED };
  } else if (isBroken || !isValue(body)) yield { problem: NOT_JSON };
}

/** The lines after the one at `start` that are objects: an incomplete response does not hide those after it. */
function* wholeLines(body: string, start: number): Generator<Found> {
  const next = body.indexOf('\n', start);
  if (next < 0) return;
  for (const line of linesOf(body.slice(next + 1))) {
    const parsed = line.startsWith('{') ? parse(line) : undefined;
    if (parsed !== undefined) yield parsed;
  }
}

/** Whether a text without objects is still JSON: an array, or a plain value. */
function isValue(body: string): boolean {
  return body.startsWith('[') || parse(body) !== undefined;
}

/** The objects of a parsed line: the value itself, or the elements of an array. */
function* objectsOf(value: unknown): Generator<Found> {
  if (isObject(value)) yield { value };
  else if (Array.isArray(value)) for (const each of value) if (isObject(each)) yield { value: each };
}

const OPEN_OBJECT = '{'.charCodeAt(0);
const CLOSE_OBJECT = '}'.charCodeAt(0);
const OPEN_ARRAY = '['.charCodeAt(0);
const CLOSE_ARRAY = ']'.charCodeAt(0);
const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);

/** The position after the bracket that closes the one at `start`; -1 when there is none. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  let isQuoted = false;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isQuoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) isQuoted = false;
    } else if (code === QUOTE) isQuoted = true;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && --depth === 0) return i + 1;
  }
  return -1;
}

/** Splits at LF, CR LF or CR, like server-sent events. */
function* linesOf(text: string): Generator<string> {
  const end = /\r\n|\r|\n/g;
  let start = 0;
  for (let match = end.exec(text); match !== null; match = end.exec(text)) {
    yield text.slice(start, match.index);
    start = end.lastIndex;
  }
  yield text.slice(start);
}

/** undefined: not JSON. The value is wrapped because `null` is valid JSON. */
function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function megabytes(length: number): string {
  return `${(length / 1_000_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;
}
