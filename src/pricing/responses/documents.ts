/**
 * Text that someone pasted or piped -> the JSON values in it.
 *
 * Takes one JSON value, an array, NDJSON, several values one after the other (also with HTTP headers or prose around
 * them, as `curl -i` prints), and a transcript of server-sent events.
 */

export type ResponseProblemCode =
  'empty' | 'too-large' | 'not-json' | 'truncated' | 'no-usage' | 'provider-error' | 'invalid-usage';

/** Why a text, or one of the responses in it, says no usage. */
export interface ResponseProblem {
  code: ResponseProblemCode;
  /** A sentence for people. */
  message: string;
}

export interface Documents {
  values: unknown[];
  problems: ResponseProblem[];
}

const NOT_JSON: ResponseProblem = {
  code: 'not-json',
  message: 'This is no JSON: paste the response as the API sent it.',
};
const TRUNCATED: ResponseProblem = {
  code: 'truncated',
  message: 'The response ends in the middle: its end, where the usage stands, is missing.',
};
const EVENT_STREAM = /^data:/m;

/** @param maxLength in UTF-16 units; larger texts are refused unread. */
export function splitDocuments(text: string, maxLength: number): Documents {
  if (text.length > maxLength) {
    const message = `The text is too large for a response (${megabytes(text.length)}, at most ${megabytes(maxLength)}).`;
    return { values: [], problems: [{ code: 'too-large', message }] };
  }
  const body = text.replace(/^\uFEFF/, '').trim();
  if (body === '') {
    return { values: [], problems: [{ code: 'empty', message: 'There is no text.' }] };
  }
  const whole = parse(body);
  if (whole !== undefined) {
    return { values: listOf(whole.value), problems: [] };
  }
  if (EVENT_STREAM.test(body)) return fromEvents(body);
  const firstLine = body.slice(0, endOfLine(body));
  return /^[[{]/.test(body) && parse(firstLine) !== undefined ? fromLines(body) : fromText(body);
}

/** Server-sent events: `data:` lines up to a blank line are one value. https://html.spec.whatwg.org/#parsing-an-event-stream */
function fromEvents(body: string): Documents {
  const values: unknown[] = [];
  const problems: ResponseProblem[] = [];
  let data: string[] = [];
  const dispatch = (): void => {
    const text = data.join('\n').trim();
    data = [];
    if (text === '' || text === '[DONE]') return;
    const parsed = parse(text);
    if (parsed !== undefined) values.push(parsed.value);
    else if (problems.length === 0) problems.push(/^[[{]/.test(text) ? TRUNCATED : NOT_JSON);
  };
  for (const line of body.split(/\r\n|\r|\n/)) {
    // Some tools print transcripts without the blank lines: a value that is complete on its line is an event too.
    const next = /^data: ?(.*)$/s.exec(line)?.[1];
    if (line.trim() === '' || (next !== undefined && data.length === 1 && parse(data[0] ?? '') !== undefined)) {
      dispatch();
    }
    if (next !== undefined) data.push(next);
  }
  dispatch();
  return { values, problems };
}

/** NDJSON. A line that cannot be read does not hide the others. */
function fromLines(body: string): Documents {
  const values: unknown[] = [];
  const problems: ResponseProblem[] = [];
  const lines = body.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  for (const [index, line] of lines.entries()) {
    const parsed = parse(line);
    if (parsed !== undefined) values.push(parsed.value);
    else if (index === lines.length - 1 && /^\s*[[{]/.test(line)) problems.push(TRUNCATED);
    else problems.push({ code: 'not-json', message: `Line ${index + 1} is no JSON.` });
  }
  return { values, problems };
}

/**
 * Finds the objects and arrays in a text by their brackets, and skips what stands between them. Brackets that are no
 * JSON stand in prose and log prefixes: they matter only where nothing else is found.
 */
function fromText(body: string): Documents {
  const values: unknown[] = [];
  let position = nextBracket(body, 0);
  while (position >= 0) {
    const end = closingBracket(body, position);
    if (end < 0) return { values, problems: [TRUNCATED] };
    const parsed = parse(body.slice(position, end));
    if (parsed !== undefined) for (const value of listOf(parsed.value)) values.push(value);
    position = nextBracket(body, end);
  }
  return { values, problems: values.length === 0 ? [NOT_JSON] : [] };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function nextBracket(text: string, from: number): number {
  for (let i = from; i < text.length; i++) if (text[i] === '{' || text[i] === '[') return i;
  return -1;
}

/** The place after the bracket that closes the one at `start`; -1 when there is none. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return i + 1;
  }
  return -1;
}

/** undefined: no JSON. The value is wrapped because `null` is JSON too. */
function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function endOfLine(text: string): number {
  const end = text.search(/[\r\n]/);
  return end < 0 ? text.length : end;
}

function megabytes(length: number): string {
  return `${(length / 1_000_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;
}
