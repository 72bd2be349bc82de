import { isObject, objectAt, objectIn, objectsAt, parsedObject, textAt, type JsonObject } from './json.ts';

/** Finds responses in files of HTTP recorders and in finished batches, which hold many of them. */

/** A recorded response, and the facts that only its request contains. */
export interface Exchange {
  /** The body as it was sent. */
  body: string;
  /** In lowercase. */
  host: string | undefined;
  model: string | undefined;
}

const RECORDING_FIELDS = ['log', 'interactions', 'http_interactions', 'request', 'scope', 'body'];
const BATCH_FIELDS = ['response', 'dest', 'output'];

/**
 * The exchanges in a value: the entries of a HAR file (browsers, proxies, Polly.js), the interactions of a cassette (VCR) or a
 * single one, and a call recorded by nock. None if it is no recording.
 */
export function exchangesIn(value: unknown): Exchange[] {
  if (!isObject(value) || !RECORDING_FIELDS.some((field) => field in value)) return [];
  const entries = objectsAt(objectAt(value, 'log') ?? {}, 'entries');
  const interactions = [...objectsAt(value, 'interactions'), ...objectsAt(value, 'http_interactions')];
  const list = [...entries, ...interactions, value];
  return list.flatMap((each) => exchange(each) ?? []);
}

function exchange(value: JsonObject): Exchange | undefined {
  const request = objectAt(value, 'request') ?? {};
  const scope = textAt(value, 'scope') ?? '';
  const url = longText(request, 'url') ?? longText(request, 'uri');
  if (url !== undefined) {
    const body = bodyOf(objectAt(value, 'response') ?? {});
    return body === undefined ? undefined : { body, host: hostOfUrl(url), model: modelOfRequest(url, request) };
  }
  const recorded = value['response'];
  const sent = plainBody(value);
  if (sent !== undefined) return { body: sent, host: undefined, model: undefined };
  if (!/^https?:/.test(scope) || recorded === undefined) return undefined;
  const body = typeof recorded === 'string' ? recorded : JSON.stringify(recorded);
  return { body, host: hostOfUrl(scope), model: modelOfRequest(textAt(value, 'path') ?? '', value) };
}

/** The body of an answer that is not a JSON object by itself: a stream, or base64 as cloud functions return it. */
function plainBody(value: JsonObject): string | undefined {
  const { body } = value;
  const isAnswer = ['status', 'statusCode', 'status_code', 'headers'].some((field) => field in value);
  if (typeof body !== 'string' || !isAnswer) return undefined;
  if (value['isBase64Encoded'] === true) return Buffer.from(body, 'base64').toString('utf8');
  return /^data:/m.test(body) ? body : undefined;
}

/** `content.text` in HAR files, `body.string` or `body` in cassettes. */
function bodyOf(response: JsonObject): string | undefined {
  const content = objectAt(response, 'content');
  const text = content?.['text'];
  if (typeof text === 'string') {
    return content?.['encoding'] === 'base64' ? Buffer.from(text, 'base64').toString('utf8') : text;
  }
  const { body } = response;
  if (isObject(body)) {
    const { string } = body;
    return typeof string === 'string' ? string : JSON.stringify(body);
  }
  return typeof body === 'string' ? body : undefined;
}

export function hostOfUrl(url: string): string | undefined {
  return /^https?:\/\/([^/:?#]+)/i.exec(url)?.[1]?.toLowerCase();
}

/** The model that was asked for: in the request's body, or in the address at Google, Amazon and Azure. */
function modelOfRequest(url: string, request: JsonObject): string | undefined {
  const posted = textIn(request, 'postData', 'text') ?? request['body'];
  const text = isObject(posted) ? posted['string'] : posted;
  const body = isObject(text) ? text : isObject(posted) && text === undefined ? posted : parsedObject(text);
  const named = textAt(body ?? {}, 'model');
  if (named !== undefined) return named;
  return modelInPath(url);
}

/** The model in an address of Google, Amazon or Azure. */
export function modelInPath(url: string): string | undefined {
  const inPath = /\/(?:models?|deployments)\/([^/:?#]+)/.exec(url)?.[1];
  return inPath === undefined ? undefined : decoded(inPath);
}

function textIn(value: JsonObject, field: string, inner: string): unknown {
  return objectAt(value, field)?.[inner];
}

/** An address may be longer than any honest name. */
function longText(value: JsonObject, field: string): string | undefined {
  const found = value[field];
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A finished batch of Gemini contains its responses: each becomes a line of a batch's output, which costs half. */
export function batchLinesIn(value: unknown): JsonObject[] {
  if (!isObject(value) || !BATCH_FIELDS.some((field) => isObject(value[field]))) return [];
  const lists = [
    objectIn(value, 'response', 'inlinedResponses'),
    objectIn(value, 'response'),
    objectIn(value, 'dest'),
    objectIn(value, 'output', 'inlinedResponses'),
  ];
  const responses = lists.flatMap((list) => [
    ...objectsAt(list ?? {}, 'inlinedResponses'),
    ...objectsAt(list ?? {}, 'inlined_responses'),
  ]);
  const model = textAt(objectAt(value, 'metadata') ?? {}, 'model') ?? textAt(value, 'model');
  return responses.map((each, index) => ({
    key: String(index),
    response: each['response'],
    model,
    error: each['error'],
  }));
}
