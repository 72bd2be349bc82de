import { isObject, numberAt, objectAt, textAt, type JsonObject } from './json.ts';

/** Which API a response comes from, told by its shape alone. */
export type Api =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'openai-images'
  | 'openai-realtime'
  | 'anthropic-messages'
  | 'gemini'
  | 'bedrock-converse'
  | 'cohere'
  | 'cohere-tokens'
  | 'cohere-embeddings'
  | 'cursor'
  | 'ollama';

export interface Shape {
  api: Api;
  /** The object that holds the usage, out of whatever stood around it. */
  response: JsonObject;
  /** false: other APIs have this shape too. */
  distinct: boolean;
}

/** What tools and batch APIs put around a response: OpenAI's and Anthropic's batches, agents' logs, HTTP recorders. */
const WRAPPERS = ['response', 'body', 'message', 'result', 'data', 'metadata', 'delta', 'output', 'json'];
const MAX_DEPTH = 4;

/** Finds the response in a value; undefined when nothing in it looks like usage. */
export function findShape(value: unknown, depth = 0): Shape | undefined {
  if (!isObject(value)) return undefined;
  const here = shapeOf(value);
  if (here !== undefined || depth >= MAX_DEPTH) return here;
  for (const wrapper of WRAPPERS) {
    const inner = objectAt(value, wrapper);
    const found = inner === undefined ? undefined : findShape(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function shapeOf(response: JsonObject): Shape | undefined {
  const is = (api: Api, distinct = true): Shape => ({ api, response, distinct });
  if (objectAt(response, 'usageMetadata') !== undefined) return is('gemini');
  if (objectAt(response, 'tokenUsage') !== undefined) return is('cursor');
  if (objectAt(objectAt(response, 'meta') ?? {}, 'billed_units') !== undefined) return is('cohere-embeddings');
  if (numberAt(response, 'prompt_eval_count') !== undefined || numberAt(response, 'eval_count') !== undefined) {
    return is('ollama');
  }
  const usage = objectAt(response, 'usage');
  if (usage === undefined) return undefined;
  if (numberAt(usage, 'inputTokens') !== undefined) return is('bedrock-converse');
  if (objectAt(usage, 'billed_units') !== undefined) return is('cohere');
  if (objectAt(usage, 'tokens') !== undefined) return is('cohere-tokens');
  if (numberAt(usage, 'prompt_tokens') !== undefined) {
    const embedding = response['object'] === 'list' || numberAt(usage, 'completion_tokens') === undefined;
    return is(embedding ? 'openai-embeddings' : 'openai-chat', textAt(response, 'object') !== undefined);
  }
  if (numberAt(usage, 'input_tokens') === undefined) return undefined;
  if (objectAt(usage, 'input_token_details') !== undefined) return is('openai-realtime');
  if (response['type'] === 'message' || 'cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage) {
    return is('anthropic-messages');
  }
  if (numberAt(objectAt(usage, 'input_tokens_details') ?? {}, 'image_tokens') !== undefined) return is('openai-images');
  if (response['object'] === 'response') return is('openai-responses');
  const claude = (textAt(response, 'model') ?? '').includes('claude');
  return is(claude ? 'anthropic-messages' : 'openai-responses', false);
}

/** The provider that a response names by itself, by marks that only its API leaves. */
export function providerByMarks({ api, response }: Shape): string | undefined {
  const id = textAt(response, 'id') ?? '';
  const usage = objectAt(response, 'usage') ?? {};
  if (api === 'gemini') return 'google';
  if (api === 'bedrock-converse') return 'aws';
  if (api === 'cursor' || api === 'ollama') return api;
  if (api.startsWith('cohere')) return 'cohere';
  if (api === 'anthropic-messages') {
    if (id.startsWith('msg_bdrk_')) return 'aws';
    if (id.startsWith('msg_vrtx_')) return 'google';
    return undefined;
  }
  if (api !== 'openai-chat') return undefined;
  if (id.startsWith('gen-')) return 'openrouter';
  if ('x_groq' in response) return 'groq';
  if ('prompt_filter_results' in response) return 'azure';
  if ('time_info' in response) return 'cerebras';
  if ('search_context_size' in usage || 'num_search_queries' in usage) return 'perplexity';
  return undefined;
}
