import type { PriceTable } from '../table.ts';
import { COUNT_FIELDS, splitCounts, type CountField, type Counts, type GivenCounts } from '../tokens.ts';
import { unpacked } from './asSent.ts';
import { callsOf, type Call } from './calls.ts';
import { readCounts } from './counts.ts';
import {
  MAX_DOCUMENTS,
  readDocuments,
  TOO_MANY,
  TRUNCATED,
  type Documents,
  type Found,
  type ResponseProblem,
} from './documents.ts';
import { batchLinesIn, exchangesIn, type Exchange } from './exchanges.ts';
import { costOf, hasFailed, idOf, isUnfinished, modelOf, serviceTierOf, timeOf } from './facts.ts';
import { unknownCounts, unpricedTools } from './notIncluded.ts';
import { isObject, objectAt, termAt, textAt } from './json.ts';
import { listedIn } from './lists.ts';
import { originOf, type Origin } from './origin.ts';
import { audioSecondsOf } from './otherServers.ts';
import { findError, findShape, type Api } from './shape.ts';
import { StreamAssembler } from './stream.ts';
import type { Assembled } from './openStream.ts';

/**
 * Extracts usage from a provider's raw API responses, as pasted or piped: finds the responses in the text, assembles streams,
 * identifies the API and the provider, and reads the counts.
 */
export interface RecognisedResponse {
  api: Api;
  /** The price table's id (or `ollama`); undefined if unknown. */
  provider: string | undefined;
  model: string | undefined;
  /**
   * `certain`: the provider is unmistakable. `likely`: derived from the model's name. `guess`: the shape is common and the
   * provider is not named, or the model is missing.
   */
  confidence: Origin['confidence'];
  /** The fields of a record; `input_tokens` includes cache reads and writes. Zero details are omitted. */
  counts: Counts & { input_tokens: number; output_tokens: number };
  /** The provider's id of the response; further calls in the same response have it with a suffix. */
  responseId: string | undefined;
  /** Time of the response, ISO 8601, if it contains one. */
  timestamp: string | undefined;
  /** A non-default tier, such as `batch` or `priority`. */
  serviceTier: string | undefined;
  /** Claude's `fast`; undefined for the default speed. */
  speed: string | undefined;
  /** The region to which Claude was bound, such as `us`. */
  inferenceGeo: string | undefined;
  /** The cost of the call in USD, according to the provider. */
  costUsd: number | undefined;
  /** Length of transcribed audio that is billed by the minute; its price is unknown. */
  audioSeconds: number | undefined;
  /** Tools used whose fee is not in any known price list. Empty if the response says its cost, which includes them. */
  unpricedTools: string[];
  /** Names of token counts that no reader knows, and that are in no other count for all we know. Empty if the response says its cost. */
  unknownCounts: string[];
  streamed: boolean;
}

export interface Recognition {
  responses: RecognisedResponse[];
  /** One for each unreadable response; similar ones are merged. */
  problems: ResponseProblem[];
}

/** In UTF-16 units: far longer than any response, and parsed in well under a second. */
export const MAX_RESPONSE_TEXT = 32_000_000;

export function recogniseResponses(text: string, table: PriceTable, maxLength = MAX_RESPONSE_TEXT): Recognition {
  const steps = recogniseInSteps(text, table, maxLength);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Like {@link recogniseResponses}, in steps, so that the caller may pause in between. */
export function* recogniseInSteps(
  text: string,
  table: PriceTable,
  maxLength = MAX_RESPONSE_TEXT,
): Generator<void, Recognition> {
  const outcomes = yield* outcomesOfAll(readDocuments(text, maxLength), undefined, table);
  const recognition: Recognition = { responses: [], problems: [] };
  const counted = new Map<string, { problem: ResponseProblem; times: number }>();
  for (const outcome of outcomes) {
    if (!('code' in outcome)) {
      recognition.responses.push(outcome);
      continue;
    }
    const known = counted.get(outcome.message);
    if (known === undefined) counted.set(outcome.message, { problem: outcome, times: 1 });
    else known.times++;
  }
  for (const { problem, times } of counted.values()) {
    const message = times === 1 ? problem.message : `${problem.message} (${times} times)`;
    recognition.problems.push({ code: problem.code, message });
  }
  if (recognition.responses.length === 0 && recognition.problems.length === 0) recognition.problems.push(NO_USAGE);
  return recognition;
}

type Outcome = RecognisedResponse | ResponseProblem;

/** Facts about the responses of a text that are not in them. */
interface Context {
  host: string | undefined;
  /** The model in the request. */
  model: string | undefined;
  table: PriceTable;
}

/** @param given from outside of the text, and better known than what the text says. */
function* outcomesOfAll(
  parts: readonly Documents[],
  given: Omit<Context, 'table'> | undefined,
  table: PriceTable,
): Generator<void, Outcome[]> {
  const all: Outcome[] = [];
  for (const { found, host, model } of parts) {
    // There may be more than the arguments that a function takes.
    for (const outcome of yield* outcomesOf(found, { ...(given ?? { host, model }), table })) all.push(outcome);
  }
  return all;
}

/** In text order; a stream has the position of its first event. */
function* outcomesOf(found: Iterable<Found>, context: Context): Generator<void, Outcome[]> {
  const outcomes: (Assembled | Outcome)[] = [];
  const problems: ResponseProblem[] = [];
  const assembler = new StreamAssembler((stream) => outcomes.push(stream));
  let documents = 0;
  for (const { value: packed, problem } of found) {
    const value = unpacked(packed);
    if (problem !== undefined) problems.push(problem);
    else if (++documents > MAX_DOCUMENTS) return [TOO_MANY];
    else {
      const exchanges = exchangesIn(value);
      const lines = batchLinesIn(value);
      for (const exchange of exchanges) for (const each of yield* recorded(exchange, context)) outcomes.push(each);
      for (const line of lines) outcomes.push(...recognise({ response: line, streamed: false, cut: false }, context));
      if (exchanges.length === 0 && lines.length === 0 && !assembler.add(value)) {
        const listed = listedIn(value);
        for (const response of listed.length > 0 ? listed : [value]) {
          outcomes.push(...recognise({ response, streamed: false, cut: false }, context));
        }
      }
    }
    yield;
  }
  const complete: Outcome[] = [...problems];
  for (const outcome of outcomes) {
    if ('cut' in outcome) complete.push(...recognise(outcome, context));
    else complete.push(outcome);
    yield;
  }
  return complete;
}

/** The responses in a recorded body. Recordings also contain pages, scripts and images, which are not reported. */
function* recorded({ body, host, model }: Exchange, { table }: Context): Generator<void, Outcome[]> {
  const outcomes = yield* outcomesOfAll(readDocuments(body, MAX_RESPONSE_TEXT), { host, model }, table);
  return outcomes.filter((outcome) => !('code' in outcome) || REPORTED.has(outcome.code));
}

const REPORTED: ReadonlySet<ResponseProblem['code']> = new Set(['invalid-usage', 'provider-error']);

const NO_USAGE: ResponseProblem = {
  code: 'no-usage',
  message: 'No usage was found in it: no token counts in a form that a known API sends.',
};
const NO_STREAM_USAGE: ResponseProblem = {
  code: 'no-usage',
  message: 'The streamed response has no usage: ask for it with "stream_options": {"include_usage": true}.',
};
const CUT: ResponseProblem = {
  code: 'truncated',
  message: 'The streamed response ends before its last event, so its token counts are not final.',
};

function recognise({ response, streamed, cut }: Assembled, context: Context): Outcome[] {
  if (streamed && cut) return [CUT];
  const shape = findShape(response);
  if (shape === undefined) return [whyNot(response, streamed)];
  if (isUnfinished(shape.response)) return [TRUNCATED];
  return callsOf(shape).map((call) => readCall(call, streamed, context));
}

function readCall({ shape, suffix }: Call, streamed: boolean, context: Context): Outcome {
  const { api, response } = shape;
  const model = modelOf(shape) ?? context.model;
  const origin = originOf(shape, model, shape.host ?? context.host, context.table);
  const costUsd = costOf(shape, origin.provider);
  const counts = countsOf(readCounts(shape, origin.provider), costUsd !== undefined);
  if ('code' in counts) return counts;
  const usage = objectAt(response, 'usage') ?? {};
  const id = idOf(response);
  const isFree = counts.input_tokens + counts.output_tokens === 0 && hasFailed(response);
  const cost = costUsd ?? (isFree ? 0 : undefined);
  const speed = termAt(usage, 'speed');
  return {
    api,
    ...origin,
    model,
    counts,
    responseId: id === undefined ? undefined : id + suffix,
    timestamp: timeOf(response),
    serviceTier: serviceTierOf(shape),
    speed: speed === 'standard' ? undefined : speed,
    inferenceGeo: geoOf(termAt(usage, 'inference_geo')),
    costUsd: cost,
    audioSeconds: audioSecondsOf(response),
    unpricedTools: cost === undefined ? unpricedTools(shape) : [],
    unknownCounts: cost === undefined ? unknownCounts(response) : [],
    streamed,
  };
}

/** Claude's `global` and `not_available` mean that the region does not matter. */
function geoOf(geo: string | undefined): string | undefined {
  return geo === 'global' || geo === 'not_available' ? undefined : geo;
}

/** Zero is significant here: none of the cached tokens were audio, as opposed to an unknown number. */
const OVERLAPS: ReadonlySet<CountField> = new Set(['cache_audio_read_tokens', 'cache_image_read_tokens']);

/** @param isPaid whether the response contains its cost, so that contradictory counts need not be refused. */
function countsOf(found: GivenCounts, isPaid: boolean): RecognisedResponse['counts'] | ResponseProblem {
  const counts: Counts = {};
  for (const field of COUNT_FIELDS) {
    const count = found[field];
    if (count !== undefined && (count !== 0 || OVERLAPS.has(field))) counts[field] = count;
  }
  const { input_tokens = 0, output_tokens = 0, ...details } = counts;
  const complete = { input_tokens, output_tokens, ...details };
  const split = splitCounts(complete);
  if (Array.isArray(split)) return complete;
  if (isPaid) return { input_tokens: wholeOr0(input_tokens), output_tokens: wholeOr0(output_tokens) };
  if (Object.values(counts).some((count) => count < 0)) return NO_USAGE;
  return { code: 'invalid-usage', message: `The usage in the response contradicts itself: ${split.message}.` };
}

function wholeOr0(count: number): number {
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

function whyNot(response: unknown, streamed: boolean): ResponseProblem {
  const error = findError(response);
  if (error !== undefined) {
    const text =
      typeof error === 'string'
        ? error
        : (textAt(error, 'message') ?? textAt(objectAt(error, 'error') ?? {}, 'message'));
    const said = text === undefined ? '' : `: ${text.slice(0, 200)}`;
    return { code: 'provider-error', message: `The provider answered with an error, which has no usage${said}.` };
  }
  const isChat = isObject(response) && response['object'] === 'chat.completion';
  return streamed && isChat ? NO_STREAM_USAGE : NO_USAGE;
}
