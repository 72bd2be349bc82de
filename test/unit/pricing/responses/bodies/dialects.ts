import { events, type Body } from './body.ts';

/** Forms that vendors and programs have beside the common ones. GPT-5 costs 1.25/10 per million tokens, 0.125 for cached ones. */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const chat = (model: string, usage: object = {}, more: object = {}) => ({
  id: 'x1',
  object: 'chat.completion',
  model,
  choices: [],
  usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000, ...usage },
  ...more,
});
const chunk = (model: string, choice: object, more: object = {}) => ({
  id: 'x1',
  object: 'chat.completion.chunk',
  model,
  choices: [choice],
  ...more,
});
const unnamed = { confidence: 'guess', model: undefined, cost: 'unknown' } as const;

export const dialects: readonly Body[] = [
  {
    name: 'a finished batch of OpenAI costs half',
    body: {
      id: 'batch_1',
      object: 'batch',
      model: 'gpt-5',
      usage: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 },
    },
    expected: [{ provider: 'openai', model: 'gpt-5', counts, cost: '0.005625', factor: 'x0.5 batch' }],
  },
  {
    name: "thinking of Gemini's API for OpenAI clients is in the total alone",
    body: chat('gemini-2.5-flash', { total_tokens: 2_300 }),
    // 1000*0.3 + 1300*2.5
    expected: [
      {
        provider: 'google',
        model: 'gemini-2.5-flash',
        counts: { input_tokens: 1_000, output_tokens: 1_300, reasoning_tokens: 300 },
        cost: '0.00355',
        confidence: 'likely',
      },
    ],
  },
  {
    name: 'xAI counts reasoning beside the completion',
    body: chat('grok-4-0709', { total_tokens: 2_300, completion_tokens_details: { reasoning_tokens: 300 } }),
    // 1000*3 + 1300*15
    expected: [
      {
        provider: 'x-ai',
        model: 'grok-4-0709',
        counts: { ...counts, output_tokens: 1_300, reasoning_tokens: 300 },
        cost: '0.0225',
      },
    ],
  },
  {
    name: 'a gateway to xAI has added the reasoning already',
    body: chat('grok-4-0709', { completion_tokens_details: { reasoning_tokens: 300 } }),
    expected: [{ provider: 'x-ai', model: 'grok-4-0709', counts: { ...counts, reasoning_tokens: 300 }, cost: '0.018' }],
  },
  {
    name: "Moonshot's stream has its usage in the last choice",
    body: events([
      chunk('kimi-k2-0905-preview', { index: 0, delta: { content: 'Hi' } }),
      chunk('kimi-k2-0905-preview', {
        index: 0,
        finish_reason: 'stop',
        usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000, cached_tokens: 800 },
      }),
    ]),
    // 200*0.6 + 800*0.15 + 1000*2.5
    expected: [
      {
        provider: 'moonshotai',
        model: 'kimi-k2-0905-preview',
        counts: { ...counts, cache_read_tokens: 800 },
        cost: '0.00274',
      },
    ],
  },
  {
    name: "MiniMax's stream ends with the whole response",
    body: events([
      chunk('MiniMax-M2', { index: 0, delta: { content: 'Hi' } }, { usage: null }),
      chat('MiniMax-M2', {}, { base_resp: { status_code: 0, status_msg: '' } }),
    ]),
    expected: [{ provider: 'minimax', confidence: 'certain', model: 'MiniMax-M2', counts, cost: '0.0015' }],
  },
  {
    name: "Groq's Compound bills each model that it used",
    body: chat(
      'groq/compound',
      {},
      {
        x_groq: { id: 'r' },
        usage_breakdown: {
          models: [
            { model: 'llama-3.3-70b-versatile', usage: { prompt_tokens: 600, completion_tokens: 700 } },
            { model: 'openai/gpt-oss-120b', usage: { prompt_tokens: 400, completion_tokens: 300 } },
          ],
        },
      },
    ),
    // 600*0.59 + 700*0.79; 400*0.15 + 300*0.6
    expected: [
      {
        provider: 'groq',
        model: 'llama-3.3-70b-versatile',
        counts: { input_tokens: 600, output_tokens: 700 },
        cost: '0.000907',
        id: 'x1',
      },
      {
        provider: 'groq',
        model: 'openai/gpt-oss-120b',
        counts: { input_tokens: 400, output_tokens: 300 },
        cost: '0.00024',
        id: 'x1/2',
      },
    ],
  },
  {
    name: "Perplexity's agents say their bill, whatever the model",
    body: {
      id: 'resp_1',
      object: 'response',
      model: 'openai/gpt-5.1',
      output: [],
      usage: { input_tokens: 1_000, output_tokens: 1_000, cost: { currency: 'USD', total_cost: 0.0112 } },
    },
    expected: [{ provider: 'perplexity', confidence: 'certain', model: 'openai/gpt-5.1', counts, cost: '0.0112' }],
  },
  {
    name: "Perplexity's total has neither reasoning nor citations",
    body: chat('sonar-deep-research', { citation_tokens: 100, reasoning_tokens: 400, num_search_queries: 5 }),
    expected: [
      {
        provider: 'perplexity',
        confidence: 'certain',
        model: 'sonar-deep-research',
        counts: {
          input_tokens: 1_000,
          output_tokens: 1_500,
          reasoning_tokens: 400,
          output_citation_tokens: 100,
          web_searches: 5,
        },
        // 1000*2 + 1000*8 + 400*3 + 100*2 per million, and 5 searches at $5 per thousand
        cost: '0.0364',
      },
    ],
  },
  {
    name: "Mistral's conversations charge what their connectors read",
    body: {
      object: 'conversation.response',
      conversation_id: 'c1',
      outputs: [{ type: 'tool.execution' }, { type: 'message.output', model: 'mistral-medium-2505' }],
      usage: {
        prompt_tokens: 200,
        completion_tokens: 1_000,
        total_tokens: 2_000,
        connector_tokens: 800,
        connectors: { web_search: 1 },
      },
    },
    // 1000*0.4 + 1000*2
    expected: [{ provider: 'mistral', confidence: 'certain', model: 'mistral-medium-2505', counts, cost: '0.0024' }],
  },
  {
    name: "Alibaba's own form, with cached tokens",
    body: {
      status_code: 200,
      request_id: 'r1',
      output: { choices: [{ finish_reason: 'stop', message: {} }] },
      usage: { input_tokens: 1_000, output_tokens: 1_000, prompt_tokens_details: { cached_tokens: 400 } },
    },
    expected: [{ ...unnamed, provider: 'alibaba', counts: { ...counts, cache_read_tokens: 400 }, id: 'r1' }],
  },
  {
    name: "each event of Alibaba's stream repeats the counts so far",
    body: events(
      [1, 500, 1_000].map((output_tokens) => ({
        request_id: 'r1',
        output: { choices: [] },
        usage: { input_tokens: 1_000, output_tokens },
      })),
    ),
    expected: [{ ...unnamed, provider: 'alibaba', counts, id: 'r1' }],
  },
  {
    name: "OpenRouter's record of a finished call",
    body: {
      data: {
        id: 'gen-1',
        model: 'openai/gpt-5',
        tokens_prompt: 900,
        tokens_completion: 800,
        native_tokens_prompt: 1_000,
        native_tokens_completion: 1_000,
        native_tokens_cached: 200,
        total_cost: 0.001,
        upstream_inference_cost: 0.02,
        is_byok: true,
      },
    },
    expected: [
      {
        provider: 'openrouter',
        confidence: 'certain',
        model: 'openai/gpt-5',
        counts: { ...counts, cache_read_tokens: 200 },
        cost: '0.021',
        id: 'gen-1',
      },
    ],
  },
  {
    name: 'codex exec --json counts cached tokens',
    body: [
      { type: 'thread.started', thread_id: 't1' },
      { type: 'turn.started' },
      { type: 'item.completed', item: { type: 'agent_message' } },
      { type: 'turn.completed', usage: { input_tokens: 1_000, cached_input_tokens: 800, output_tokens: 1_000 } },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
    expected: [{ ...unnamed, provider: 'openai', counts: { ...counts, cache_read_tokens: 800 } }],
  },
  {
    name: 'codex exec --json repeats the counts of earlier turns, until another thread begins',
    body: [
      { type: 'thread.started', thread_id: 't1' },
      { type: 'turn.completed', usage: { input_tokens: 1_000, cached_input_tokens: 800, output_tokens: 1_000 } },
      { type: 'turn.completed', usage: { input_tokens: 1_500, cached_input_tokens: 900, output_tokens: 1_200 } },
      { type: 'thread.started', thread_id: 't2' },
      { type: 'turn.completed', usage: { input_tokens: 2_000, cached_input_tokens: 1_900, output_tokens: 2_000 } },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
    expected: [
      { ...unnamed, provider: 'openai', counts: { ...counts, cache_read_tokens: 800 } },
      { ...unnamed, provider: 'openai', counts: { input_tokens: 500, output_tokens: 200, cache_read_tokens: 100 } },
      {
        ...unnamed,
        provider: 'openai',
        counts: { input_tokens: 2_000, output_tokens: 2_000, cache_read_tokens: 1_900 },
      },
    ],
  },
  {
    name: 'speech, whose output is audio',
    body: events([
      { type: 'speech.audio.delta', audio: 'AA==' },
      { type: 'speech.audio.done', usage: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 } },
    ]),
    expected: [{ ...unnamed, provider: 'openai', counts: { ...counts, output_audio_tokens: 1_000 } }],
  },
  {
    name: 'the events of an image and of a transcript without counts',
    body: events([
      { type: 'image_generation.partial_image', b64_json: 'AA==' },
      { type: 'transcript.text.delta', delta: 'Hi' },
      {
        type: 'transcript.text.done',
        text: 'Hi',
        usage: { type: 'tokens', input_tokens: 14, input_token_details: { audio_tokens: 14 }, output_tokens: 5 },
      },
    ]),
    expected: [
      {
        ...unnamed,
        provider: 'openai',
        counts: { input_tokens: 14, input_audio_tokens: 14, output_tokens: 5 },
      },
    ],
  },
  {
    name: 'no reranking of Voyage or Cohere',
    body: { model: 'jina-reranker-v2', usage: { total_tokens: 100 }, results: [{ index: 0, relevance_score: 0.9 }] },
    expected: [
      {
        provider: undefined,
        confidence: 'guess',
        model: 'jina-reranker-v2',
        counts: { input_tokens: 100, output_tokens: 0 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: "Cloudflare's envelope",
    body: {
      result: { response: 'Hi', usage: { prompt_tokens: 1_000, completion_tokens: 1_000 } },
      success: true,
      errors: [],
      messages: [],
    },
    expected: [{ ...unnamed, provider: 'cloudflare', counts }],
  },
  {
    name: "Ollama's embeddings",
    body: { model: 'nomic-embed-text', embeddings: [[0.1]], prompt_eval_count: 8 },
    expected: [
      { provider: 'ollama', model: 'nomic-embed-text', counts: { input_tokens: 8, output_tokens: 0 }, cost: '0' },
    ],
  },
  {
    name: "Bedrock's log of invocations",
    body: {
      schemaType: 'ModelInvocationLog',
      modelId: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      input: { inputTokenCount: 1_000 },
      output: { outputBodyJson: { usage: { inputTokens: 1_000, outputTokens: 1_000 } }, outputTokenCount: 1_000 },
    },
    // 3.3 + 16.5 per million
    expected: [{ provider: 'aws', model: 'anthropic.claude-sonnet-4-5-20250929-v1:0', counts, cost: '0.0198' }],
  },
];
