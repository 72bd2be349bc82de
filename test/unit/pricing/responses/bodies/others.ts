import { events, type Body } from './body.ts';

const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const chat = (model: string, usage: object = {}) => ({
  id: 'x1',
  object: 'chat.completion',
  created: 1_780_000_000,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000, ...usage },
});
const cached = { ...counts, cache_read_tokens: 800 };

export const others: readonly Body[] = [
  {
    name: 'OpenRouter says its bill',
    body: {
      ...chat('anthropic/claude-sonnet-4.5', { cost: 0.0123, is_byok: false }),
      id: 'gen-1',
      provider: 'Anthropic',
    },
    expected: [
      { provider: 'openrouter', confidence: 'certain', model: 'anthropic/claude-sonnet-4.5', counts, cost: '0.0123' },
    ],
  },
  {
    name: "OpenRouter with one's own key: the vendor bills, and OpenRouter its fee",
    body: {
      ...chat('openai/gpt-5', { cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } }),
      id: 'gen-1',
    },
    expected: [{ provider: 'openrouter', confidence: 'certain', model: 'openai/gpt-5', counts, cost: '0.021' }],
  },
  {
    name: 'a bill is believed where the counts contradict each other',
    body: {
      ...chat('openai/gpt-5', { cost: 0.01, prompt_tokens_details: { cached_tokens: 5_000 } }),
      id: 'gen-1',
    },
    expected: [{ provider: 'openrouter', confidence: 'certain', model: 'openai/gpt-5', counts, cost: '0.01' }],
  },
  {
    name: "Mistral's cached tokens",
    body: chat('mistral-large-2512', { num_cached_tokens: 800 }),
    // 200*0.5 + 800*0.05 + 1000*1.5
    expected: [
      { provider: 'mistral', confidence: 'likely', model: 'mistral-large-2512', counts: cached, cost: '0.00164' },
    ],
  },
  {
    name: "Moonshot's cached tokens",
    body: chat('kimi-k2-0905-preview', { cached_tokens: 800 }),
    // 200*0.6 + 800*0.15 + 1000*2.5
    expected: [
      { provider: 'moonshotai', confidence: 'likely', model: 'kimi-k2-0905-preview', counts: cached, cost: '0.00274' },
    ],
  },
  {
    name: "xAI's SDK: cached tokens, and reasoning beside the completion",
    body: chat('grok-4-0709', {
      cached_prompt_text_tokens: 800,
      reasoning_tokens: 500,
      total_tokens: 2_500,
    }),
    // 200*3 + 800*0.75 + 1500*15
    expected: [
      {
        provider: 'x-ai',
        confidence: 'likely',
        model: 'grok-4-0709',
        counts: { ...cached, output_tokens: 1_500, reasoning_tokens: 500 },
        cost: '0.0237',
      },
    ],
  },
  {
    name: "DeepSeek's cached tokens",
    body: chat('deepseek-chat', { prompt_cache_hit_tokens: 800, prompt_cache_miss_tokens: 200 }),
    expected: [{ provider: 'deepseek', confidence: 'likely', model: 'deepseek-chat', counts: cached, cost: 'listed' }],
  },
  {
    name: "Perplexity's stream, whose last chunk has another name",
    body: events([
      { ...chat('sonar'), object: 'chat.completion.chunk', usage: null },
      {
        ...chat('sonar', { search_context_size: 'low', cost: { total_cost: 0.006 } }),
        object: 'chat.completion.done',
      },
    ]),
    expected: [{ provider: 'perplexity', confidence: 'certain', model: 'sonar', counts, cost: '0.006' }],
  },
  {
    name: "Cohere's first API",
    body: {
      response_id: 'c1',
      text: 'Hi',
      meta: { api_version: { version: '1' }, billed_units: { input_tokens: 1_000, output_tokens: 1_000 } },
    },
    expected: [{ provider: 'cohere', confidence: 'guess', model: undefined, counts, cost: 'unknown' }],
  },
  {
    name: "Cohere's second API bills units",
    body: {
      id: 'c1',
      finish_reason: 'COMPLETE',
      usage: {
        billed_units: { input_tokens: 1_000, output_tokens: 1_000 },
        tokens: { input_tokens: 1_400, output_tokens: 1_050 },
      },
    },
    expected: [{ provider: 'cohere', confidence: 'guess', model: undefined, counts, cost: 'unknown' }],
  },
  {
    name: "Cohere's reranking is charged by the search",
    body: { id: 'r1', results: [{ index: 0, relevance_score: 0.9 }], meta: { billed_units: { search_units: 1 } } },
    expected: [
      {
        provider: 'cohere',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 0, output_tokens: 0 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: "Voyage's embeddings count a total alone",
    body: {
      object: 'list',
      data: [{ embedding: [0.1], index: 0 }],
      model: 'voyage-3.5',
      usage: { total_tokens: 1_000_000 },
    },
    expected: [
      {
        provider: 'voyageai',
        confidence: 'certain',
        model: 'voyage-3.5',
        counts: { input_tokens: 1_000_000, output_tokens: 0 },
        cost: '0.06',
      },
    ],
  },
  {
    name: "Cohere's embeddings of images",
    body: {
      id: 'e1',
      response_type: 'embeddings_by_type',
      embeddings: { float: [[0.1]] },
      images: [{ width: 1, height: 1, format: 'png', bit_depth: 8 }],
      model: 'embed-v4.0',
      meta: { api_version: { version: '2' }, billed_units: { image_tokens: 1_000, input_tokens: 500, images: 1 } },
    },
    expected: [
      {
        provider: 'cohere',
        confidence: 'certain',
        model: 'embed-v4.0',
        counts: { input_tokens: 1_500, input_image_tokens: 1_000, output_tokens: 0 },
        cost: 'listed',
      },
    ],
  },
  {
    name: "DeepInfra's own bill, for a model of another vendor",
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'deepseek-ai/DeepSeek-V3',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100, estimated_cost: 0.00123 },
    },
    expected: [
      {
        provider: 'deepinfra',
        confidence: 'certain',
        model: 'deepseek-ai/DeepSeek-V3',
        counts: { input_tokens: 1_000, output_tokens: 100 },
        cost: '0.00123',
      },
    ],
  },
  {
    name: "Jina's embeddings, in Voyage's form",
    body: { object: 'list', data: [{ embedding: [0.1] }], model: 'jina-embeddings-v3', usage: { total_tokens: 8 } },
    expected: [
      {
        provider: undefined,
        confidence: 'guess',
        model: 'jina-embeddings-v3',
        counts: { input_tokens: 8, output_tokens: 0 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: "Vercel's gateway, whose ids are similar to OpenRouter's",
    body: {
      ...chat('openai/gpt-5', { cost: 0.01, market_cost: 0.01, is_byok: false }),
      id: 'gen_01K',
    },
    expected: [{ provider: 'vercel', confidence: 'certain', model: 'openai/gpt-5', counts, cost: '0.01' }],
  },
  {
    name: 'GitHub Copilot bills credits of one cent',
    body: { ...chat('gpt-5'), copilot_usage: { total_nano_aiu: 1_500_000_000 } },
    expected: [{ provider: 'github-copilot', confidence: 'certain', model: 'gpt-5', counts, cost: '0.015' }],
  },
  {
    name: "Voyage's reranking",
    body: {
      object: 'list',
      data: [{ relevance_score: 0.9, index: 0 }],
      model: 'rerank-2.5',
      usage: { total_tokens: 1_000_000 },
    },
    expected: [
      {
        provider: 'voyageai',
        confidence: 'likely',
        model: 'rerank-2.5',
        counts: { input_tokens: 1_000_000, output_tokens: 0 },
        cost: '0.05',
      },
    ],
  },
  {
    name: "xAI's realtime API charges by the hour",
    body: {
      type: 'response.done',
      response: { id: 'x1', object: 'realtime.response', status: 'completed' },
      usage: {
        input_tokens: 100,
        output_tokens: 50,
        input_token_details: { text_tokens: 20, audio_tokens: 80 },
        output_token_details: { audio_tokens: 50 },
        billable_audio_seconds: 12,
      },
    },
    expected: [
      {
        provider: 'x-ai',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 100, input_audio_tokens: 80, output_tokens: 50, output_audio_tokens: 50 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'Ollama on your own machine is free',
    body: {
      model: 'llama3.2',
      created_at: '2026-05-01T00:00:00Z',
      done: true,
      prompt_eval_count: 1_000,
      eval_count: 1_000,
    },
    expected: [{ provider: 'ollama', confidence: 'certain', model: 'llama3.2', counts, cost: '0' }],
  },
  {
    name: "llama.cpp's own completion, which costs nothing",
    body: {
      content: 'Hi',
      model: 'qwen3-8b-q4.gguf',
      stop: true,
      tokens_predicted: 1_000,
      tokens_evaluated: 1_000,
      tokens_cached: 1_999,
      timings: { prompt_n: 200, predicted_n: 1_000, cache_n: 800 },
    },
    expected: [{ provider: 'llama.cpp', confidence: 'certain', model: 'qwen3-8b-q4.gguf', counts: cached, cost: '0' }],
  },
  {
    name: 'a prediction of Replicate',
    body: {
      id: 'gm3qorzdhgbfurvjtvhg6dckhu',
      model: 'meta/meta-llama-3-70b-instruct',
      status: 'succeeded',
      created_at: '2026-06-01T10:00:00.000Z',
      input: { prompt: 'Hi' },
      output: ['Hi'],
      metrics: { input_token_count: 1_000, output_token_count: 1_000, predict_time: 1.2, total_time: 1.3 },
    },
    expected: [{ provider: 'replicate', model: 'meta/meta-llama-3-70b-instruct', counts, cost: 'unknown' }],
  },
  {
    name: 'a generation of watsonx',
    body: {
      model_id: 'ibm/granite-3-8b-instruct',
      created_at: '2026-06-01T10:00:00.000Z',
      results: [{ generated_text: 'Hi', generated_token_count: 1_000, input_token_count: 1_000, stop_reason: 'eos' }],
    },
    expected: [{ provider: 'watsonx', model: 'ibm/granite-3-8b-instruct', counts, cost: 'unknown' }],
  },
  {
    name: 'gemini -p --output-format json: each model of the run, without prices of long contexts',
    body: {
      response: 'Hi',
      stats: {
        models: {
          'gemini-2.5-pro': {
            api: { totalRequests: 9, totalErrors: 0, totalLatencyMs: 1 },
            tokens: { prompt: 399_000, candidates: 600, total: 401_000, cached: 0, thoughts: 400, tool: 1_000 },
          },
          'gemini-2.5-flash': {
            api: { totalRequests: 1, totalErrors: 0, totalLatencyMs: 1 },
            tokens: { prompt: 1_000, candidates: 1_000, total: 2_000, cached: 800, thoughts: 0, tool: 0 },
          },
        },
        tools: { totalCalls: 0 },
      },
    },
    expected: [
      {
        provider: 'google',
        model: 'gemini-2.5-pro',
        counts: { input_tokens: 400_000, output_tokens: 1_000, reasoning_tokens: 400 },
        // 400,000 at 1.25 and 1,000 at 10 per million.
        cost: '0.51',
      },
      // 200 at 0.3, 800 at 0.03 and 1,000 at 2.5 per million.
      { provider: 'google', model: 'gemini-2.5-flash', counts: cached, cost: '0.002584' },
    ],
  },
];
