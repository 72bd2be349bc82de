import { describe, expect, it } from 'vitest';
import { geminiCounts } from '../../../../src/pricing/responses/geminiCounts.ts';
import { recogniseResponses, type RecognisedResponse } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** Which provider, model, time, tier and bill a response says, field by field. */
const table = loadPriceTable();
const usage = { prompt_tokens: 7, completion_tokens: 3 };
const chat = { object: 'chat.completion', model: 'some-model', choices: [], usage };

function read(body: object): RecognisedResponse {
  const { responses, problems } = recogniseResponses(JSON.stringify(body), table);
  expect(problems).toEqual([]);
  return responses[0]!;
}
const withUsage = (more: object): object => ({ ...chat, usage: { ...usage, ...more } });

describe('the provider of a chat completion', () => {
  it.each<[string, object]>([
    ['groq', { ...chat, x_groq: {} }],
    ['oci', { ...chat, api_format: 'x' }],
    ['github-copilot', { ...chat, copilot_usage: {} }],
    ['github-copilot', { ...chat, copilot_annotations: {} }],
    ['github-copilot', { ...chat, copilot_references: [] }],
    ['azure', { ...chat, prompt_filter_results: [] }],
    ['azure', { ...chat, content_filters: [] }],
    ['azure', { ...chat, choices: [{}, { content_filter_results: {} }] }],
    ['cerebras', { ...chat, time_info: {} }],
    ['perplexity', withUsage({ search_context_size: 'low' })],
    ['perplexity', withUsage({ num_search_queries: 0 })],
    ['perplexity', withUsage({ cost: { total_cost: 1 } })],
    ['mistral', { ...chat, object: 'conversation.response' }],
    ['together', { ...chat, prompt: [], choices: [{ index: 0, seed: 99 }] }],
    ['minimax', { ...chat, base_resp: {} }],
    ['minimax', { ...chat, input_sensitive: false }],
    ['fireworks', { ...chat, model: 'accounts/fireworks/models/x' }],
    ['deepinfra', withUsage({ estimated_cost: 1 })],
    ['x-ai', withUsage({ cost_in_usd_ticks: 1 })],
    ['x-ai', withUsage({ num_sources_used: 0 })],
    ['ollama', { ...chat, system_fingerprint: 'fp_ollama' }],
    ['llama.cpp', { ...chat, timings: {}, system_fingerprint: 'b123-abc' }],
    ['lmstudio', { ...chat, model_info: {} }],
    ['lmstudio', { ...chat, system_fingerprint: 'some-model' }],
    ['openrouter', { ...chat, id: 'gen-1' }],
    ['openrouter', withUsage({ is_byok: false })],
    ['openrouter', withUsage({ cost_details: {} })],
    ['vercel', withUsage({ market_cost: 1 })],
    ['vercel', { ...chat, id: 'gen-1', provider_metadata: { gateway: {} } }],
    ['vercel', { ...chat, choices: [{ message: { provider_metadata: { gateway: {} } } }] }],
  ])('is %s, for certain, by %j', (provider, body) => {
    expect(read(body)).toMatchObject({ provider, confidence: 'certain' });
  });

  it.each<[string, object]>([
    ['timings alone', { ...chat, timings: {} }],
    ['another fingerprint', { ...chat, timings: {}, system_fingerprint: 'x' }],
    ['the fingerprint of a build alone', { ...chat, system_fingerprint: 'b123-abc' }],
    ['a cost without a total', withUsage({ cost: { input: 1 } })],
    ['a cost that is a number', withUsage({ cost: 0.5 })],
    ['an id that only begins alike', { ...chat, id: 'generation' }],
    ['an empty fingerprint', { ...chat, system_fingerprint: '' }],
  ])('is unknown by %s', (_name, body) => {
    expect(read(body)).toMatchObject({ provider: undefined, confidence: 'guess' });
  });

  it.each([
    ['gpt-9', 'openai'],
    ['ft:gpt-9:x', 'openai'],
    ['o4-mini', 'openai'],
    ['chatgpt-4o', 'openai'],
    ['gpt-oss-20b', undefined],
    ['gemma-3', undefined],
    ['anthropic.claude-x', 'aws'],
    ['us.amazon.nova-x', 'aws'],
    ['arn:aws:bedrock:x', 'aws'],
    ['command-x', 'cohere'],
    ['sonar', 'perplexity'],
    ['sonarx', undefined],
    ['glm-9', 'zai'],
    ['qwen9', 'alibaba'],
    ['qwen9-70b', undefined],
  ])('is told by the name %s: %s', (model, provider) => {
    expect(read({ ...chat, model })).toMatchObject({
      provider,
      confidence: provider === undefined ? 'guess' : 'likely',
    });
  });

  it('is that of the address, to the whole name of its host', () => {
    const from = (url: string): string | undefined => read({ url, response: chat }).provider;
    expect([
      from('https://api.groq.com/x'),
      from('https://eu.api.openai.com/x'),
      from('https://my.openai.azure.com'),
      from('http://localhost:8080/v1'),
      from('https://xapi.groq.com'),
      from('https://api.groq.com.evil.org'),
    ]).toEqual(['groq', 'openai', 'azure', 'local', undefined, undefined]);
    for (const request of [{ url: 'https://api.groq.com' }, { uri: 'https://api.groq.com' }]) {
      expect(read({ request, result: chat })).toMatchObject({ provider: 'groq' });
    }
    const cloudflare = { success: true, errors: [], messages: [], result: chat };
    expect(read(cloudflare).provider).toBe('cloudflare');
    const { messages: _messages, ...other } = cloudflare;
    expect(read(other).provider).toBeUndefined();
  });

  it('of Claude is told by the form of its id', () => {
    const from = (id: string, model = 'claude-x'): unknown => {
      const { provider, confidence } = read({
        type: 'message',
        id,
        model,
        usage: { input_tokens: 1, output_tokens: 1 },
      });
      return [provider, confidence];
    };
    const id = `msg_01${'A'.repeat(22)}`;
    expect(from(id)).toEqual(['anthropic', 'certain']);
    expect(from(`${id}A`)).toEqual(['anthropic', 'likely']);
    expect(from('msg_bdrk_1')).toEqual(['aws', 'certain']);
    expect(from('msg_vrtx_1')).toEqual(['google', 'certain']);
    expect(from(id, 'glm-9')).toEqual(['zai', 'likely']);
  });
});

describe('facts of a response', () => {
  it.each<[object, string | undefined]>([
    [{ service_tier: 'flex' }, 'flex'],
    [{ service_tier: 'default' }, undefined],
    [{ service_tier: 'auto' }, undefined],
    [{ usage: { ...usage, service_tier: 'priority' } }, 'priority'],
    [{ service_tier: 'SERVICE_TIER_PRIORITY' }, 'priority'],
    [{ service_tier: 'on_demand' }, undefined],
    [{ service_tier: 'my_own' }, 'my-own'],
    [{ serviceTier: { type: 'flex' } }, 'flex'],
    [{ performanceConfig: { latency: 'optimized' } }, 'latency-optimized'],
    [{ performanceConfig: { latency: 'standard' } }, undefined],
    [{ response_metadata: { service_tier: 'flex' } }, 'flex'],
    [{ providerMetadata: { openai: {}, other: 5, last: { serviceTier: 'flex' } } }, 'flex'],
    [{}, undefined],
  ])('of %j: the tier is %s', (more, tier) => expect(read({ ...chat, ...more }).serviceTier).toBe(tier));

  it.each<[object, string | undefined]>([
    [{ created: 1_768_000_000 }, '2026-01-09T23:06:40.000Z'],
    [{ created_at: 1_768_000_000 }, '2026-01-09T23:06:40.000Z'],
    [{ created_at: '2026-01-09T23:06:40Z' }, '2026-01-09T23:06:40.000Z'],
    [{ createTime: '2026-01-09T23:06:40Z' }, '2026-01-09T23:06:40.000Z'],
    [{ created: '2026-01-09T23:06:40Z' }, '2026-01-09T23:06:40.000Z'],
    [{ timestamp: '2026-01-09T23:06:40Z' }, '2026-01-09T23:06:40.000Z'],
    [{ response: { timestamp: '2026-01-09T23:06:40Z' } }, '2026-01-09T23:06:40.000Z'],
    // No time of a response: milliseconds, a duration, a text.
    [{ created: 1_768_000_000_000 }, undefined],
    [{ created: 1_500_000_000 }, undefined],
    [{ created: 'today' }, undefined],
  ])('of %j: the time is %s', (more, time) => expect(read({ ...chat, ...more }).timestamp).toBe(time));

  it.each<[object, number | undefined]>([
    [withUsage({ is_byok: false, cost: 0.5 }), 0.5],
    [withUsage({ is_byok: true, cost: 0.5, cost_details: { upstream_inference_cost: 2 } }), 2.5],
    [withUsage({ is_byok: true, cost_details: { upstream_inference_cost: 2 } }), 2],
    [withUsage({ is_byok: true, cost: 0.5 }), undefined],
    [withUsage({ is_byok: false, cost: -1 }), undefined],
    [withUsage({ cost: { total_cost: 0.25 } }), 0.25],
    [withUsage({ estimated_cost: 0.125 }), 0.125],
    [withUsage({ cost_in_usd_ticks: 5_000_000_000 }), 0.5],
    [withUsage({ cost_in_usd_ticks: '5000000000' }), 0.5],
    [withUsage({ cost_in_usd_ticks: 'x' }), undefined],
    [{ ...chat, copilot_usage: { total_nano_aiu: 5e10 } }, 0.5],
    [{ ...chat, copilot_usage: {} }, undefined],
    [{ ...chat, providerMetadata: { gateway: { cost: '0.0025' } } }, 0.0025],
    [{ ...chat, providerMetadata: { gateway: { cost: '1e-5' } } }, 0.00001],
    // With the gateway's fees, and with the user's own key, for which the vendor sends the bill.
    [withUsage({ cost: 0.25, market_cost: 0.25, surcharge_cost: 0.5, gateway_cost: 0.75 }), 0.75],
    [withUsage({ cost: 0, market_cost: 0.25, is_byok: true }), 0.25],
    [withUsage({ cost: 0, market_cost: 0.25, gateway_cost: 0.5, is_byok: true }), 0.75],
    [withUsage({ cost: 0, market_cost: 0, is_byok: false }), 0],
    [withUsage({ market_cost: 0.25, is_byok: true, cost_details: { upstream_inference_cost: 2 } }), 2],
    [{ ...chat, providerMetadata: { gateway: { cost: '0.25', marketCost: '0.25', gatewayCost: '0.75' } } }, 0.75],
    [{ ...chat, providerMetadata: { gateway: { cost: '0', marketCost: '0.25' } } }, 0.25],
    [{ ...chat, providerMetadata: { gateway: { cost: '0', marketCost: '0' } } }, 0],
    [{ ...chat, providerMetadata: { gateway: { marketCost: '0.25' } } }, undefined],
    [{ ...chat, providerMetadata: { gateway: { cost: '0.1 USD' } } }, undefined],
    [{ ...chat, providerMetadata: { gateway: { cost: '-1' } } }, undefined],
    [{ native_tokens_prompt: 5, native_tokens_completion: 1, model: 'm', total_cost: 0.5 }, 0.5],
    [{ native_tokens_prompt: 5, model: 'm', usage: 0.25 }, 0.25],
    [{ native_tokens_prompt: 5, model: 'm', total_cost: 0.5, is_byok: true }, undefined],
  ])('of %j: the bill is %s', (body, cost) => expect(read(body).costUsd).toBe(cost));

  it.each<[object, string]>([
    [{ modelVersion: 'm' }, 'm'],
    [{ model_version: 'm' }, 'm'],
    [{ modelId: 'm' }, 'm'],
    [{ model_name: 'm' }, 'm'],
    [{ model_id: 'm' }, 'm'],
    [{ modelName: 'm' }, 'm'],
    [{ outputs: [{}, { model: 'm' }] }, 'm'],
    [{ response: { modelId: 'm' } }, 'm'],
    [{ response: { body: { model: 'm' } } }, 'm'],
    [{ response_metadata: { model_name: 'm', model: 'n' } }, 'm'],
    [{ response_metadata: { model: 'm', model_id: 'n' } }, 'm'],
    [{ response_metadata: { model_id: 'm' } }, 'm'],
    [{ model: 'm', modelId: 'n' }, 'm'],
    [
      {
        content: [
          { type: 'fallback', to: { model: 'l' } },
          { type: 'fallback', to: { model: 'm' } },
        ],
        model: 'n',
      },
      'm',
    ],
  ])('of %j: the model is %s', (more, model) => {
    const { model: _model, ...nameless } = chat;
    expect(read({ ...nameless, ...more }).model).toBe(model);
  });

  it.each<[object, string | undefined]>([
    [{ id: 'i', responseId: 'j' }, 'i'],
    [{ responseId: 'i' }, 'i'],
    [{ response_id: 'i' }, 'i'],
    [{ provider_response_id: 'i' }, 'i'],
    [{ request_id: 'i' }, 'i'],
    [{ response: { id: 'i' } }, 'i'],
    [{ response_metadata: { id: 'i' }, id: 'j' }, 'i'],
    [{ uuid: 'i' }, undefined],
  ])('of %j: the id is %s', (more, id) => expect(read({ ...chat, ...more }).responseId).toBe(id));

  it('names the speed and the region of Claude, unless they do not matter', () => {
    const said = (more: object): unknown => {
      const claude = { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, ...more };
      const { speed, inferenceGeo } = read({ type: 'message', model: 'claude-x', usage: claude });
      return [speed, inferenceGeo];
    };
    expect(said({ speed: 'fast', inference_geo: 'us' })).toEqual(['fast', 'us']);
    expect(said({ speed: 'standard', inference_geo: 'global' })).toEqual([undefined, undefined]);
    expect(said({ inference_geo: 'not_available' })).toEqual([undefined, undefined]);
  });

  it.each<[object, string[]]>([
    [{ output: [{ type: 'file_search_call' }, { type: 'file_search_call' }] }, ['file search']],
    [{ output: [{ type: 'code_interpreter_call' }, { type: 'message' }] }, ['code interpreter']],
    [{ output: [{ type: 'image_generation_call' }, { type: 'x_search_call' }] }, ['image generation', 'X search']],
    [{ content: [{ type: 'server_tool_use', name: 'bash_code_execution' }] }, ['code execution']],
    [
      {
        content: [
          { type: 'server_tool_use', name: 'web_search' },
          { type: 'text', name: 'code_execution' },
        ],
      },
      [],
    ],
    [withUsage({ num_sources_used: 1 }), ['live search']],
    [withUsage({ num_sources_used: 0 }), []],
    [withUsage({ server_side_tools_used: ['x'] }), ["xAI's tools"]],
    [withUsage({ server_side_tools_used: [] }), []],
    [withUsage({ num_server_side_tools_used: 2 }), ["xAI's tools"]],
    [withUsage({ num_server_side_tools_used: 0 }), []],
    [withUsage({ prompt_audio_seconds: 2 }), ['audio by the second']],
    [withUsage({ connectors: { web_search: 1 } }), ['web search']],
    [withUsage({ search_context_size: 'medium' }), ['the larger search context']],
    [withUsage({ search_context_size: 'high' }), ['the larger search context']],
    [withUsage({ search_context_size: 'low' }), []],
    [{ choices: [{ message: { executed_tools: [{}] } }] }, ["Groq's tools"]],
    [{ choices: [{ message: { executed_tools: [] } }, {}] }, []],
    [{ model: 'gpt-4o-search-preview' }, ['web search']],
    [{ candidates: [{ groundingMetadata: { groundingChunks: [{ web: {} }, { maps: {} }] } }] }, ['Google Maps']],
    [
      { model: 'gpt-4o', tools: [{ type: 'web_search_preview_2025' }], output: [{ type: 'web_search_call' }] },
      ['web search preview'],
    ],
    [{ model: 'gpt-5', tools: [{ type: 'web_search_preview' }], output: [{ type: 'web_search_call' }] }, []],
    [{ model: 'gpt-4o', tools: [{ type: 'web_search_preview' }], output: [] }, []],
    [{ model: 'gpt-4o', tools: [{ type: 'web_search' }], output: [{ type: 'web_search_call' }] }, []],
  ])('of %j: fees are missing for %j', (more, tools) => {
    expect(read({ ...chat, ...more }).unpricedTools).toEqual(tools);
  });
});

describe('the counts of Gemini', () => {
  const details = (...list: [string, number][]): object[] =>
    list.map(([modality, tokenCount]) => ({ modality, tokenCount }));

  it('have the tokens of each kind, and of tools and thoughts', () => {
    const usageMetadata = {
      promptTokenCount: 100,
      toolUsePromptTokenCount: 10,
      cachedContentTokenCount: 30,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 5,
      promptTokensDetails: details(['TEXT', 40], ['AUDIO', 20], ['IMAGE', 10], ['DOCUMENT', 5], ['VIDEO', 25]),
      toolUsePromptTokensDetails: details(['AUDIO', 2]),
      cacheTokensDetails: details(['AUDIO', 4], ['IMAGE', 3], ['VIDEO', 6]),
      candidatesTokensDetails: details(['AUDIO', 7], ['IMAGE', 8], ['VIDEO', 1]),
    };
    expect(geminiCounts({ usageMetadata })).toEqual({
      input_tokens: 110,
      output_tokens: 25,
      reasoning_tokens: 5,
      cache_read_tokens: 30,
      input_audio_tokens: 22,
      input_image_tokens: 15,
      input_video_tokens: 19,
      cache_audio_read_tokens: 4,
      cache_image_read_tokens: 3,
      output_audio_tokens: 7,
      output_image_tokens: 8,
      output_video_tokens: 1,
      web_searches: 0,
    });
  });

  it('have video only as far as it was not cached', () => {
    const video = (cached: number, more: object = {}): number | undefined =>
      geminiCounts({
        usageMetadata: {
          promptTokenCount: 100,
          cachedContentTokenCount: cached,
          promptTokensDetails: details(['VIDEO', 60]),
          ...more,
        },
      }).input_video_tokens;
    expect([video(0), video(40), video(70), video(200)]).toEqual([60, 60, 30, 0]);
    expect(video(50, { cacheTokensDetails: details(['VIDEO', 50]) })).toBe(10);
    expect(video(50, { cacheTokensDetails: details(['VIDEO', 90]) })).toBe(0);
  });

  it.each([
    ['gemini-2.5-flash', 1],
    ['models/gemini-1.5-pro', 1],
    ['gemini-3-pro', 3],
    ['gemini-20', 3],
    ['my-gemini-2', 3],
    [undefined, 3],
  ])('of %s have %d searches for three queries', (modelVersion, searches) => {
    const candidates = [
      { groundingMetadata: { webSearchQueries: ['a', 'b'] } },
      { groundingMetadata: { webSearchQueries: ['c'] } },
      { groundingMetadata: {} },
      {},
    ];
    expect(geminiCounts({ candidates, modelVersion, usageMetadata: {} }).web_searches).toBe(searches);
  });
});
