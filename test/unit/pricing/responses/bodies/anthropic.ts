import { events, type Body } from './body.ts';

/**
 * Prices per million tokens, input/output: Opus 4.6 5/25, Opus 5 5/25, Sonnet 4.5 3/15, Sonnet 4.6 3/15, Haiku 4.5 1/5. Cache reads
 * cost a tenth of the input, writes of five minutes 1.25 times, of an hour twice the input. Web searches $10 per thousand.
 */
const message = {
  id: 'msg_01AbCdEfGhIjKlMnOpQrStUv',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-6',
  content: [{ type: 'text', text: 'Hi' }],
};
const usage = { input_tokens: 1_000, output_tokens: 1_000 };
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const certain = { provider: 'anthropic', confidence: 'certain' } as const;

const iterations = [
  { type: 'message', input_tokens: 1_000, output_tokens: 100 },
  {
    type: 'advisor_message',
    model: 'claude-opus-5',
    input_tokens: 20_000,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    output_tokens: 2_000,
  },
  { type: 'message', input_tokens: 2_000, cache_read_input_tokens: 1_000, output_tokens: 300 },
];
/** 1000*3 + 100*15 = 4500; 20000*5 + 2000*25 = 150000; 2000*3 + 1000*0.3 + 300*15 = 10800 (in millionths). */
const advised = [
  { ...certain, model: 'claude-sonnet-4-6', counts: { input_tokens: 1_000, output_tokens: 100 }, cost: '0.0045' },
  { ...certain, model: 'claude-opus-5', counts: { input_tokens: 20_000, output_tokens: 2_000 }, cost: '0.15' },
  {
    ...certain,
    model: 'claude-sonnet-4-6',
    counts: { input_tokens: 3_000, cache_read_tokens: 1_000, output_tokens: 300 },
    cost: '0.0108',
  },
];

export const anthropic: readonly Body[] = [
  {
    name: 'a message with cache writes of both kinds and a search',
    body: {
      ...message,
      usage: {
        input_tokens: 1_000,
        cache_creation_input_tokens: 3_000,
        cache_read_input_tokens: 10_000,
        cache_creation: { ephemeral_5m_input_tokens: 1_000, ephemeral_1h_input_tokens: 2_000 },
        output_tokens: 1_000,
        server_tool_use: { web_search_requests: 2 },
        service_tier: 'standard',
        inference_geo: 'global',
        speed: 'standard',
      },
    },
    expected: [
      {
        ...certain,
        model: 'claude-opus-4-6',
        counts: {
          input_tokens: 14_000,
          cache_read_tokens: 10_000,
          cache_write_tokens: 3_000,
          cache_write_1h_tokens: 2_000,
          output_tokens: 1_000,
          web_searches: 2,
        },
        // 0.005 + 0.00625 + 0.02 + 0.005 + 0.025 + 0.02
        cost: '0.08125',
      },
    ],
  },
  {
    name: 'iterations, each at its own model',
    body: { ...message, model: 'claude-sonnet-4-6', usage: { input_tokens: 3_000, output_tokens: 400, iterations } },
    expected: advised.map((each, index) => ({ ...each, id: `${message.id}${['', '/2', '/3'][index]}` })),
  },
  {
    name: 'iterations in a stream',
    body: events([
      {
        type: 'message_start',
        message: { ...message, model: 'claude-sonnet-4-6', usage: { input_tokens: 1_000, output_tokens: 1 } },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'message_delta', delta: {}, usage: { input_tokens: 3_000, output_tokens: 400, iterations } },
      { type: 'message_stop' },
    ]),
    expected: advised,
  },
  {
    name: 'a compaction, which the top-level counts leave out',
    body: {
      ...message,
      usage: {
        input_tokens: 23_000,
        output_tokens: 1_000,
        iterations: [
          { type: 'compaction', input_tokens: 180_000, output_tokens: 3_500 },
          { type: 'message', input_tokens: 23_000, output_tokens: 1_000 },
        ],
      },
    },
    expected: [
      {
        ...certain,
        model: 'claude-opus-4-6',
        counts: { input_tokens: 180_000, output_tokens: 3_500 },
        cost: '0.9875',
      },
      { ...certain, model: 'claude-opus-4-6', counts: { input_tokens: 23_000, output_tokens: 1_000 }, cost: '0.14' },
    ],
  },
  {
    name: 'a single iteration says what the top level says',
    body: { ...message, usage: { ...usage, iterations: [{ type: 'message', ...usage }] } },
    expected: [{ ...certain, model: 'claude-opus-4-6', counts, cost: '0.03' }],
  },
  {
    name: 'a stream whose first model declined is priced as the one that answered',
    body: events([
      { type: 'message_start', message: { ...message, model: 'claude-opus-5', usage: { ...usage, output_tokens: 1 } } },
      {
        type: 'content_block_start',
        index: 0,
        content_block: {
          type: 'fallback',
          from: { model: 'claude-opus-5' },
          to: { model: 'claude-haiku-4-5-20251001' },
          trigger: { type: 'refusal' },
        },
      },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: {}, usage: { output_tokens: 1_000 } },
      { type: 'message_stop' },
    ]),
    expected: [{ ...certain, model: 'claude-haiku-4-5-20251001', counts, cost: '0.006' }],
  },
  {
    name: 'a message whose first model declined',
    body: {
      ...message,
      model: 'claude-opus-5',
      content: [{ type: 'fallback', from: { model: 'claude-opus-5' }, to: { model: 'claude-haiku-4-5' } }],
      usage,
    },
    expected: [{ ...certain, model: 'claude-haiku-4-5', counts, cost: '0.006' }],
  },
  {
    name: 'fast mode of Opus 5, at twice the price',
    body: { ...message, model: 'claude-opus-5', usage: { ...usage, speed: 'fast' } },
    expected: [{ ...certain, model: 'claude-opus-5', counts, cost: '0.06', factor: 'x2 fast' }],
  },
  {
    name: 'fast mode of Opus 4.6, at six times the price',
    body: { ...message, usage: { ...usage, speed: 'fast' } },
    expected: [{ ...certain, model: 'claude-opus-4-6', counts, cost: '0.18', factor: 'x6 fast' }],
  },
  {
    name: 'fast mode of a model that has none',
    body: { ...message, model: 'claude-sonnet-4-5', usage: { ...usage, speed: 'fast' } },
    expected: [{ ...certain, model: 'claude-sonnet-4-5', counts, cost: 'unknown' }],
  },
  {
    name: 'bound to the US, at 1.1 times the price',
    body: { ...message, usage: { ...usage, inference_geo: 'us' } },
    expected: [{ ...certain, model: 'claude-opus-4-6', counts, cost: '0.033', factor: 'x1.1 us' }],
  },
  {
    name: 'fast and bound to the US',
    body: { ...message, model: 'claude-opus-5', usage: { ...usage, speed: 'fast', inference_geo: 'us' } },
    expected: [{ ...certain, model: 'claude-opus-5', counts, cost: '0.066', factor: 'x2.2 fast-us' }],
  },
  {
    name: 'a line of a batch',
    body: {
      custom_id: 'a',
      result: { type: 'succeeded', message: { ...message, usage: { ...usage, service_tier: 'batch' } } },
    },
    expected: [{ ...certain, model: 'claude-opus-4-6', counts, cost: '0.015', factor: 'x0.5 batch' }],
  },
  {
    name: 'the priority tier, which is a commitment',
    body: { ...message, usage: { ...usage, service_tier: 'priority' } },
    expected: [{ ...certain, model: 'claude-opus-4-6', counts, cost: 'unknown' }],
  },
  {
    name: 'on Vertex, with a cache write of an hour at twice the input',
    body: {
      ...message,
      id: 'msg_vrtx_01AbC',
      usage: {
        input_tokens: 0,
        cache_creation_input_tokens: 1_000,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 1_000 },
        output_tokens: 1_000,
      },
    },
    expected: [
      {
        provider: 'google',
        confidence: 'certain',
        model: 'claude-opus-4-6',
        counts: {
          input_tokens: 1_000,
          cache_write_tokens: 1_000,
          cache_write_1h_tokens: 1_000,
          output_tokens: 1_000,
        },
        cost: '0.035',
      },
    ],
  },
  {
    name: 'the same form from another vendor',
    body: { ...message, id: '20260101123456abcdef', model: 'glm-4.6', usage },
    expected: [{ provider: 'zai', confidence: 'likely', model: 'glm-4.6', counts, cost: '0.0028' }],
  },
  {
    name: 'claude -p --output-format json',
    body: {
      type: 'result',
      subtype: 'success',
      is_error: false,
      duration_ms: 9_000,
      result: 'done',
      session_id: 'a1b2',
      uuid: 'c3d4',
      total_cost_usd: 0.3,
      usage: { input_tokens: 5, output_tokens: 5 },
      modelUsage: {
        'claude-opus-4-6[1m]': {
          inputTokens: 10,
          outputTokens: 500,
          cacheReadInputTokens: 20_000,
          cacheCreationInputTokens: 3_000,
          webSearchRequests: 0,
          costUSD: 0.29,
        },
        'claude-haiku-4-5-20251001': {
          inputTokens: 9_000,
          outputTokens: 200,
          cacheReadInputTokens: 0,
          cacheCreationInputTokens: 0,
          costUSD: 0.01,
        },
      },
    },
    expected: [
      {
        provider: 'anthropic',
        model: 'claude-opus-4-6',
        counts: {
          input_tokens: 23_010,
          cache_read_tokens: 20_000,
          cache_write_tokens: 3_000,
          output_tokens: 500,
        },
        cost: '0.29',
        id: 'c3d4/claude-opus-4-6[1m]',
      },
      {
        provider: 'anthropic',
        model: 'claude-haiku-4-5-20251001',
        counts: { input_tokens: 9_000, output_tokens: 200 },
        cost: '0.01',
      },
    ],
  },
  {
    name: 'claude -p --output-format stream-json counts its messages once',
    body: [
      { type: 'system', subtype: 'init', session_id: 'a1b2', model: 'claude-opus-4-6' },
      { type: 'assistant', session_id: 'a1b2', message: { ...message, usage } },
      {
        type: 'result',
        session_id: 'a1b2',
        uuid: 'c3d4',
        total_cost_usd: 0.03,
        usage,
        modelUsage: { 'claude-opus-4-6': { inputTokens: 1_000, outputTokens: 1_000, costUSD: 0.03 } },
      },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
    expected: [{ provider: 'anthropic', model: 'claude-opus-4-6', counts, cost: '0.03', id: 'c3d4' }],
  },
];
