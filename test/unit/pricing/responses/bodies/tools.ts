import type { Body } from './body.ts';

/** What tools print of responses. GPT-5 costs 1.25/10 per million tokens, 0.125 for cached ones; Sonnet 4.5 3/15, 0.3 and 3.75. */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const chat = {
  id: 'chatcmpl-abc',
  object: 'chat.completion',
  created: 1_780_000_000,
  model: 'gpt-5',
  choices: [],
  usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 },
};
const openai = { provider: 'openai', confidence: 'likely', model: 'gpt-5', counts, cost: '0.01125' } as const;

const curl = (host: string, path = '/v1/chat/completions', body: object = chat): string =>
  [
    `* Host ${host}:443 was resolved.`,
    `* Connected to ${host} (1.2.3.4) port 443`,
    '* ALPN: server accepted h2 { "a": [',
    `> POST ${path} HTTP/2`,
    `> Host: ${host}`,
    '> Authorization: Bearer {key}',
    '>',
    '} [120 bytes data]',
    '< HTTP/2 200',
    '< content-type: application/json',
    '< ',
    '{ [833 bytes data]',
    JSON.stringify(body, null, 2),
    `* Connection #0 to host ${host} left intact`,
  ].join('\n');

export const tools: readonly Body[] = [
  {
    name: 'curl -v, which says the host',
    body: curl('api.openai.com'),
    expected: [{ ...openai, confidence: 'certain' }],
  },
  {
    name: 'curl -v to Azure',
    body: curl('mine.openai.azure.com'),
    expected: [{ ...openai, provider: 'azure', confidence: 'certain' }],
  },
  {
    name: 'curl -v twice, to two hosts',
    body: `${curl('api.openai.com')}\n${curl('openrouter.ai')}`,
    expected: [
      { ...openai, confidence: 'certain' },
      { ...openai, provider: 'openrouter', confidence: 'certain', cost: 'unknown' },
    ],
  },
  {
    name: 'curl -v to Bedrock, whose address contains the model',
    body: curl('bedrock-runtime.us-east-1.amazonaws.com', '/model/amazon.titan-text-express-v1/invoke', {
      inputTextTokenCount: 1_000,
      results: [{ tokenCount: 1_000 }],
    }),
    // 0.2 + 0.6 per million
    expected: [
      { provider: 'aws', confidence: 'certain', model: 'amazon.titan-text-express-v1', counts, cost: '0.0008' },
    ],
  },
  {
    name: 'curl -v to Azure, whose address contains the deployment',
    body: curl('mine.openai.azure.com', '/openai/deployments/gpt-5/chat/completions?api-version=1', {
      ...chat,
      model: undefined,
    }),
    expected: [{ ...openai, provider: 'azure', confidence: 'certain' }],
  },
  {
    name: 'curl -i',
    body: `HTTP/2 200\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(chat)}`,
    expected: [openai],
  },
  { name: 'a response inside a JSON string', body: JSON.stringify(JSON.stringify(chat)), expected: [openai] },
  {
    name: 'a recorded request, with the body as a string',
    body: {
      request: { method: 'POST', uri: 'https://api.openai.com/v1/chat/completions' },
      response: { status: { code: 200 }, body: { string: JSON.stringify(chat) } },
    },
    expected: [{ ...openai, confidence: 'certain' }],
  },
  {
    name: "Vercel's AI SDK, version 6",
    body: {
      text: 'Hi',
      finishReason: 'stop',
      usage: {
        inputTokens: 1_000,
        inputTokenDetails: { noCacheTokens: 200, cacheReadTokens: 800, cacheWriteTokens: 0 },
        outputTokens: 1_000,
        outputTokenDetails: { textTokens: 400, reasoningTokens: 600 },
        totalTokens: 2_000,
      },
      response: { id: 'resp_1', modelId: 'gpt-5', timestamp: '2026-05-01T00:00:00Z' },
      providerMetadata: { openai: { responseId: 'resp_1' } },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'certain',
        model: 'gpt-5',
        counts: { ...counts, cache_read_tokens: 800, reasoning_tokens: 600 },
        cost: '0.01035',
        id: 'resp_1',
      },
    ],
  },
  {
    name: "Vercel's AI SDK, version 5, with Claude: what was cached is beside the input",
    body: {
      finishReason: 'stop',
      usage: { inputTokens: 100, outputTokens: 1_000, totalTokens: 1_100, cachedInputTokens: 800 },
      response: { id: 'msg_1', modelId: 'claude-sonnet-4-5' },
      providerMetadata: { anthropic: { cacheCreationInputTokens: 100 } },
    },
    // 100*3 + 800*0.3 + 100*3.75 + 1000*15
    expected: [
      {
        provider: 'anthropic',
        confidence: 'certain',
        model: 'claude-sonnet-4-5',
        counts: { ...counts, cache_read_tokens: 800, cache_write_tokens: 100 },
        cost: '0.015915',
      },
    ],
  },
  {
    name: "LangChain's message",
    body: {
      content: 'Hi',
      type: 'ai',
      id: 'run-1',
      response_metadata: { model_name: 'gpt-5', model_provider: 'openai', id: 'chatcmpl-abc', finish_reason: 'stop' },
      usage_metadata: {
        input_tokens: 1_000,
        output_tokens: 1_000,
        total_tokens: 2_000,
        input_token_details: { cache_read: 800 },
        output_token_details: { reasoning: 600 },
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'certain',
        model: 'gpt-5',
        counts: { ...counts, cache_read_tokens: 800, reasoning_tokens: 600 },
        cost: '0.01035',
        id: 'chatcmpl-abc',
      },
    ],
  },
  {
    name: "LangChain's message in its serialised form, with Claude",
    body: {
      lc: 1,
      type: 'constructor',
      id: ['langchain_core', 'messages', 'AIMessage'],
      kwargs: {
        content: 'Hi',
        response_metadata: { model: 'claude-sonnet-4-5', model_provider: 'anthropic', id: 'msg_1' },
        usage_metadata: {
          input_tokens: 1_000,
          output_tokens: 1_000,
          total_tokens: 2_000,
          input_token_details: { cache_read: 800, cache_creation: 100 },
        },
      },
    },
    expected: [
      {
        provider: 'anthropic',
        confidence: 'certain',
        model: 'claude-sonnet-4-5',
        counts: { ...counts, cache_read_tokens: 800, cache_write_tokens: 100 },
        cost: '0.015915',
      },
    ],
  },
];
