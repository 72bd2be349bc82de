import { describe, expect, it } from 'vitest';
import { readCounts } from '../../../../src/pricing/responses/counts.ts';
import { frameworkVendor } from '../../../../src/pricing/responses/frameworks.ts';
import type { Api } from '../../../../src/pricing/responses/shape.ts';

/** Counts of which no two sums are equal, so that each of them is seen in the result. */
type Given = Record<string, unknown>;
/** The counts that are there and not 0. */
function counts(api: Api, response: Given, provider?: string): Record<string, number> {
  const shape = { api, response, isBatch: false, outerModel: undefined, host: undefined };
  const given = Object.entries<number | undefined>({ ...readCounts(shape, provider) });
  return Object.fromEntries(given.flatMap(([field, count]) => (count ? [[field, count]] : [])));
}
const ofUsage = (api: Api, usage: Given, provider?: string): Record<string, number> => counts(api, { usage }, provider);

describe('chat completions', () => {
  const both = { prompt_tokens: 100, completion_tokens: 40 };
  it.each<[Given, Record<string, number>]>([
    [{ prompt_tokens_details: { cached_tokens: 1 } }, { cache_read_tokens: 1 }],
    [{ prompt_token_details: { cached_tokens: 1 } }, { cache_read_tokens: 1 }],
    ...['num_cached_tokens', 'cached_tokens', 'prompt_cache_hit_tokens', 'cache_read_input_tokens'].map(
      (field): [Given, Record<string, number>] => [{ [field]: 1 }, { cache_read_tokens: 1 }],
    ),
    [{ prompt_tokens_details: { cached_tokens: 1 }, num_cached_tokens: 2 }, { cache_read_tokens: 1 }],
    [{ prompt_tokens_details: { cache_write_tokens: 1 } }, { cache_write_tokens: 1 }],
    [{ prompt_tokens_details: { cache_creation_tokens: 1 } }, { cache_write_tokens: 1 }],
    [{ cache_creation_input_tokens: 1 }, { cache_write_tokens: 1 }],
    [
      { prompt_tokens_details: { cache_write_tokens: 3, cache_write_tokens_details: { ttl_12h_tokens: 2 } } },
      { cache_write_tokens: 3, cache_write_1h_tokens: 2 },
    ],
    [
      {
        prompt_tokens_details: {
          cache_creation_tokens: 3,
          cache_creation_token_details: { ephemeral_1h_input_tokens: 2 },
        },
      },
      { cache_write_tokens: 3, cache_write_1h_tokens: 2 },
    ],
    [{ prompt_tokens_details: { audio_tokens: 5 } }, { input_audio_tokens: 5 }],
    [{ completion_tokens_details: { audio_tokens: 5 } }, { output_audio_tokens: 5 }],
    [{ completion_tokens_details: { reasoning_tokens: 5 } }, { reasoning_tokens: 5 }],
    [{ reasoning_tokens: 5 }, { reasoning_tokens: 5 }],
    [{ reasoning_tokens: 5, total_tokens: 140 }, { reasoning_tokens: 5 }],
    [
      { reasoning_tokens: 5, total_tokens: 145 },
      { reasoning_tokens: 5, output_tokens: 45 },
    ],
    [{ reasoning_tokens: 5, total_tokens: 150 }, { reasoning_tokens: 5 }],
    [
      { reasoning_tokens: 5, cached_prompt_text_tokens: 2 },
      { reasoning_tokens: 5, output_tokens: 45, cache_read_tokens: 2 },
    ],
    [{ connector_tokens: 7 }, { input_tokens: 107 }],
    [{ num_search_queries: 2 }, { web_searches: 2 }],
    [{ citation_tokens: 9 }, {}],
  ])('with %j', (more, expected) => {
    expect(ofUsage('openai-chat', { ...both, ...more })).toEqual({ input_tokens: 100, output_tokens: 40, ...expected });
  });

  it('of vendors that count beside the output', () => {
    const of = (provider: string, more: Given): unknown => ofUsage('openai-chat', { ...both, ...more }, provider);
    const known = { input_tokens: 100, output_tokens: 40 };
    expect(of('x-ai', { reasoning_tokens: 5 })).toEqual({ ...known, output_tokens: 45, reasoning_tokens: 5 });
    expect(of('x-ai', { reasoning_tokens: 5, total_tokens: 140 })).toEqual({ ...known, reasoning_tokens: 5 });
    expect(of('perplexity', { reasoning_tokens: 5, citation_tokens: 9, total_tokens: 140 })).toEqual({
      ...known,
      output_tokens: 54,
      reasoning_tokens: 5,
      output_citation_tokens: 9,
    });
    expect(of('perplexity', { completion_tokens_details: { reasoning_tokens: 5 } })).toEqual({
      ...known,
      reasoning_tokens: 5,
    });
    expect(of('google', { total_tokens: 160 })).toEqual({ ...known, output_tokens: 60, reasoning_tokens: 20 });
    expect(of('google', { total_tokens: 130 })).toEqual(known);
    expect(of('openai', { total_tokens: 160 })).toEqual(known);
  });
});

describe('other forms', () => {
  it.each<[Api, Given, Record<string, number>]>([
    [
      'openai-responses',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          input_tokens_details: {
            cached_tokens: 1,
            cache_write_tokens: 4,
            cache_write_tokens_details: { ttl_12h_tokens: 3 },
          },
          output_tokens_details: { reasoning_tokens: 2 },
        },
        output: [
          { type: 'web_search_call' },
          { type: 'web_search_call', action: { type: 'search' } },
          { type: 'web_search_call', action: { type: 'open_page' } },
          { type: 'message' },
        ],
      },
      {
        input_tokens: 100,
        output_tokens: 40,
        cache_read_tokens: 1,
        cache_write_tokens: 4,
        cache_write_1h_tokens: 3,
        reasoning_tokens: 2,
        web_searches: 2,
      },
    ],
    [
      'codex',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          cached_input_tokens: 1,
          cache_write_input_tokens: 2,
          reasoning_output_tokens: 3,
        },
      },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 2, reasoning_tokens: 3 },
    ],
    [
      'dashscope',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          prompt_tokens_details: { cached_tokens: 1, cache_creation_input_tokens: 2 },
          output_tokens_details: { reasoning_tokens: 3 },
        },
      },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 2, reasoning_tokens: 3 },
    ],
    [
      'openrouter-generation',
      { native_tokens_prompt: 100, native_tokens_completion: 40, native_tokens_cached: 1, native_tokens_reasoning: 2 },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, reasoning_tokens: 2 },
    ],
    [
      'openai-speech',
      { usage: { input_tokens: 100, output_tokens: 40 } },
      { input_tokens: 100, output_tokens: 40, output_audio_tokens: 40 },
    ],
    [
      'cohere-embeddings',
      { meta: { billed_units: { input_tokens: 100, image_tokens: 8 } } },
      { input_tokens: 108, input_image_tokens: 8 },
    ],
    ['cohere-embeddings', { meta: { billed_units: { text_tokens: 100 } } }, { input_tokens: 100 }],
    ['openai-embeddings', { usage: { prompt_tokens: 100, total_tokens: 101 } }, { input_tokens: 100 }],
    ['voyage', { usage: { total_tokens: 101 } }, { input_tokens: 101 }],
    ['rerank', { usage: { total_tokens: 101 } }, { input_tokens: 101 }],
    [
      'openai-images',
      { usage: { input_tokens: 100, output_tokens: 40, input_tokens_details: { image_tokens: 9 } } },
      { input_tokens: 100, output_tokens: 40, input_image_tokens: 9, output_image_tokens: 40 },
    ],
    [
      'openai-images',
      { usage: { input_tokens: 100, output_tokens: 40, output_tokens_details: { image_tokens: 30 } } },
      { input_tokens: 100, output_tokens: 40, output_image_tokens: 30 },
    ],
    [
      'openai-realtime',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          input_token_details: {
            cached_tokens: 1,
            audio_tokens: 2,
            image_tokens: 3,
            cached_tokens_details: { audio_tokens: 4, image_tokens: 5 },
          },
          output_token_details: { audio_tokens: 6 },
        },
      },
      {
        input_tokens: 100,
        output_tokens: 40,
        cache_read_tokens: 1,
        input_audio_tokens: 2,
        input_image_tokens: 3,
        cache_audio_read_tokens: 4,
        cache_image_read_tokens: 5,
        output_audio_tokens: 6,
      },
    ],
    [
      'anthropic-messages',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          cache_read_input_tokens: 1,
          cache_creation: { ephemeral_1h_input_tokens: 2, ephemeral_5m_input_tokens: 4 },
          output_tokens_details: { thinking_tokens: 8 },
          server_tool_use: { web_search_requests: 3 },
        },
      },
      {
        input_tokens: 107,
        output_tokens: 40,
        cache_read_tokens: 1,
        cache_write_tokens: 6,
        cache_write_1h_tokens: 2,
        reasoning_tokens: 8,
        web_searches: 3,
      },
    ],
    [
      'anthropic-messages',
      { usage: { input_tokens: 100, cache_creation_input_tokens: 5 } },
      { input_tokens: 105, cache_write_tokens: 5 },
    ],
    [
      'bedrock-converse',
      {
        usage: {
          inputTokens: 100,
          outputTokens: 40,
          cacheReadInputTokens: 1,
          cacheWriteInputTokens: 6,
          cacheDetails: [
            { ttl: '1h', inputTokens: 2 },
            { ttl: '5m', inputTokens: 4 },
          ],
        },
      },
      { input_tokens: 107, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 6, cache_write_1h_tokens: 2 },
    ],
    [
      'bedrock-converse',
      { usage: { inputTokens: 100, outputTokens: 40, cacheReadInputTokenCount: 1, cacheWriteInputTokenCount: 6 } },
      { input_tokens: 107, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 6 },
    ],
    [
      'bedrock-invoke',
      { inputTokenCount: 100, outputTokenCount: 40, cacheReadInputTokenCount: 1, cacheWriteInputTokenCount: 6 },
      { input_tokens: 107, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 6 },
    ],
    [
      'bedrock-invoke',
      { inputTextTokenCount: 100, results: [{ tokenCount: 3 }, { tokenCount: 4 }, {}] },
      { input_tokens: 100, output_tokens: 7 },
    ],
    [
      'bedrock-invoke',
      { prompt_token_count: 100, generation_token_count: 40 },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'bedrock-invoke',
      { inputTextTokenCount: 100, totalOutputTextTokenCount: 40 },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'cohere',
      { usage: { billed_units: { input_tokens: 100, output_tokens: 40 } } },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'cohere-tokens',
      { usage: { tokens: { input_tokens: 100, output_tokens: 40 }, cached_tokens: 1 } },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1 },
    ],
    [
      'cohere-v1',
      { meta: { billed_units: { input_tokens: 100, output_tokens: 40 } } },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'cursor',
      { tokenUsage: { inputTokens: 100, outputTokens: 40, cacheReadTokens: 1, cacheWriteTokens: 6 } },
      { input_tokens: 107, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 6 },
    ],
    ['ollama', { prompt_eval_count: 100, eval_count: 40 }, { input_tokens: 100, output_tokens: 40 }],
    [
      'llama-cpp',
      { tokens_evaluated: 100, tokens_predicted: 40, timings: { cache_n: 1 } },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1 },
    ],
    [
      'replicate',
      { metrics: { input_token_count: 100, output_token_count: 40 } },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'watsonx',
      {
        results: [
          { input_token_count: 60, generated_token_count: 10 },
          { input_token_count: 40, generated_token_count: 30 },
        ],
      },
      { input_tokens: 100, output_tokens: 40 },
    ],
    [
      'gemini-cli',
      { used: { tokens: { prompt: 90, tool: 10, candidates: 35, thoughts: 5, cached: 1 } } },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, reasoning_tokens: 5 },
    ],
    [
      'crewai',
      {
        token_usage: {
          successful_requests: 1,
          prompt_tokens: 100,
          completion_tokens: 40,
          cached_prompt_tokens: 1,
          cache_creation_tokens: 2,
          reasoning_tokens: 3,
        },
      },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 2, reasoning_tokens: 3 },
    ],
    [
      'strands',
      {
        accumulated_usage: {
          inputTokens: 100,
          outputTokens: 40,
          cacheReadInputTokens: 1,
          cacheWriteInputTokens: 6,
          totalTokens: 147,
        },
      },
      { input_tokens: 107, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 6 },
    ],
    [
      'strands',
      {
        metrics: {
          accumulated_usage: { inputTokens: 100, outputTokens: 40, cacheReadInputTokens: 1, totalTokens: 140 },
        },
      },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1 },
    ],
    [
      'openai-eval',
      { used: { prompt_tokens: 100, completion_tokens: 40, cached_tokens: 1 } },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1 },
    ],
    [
      'pydantic-ai',
      {
        usage: {
          input_tokens: 100,
          output_tokens: 40,
          cache_read_tokens: 1,
          cache_write_tokens: 2,
          input_audio_tokens: 4,
          cache_audio_read_tokens: 5,
          output_audio_tokens: 6,
          details: { reasoning_tokens: 3 },
        },
      },
      {
        input_tokens: 100,
        output_tokens: 40,
        cache_read_tokens: 1,
        cache_write_tokens: 2,
        reasoning_tokens: 3,
        input_audio_tokens: 4,
        cache_audio_read_tokens: 5,
        output_audio_tokens: 6,
      },
    ],
    [
      'pydantic-ai',
      { usage: { request_tokens: 100, response_tokens: 40, details: { cached_tokens: 1 } } },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1 },
    ],
    [
      'langchain',
      {
        usage_metadata: {
          input_tokens: 100,
          output_tokens: 40,
          input_token_details: {
            cache_read: 1,
            cache_creation: 2,
            ephemeral_1h_input_tokens: 3,
            ephemeral_5m_input_tokens: 4,
            audio: 5,
          },
          output_token_details: { reasoning: 6, audio: 8 },
        },
      },
      {
        input_tokens: 100,
        output_tokens: 40,
        cache_read_tokens: 1,
        cache_write_tokens: 7,
        cache_write_1h_tokens: 3,
        reasoning_tokens: 6,
        input_audio_tokens: 5,
        output_audio_tokens: 8,
      },
    ],
    [
      'langchain',
      {
        response_metadata: { service_tier: 'flex' },
        usage_metadata: {
          input_tokens: 100,
          output_tokens: 40,
          input_token_details: { flex_cache_read: 1, cache_creation: 9 },
          output_token_details: { flex_reasoning: 2 },
        },
      },
      { input_tokens: 100, output_tokens: 40, cache_read_tokens: 1, cache_write_tokens: 9, reasoning_tokens: 2 },
    ],
    [
      'gemini-interactions',
      {
        usage: {
          total_input_tokens: 90,
          total_tool_use_tokens: 10,
          total_output_tokens: 35,
          total_thought_tokens: 5,
          total_cached_tokens: 20,
          input_tokens_by_modality: [{ modality: 'audio', tokens: 3 }],
          tool_use_tokens_by_modality: [{ modality: 'image', tokens: 4 }],
          cached_tokens_by_modality: [{ modality: 'audio', tokens: 1 }],
          output_tokens_by_modality: [
            { modality: 'audio', tokens: 6 },
            { modality: 'image', tokens: 7 },
            { modality: 'video', tokens: 8 },
          ],
          grounding_tool_count: [
            { type: 'google_search', count: 2 },
            { type: 'google_search', count: 1 },
            { type: 'maps', count: 9 },
          ],
        },
      },
      {
        input_tokens: 100,
        output_tokens: 40,
        cache_read_tokens: 20,
        reasoning_tokens: 5,
        input_audio_tokens: 3,
        input_image_tokens: 4,
        cache_audio_read_tokens: 1,
        output_audio_tokens: 6,
        output_image_tokens: 7,
        output_video_tokens: 8,
        web_searches: 3,
      },
    ],
  ])('of %s: %j', (api, response, expected) => {
    expect(counts(api, response)).toEqual(expected);
  });
});

describe("Vercel's AI SDK", () => {
  const usage = { inputTokens: 100, outputTokens: 40 };
  const bedrock = { cacheDetails: [{ ttl: '1h', inputTokens: 2 }] };
  it.each<[Given, Record<string, number>]>([
    [
      {
        usage: {
          ...usage,
          inputTokenDetails: { cacheReadTokens: 1, cacheWriteTokens: 2 },
          outputTokenDetails: { reasoningTokens: 3 },
        },
      },
      { cache_read_tokens: 1, cache_write_tokens: 2, reasoning_tokens: 3 },
    ],
    [
      {
        usage: { inputTokens: { total: 100, cacheRead: 1, cacheWrite: 2 }, outputTokens: { total: 40, reasoning: 3 } },
      },
      { cache_read_tokens: 1, cache_write_tokens: 2, reasoning_tokens: 3 },
    ],
    [{ usage: { ...usage, cachedInputTokens: 1, reasoningTokens: 3 } }, { cache_read_tokens: 1, reasoning_tokens: 3 }],
    [{ usage: { promptTokens: 100, completionTokens: 40 } }, {}],
    [
      { tokenUsage: { inputTokenCount: 100, outputTokenCount: 40, cachedInputTokenCount: 1, reasoningTokenCount: 3 } },
      { cache_read_tokens: 1, reasoning_tokens: 3 },
    ],
    [{ usage: { ...usage, thoughtsTokens: 3 } }, { reasoning_tokens: 3 }],
    [{ usage: { ...usage, reasoningTokens: 3, totalTokens: 143 } }, { output_tokens: 43, reasoning_tokens: 3 }],
    [
      {
        usage: {
          ...usage,
          inputTokensDetails: [{ cached_tokens: 1 }, { cached_tokens: 2 }],
          outputTokensDetails: [{ reasoning_tokens: 3 }],
        },
      },
      { cache_read_tokens: 3, reasoning_tokens: 3 },
    ],
    [{ totalUsage: usage, usage: { inputTokens: 1, outputTokens: 1 } }, {}],
    [
      { usage: { ...usage, cachedInputTokens: 1 }, providerMetadata: { anthropic: { cacheCreationInputTokens: 6 } } },
      { input_tokens: 107, cache_read_tokens: 1, cache_write_tokens: 6 },
    ],
    [
      { usage: { ...usage, inputTokenDetails: { cacheReadTokens: 1 } }, providerMetadata: { anthropic: {} } },
      { cache_read_tokens: 1 },
    ],
    [{ usage, providerMetadata: { bedrock: { usage: bedrock } } }, { cache_write_1h_tokens: 2 }],
    [{ usage, providerMetadata: { amazonBedrock: { usage: bedrock } } }, { cache_write_1h_tokens: 2 }],
  ])('with %j', (response, expected) => {
    expect(counts('ai-sdk', response)).toEqual({ input_tokens: 100, output_tokens: 40, ...expected });
  });

  it.each<[Given, string | undefined]>([
    [{ response_metadata: { model_provider: 'bedrock_converse' } }, 'aws'],
    [{ provider_name: 'google-gla' }, 'google'],
    [{ providerMetadata: { xai: {}, gateway: {} } }, 'x-ai'],
    [{ providerMetadata: { bedrock: {}, amazonBedrock: {} } }, 'aws'],
    [{ providerMetadata: { openai: {}, xai: {} } }, undefined],
    [{ providerMetadata: { ['x'.repeat(65)]: {} } }, undefined],
    [{ providerMetadata: { ['x'.repeat(64)]: {} } }, 'x'.repeat(64)],
    [{}, undefined],
  ])('and other frameworks name the vendor in %j: %s', (response, vendor) => {
    expect(frameworkVendor(response)).toBe(vendor);
  });
});
