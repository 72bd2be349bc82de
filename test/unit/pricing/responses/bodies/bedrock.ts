import { events, type Body } from './body.ts';

const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const aws = { provider: 'aws', confidence: 'guess', model: undefined, counts, cost: 'unknown' } as const;

export const bedrock: readonly Body[] = [
  {
    name: 'Converse, with a cache write of an hour',
    body: {
      output: { message: { role: 'assistant', content: [] } },
      stopReason: 'end_turn',
      metrics: { latencyMs: 1 },
      modelId: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
      usage: {
        inputTokens: 1_000,
        outputTokens: 1_000,
        totalTokens: 3_000,
        cacheReadInputTokens: 0,
        cacheWriteInputTokens: 1_000,
        cacheDetails: [{ inputTokens: 1_000, ttl: '1h' }],
      },
    },
    // At Bedrock's regional price, a tenth above the global one: 1000*3.3 + 1000*6.6 + 1000*16.5
    expected: [
      {
        provider: 'aws',
        confidence: 'certain',
        model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
        counts: {
          input_tokens: 2_000,
          cache_write_tokens: 1_000,
          cache_write_1h_tokens: 1_000,
          output_tokens: 1_000,
        },
        cost: '0.0264',
      },
    ],
  },
  {
    name: 'InvokeModel with Titan',
    body: {
      inputTextTokenCount: 1_000,
      results: [{ tokenCount: 1_000, outputText: 'Hi', completionReason: 'FINISH' }],
    },
    expected: [aws],
  },
  {
    name: 'InvokeModel with Llama',
    body: { generation: 'Hi', prompt_token_count: 1_000, generation_token_count: 1_000, stop_reason: 'stop' },
    expected: [aws],
  },
  {
    name: "Llama's stream",
    body: events([
      { generation: 'H', prompt_token_count: 1_000, generation_token_count: 1, stop_reason: null },
      { generation: 'i', prompt_token_count: null, generation_token_count: 1_000, stop_reason: 'stop' },
    ]),
    expected: [aws],
  },
  {
    name: 'embeddings of Titan',
    body: { embedding: [0.1], inputTextTokenCount: 8 },
    expected: [{ ...aws, counts: { input_tokens: 8, output_tokens: 0 } }],
  },
  {
    name: 'InvokeModel with Claude',
    body: {
      id: 'msg_bdrk_01AbC',
      type: 'message',
      model: 'claude-haiku-4-5-20251001',
      content: [],
      usage: { input_tokens: 1_000, output_tokens: 1_000 },
    },
    // 1.1 + 5.5 per million
    expected: [{ provider: 'aws', confidence: 'certain', model: 'claude-haiku-4-5-20251001', counts, cost: '0.0066' }],
  },
  {
    name: "Converse's stream",
    body: events([
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { delta: { text: 'Hi' }, contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      {
        metadata: { usage: { inputTokens: 1_000, outputTokens: 1_000, totalTokens: 2_000 }, metrics: { latencyMs: 1 } },
      },
    ]),
    expected: [aws],
  },
];
