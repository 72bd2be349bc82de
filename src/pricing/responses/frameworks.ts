import type { GivenCounts } from '../tokens.ts';
import { geminiSearches } from './geminiCounts.ts';
import { first, numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Reads counts and names from responses as printed by Vercel's AI SDK, LangChain and Pydantic AI, for any vendor. */

/** https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text: `totalUsage` is the sum of all steps. */
export function aiSdkCounts(response: JsonObject): GivenCounts {
  const usage =
    objectAt(response, 'totalUsage') ?? objectAt(response, 'usage') ?? objectAt(response, 'tokenUsage') ?? {};
  const details = objectAt(usage, 'inputTokenDetails');
  // A model provider counts in objects.
  const [inputParts, outputParts] = [objectAt(usage, 'inputTokens') ?? {}, objectAt(usage, 'outputTokens') ?? {}];
  const anthropic = objectIn(response, 'providerMetadata', 'anthropic') ?? {};
  const read =
    numberAt(details ?? {}, 'cacheReadTokens') ??
    numberAt(inputParts, 'cacheRead') ??
    first(usage, 'cachedInputTokens', 'cachedInputTokenCount') ??
    sumOf(usage, 'inputTokensDetails', 'cached_tokens');
  const write =
    numberAt(details ?? {}, 'cacheWriteTokens') ??
    numberAt(inputParts, 'cacheWrite') ??
    numberAt(anthropic, 'cacheCreationInputTokens') ??
    0;
  const input =
    first(usage, 'inputTokens', 'promptTokens', 'tokens', 'inputTokenCount') ?? numberAt(inputParts, 'total') ?? 0;
  const output =
    first(usage, 'outputTokens', 'completionTokens', 'outputTokenCount') ?? numberAt(outputParts, 'total') ?? 0;
  const reasoning =
    numberAt(objectAt(usage, 'outputTokenDetails') ?? {}, 'reasoningTokens') ??
    numberAt(outputParts, 'reasoning') ??
    first(usage, 'reasoningTokens', 'reasoningTokenCount', 'thoughtsTokens') ??
    sumOf(usage, 'outputTokensDetails', 'reasoning_tokens');
  // Version 5 passes on Claude's input without cached tokens; version 6, which has details, includes them.
  const beside =
    objectIn(response, 'providerMetadata', 'anthropic') !== undefined && details === undefined ? read + write : 0;
  const isReasoningBeside = reasoning > 0 && numberAt(usage, 'totalTokens') === input + output + reasoning;
  return {
    input_tokens: input + beside,
    output_tokens: output + (isReasoningBeside ? reasoning : 0),
    cache_read_tokens: read,
    cache_write_tokens: write,
    cache_write_1h_tokens: hourOnBedrock(response),
    reasoning_tokens: reasoning,
    web_searches: geminiSearches(response, textAt(objectAt(response, 'response') ?? {}, 'modelId')),
  };
}

/** Tokens that Bedrock wrote to its cache for an hour. */
export function hourWrites(usage: JsonObject): number {
  const hour = objectsAt(usage, 'cacheDetails').filter(({ ttl }) => ttl === '1h');
  return hour.reduce((sum, each) => sum + (numberAt(each, 'inputTokens') ?? 0), 0);
}

function hourOnBedrock(response: JsonObject): number {
  const metadata = objectAt(response, 'providerMetadata') ?? {};
  const usage = objectIn(metadata, 'bedrock', 'usage') ?? objectIn(metadata, 'amazonBedrock', 'usage') ?? {};
  return hourWrites(usage);
}

/** A count of OpenAI's Agents SDK, which has one for each request of a run. */
function sumOf(usage: JsonObject, list: string, field: string): number {
  return objectsAt(usage, list).reduce((sum, each) => sum + (numberAt(each, field) ?? 0), 0);
}

/** https://python.langchain.com/api_reference/core/messages/langchain_core.messages.ai.UsageMetadata.html */
export function langChainCounts(response: JsonObject): GivenCounts {
  const usage = objectAt(response, 'usage_metadata') ?? {};
  const input = objectAt(usage, 'input_token_details') ?? {};
  const output = objectAt(usage, 'output_token_details') ?? {};
  // A tier's tokens have other names: `flex_cache_read` are cache reads at the price of the flex tier.
  const tier = textAt(objectAt(response, 'response_metadata') ?? {}, 'service_tier') ?? '';
  const hour = numberAt(input, 'ephemeral_1h_input_tokens') ?? 0;
  const fiveMinutes = numberAt(input, 'ephemeral_5m_input_tokens') ?? 0;
  return {
    input_tokens: numberAt(usage, 'input_tokens'),
    output_tokens: numberAt(usage, 'output_tokens'),
    cache_read_tokens: first(input, 'cache_read', `${tier}_cache_read`),
    cache_write_tokens: Math.max(numberAt(input, 'cache_creation') ?? 0, hour + fiveMinutes),
    cache_write_1h_tokens: hour,
    reasoning_tokens: first(output, 'reasoning', `${tier}_reasoning`),
    input_audio_tokens: numberAt(input, 'audio'),
    output_audio_tokens: numberAt(output, 'audio'),
    web_searches:
      geminiSearches(response, textAt(objectAt(response, 'response_metadata') ?? {}, 'model_name')) +
      searchCalls(objectsAt(response, 'content')),
  };
}

/** The number of searches that OpenAI charges: not for opening pages or finding text in them. */
export function searchCalls(items: readonly JsonObject[]): number {
  return items.filter((item) => {
    const action = textAt(objectAt(item, 'action') ?? {}, 'type');
    return item['type'] === 'web_search_call' && (action === undefined || action === 'search');
  }).length;
}

/**
 * A result of LangChain with the vendor's own counts, as versions before `usage_metadata` print it: `llm_output` of a whole
 * result, or `response_metadata` of a message. Undefined if it has none.
 */
export function legacyLangChain(response: JsonObject): JsonObject | undefined {
  const metadata =
    objectAt(response, 'llm_output') ?? objectAt(response, 'llmOutput') ?? objectAt(response, 'response_metadata');
  if (metadata === undefined) return undefined;
  const usage = objectAt(metadata, 'token_usage') ?? objectAt(metadata, 'tokenUsage');
  if (usage === undefined) return undefined;
  const cached = numberAt(objectAt(usage, 'prompt_tokens_details') ?? {}, 'cached_tokens');
  const reasoning = numberAt(objectAt(usage, 'completion_tokens_details') ?? {}, 'reasoning_tokens');
  const input = numberAt(usage, 'prompt_tokens') ?? numberAt(usage, 'promptTokens');
  const output = numberAt(usage, 'completion_tokens') ?? numberAt(usage, 'completionTokens');
  if (input === undefined && output === undefined) return undefined;
  return {
    id: response['id'],
    response_metadata: metadata,
    usage_metadata: {
      input_tokens: input,
      output_tokens: output,
      input_token_details: { cache_read: cached },
      output_token_details: { reasoning },
    },
  };
}

/** https://ai.pydantic.dev/api/usage: `RequestUsage`; the input includes cached tokens, the output reasoning. */
export function pydanticCounts(response: JsonObject): GivenCounts {
  const usage = objectAt(response, 'usage') ?? {};
  const details = objectAt(usage, 'details') ?? {};
  return {
    input_tokens: numberAt(usage, 'input_tokens') ?? numberAt(usage, 'request_tokens'),
    output_tokens: numberAt(usage, 'output_tokens') ?? numberAt(usage, 'response_tokens'),
    cache_read_tokens: numberAt(usage, 'cache_read_tokens') ?? numberAt(details, 'cached_tokens'),
    cache_write_tokens: numberAt(usage, 'cache_write_tokens'),
    reasoning_tokens: numberAt(details, 'reasoning_tokens'),
    input_audio_tokens: numberAt(usage, 'input_audio_tokens'),
    cache_audio_read_tokens: numberAt(usage, 'cache_audio_read_tokens'),
    output_audio_tokens: numberAt(usage, 'output_audio_tokens'),
  };
}

/** The frameworks' vendor names that differ from the price table's. */
const VENDORS: Readonly<Record<string, string>> = {
  bedrock: 'aws',
  amazonBedrock: 'aws',
  bedrock_converse: 'aws',
  vertex: 'google',
  google_genai: 'google',
  google_vertexai: 'google',
  google_anthropic_vertex: 'google',
  azure_openai: 'azure',
  azure_ai: 'azure',
  xai: 'x-ai',
  gateway: 'vercel',
  mistralai: 'mistral',
  'google-gla': 'google',
  'google-vertex': 'google',
  vertexai: 'google',
};

/** The vendor that the framework names; undefined if it names none or several. */
export function frameworkVendor(response: JsonObject): string | undefined {
  const named = textAt(objectAt(response, 'response_metadata') ?? {}, 'model_provider');
  const keys = Object.keys(objectAt(response, 'providerMetadata') ?? {}).filter((key) => key !== 'gateway');
  const vendors = new Set(keys.map((key) => ownValue(VENDORS, key) ?? key));
  const vendor = named ?? textAt(response, 'provider_name') ?? (vendors.size === 1 ? [...vendors][0] : undefined);
  return vendor === undefined || vendor.length > 64 ? undefined : (ownValue(VENDORS, vendor) ?? vendor);
}
