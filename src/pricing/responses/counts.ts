import type { GivenCounts } from '../tokens.ts';
import { searchesPreview } from './notIncluded.ts';
import { aiSdkCounts, hourWrites, langChainCounts, pydanticCounts, searchCalls } from './frameworks.ts';
import { geminiCounts, geminiEmbeddings, interactionCounts } from './geminiCounts.ts';
import { first, numberAt, objectAt, objectIn, objectsAt, type JsonObject } from './json.ts';
import { OTHER_READERS } from './otherServers.ts';
import type { Api, Shape } from './shape.ts';

/**
 * Reads the token counts of a response into the fields of a record: `input_tokens` includes cache reads and writes,
 * `output_tokens` all reasoning, however the vendor counts.
 */
type Reader = (response: JsonObject, provider: string | undefined) => GivenCounts;

/** @param provider the price table's id: some vendors count reasoning separately from output. */
export function readCounts({ api, response }: Shape, provider: string | undefined): GivenCounts {
  return READERS[api](response, provider);
}

const usageOf = (response: JsonObject): JsonObject => objectAt(response, 'usage') ?? {};

/** Chat completions, in the dialects of all vendors that copied them. */
const chat: Reader = (response, provider) => {
  const usage = usageOf(response);
  const input = objectAt(usage, 'prompt_tokens_details') ?? objectAt(usage, 'prompt_token_details') ?? {};
  const output = objectAt(usage, 'completion_tokens_details') ?? {};
  const prompt = numberAt(usage, 'prompt_tokens') ?? 0;
  const completion = numberAt(usage, 'completion_tokens') ?? 0;
  const reasoning =
    numberAt(output, 'reasoning_tokens') ?? numberAt(usage, 'reasoning_tokens') ?? uncountedThinking(usage, provider);
  const citations = provider === 'perplexity' ? (numberAt(usage, 'citation_tokens') ?? 0) : 0;
  return {
    // Mistral counts the tokens that its connectors read separately.
    input_tokens: prompt + (numberAt(usage, 'connector_tokens') ?? 0),
    output_tokens: completion + citations + (isBeside(usage, reasoning, provider) ? reasoning : 0),
    // Mistral, Moonshot, xAI's SDK, DeepSeek and LiteLLM's proxy use other fields than OpenAI for cached tokens.
    cache_read_tokens:
      numberAt(input, 'cached_tokens') ??
      first(
        usage,
        'num_cached_tokens',
        'cached_tokens',
        'cached_prompt_text_tokens',
        'prompt_cache_hit_tokens',
        'cache_read_input_tokens',
      ),
    cache_write_tokens:
      numberAt(input, 'cache_write_tokens') ??
      numberAt(input, 'cache_creation_tokens') ??
      numberAt(usage, 'cache_creation_input_tokens'),
    cache_write_1h_tokens: longWrites(input),
    reasoning_tokens: reasoning,
    input_audio_tokens: numberAt(input, 'audio_tokens'),
    output_audio_tokens: numberAt(output, 'audio_tokens'),
    output_citation_tokens: citations,
    web_searches: numberAt(usage, 'num_search_queries'),
  };
};

/** Gemini's API for OpenAI clients counts the thinking, which it bills as output, in the total alone. */
function uncountedThinking(usage: JsonObject, provider: string | undefined): number {
  if (provider !== 'google') return 0;
  const known = (numberAt(usage, 'prompt_tokens') ?? 0) + (numberAt(usage, 'completion_tokens') ?? 0);
  return Math.max(0, (numberAt(usage, 'total_tokens') ?? 0) - known);
}

/** Whether reasoning is not included in the output: xAI and Perplexity count this way, and a total can reveal it for others. */
function isBeside(usage: JsonObject, reasoning: number, provider: string | undefined): boolean {
  // Perplexity's total includes neither reasoning nor citations.
  if (provider === 'perplexity') return numberAt(usage, 'reasoning_tokens') !== undefined;
  const known = (numberAt(usage, 'prompt_tokens') ?? 0) + (numberAt(usage, 'completion_tokens') ?? 0);
  const total = numberAt(usage, 'total_tokens');
  if (reasoning === 0 || total === known) return false;
  return provider === 'x-ai' || 'cached_prompt_text_tokens' in usage || total === known + reasoning;
}

/**
 * Writes at the higher price: OpenAI keeps what was written to its cache for half an hour or for twelve hours. LiteLLM's proxy
 * passes on those of Claude for an hour.
 */
function longWrites(details: JsonObject): number | undefined {
  return (
    numberAt(objectAt(details, 'cache_write_tokens_details') ?? {}, 'ttl_12h_tokens') ??
    first(
      objectAt(details, 'cache_creation_token_details') ?? {},
      'ephemeral_1h_input_tokens',
      'ephemeral_12h_input_tokens',
    )
  );
}

const responses: Reader = (response) => {
  const usage = usageOf(response);
  const searches = numberAt(objectIn(response, 'tool_usage', 'web_search') ?? {}, 'num_requests');
  const input = objectAt(usage, 'input_tokens_details') ?? {};
  return {
    input_tokens: numberAt(usage, 'input_tokens'),
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: numberAt(input, 'cached_tokens'),
    cache_write_tokens: numberAt(input, 'cache_write_tokens'),
    cache_write_1h_tokens: longWrites(input),
    reasoning_tokens: numberAt(objectAt(usage, 'output_tokens_details') ?? {}, 'reasoning_tokens'),
    web_searches: searchesPreview(response) ? 0 : (searches ?? searchCalls(objectsAt(response, 'output'))),
  };
};

/** Alibaba's own form, and the events of `codex exec --json`. */
const flat: Reader = (response) => {
  const usage = usageOf(response);
  const input = objectAt(usage, 'prompt_tokens_details') ?? objectAt(usage, 'input_tokens_details') ?? {};
  const output = objectAt(usage, 'output_tokens_details') ?? {};
  return {
    input_tokens: numberAt(usage, 'input_tokens'),
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: numberAt(input, 'cached_tokens') ?? numberAt(usage, 'cached_input_tokens'),
    cache_write_tokens: numberAt(input, 'cache_creation_input_tokens') ?? numberAt(usage, 'cache_write_input_tokens'),
    reasoning_tokens: numberAt(output, 'reasoning_tokens') ?? numberAt(usage, 'reasoning_output_tokens'),
  };
};

/** The record of a finished call, with the vendor's own counts. */
const generation: Reader = (response) => ({
  input_tokens: numberAt(response, 'native_tokens_prompt'),
  output_tokens: numberAt(response, 'native_tokens_completion'),
  cache_read_tokens: numberAt(response, 'native_tokens_cached'),
  reasoning_tokens: numberAt(response, 'native_tokens_reasoning'),
});

const speech: Reader = (response) => {
  const output = numberAt(usageOf(response), 'output_tokens');
  return {
    input_tokens: numberAt(usageOf(response), 'input_tokens'),
    output_tokens: output,
    output_audio_tokens: output,
  };
};

/** Cohere counts images apart from texts. */
const cohereEmbeddings: Reader = (response) => {
  const billed = objectIn(response, 'meta', 'billed_units') ?? {};
  const images = numberAt(billed, 'image_tokens') ?? 0;
  const texts = first(billed, 'input_tokens', 'text_tokens') ?? 0;
  return { input_tokens: texts + images, input_image_tokens: images, output_tokens: 0 };
};

const embeddings: Reader = (response) => ({
  input_tokens: first(usageOf(response), 'prompt_tokens', 'total_tokens'),
});

const images: Reader = (response) => {
  const usage = usageOf(response);
  const output = objectAt(usage, 'output_tokens_details');
  return {
    input_tokens: numberAt(usage, 'input_tokens'),
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: numberAt(usage, 'cached_tokens'),
    cache_image_read_tokens: numberAt(objectAt(usage, 'cached_tokens_details') ?? {}, 'cached_image_tokens'),
    input_image_tokens: numberAt(objectAt(usage, 'input_tokens_details') ?? {}, 'image_tokens'),
    // The output of the images API consists of images, unless the response counts text separately.
    output_image_tokens: numberAt(output ?? usage, output === undefined ? 'output_tokens' : 'image_tokens'),
  };
};

const realtime: Reader = (response) => {
  const usage = usageOf(response);
  const input = objectAt(usage, 'input_token_details') ?? {};
  const cached = objectAt(input, 'cached_tokens_details') ?? {};
  return {
    input_tokens: numberAt(usage, 'input_tokens'),
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: numberAt(input, 'cached_tokens'),
    input_audio_tokens: numberAt(input, 'audio_tokens'),
    input_image_tokens: numberAt(input, 'image_tokens'),
    cache_audio_read_tokens: numberAt(cached, 'audio_tokens'),
    cache_image_read_tokens: numberAt(cached, 'image_tokens'),
    output_audio_tokens: numberAt(objectAt(usage, 'output_token_details') ?? {}, 'audio_tokens'),
  };
};

/** Claude's input excludes cache reads and writes. */
const anthropic: Reader = (response) => {
  const usage = usageOf(response);
  const creation = objectAt(usage, 'cache_creation') ?? {};
  const hour = numberAt(creation, 'ephemeral_1h_input_tokens') ?? 0;
  const write =
    numberAt(usage, 'cache_creation_input_tokens') ?? hour + (numberAt(creation, 'ephemeral_5m_input_tokens') ?? 0);
  const read = numberAt(usage, 'cache_read_input_tokens') ?? 0;
  return {
    input_tokens: (numberAt(usage, 'input_tokens') ?? 0) + write + read,
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: read,
    cache_write_tokens: write,
    cache_write_1h_tokens: hour,
    reasoning_tokens: numberAt(objectAt(usage, 'output_tokens_details') ?? {}, 'thinking_tokens'),
    web_searches: numberAt(objectAt(usage, 'server_tool_use') ?? {}, 'web_search_requests'),
  };
};

/** Bedrock's Converse, and Nova's own form, where two names end in `Count`. */
const converse: Reader = (response) => {
  const usage = usageOf(response);
  const read = first(usage, 'cacheReadInputTokens', 'cacheReadInputTokenCount') ?? 0;
  const write = first(usage, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount') ?? 0;
  return {
    input_tokens: (numberAt(usage, 'inputTokens') ?? 0) + read + write,
    output_tokens: numberAt(usage, 'outputTokens'),
    cache_read_tokens: read,
    cache_write_tokens: write,
    cache_write_1h_tokens: hourWrites(usage),
  };
};

/** Bedrock's InvokeModel with Titan and Llama, and the metrics at the end of all its streams. */
const invoke: Reader = (response) => {
  const read = numberAt(response, 'cacheReadInputTokenCount') ?? 0;
  const write = numberAt(response, 'cacheWriteInputTokenCount') ?? 0;
  const input = first(response, 'inputTextTokenCount', 'prompt_token_count', 'inputTokenCount') ?? 0;
  const results = objectsAt(response, 'results');
  return {
    input_tokens: input + read + write,
    output_tokens:
      results.length > 0
        ? results.reduce((sum, each) => sum + (numberAt(each, 'tokenCount') ?? 0), 0)
        : first(response, 'totalOutputTextTokenCount', 'generation_token_count', 'outputTokenCount'),
    cache_read_tokens: read,
    cache_write_tokens: write,
  };
};

/** Input and output counts in one object of the response. */
const plain =
  (...path: readonly string[]): Reader =>
  (response) => {
    const counts = objectIn(response, ...path) ?? {};
    return { input_tokens: numberAt(counts, 'input_tokens'), output_tokens: numberAt(counts, 'output_tokens') };
  };

/** https://github.com/ollama/ollama/blob/main/docs/api.md */
const ollama: Reader = (response) => ({
  input_tokens: numberAt(response, 'prompt_eval_count'),
  output_tokens: numberAt(response, 'eval_count'),
});

const READERS: Readonly<Record<Api, Reader>> = {
  'openai-chat': chat,
  'openai-responses': responses,
  'openai-embeddings': embeddings,
  'openai-images': images,
  'openai-realtime': realtime,
  'openai-transcription': realtime,
  'openai-speech': speech,
  codex: flat,
  dashscope: flat,
  'openrouter-generation': generation,
  'anthropic-messages': anthropic,
  'claude-code': anthropic,
  gemini: geminiCounts,
  'gemini-embeddings': geminiEmbeddings,
  'gemini-interactions': interactionCounts,
  'bedrock-converse': converse,
  'bedrock-invoke': invoke,
  cohere: plain('usage', 'billed_units'),
  'cohere-tokens': (response) => ({
    ...plain('usage', 'tokens')(response, undefined),
    cache_read_tokens: numberAt(usageOf(response), 'cached_tokens'),
  }),
  'cohere-v1': plain('meta', 'billed_units'),
  'cohere-embeddings': cohereEmbeddings,
  voyage: embeddings,
  // Cohere charges per search, whatever the number of tokens.
  rerank: embeddings,
  'ai-sdk': aiSdkCounts,
  langchain: langChainCounts,
  'pydantic-ai': pydanticCounts,
  cursor: (response) => {
    const usage = objectAt(response, 'tokenUsage') ?? {};
    const read = numberAt(usage, 'cacheReadTokens') ?? 0;
    const write = numberAt(usage, 'cacheWriteTokens') ?? 0;
    return {
      input_tokens: (numberAt(usage, 'inputTokens') ?? 0) + read + write,
      output_tokens: numberAt(usage, 'outputTokens'),
      cache_read_tokens: read,
      cache_write_tokens: write,
    };
  },
  ollama,
  'ollama-embeddings': ollama,
  ...OTHER_READERS,
};
