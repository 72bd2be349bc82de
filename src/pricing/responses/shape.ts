import { asSent } from './asSent.ts';
import { hostOfUrl } from './exchanges.ts';
import { legacyLangChain } from './frameworks.ts';
import { isObject, numberAt, objectAt, objectIn, objectsAt, parsedObject, textAt, type JsonObject } from './json.ts';
import { countedTexts } from './geminiCounts.ts';
import { audioSecondsOf, otherShape, type OtherApi } from './otherServers.ts';

/** Identifies the API of a response by its shape alone. */
export type Api =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'openai-images'
  | 'openai-realtime'
  | 'openai-transcription'
  | 'openai-speech'
  | 'codex'
  | 'anthropic-messages'
  | 'claude-code'
  | 'gemini'
  | 'gemini-embeddings'
  | 'gemini-interactions'
  | 'bedrock-converse'
  | 'bedrock-invoke'
  | 'cohere'
  | 'cohere-tokens'
  | 'cohere-v1'
  | 'cohere-embeddings'
  | 'voyage'
  | 'rerank'
  | 'ai-sdk'
  | 'langchain'
  | 'pydantic-ai'
  | 'dashscope'
  | 'openrouter-generation'
  | 'cursor'
  | 'ollama'
  | 'ollama-embeddings'
  | OtherApi;

export interface Shape {
  api: Api;
  /** The object that contains the usage, extracted from any wrappers. */
  response: JsonObject;
  /** Whether it came from a line of a batch's output file; batches cost less. */
  isBatch: boolean;
  /** The model named in a wrapper. */
  outerModel: string | undefined;
  /** The host it was fetched from, according to a wrapper, such as that of an HTTP recorder. */
  host: string | undefined;
}

/** Fields in which tools and batch APIs wrap a response: OpenAI's and Anthropic's batches, agents' logs, HTTP recorders. */
const WRAPPERS = [
  'inner_content',
  'response',
  'body',
  'message',
  'result',
  'data',
  'metadata',
  'delta',
  'output',
  'json',
  'kwargs',
  'string',
  'outputBodyJson',
  'modelOutput',
  'batch_result',
  'chat_get_completion',
  'raw',
  'raw_response',
  '_raw_response',
  'meta',
  'sample',
  'context_wrapper',
  'chatResponse',
];
const MAX_DEPTH = 4;
/** Maximum size of a response inside a JSON string, as HTTP recorders store bodies. */
const MAX_INNER_TEXT = 8_000_000;

/** Finds the response in a value; undefined when nothing in it looks like usage. */
export function findShape(value: unknown, depth = 0): Shape | undefined {
  if (!isObject(value)) return undefined;
  const sent = asSent(value);
  const here = shapeOf(sent);
  if (here !== undefined) {
    const response = here.response ?? sent;
    return { ...here, response, isBatch: value['object'] === 'batch', outerModel: undefined, host: hostOf(value) };
  }
  if (depth >= MAX_DEPTH) return undefined;
  for (const wrapper of WRAPPERS) {
    const inner = unwrap(value, wrapper);
    const found = inner === undefined ? undefined : findShape(inner, depth + 1);
    if (found === undefined) continue;
    const outerModel = found.outerModel ?? textAt(value, 'model') ?? textAt(value, 'modelId');
    return { ...found, outerModel, isBatch: found.isBatch || isBatchLine(value), host: found.host ?? hostOf(value) };
  }
  return undefined;
}

/** The object in a wrapper's field, also if the field contains it as JSON text. */
export function unwrap(value: JsonObject, field: string): JsonObject | undefined {
  const inner = Object.hasOwn(value, field) ? value[field] : undefined;
  if (isObject(inner)) return inner;
  return typeof inner === 'string' && inner.length <= MAX_INNER_TEXT ? parsedObject(inner) : undefined;
}

function hostOf(value: JsonObject): string | undefined {
  const request = objectAt(value, 'request') ?? {};
  const url = textAt(value, 'url') ?? textAt(request, 'url') ?? textAt(request, 'uri');
  // Cloudflare wraps all answers of its API alike.
  const isCloudflare = typeof value['success'] === 'boolean' && Array.isArray(value['errors']) && 'messages' in value;
  if (url === undefined) return isCloudflare && 'result' in value ? 'api.cloudflare.com' : undefined;
  return hostOfUrl(url);
}

/** The object in which an API reports a failed call; undefined if there is none. */
export function findError(value: unknown, depth = 0): JsonObject | string | undefined {
  if (!isObject(value)) return undefined;
  const error = value['error'] ?? (value['type'] === 'error' ? value : undefined);
  if (isObject(error) || (typeof error === 'string' && error !== '')) return error;
  if (depth >= MAX_DEPTH) return undefined;
  for (const wrapper of WRAPPERS) {
    const inner = unwrap(value, wrapper);
    const found = inner === undefined ? undefined : findError(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Whether this is a line of a batch's output: OpenAI, Mistral, Groq and Azure have `custom_id` and a `status_code`, Anthropic
 * `custom_id` and a `result`, Bedrock `recordId` and `modelOutput`, xAI `batch_request_id`, Gemini's files `key` and `response`,
 * Vertex a `request`, its `response` and the processing time.
 */
function isBatchLine(value: JsonObject): boolean {
  const response = objectAt(value, 'response');
  if (textAt(value, 'custom_id') !== undefined || textAt(value, 'batch_request_id') !== undefined) return true;
  if (textAt(value, 'recordId') !== undefined && objectAt(value, 'modelOutput') !== undefined) return true;
  if (response === undefined) return false;
  const isGemini = objectAt(response, 'usageMetadata') ?? objectAt(response, 'usage_metadata');
  if (textAt(value, 'key') !== undefined && isGemini !== undefined) return true;
  return textAt(value, 'processed_time') !== undefined && objectAt(value, 'request') !== undefined;
}

interface Found {
  api: Api;
  /** Set if the response is not the object that was examined. */
  response?: JsonObject;
}

const form = (api: Api): Found => ({ api });

function shapeOf(response: JsonObject): Found | undefined {
  const usage = objectAt(response, 'usage');
  return (
    frameworkShape(response, usage) ??
    shapeWithoutUsage(response) ??
    (usage === undefined ? undefined : shapeByUsage(response, usage))
  );
}

/** Responses written by programs that call several vendors and rename the counts. */
function frameworkShape(response: JsonObject, usage: JsonObject | undefined): Found | undefined {
  if (response['type'] === 'result' && numberAt(response, 'total_cost_usd') !== undefined) return form('claude-code');
  if (objectAt(response, 'usage_metadata') !== undefined) return form('langchain');
  if (isCounted(objectAt(response, 'tokenUsage')) || isCounted(usage)) return form('ai-sdk');
  const legacy = legacyLangChain(response);
  if (legacy !== undefined) return { ...form('langchain'), response: legacy };
  if (usage === undefined) return undefined;
  if (response['kind'] === 'response' && Array.isArray(response['parts'])) return form('pydantic-ai');
  const isAiSdk =
    numberAt(usage, 'promptTokens') !== undefined ||
    objectAt(usage, 'inputTokenDetails') !== undefined ||
    ['cachedInputTokens', 'reasoningTokens'].some((field) => Object.hasOwn(usage, field)) ||
    objectAt(response, 'totalUsage') !== undefined ||
    numberAt(objectAt(usage, 'inputTokens') ?? {}, 'total') !== undefined ||
    (numberAt(usage, 'tokens') !== undefined && ('embedding' in response || 'embeddings' in response)) ||
    (numberAt(usage, 'inputTokens') !== undefined && textAt(response, 'finishReason') !== undefined);
  return isAiSdk ? form('ai-sdk') : undefined;
}

/** LangChain4j and Microsoft's extensions for .NET. */
function isCounted(usage: JsonObject | undefined): boolean {
  return usage !== undefined && numberAt(usage, 'inputTokenCount') !== undefined;
}

/** A cached content of Gemini has a total alone: storing it is no call. */
const GEMINI_COUNTS = ['promptTokenCount', 'candidatesTokenCount', 'responseTokenCount', 'thoughtsTokenCount'];

function isEmbedding(response: JsonObject): boolean {
  return 'embedding' in response || 'embeddings' in response;
}

function shapeWithoutUsage(response: JsonObject): Found | undefined {
  const gemini = objectAt(response, 'usageMetadata');
  if (gemini !== undefined && GEMINI_COUNTS.some((field) => numberAt(gemini, field) !== undefined)) {
    return form(isEmbedding(response) ? 'gemini-embeddings' : 'gemini');
  }
  if (countedTexts(response).length > 0) return form('gemini-embeddings');
  const cursor = objectAt(response, 'tokenUsage') ?? {};
  if (numberAt(cursor, 'inputTokens') !== undefined || numberAt(cursor, 'outputTokens') !== undefined) {
    return form('cursor');
  }
  if (numberAt(response, 'native_tokens_prompt') !== undefined) return form('openrouter-generation');
  const billed = objectIn(response, 'meta', 'billed_units');
  if (billed !== undefined) {
    if (numberAt(billed, 'search_units') !== undefined) return form('rerank');
    return form(numberAt(billed, 'output_tokens') === undefined ? 'cohere-embeddings' : 'cohere-v1');
  }
  if (numberAt(response, 'prompt_eval_count') !== undefined || numberAt(response, 'eval_count') !== undefined) {
    return form(isEmbedding(response) ? 'ollama-embeddings' : 'ollama');
  }
  const other = otherShape(response);
  if (other !== undefined) return form(other);
  if (audioSecondsOf(response) !== undefined) return form('openai-transcription');
  const metrics = objectAt(response, 'amazon-bedrock-invocationMetrics');
  if (metrics !== undefined) return { ...form('bedrock-invoke'), response: metrics };
  const counted = ['inputTextTokenCount', 'prompt_token_count'].some(
    (field) => numberAt(response, field) !== undefined,
  );
  return counted ? form('bedrock-invoke') : undefined;
}

function shapeByUsage(response: JsonObject, usage: JsonObject): Found | undefined {
  if (numberAt(usage, 'total_input_tokens') !== undefined) return form('gemini-interactions');
  if (numberAt(usage, 'inputTokens') !== undefined) {
    return form(isConverse(response, usage) ? 'bedrock-converse' : 'ai-sdk');
  }
  if (objectAt(usage, 'billed_units') !== undefined) return form('cohere');
  if (objectAt(usage, 'tokens') !== undefined) return form('cohere-tokens');
  if (numberAt(usage, 'prompt_tokens') !== undefined) {
    const isEmbedding = response['object'] === 'list' || numberAt(usage, 'completion_tokens') === undefined;
    const isRerank = isEmbedding && objectsAt(response, 'results').some((each) => 'relevance_score' in each);
    const api = isRerank ? 'rerank' : isEmbedding ? 'openai-embeddings' : 'openai-chat';
    return form(api);
  }
  if (numberAt(usage, 'input_tokens') !== undefined) return shapeByInput(response, usage);
  // For embeddings and reranking, Voyage and Jina return only a total.
  if (numberAt(usage, 'total_tokens') === undefined) return undefined;
  if (objectsAt(response, 'results').some((each) => 'relevance_score' in each)) return form('rerank');
  if (response['object'] !== 'list') return undefined;
  return form(objectsAt(response, 'data').some((each) => 'relevance_score' in each) ? 'rerank' : 'voyage');
}

/** Frameworks count `inputTokens`, too, and nothing beside it. */
function isConverse(response: JsonObject, usage: JsonObject): boolean {
  const fields = ['stopReason', 'metrics', 'additionalModelResponseFields'];
  return (
    fields.some((field) => field in response) ||
    objectIn(response, 'output', 'message') !== undefined ||
    Object.keys(usage).some((field) => /^cache(?:Read|Write)Input|^cacheDetails$/.test(field))
  );
}

function shapeByInput(response: JsonObject, usage: JsonObject): Found {
  const type = response['type'];
  if (type === 'turn.completed') return form('codex');
  if (type === 'speech.audio.done') return form('openai-speech');
  if (textAt(response, 'request_id') !== undefined && objectAt(response, 'output') !== undefined) {
    return form('dashscope');
  }
  if (objectAt(usage, 'input_token_details') !== undefined) {
    const isTranscript = 'transcript' in response || typeof response['text'] === 'string';
    return form(usage['type'] === 'tokens' && isTranscript ? 'openai-transcription' : 'openai-realtime');
  }
  if (type === 'message' || 'cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage) {
    return form('anthropic-messages');
  }
  if (numberAt(objectAt(usage, 'input_tokens_details') ?? {}, 'image_tokens') !== undefined) {
    return form('openai-images');
  }
  if (response['object'] === 'response') return form('openai-responses');
  const isClaude = (textAt(response, 'model') ?? '').includes('claude');
  return form(isClaude ? 'anthropic-messages' : 'openai-responses');
}
