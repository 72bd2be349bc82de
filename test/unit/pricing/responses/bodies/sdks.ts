import { events, type Body } from './body.ts';

/**
 * Responses as vendors' SDKs and frameworks print them, which rename fields and add their own. Prices per million tokens: GPT-5
 * 1.25/10 and 0.125 for cached ones, Opus 4.6 5/25, cache writes of an hour 10.
 */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const cached = { ...counts, cache_read_tokens: 800 };
const usage = { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 };
const camel = { promptTokens: 1_000, completionTokens: 1_000, totalTokens: 2_000 };
const sdk = { inputTokens: 1_000, outputTokens: 1_000, totalTokens: 2_000 };
const gpt = { provider: 'openai', confidence: 'likely', model: 'gpt-5', counts, cost: '0.01125' } as const;
const unnamed = { provider: undefined, model: undefined, confidence: 'guess', counts, cost: 'unknown' } as const;
const chat = { id: 'x1', object: 'chat.completion', model: 'gpt-5', choices: [], usage };
/** 180000*5 + 3500*25, and 1000*5 + 1000*25 */
const compacted = [
  { counts: { input_tokens: 180_000, output_tokens: 3_500 }, cost: '0.9875' },
  { counts, cost: '0.03' },
].map((each) => ({ provider: 'anthropic', confidence: 'certain', model: 'claude-opus-4-6', ...each }) as const);
const compaction = {
  input_tokens: 1_000,
  output_tokens: 1_000,
  iterations: [
    { type: 'compaction', input_tokens: 180_000, output_tokens: 3_500 },
    { type: 'message', input_tokens: 1_000, output_tokens: 1_000 },
  ],
};

export const sdks: readonly Body[] = [
  {
    name: "Mistral's TypeScript SDK, with cached tokens",
    body: {
      id: 'x1',
      object: 'chat.completion',
      model: 'mistral-large-2512',
      usage: { ...camel, numCachedTokens: 800 },
    },
    // 200*0.5 + 800*0.05 + 1000*1.5
    expected: [{ provider: 'mistral', model: 'mistral-large-2512', counts: cached, cost: '0.00164', id: 'x1' }],
  },
  {
    name: "OpenRouter's TypeScript SDK, with one's own key",
    body: {
      id: 'gen-1',
      object: 'chat.completion',
      model: 'openai/gpt-5',
      choices: [],
      usage: {
        ...camel,
        cost: 0.001,
        isByok: true,
        costDetails: { upstreamInferenceCost: 0.02 },
        promptTokensDetails: { cachedTokens: 800 },
      },
    },
    expected: [
      {
        provider: 'openrouter',
        confidence: 'certain',
        model: 'openai/gpt-5',
        counts: cached,
        cost: '0.021',
        id: 'gen-1',
      },
    ],
  },
  {
    name: "Cohere's TypeScript SDK",
    body: {
      id: 'c1',
      finishReason: 'COMPLETE',
      usage: {
        billedUnits: { inputTokens: 1_000, outputTokens: 1_000 },
        tokens: { inputTokens: 1_400, outputTokens: 1_050 },
      },
    },
    expected: [{ ...unnamed, provider: 'cohere', id: 'c1' }],
  },
  {
    name: "Cohere's TypeScript SDK, reranking",
    body: { id: 'r1', results: [{ index: 0, relevanceScore: 0.9 }], meta: { billedUnits: { searchUnits: 1 } } },
    expected: [{ ...unnamed, provider: 'cohere', counts: { input_tokens: 0, output_tokens: 0 } }],
  },
  {
    name: "Voyage's TypeScript SDK",
    body: {
      object: 'list',
      data: [{ embedding: [0.1], index: 0 }],
      model: 'voyage-3.5',
      usage: { totalTokens: 1_000_000 },
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
    name: "the JSON form of xAI's protocol buffers, with large numbers as texts",
    body: {
      id: 'x1',
      model: 'grok-4-0709',
      usage: {
        ...camel,
        reasoningTokens: 300,
        totalTokens: 2_300,
        cachedPromptTextTokens: 800,
        costInUsdTicks: '200000000',
      },
    },
    expected: [
      {
        provider: 'x-ai',
        confidence: 'certain',
        model: 'grok-4-0709',
        counts: { ...cached, output_tokens: 1_300, reasoning_tokens: 300 },
        cost: '0.02',
      },
    ],
  },
  {
    name: 'the older SDK of Azure',
    body: { id: 'x1', choices: [{ index: 0, contentFilterResults: {} }], usage: camel, promptFilterResults: [] },
    expected: [{ ...unnamed, provider: 'azure' }],
  },
  {
    name: "OpenAI's Agents SDK, which is not Bedrock",
    body: {
      usage: { requests: 1, ...sdk, inputTokensDetails: [{ cached_tokens: 800 }], outputTokensDetails: [] },
      output: [{ type: 'message' }],
      responseId: 'resp_1',
    },
    expected: [{ ...unnamed, counts: cached, id: 'resp_1' }],
  },
  {
    name: "the answers of a run of OpenAI's Agents SDK",
    body: { rawResponses: ['a', 'b'].map((responseId) => ({ usage: sdk, output: [], responseId })), lastAgent: 'x' },
    expected: [
      { ...unnamed, id: 'a' },
      { ...unnamed, id: 'b' },
    ],
  },
  {
    name: "OpenAI's SDK for .NET",
    body: {
      Id: 'x1',
      Model: 'gpt-5',
      Usage: { InputTokenCount: 1_000, OutputTokenCount: 1_000, TotalTokenCount: 2_000 },
    },
    expected: [{ ...gpt, id: 'x1' }],
  },
  {
    name: 'LangChain4j',
    body: {
      aiMessage: { text: 'Hi' },
      metadata: { id: 'x1', modelName: 'gpt-5', tokenUsage: { inputTokenCount: 1_000, outputTokenCount: 1_000 } },
    },
    expected: [{ ...gpt, id: 'x1' }],
  },
  { name: "LlamaIndex passes the vendor's answer on", body: { message: {}, raw: chat }, expected: [gpt] },
  {
    name: "Haystack's replies",
    body: { replies: [{ role: 'assistant', meta: { model: 'gpt-5', index: 0, usage } }] },
    expected: [gpt],
  },
  {
    name: "LiteLLM's proxy passes on Claude's cache writes of an hour",
    body: {
      ...chat,
      model: 'claude-opus-4-6',
      usage: {
        ...usage,
        cache_creation_input_tokens: 100,
        prompt_tokens_details: {
          cached_tokens: 800,
          cache_creation_tokens: 100,
          cache_creation_token_details: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
        },
      },
    },
    // 100*5 + 800*0.5 + 100*10 + 1000*25
    expected: [
      {
        provider: 'anthropic',
        model: 'claude-opus-4-6',
        counts: { ...cached, cache_write_tokens: 100, cache_write_1h_tokens: 100 },
        cost: '0.0269',
      },
    ],
  },
  {
    name: "Vercel's AI SDK passes on Claude's iterations",
    body: {
      finishReason: 'stop',
      usage: { ...sdk, inputTokenDetails: { noCacheTokens: 1_000 } },
      response: { id: 'msg_1', modelId: 'claude-opus-4-6' },
      providerMetadata: { anthropic: { usage: compaction, iterations: [] } },
    },
    expected: compacted,
  },
  {
    name: "the sum of several calls of Vercel's AI SDK is not one of Claude's",
    body: {
      finishReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 1 },
      totalUsage: sdk,
      response: { id: 'msg_1', modelId: 'claude-opus-4-6' },
      providerMetadata: { anthropic: { usage: { input_tokens: 1, output_tokens: 1 } } },
    },
    expected: [{ ...compacted[1]!, id: 'msg_1' }],
  },
  {
    name: "Vercel's AI SDK passes on the tier of Gemini",
    body: {
      finishReason: 'stop',
      usage: sdk,
      response: { id: 'r1', modelId: 'gemini-2.5-flash' },
      providerMetadata: {
        google: { usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 1_000, serviceTier: 'flex' } },
      },
    },
    expected: [
      { provider: 'google', model: 'gemini-2.5-flash', counts, cost: '0.0014', factor: 'x0.5 flex', id: 'r1' },
    ],
  },
  {
    name: "Vercel's AI SDK passes on OpenRouter's bill",
    body: {
      finishReason: 'stop',
      usage: sdk,
      response: { id: 'gen-1', modelId: 'openai/gpt-5' },
      providerMetadata: { openrouter: { usage: { ...camel, cost: 0.0123 } } },
    },
    expected: [{ provider: 'openrouter', confidence: 'certain', model: 'openai/gpt-5', counts, cost: '0.0123' }],
  },
  {
    name: "Vercel's AI SDK passes on xAI's bill",
    body: {
      finishReason: 'stop',
      usage: sdk,
      response: { id: 'x1', modelId: 'grok-4-0709' },
      providerMetadata: { xai: { costInUsdTicks: 200_000_000 } },
    },
    expected: [{ provider: 'x-ai', confidence: 'certain', model: 'grok-4-0709', counts, cost: '0.02' }],
  },
  {
    name: "Vercel's AI SDK names Bedrock twice, and passes on its cache writes of an hour",
    body: {
      finishReason: 'stop',
      usage: { ...sdk, inputTokenDetails: { cacheWriteTokens: 400 } },
      response: { id: 'x1', modelId: 'anthropic.claude-opus-4-6-v1' },
      providerMetadata: Object.fromEntries(
        ['bedrock', 'amazonBedrock'].map((name) => [
          name,
          { usage: { cacheWriteInputTokens: 400, cacheDetails: [{ ttl: '1h', inputTokens: 400 }] } },
        ]),
      ),
    },
    expected: [
      {
        provider: 'aws',
        confidence: 'certain',
        model: 'anthropic.claude-opus-4-6-v1',
        counts: { ...counts, cache_write_tokens: 400, cache_write_1h_tokens: 400 },
        cost: 'listed',
      },
    ],
  },
  {
    name: "a model of Vercel's AI SDK counts in objects",
    body: {
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: 1_000, noCache: 200, cacheRead: 800, cacheWrite: 0 },
        outputTokens: { total: 1_000, text: 900, reasoning: 100 },
      },
      response: { id: 'x1', modelId: 'gpt-5' },
    },
    expected: [{ ...gpt, counts: { ...cached, reasoning_tokens: 100 }, cost: '0.01035', id: 'x1' }],
  },
  {
    name: "the parts of a stream of Vercel's AI SDK: the last one repeats the sum",
    body: [
      { type: 'start' },
      { type: 'start-step', request: {}, warnings: [] },
      { type: 'text-delta', id: '0', text: 'Hi' },
      { type: 'finish-step', finishReason: 'tool-calls', usage: sdk, response: { id: 'a', modelId: 'gpt-5' } },
      { type: 'finish-step', finishReason: 'stop', usage: sdk, response: { id: 'b', modelId: 'gpt-5' } },
      { type: 'finish', finishReason: 'stop', totalUsage: { inputTokens: 2_000, outputTokens: 2_000 } },
    ]
      .map((part) => JSON.stringify(part))
      .join('\n'),
    expected: [
      { ...gpt, id: 'a' },
      { ...gpt, id: 'b' },
    ],
  },
  {
    name: "the stream of version 4 of Vercel's AI SDK",
    body: [
      `e:${JSON.stringify({ finishReason: 'stop', usage: camel, isContinued: false })}`,
      `d:${JSON.stringify({ finishReason: 'stop', usage: camel })}`,
    ].join('\n'),
    expected: [unnamed],
  },
  {
    name: "LangChain passes on Claude's iterations and tier",
    body: {
      type: 'ai',
      response_metadata: { id: 'msg_1', model: 'claude-opus-4-6', model_provider: 'anthropic', usage: compaction },
      usage_metadata: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 },
    },
    expected: compacted,
  },
  {
    name: 'LangChain names the tokens of a tier differently',
    body: {
      type: 'ai',
      response_metadata: { model_name: 'gpt-5', model_provider: 'openai', service_tier: 'flex' },
      usage_metadata: {
        ...counts,
        input_token_details: { flex_cache_read: 800, flex: 200 },
        output_token_details: { flex_reasoning: 300, flex: 700 },
      },
    },
    // (200*1.25 + 800*0.125 + 1000*10) / 2
    expected: [
      {
        ...gpt,
        confidence: 'certain',
        counts: { ...cached, reasoning_tokens: 300 },
        cost: '0.005175',
        factor: 'x0.5 flex',
      },
    ],
  },
  {
    name: 'chunks of LangChain, each with a part of the usage',
    body: [
      { input_tokens: 1_000, output_tokens: 0, input_token_details: { cache_read: 800 } },
      { input_tokens: 0, output_tokens: 400 },
      { input_tokens: 0, output_tokens: 600 },
    ].map((usage_metadata, index) => ({
      type: 'AIMessageChunk',
      id: 'run-1',
      response_metadata: index === 0 ? { model_name: 'gpt-5' } : {},
      usage_metadata,
    })),
    expected: [{ ...gpt, counts: cached, cost: '0.01035', id: 'run-1' }],
  },
  {
    name: 'messages in the state of LangGraph',
    body: {
      messages: [
        { type: 'human', content: 'Hi' },
        { type: 'ai', response_metadata: { model_name: 'gpt-5', id: 'x1' }, usage_metadata: counts },
      ],
    },
    expected: [{ ...gpt, id: 'x1' }],
  },
  {
    name: "Groq's Compound in a stream",
    body: events([
      { id: 'x1', object: 'chat.completion.chunk', model: 'groq/compound', x_groq: { id: 'r' }, choices: [] },
      {
        id: 'x1',
        object: 'chat.completion.chunk',
        model: 'groq/compound',
        choices: [{ delta: {}, finish_reason: 'stop' }],
        x_groq: { usage, usage_breakdown: { models: [{ model: 'openai/gpt-oss-120b', usage }] } },
      },
    ]),
    // 1000*0.15 + 1000*0.6
    expected: [{ provider: 'groq', confidence: 'certain', model: 'openai/gpt-oss-120b', counts, cost: '0.00075' }],
  },
  {
    name: 'a list of stored chat completions',
    body: { object: 'list', data: [chat, { ...chat, id: 'x2' }], has_more: false },
    expected: [
      { ...gpt, id: 'x1' },
      { ...gpt, id: 'x2' },
    ],
  },
  {
    name: "lines of Bedrock's batch inference",
    body: [
      {
        recordId: 'CALL1',
        modelInput: {},
        modelOutput: {
          usage: { input_tokens: 1_000, output_tokens: 1_000 },
          id: 'msg_bdrk_1',
          type: 'message',
          model: 'claude-haiku-4-5-20251001',
        },
      },
      {
        recordId: 'CALL2',
        modelInput: {},
        modelOutput: { inputTextTokenCount: 1_000, results: [{ tokenCount: 1_000 }] },
      },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
    // (1.1 + 5.5) / 2 per million
    expected: [
      {
        provider: 'aws',
        confidence: 'certain',
        model: 'claude-haiku-4-5-20251001',
        counts,
        cost: '0.0033',
        factor: 'x0.5 batch',
      },
      { ...unnamed, provider: 'aws' },
    ],
  },
  {
    name: "a result of xAI's batches, at four fifths of the price",
    body: {
      results: [
        {
          batch_request_id: 'a',
          batch_result: { response: { chat_get_completion: { ...chat, model: 'grok-4-0709' } } },
        },
      ],
    },
    // (3 + 15) * 0.8 per million
    expected: [{ provider: 'x-ai', model: 'grok-4-0709', counts, cost: '0.0144', factor: 'x0.8 batch' }],
  },
];
