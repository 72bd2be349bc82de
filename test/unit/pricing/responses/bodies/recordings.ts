import { events, type Body } from './body.ts';

/** Files of HTTP recorders, and results of frameworks. GPT-5 costs 1.25/10 per million tokens, 0.125 for cached ones. */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const usage = { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 };
const chat = { id: 'chatcmpl-abc', object: 'chat.completion', model: 'gpt-5', choices: [], usage };
const stream = events([
  { id: 'c1', object: 'chat.completion.chunk', model: 'gpt-5', choices: [{ delta: {}, finish_reason: 'stop' }] },
  { id: 'c1', object: 'chat.completion.chunk', model: 'gpt-5', choices: [], usage },
]);
const certain = { provider: 'openai', confidence: 'certain', model: 'gpt-5', counts, cost: '0.01125' } as const;
const likely = { ...certain, confidence: 'likely' } as const;
const url = 'https://api.openai.com/v1/chat/completions';
const gemini = (responseId: string) => ({
  candidates: [{ content: {}, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 1_000 },
  modelVersion: 'gemini-2.5-flash',
  responseId,
});

export const recordings: readonly Body[] = [
  {
    name: 'a HAR file, with pages and images beside the responses',
    body: {
      log: {
        version: '1.2',
        entries: [
          { request: { url: 'https://example.com/' }, response: { content: { text: '<p>{"a": {</p>' } } },
          { request: { method: 'POST', url }, response: { content: { text: JSON.stringify(chat) } } },
          { request: { url }, response: { content: { text: stream } } },
          {
            request: { url: 'https://x.openai.azure.com/openai/deployments/gpt-5/chat/completions?api-version=1' },
            response: {
              content: {
                encoding: 'base64',
                text: Buffer.from(JSON.stringify({ ...chat, model: undefined })).toString('base64'),
              },
            },
          },
        ],
      },
    },
    expected: [certain, { ...certain, id: 'c1' }, { ...certain, provider: 'azure' }],
  },
  {
    name: 'a HAR file says the model that was asked for',
    body: {
      log: {
        entries: [
          {
            request: {
              url: 'https://api.cohere.com/v2/chat',
              postData: { text: JSON.stringify({ model: 'command-r-plus-08-2024', messages: [] }) },
            },
            response: {
              content: {
                text: JSON.stringify({ usage: { billed_units: { input_tokens: 1_000, output_tokens: 1_000 } } }),
              },
            },
          },
        ],
      },
    },
    // 2.5 + 10 per million
    expected: [{ provider: 'cohere', confidence: 'certain', model: 'command-r-plus-08-2024', counts, cost: '0.0125' }],
  },
  {
    name: 'a cassette with several interactions, one of them a stream',
    body: {
      version: 1,
      interactions: [
        { request: { uri: url, body: '' }, response: { body: { string: JSON.stringify(chat) } } },
        { request: { uri: url }, response: { body: { string: stream } } },
      ],
    },
    expected: [certain, { ...certain, id: 'c1' }],
  },
  {
    name: 'calls recorded by nock',
    body: [{ scope: 'https://api.openai.com:443', method: 'POST', path: '/v1/chat/completions', response: chat }],
    expected: [certain],
  },
  {
    name: 'HTTPie prints the request above the response',
    body: [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: api.openai.com',
      '',
      JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] }),
      '',
      'HTTP/1.1 200 OK',
      '',
      JSON.stringify(chat, null, 2),
    ].join('\n'),
    expected: [certain],
  },
  {
    name: 'what a cloud function returns, in base64',
    body: { statusCode: 200, isBase64Encoded: true, body: Buffer.from(JSON.stringify(chat)).toString('base64') },
    expected: [likely],
  },
  {
    name: 'a stream in the body of an answer',
    body: { status: 200, body: stream },
    expected: [{ ...likely, id: 'c1' }],
  },
  { name: 'a string in a string', body: JSON.stringify(JSON.stringify(JSON.stringify(chat))), expected: [likely] },
  { name: 'a list of strings', body: JSON.stringify([JSON.stringify(chat)]), expected: [likely] },
  { name: 'a stream in a string', body: JSON.stringify(stream), expected: [{ ...likely, id: 'c1' }] },
  {
    name: 'a finished batch of Gemini',
    body: {
      name: 'batches/1',
      metadata: { model: 'models/gemini-2.5-flash' },
      done: true,
      response: { inlinedResponses: { inlinedResponses: [{ response: gemini('r1') }, { response: gemini('r2') }] } },
    },
    // (0.3 + 2.5) / 2 per million
    expected: ['r1', 'r2'].map((id) => ({
      provider: 'google',
      model: 'gemini-2.5-flash',
      counts,
      cost: '0.0014',
      factor: 'x0.5 batch',
      id,
    })),
  },
  {
    name: "LangChain's result with OpenAI's own counts",
    body: {
      generations: [[{ text: 'Hi' }]],
      llm_output: { token_usage: { ...usage, prompt_tokens_details: { cached_tokens: 800 } }, model_name: 'gpt-5' },
    },
    expected: [{ ...likely, counts: { ...counts, cache_read_tokens: 800 }, cost: '0.01035' }],
  },
  {
    name: "a message of LangChain's JavaScript",
    body: {
      response_metadata: { tokenUsage: { promptTokens: 1_000, completionTokens: 1_000 }, model_name: 'gpt-5' },
    },
    expected: [likely],
  },
  {
    name: "Pydantic AI's messages",
    body: [
      { kind: 'request', parts: [] },
      {
        kind: 'response',
        parts: [],
        model_name: 'gpt-5',
        provider_name: 'openai',
        provider_response_id: 'resp_1',
        usage: {
          input_tokens: 1_000,
          cache_read_tokens: 800,
          output_tokens: 1_000,
          details: { reasoning_tokens: 300 },
        },
      },
    ],
    expected: [
      {
        ...certain,
        counts: { ...counts, cache_read_tokens: 800, reasoning_tokens: 300 },
        cost: '0.01035',
        id: 'resp_1',
      },
    ],
  },
];
