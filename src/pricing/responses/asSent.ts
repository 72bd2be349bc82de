import { isObject, numberAt, objectAt, objectIn, parsedObject, textAt, type JsonObject } from './json.ts';

/**
 * Restores the form in which the vendor sent a response: SDKs in TypeScript, Java and C# rename its fields, and frameworks pass
 * the vendor's own counts on beside theirs, which leave out what only one vendor has. Returns other values unchanged.
 */
export function asSent(value: JsonObject): JsonObject {
  const response = Object.hasOwn(value, 'Usage') && isObject(value['Usage']) ? renamed(value, uncapitalised) : value;
  if (isRenamed(response)) return renamed(response, snakeCase);
  if (numberAt(objectAt(response, 'usage_metadata') ?? {}, 'prompt_token_count') !== undefined) {
    return geminiAsSent(response);
  }
  return fromAiSdk(response) ?? fromLangChain(response) ?? fromAgents(response) ?? response;
}

/** An event of Bedrock's binary streams, which has the model's own event as base64, or else the value itself. */
export function unpacked(value: unknown): unknown {
  const chunk = isObject(value) ? (objectAt(value, 'chunk') ?? value) : {};
  const { bytes, p: _, ...more } = chunk;
  if (typeof bytes !== 'string' || Object.keys(more).length > 0) return value;
  return parsedObject(Buffer.from(bytes, 'base64').toString('utf8').trimStart()) ?? value;
}

/** A result of AutoGen, smolagents or Agno, whose counts are in another field than the vendor's. */
function fromAgents(result: JsonObject): JsonObject | undefined {
  if (Object.hasOwn(result, 'usage')) return undefined;
  const counted = ['models_usage', 'token_usage', 'metrics']
    .map((field) => objectAt(result, field) ?? {})
    .find((counts) => COUNT_PAIRS.some((pair) => pair.every((name) => numberAt(counts, name) !== undefined)));
  // CrewAI's sums have a reader for themselves.
  return counted === undefined || 'successful_requests' in counted ? undefined : { ...result, usage: counted };
}

const COUNT_PAIRS = [
  ['input_tokens', 'output_tokens'],
  ['prompt_tokens', 'completion_tokens'],
];

/** Whether it is a response of an API with snake_case fields, as the TypeScript SDKs of Mistral, OpenRouter, Cohere and others print it. */
function isRenamed(response: JsonObject): boolean {
  const usage = objectAt(response, 'usage') ?? {};
  if (objectAt(usage, 'billedUnits') !== undefined || objectIn(response, 'meta', 'billedUnits') !== undefined)
    return true;
  if (response['object'] === 'list') return numberAt(usage, 'totalTokens') !== undefined;
  if (numberAt(usage, 'promptTokens') === undefined) return false;
  const lists = ['choices', 'outputs'];
  return (
    textAt(response, 'object') !== undefined ||
    lists.some((field) => Array.isArray(response[field])) ||
    'cachedPromptTextTokens' in usage ||
    'costInUsdTicks' in usage
  );
}

/** Deep enough for `usage.promptTokensDetails.cachedTokens` and `results[].relevanceScore`. */
const RENAMED_LEVELS = 3;

function renamed(value: JsonObject, rename: (field: string) => string, levels = RENAMED_LEVELS): JsonObject {
  const inner = (each: unknown): unknown => {
    if (Array.isArray(each)) return (each as unknown[]).map(inner);
    return isObject(each) && levels > 1 ? renamed(each, rename, levels - 1) : each;
  };
  return Object.fromEntries(Object.entries(value).map(([field, each]) => [rename(field), inner(each)]));
}

/** `promptTokens` -> `prompt_tokens`. */
function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A response or a chunk of Gemini that the Python SDK printed. */
export function geminiAsSent(response: JsonObject): JsonObject {
  const isPrinted = ['usage_metadata', 'model_version', 'response_id'].some((field) => field in response);
  return isPrinted ? renamed(response, camelCase) : response;
}

/** `prompt_token_count` -> `promptTokenCount`. */
function camelCase(field: string): string {
  return field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `InputTokenCount` -> `inputTokenCount`. */
function uncapitalised(field: string): string {
  return field.slice(0, 1).toLowerCase() + field.slice(1);
}

/** A result of Vercel's AI SDK with the counts of Anthropic or Google, unless its own counts are the sum of several calls. */
function fromAiSdk(result: JsonObject): JsonObject | undefined {
  const metadata = objectAt(result, 'providerMetadata');
  if (metadata === undefined || isSum(result)) return undefined;
  const { id, modelId, timestamp } = objectAt(result, 'response') ?? {};
  const claude = objectIn(metadata, 'anthropic', 'usage');
  if (claude !== undefined && numberAt(claude, 'input_tokens') !== undefined) {
    return { type: 'message', id, model: modelId, created: timestamp, usage: claude, providerMetadata: metadata };
  }
  const google = objectAt(metadata, 'google') ?? objectAt(metadata, 'vertex') ?? {};
  const usageMetadata = objectAt(google, 'usageMetadata');
  if (usageMetadata === undefined || numberAt(usageMetadata, 'promptTokenCount') === undefined) return undefined;
  const candidates = [{ groundingMetadata: google['groundingMetadata'] }];
  return { usageMetadata, candidates, modelVersion: modelId, responseId: id, createTime: timestamp };
}

/** The cost of a call as OpenRouter, xAI and Perplexity report it, where Vercel's AI SDK passes it on. */
export function billPassedOn(result: JsonObject): JsonObject {
  const metadata = objectAt(result, 'providerMetadata') ?? {};
  const vendor = ['openrouter', 'xai', 'perplexity'].map((name) => objectAt(metadata, name)).find(Boolean) ?? {};
  return renamed({ ...vendor, ...objectAt(vendor, 'usage') }, snakeCase);
}

function isSum(result: JsonObject): boolean {
  const { steps } = result;
  if (Array.isArray(steps) && steps.length > 1) return true;
  const total = objectAt(result, 'totalUsage');
  const usage = objectAt(result, 'usage') ?? {};
  return total !== undefined && ['inputTokens', 'outputTokens'].some((field) => total[field] !== usage[field]);
}

/** A message of LangChain with the counts of Anthropic. */
function fromLangChain(message: JsonObject): JsonObject | undefined {
  const metadata = objectAt(message, 'response_metadata');
  const usage = metadata && objectAt(metadata, 'usage');
  if (usage === undefined || numberAt(usage, 'input_tokens') === undefined) return undefined;
  return {
    type: 'message',
    id: metadata?.['id'] ?? message['id'],
    model: metadata?.['model'] ?? metadata?.['model_name'],
    usage,
    response_metadata: metadata,
  };
}
