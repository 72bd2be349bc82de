import type { PriceTable } from '../table.ts';
import { COUNT_FIELDS, splitCounts, type CountField, type Counts } from '../tokens.ts';
import { splitDocuments, type ResponseProblem } from './documents.ts';
import { isObject, numberAt, objectAt, textAt, type JsonObject } from './json.ts';
import { findShape, providerByMarks, type Api, type Shape } from './shape.ts';
import { assemble, type Assembled } from './stream.ts';

/**
 * A provider's raw API responses, as pasted or piped -> the usage in them.
 *
 * genai-prices' `extractUsage` reads the counts where it knows the API; this finds the responses in the text, puts
 * streams together, and tells the API and the provider apart.
 */
export interface RecognisedResponse {
  api: Api;
  /** The price table's id (or `ollama`); undefined when nothing tells. */
  provider: string | undefined;
  model: string | undefined;
  /**
   * `certain`: shape and provider are unmistakable. `likely`: the provider follows from the model's name.
   * `guess`: the shape is a common one and nothing names the provider.
   */
  confidence: 'certain' | 'likely' | 'guess';
  /** The fields of a record; `input_tokens` includes cache reads and writes. Details of nothing are left out. */
  counts: Counts & { input_tokens: number; output_tokens: number };
  /** The provider's id of the response. */
  responseId: string | undefined;
  /** When the response was made: ISO 8601, where it says so. */
  timestamp: string | undefined;
  /** A tier that is not the usual one, as `batch` or `priority`: the list price may not hold. */
  serviceTier: string | undefined;
  /** What the provider itself says that the call cost. */
  costUsd: number | undefined;
  streamed: boolean;
}

export interface Recognition {
  responses: RecognisedResponse[];
  /** One for each response that could not be read; many alike are one. */
  problems: ResponseProblem[];
}

/** In UTF-16 units: far above any response, and parsed in well under a second. */
export const MAX_RESPONSE_TEXT = 32_000_000;

export function recogniseResponses(text: string, table: PriceTable, maxLength = MAX_RESPONSE_TEXT): Recognition {
  const { values, problems } = splitDocuments(text, maxLength);
  const recognition: Recognition = { responses: [], problems: [...problems] };
  const counted = new Map<string, { problem: ResponseProblem; times: number }>();
  for (const assembled of assemble(values)) {
    const result = recognise(assembled, table);
    if (!('code' in result)) {
      recognition.responses.push(result);
      continue;
    }
    const known = counted.get(result.message);
    if (known === undefined) counted.set(result.message, { problem: result, times: 1 });
    else known.times++;
  }
  for (const { problem, times } of counted.values()) {
    const message = times === 1 ? problem.message : `${problem.message} (${times} times)`;
    recognition.problems.push({ code: problem.code, message });
  }
  if (recognition.responses.length === 0 && recognition.problems.length === 0) {
    recognition.problems.push(NO_USAGE);
  }
  return recognition;
}

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

function recognise({ response, streamed, cut }: Assembled, table: PriceTable): RecognisedResponse | ResponseProblem {
  const shape = findShape(response);
  if (streamed && cut) return CUT;
  if (shape === undefined) return whyNot(response, streamed);
  const own = shape.response;
  const marked = providerByMarks(shape);
  const named = modelOf(own);
  const provider =
    marked ?? (named === undefined ? undefined : table.providerOfModel(named)) ?? vendorOf(shape) ?? undefined;
  const extracted = extract(shape, provider, table);
  if ('code' in extracted) return extracted;
  const model = named ?? extracted.model;
  return {
    api: shape.api,
    provider,
    model,
    confidence: confidence(shape, marked, provider, model),
    counts: extracted.counts,
    responseId: textAt(own, 'id') ?? textAt(own, 'responseId'),
    timestamp: timeOf(own),
    serviceTier: serviceTierOf(own),
    costUsd: costOf(own, provider),
    streamed,
  };
}

function confidence(
  shape: Shape,
  marked: string | undefined,
  provider: string | undefined,
  model: string | undefined,
): RecognisedResponse['confidence'] {
  if (provider === undefined || model === undefined) return 'guess';
  if (marked !== undefined) return 'certain';
  // Claude's own API and OpenAI's responses are rarely anyone else's; chat completions are everybody's.
  const own = shape.distinct && (shape.api === 'anthropic-messages' || shape.api === 'openai-responses');
  return own ? 'certain' : 'likely';
}

/** The vendor whose API it is, when neither marks nor the model's name say more. */
function vendorOf({ api, distinct }: Shape): string | undefined {
  if (!distinct) return undefined;
  if (api === 'anthropic-messages') return 'anthropic';
  return api === 'openai-responses' || api === 'openai-images' || api === 'openai-realtime' ? 'openai' : undefined;
}

/** genai-prices' names for the forms of responses, and the vendor whose description fits when a provider has none. */
const FLAVOURS: Readonly<Record<Exclude<Api, 'ollama'>, { names: readonly string[]; vendor: string }>> = {
  'openai-chat': { names: ['chat', 'default'], vendor: 'openai' },
  'openai-responses': { names: ['responses'], vendor: 'openai' },
  'openai-embeddings': { names: ['embeddings'], vendor: 'openai' },
  'openai-images': { names: ['images'], vendor: 'openai' },
  'openai-realtime': { names: ['realtime'], vendor: 'openai' },
  'anthropic-messages': { names: ['anthropic', 'default'], vendor: 'anthropic' },
  gemini: { names: ['default'], vendor: 'google' },
  'bedrock-converse': { names: ['default'], vendor: 'aws' },
  cohere: { names: ['default'], vendor: 'cohere' },
  'cohere-tokens': { names: ['tokens'], vendor: 'cohere' },
  'cohere-embeddings': { names: ['embeddings'], vendor: 'cohere' },
  cursor: { names: ['usage-event'], vendor: 'cursor' },
};

interface Extracted {
  counts: RecognisedResponse['counts'];
  model: string | undefined;
}

function extract(shape: Shape, provider: string | undefined, table: PriceTable): Extracted | ResponseProblem {
  const raw = shape.api === 'ollama' ? ollamaCounts(shape.response) : libraryCounts(shape, provider, table);
  if (raw === undefined) return NO_USAGE;
  const counts: Counts = {};
  for (const field of COUNT_FIELDS) {
    const count = raw.counts[field === 'reasoning_tokens' ? 'output_reasoning_tokens' : field];
    if (count !== undefined && (count !== 0 || OVERLAPS.has(field))) counts[field] = count;
  }
  const { input_tokens = 0, output_tokens = 0, ...details } = counts;
  const complete = { input_tokens, output_tokens, ...details };
  const split = splitCounts(complete);
  if (!Array.isArray(split)) {
    return { code: 'invalid-usage', message: `The usage in the response contradicts itself: ${split.message}.` };
  }
  return { counts: complete, model: raw.model };
}

/** Where 0 says something: none of the cached tokens were audio, as against nobody knows how many. */
const OVERLAPS: ReadonlySet<CountField> = new Set(['cache_audio_read_tokens', 'cache_image_read_tokens']);

type RawCounts = { counts: Record<string, number | undefined>; model: string | undefined };

function libraryCounts(shape: Shape, provider: string | undefined, table: PriceTable): RawCounts | undefined {
  if (shape.api === 'ollama') return undefined;
  const { names, vendor } = FLAVOURS[shape.api];
  const response = shape.api === 'openai-realtime' ? { response: shape.response } : shape.response;
  const attempts = [
    ...(provider === undefined ? [] : names.map((name) => [provider, name] as const)),
    ...names.map((name) => [vendor, name] as const),
  ];
  for (const [id, flavour] of attempts) {
    try {
      const found = table.extract(id, flavour, response);
      if (found !== undefined) return { counts: found.counts, model: found.model?.slice(0, 256) || undefined };
    } catch {
      // Not this provider's form of it; the next attempt, or nothing, is the answer.
    }
  }
  return undefined;
}

/** genai-prices does not know Ollama. https://github.com/ollama/ollama/blob/main/docs/api.md */
function ollamaCounts(response: JsonObject): RawCounts {
  return {
    counts: {
      input_tokens: numberAt(response, 'prompt_eval_count') ?? 0,
      output_tokens: numberAt(response, 'eval_count') ?? 0,
    },
    model: undefined,
  };
}

function modelOf(response: JsonObject): string | undefined {
  return textAt(response, 'model') ?? textAt(response, 'modelVersion') ?? textAt(response, 'modelId');
}

/** Seconds since the epoch or ISO 8601, as the APIs have it. */
function timeOf(response: JsonObject): string | undefined {
  const seconds = numberAt(response, 'created') ?? numberAt(response, 'created_at');
  const text = textAt(response, 'created_at') ?? textAt(response, 'createTime');
  const ms = seconds === undefined ? Date.parse(text ?? '') : seconds * 1000;
  // Between 2020 and 2100: what is outside is no time of a response.
  return ms > 1.577e12 && ms < 4.102e12 ? new Date(ms).toISOString() : undefined;
}

const USUAL_TIERS: ReadonlySet<string> = new Set(['default', 'standard', 'auto', 'on_demand']);

function serviceTierOf(response: JsonObject): string | undefined {
  const tier = textAt(response, 'service_tier') ?? textAt(objectAt(response, 'usage') ?? {}, 'service_tier');
  return tier === undefined || USUAL_TIERS.has(tier) ? undefined : tier;
}

/** OpenRouter and Perplexity say in USD what they charge. */
function costOf(response: JsonObject, provider: string | undefined): number | undefined {
  const usage = objectAt(response, 'usage') ?? {};
  const cost =
    provider === 'openrouter'
      ? numberAt(usage, 'cost')
      : provider === 'perplexity'
        ? numberAt(objectAt(usage, 'cost') ?? {}, 'total_cost')
        : undefined;
  return cost !== undefined && cost >= 0 ? cost : undefined;
}

function whyNot(response: unknown, streamed: boolean): ResponseProblem {
  if (!isObject(response)) return NO_USAGE;
  const error = response['error'] ?? (response['type'] === 'error' ? response : undefined);
  if (error !== undefined && error !== null) {
    const text = isObject(error) ? textAt(error, 'message') : typeof error === 'string' ? error : undefined;
    const said = text === undefined ? '' : `: ${text.slice(0, 200)}`;
    return { code: 'provider-error', message: `The provider answered with an error, which has no usage${said}.` };
  }
  return streamed && response['object'] === 'chat.completion' ? NO_STREAM_USAGE : NO_USAGE;
}
