import { events, type Body } from './body.ts';

/** Prices per million tokens, input/cached/output: GPT-5 1.25/0.125/10, GPT-5.5 5/0.5/30, GPT-5 mini 0.25/0.025/2. */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const chat = {
  id: 'chatcmpl-abc',
  object: 'chat.completion',
  created: 1_780_000_000,
  model: 'gpt-5-2025-08-07',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 },
};
const response = {
  id: 'resp_abc',
  object: 'response',
  created_at: 1_780_000_000,
  status: 'completed',
  model: 'gpt-5.5',
  output: [{ type: 'message', content: [] }],
  usage: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 },
};
const likely = { provider: 'openai', confidence: 'likely' } as const;

export const openai: readonly Body[] = [
  {
    name: 'chat completion with cached tokens and reasoning',
    body: {
      ...chat,
      usage: {
        ...chat.usage,
        prompt_tokens_details: { cached_tokens: 800, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 600 },
      },
    },
    expected: [
      {
        ...likely,
        model: chat.model,
        counts: { ...counts, cache_read_tokens: 800, reasoning_tokens: 600 },
        // 200*1.25 + 800*0.125 + 1000*10
        cost: '0.01035',
      },
    ],
  },
  {
    // GPT-5.6 costs 4/20 a million, cache reads 0.4 and writes 5, those for twelve hours 10:
    // 500*4 + 300*0.4 + 50*5 + 150*10 + 500*20 = 13870 millionths.
    name: "writes to OpenAI's cache for half an hour and for twelve hours",
    body: {
      id: 'resp_1',
      object: 'response',
      model: 'gpt-5.6',
      status: 'completed',
      output: [],
      usage: {
        input_tokens: 1_000,
        input_tokens_details: {
          cached_tokens: 300,
          cache_write_tokens: 200,
          cache_write_tokens_details: { ttl_30m_tokens: 50, ttl_12h_tokens: 150 },
        },
        output_tokens: 500,
        output_tokens_details: { reasoning_tokens: 400 },
        total_tokens: 1_500,
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'likely',
        model: 'gpt-5.6',
        counts: {
          input_tokens: 1_000,
          cache_read_tokens: 300,
          cache_write_tokens: 200,
          cache_write_1h_tokens: 150,
          output_tokens: 500,
          reasoning_tokens: 400,
        },
        cost: '0.01387',
      },
    ],
  },
  {
    name: 'the flex tier, at half the price',
    body: { ...chat, service_tier: 'flex' },
    expected: [{ ...likely, model: chat.model, counts, cost: '0.005625', factor: 'x0.5 flex' }],
  },
  {
    name: 'the priority tier of GPT-5, at twice the price',
    body: { ...chat, service_tier: 'priority' },
    expected: [{ ...likely, model: chat.model, counts, cost: '0.0225', factor: 'x2 priority' }],
  },
  {
    name: 'the priority tier of GPT-5.5, at 2.5 times the price',
    body: { ...response, service_tier: 'priority' },
    expected: [{ ...likely, model: 'gpt-5.5', counts, cost: '0.0875', factor: 'x2.5 priority' }],
  },
  {
    name: 'a tier that nobody knows',
    body: { ...chat, service_tier: 'scale' },
    expected: [{ ...likely, model: chat.model, counts, cost: 'unknown' }],
  },
  {
    name: 'a line of a batch of chat completions',
    body: { id: 'batch_req_1', custom_id: 'a', response: { status_code: 200, body: chat }, error: null },
    expected: [{ ...likely, model: chat.model, counts, cost: '0.005625', factor: 'x0.5 batch' }],
  },
  {
    name: 'web searches at $10 per thousand; opened pages are free',
    body: {
      ...response,
      output: [
        { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'a' } },
        { type: 'web_search_call', status: 'completed', action: { type: 'open_page', url: 'https://example.com' } },
        { type: 'web_search_call', status: 'completed' },
        { type: 'message', content: [] },
      ],
    },
    expected: [{ ...likely, model: 'gpt-5.5', counts: { ...counts, web_searches: 2 }, cost: '0.055' }],
  },
  {
    name: 'a failed response without tokens costs nothing',
    body: {
      ...response,
      status: 'failed',
      error: { code: 'server_error', message: 'x' },
      usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
    },
    expected: [{ ...likely, model: 'gpt-5.5', counts: { input_tokens: 0, output_tokens: 0 }, cost: '0' }],
  },
  {
    name: "an Assistants' stream is one run",
    body: events([
      { id: 'run_1', object: 'thread.run', status: 'queued', model: 'gpt-5', usage: null },
      { id: 'step_1', object: 'thread.run.step', run_id: 'run_1', status: 'in_progress', usage: null },
      {
        id: 'step_1',
        object: 'thread.run.step',
        run_id: 'run_1',
        status: 'completed',
        usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 },
      },
      {
        id: 'run_1',
        object: 'thread.run',
        status: 'completed',
        model: 'gpt-5',
        usage: { prompt_tokens: 1_000, completion_tokens: 1_000, total_tokens: 2_000 },
      },
    ]),
    expected: [{ ...likely, model: 'gpt-5', counts, cost: '0.01125', id: 'run_1' }],
  },
  {
    name: 'embeddings of a model that only one vendor has',
    body: {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.1] }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 1_000_000, total_tokens: 1_000_000 },
    },
    expected: [
      {
        ...likely,
        model: 'text-embedding-3-small',
        counts: { input_tokens: 1_000_000, output_tokens: 0 },
        cost: '0.02',
      },
    ],
  },
  {
    name: 'realtime, with images and cached images',
    body: {
      type: 'response.done',
      response: {
        id: 'resp_2',
        object: 'realtime.response',
        status: 'completed',
        usage: {
          input_tokens: 1_000,
          output_tokens: 100,
          input_token_details: {
            text_tokens: 300,
            image_tokens: 700,
            cached_tokens: 400,
            cached_tokens_details: { text_tokens: 100, image_tokens: 300 },
          },
          output_token_details: { text_tokens: 100, audio_tokens: 0 },
        },
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'guess',
        model: undefined,
        counts: {
          input_tokens: 1_000,
          output_tokens: 100,
          cache_read_tokens: 400,
          input_image_tokens: 700,
          cache_image_read_tokens: 300,
        },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'realtime, with audio and cached audio',
    body: {
      type: 'response.done',
      response: {
        id: 'resp_1',
        object: 'realtime.response',
        status: 'completed',
        usage: {
          input_tokens: 1_000,
          output_tokens: 300,
          input_token_details: {
            text_tokens: 600,
            audio_tokens: 400,
            cached_tokens: 500,
            cached_tokens_details: { text_tokens: 300, audio_tokens: 200 },
          },
          output_token_details: { text_tokens: 100, audio_tokens: 200 },
        },
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'guess',
        model: undefined,
        counts: {
          input_tokens: 1_000,
          output_tokens: 300,
          cache_read_tokens: 500,
          input_audio_tokens: 400,
          cache_audio_read_tokens: 200,
          output_audio_tokens: 200,
        },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'an image',
    body: {
      created: 1_780_000_000,
      data: [],
      usage: {
        input_tokens: 500,
        input_tokens_details: { text_tokens: 100, image_tokens: 400 },
        output_tokens: 1_000,
        total_tokens: 1_500,
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 500, input_image_tokens: 400, output_tokens: 1_000, output_image_tokens: 1_000 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'a transcription',
    body: {
      text: 'Hello',
      usage: {
        type: 'tokens',
        input_tokens: 14,
        input_token_details: { text_tokens: 0, audio_tokens: 14 },
        output_tokens: 45,
        total_tokens: 59,
      },
    },
    expected: [
      {
        provider: 'openai',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 14, input_audio_tokens: 14, output_tokens: 45 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'Azure is told by its content filters',
    body: {
      ...chat,
      model: 'gpt-4o-2024-11-20',
      choices: [{ ...chat.choices[0], content_filter_results: { hate: { filtered: false, severity: 'safe' } } }],
    },
    expected: [{ provider: 'azure', confidence: 'certain', model: 'gpt-4o-2024-11-20', counts, cost: '0.0125' }],
  },
  {
    name: "Bedrock's Mantle is told by its names of models",
    body: { ...chat, model: 'openai.gpt-oss-120b' },
    expected: [{ provider: 'aws', confidence: 'likely', model: 'openai.gpt-oss-120b', counts, cost: '0.00075' }],
  },
  {
    name: 'LM Studio is told by its fingerprint, and open models are not of OpenAI',
    body: { ...chat, model: 'openai/gpt-oss-20b', system_fingerprint: 'openai/gpt-oss-20b' },
    expected: [{ provider: 'lmstudio', confidence: 'certain', model: 'openai/gpt-oss-20b', counts, cost: '0' }],
  },
  {
    name: 'an unknown server with the form of OpenAI',
    body: { ...response, model: 'qwen/qwen3-8b' },
    expected: [{ provider: undefined, confidence: 'guess', model: 'qwen/qwen3-8b', counts, cost: 'unknown' }],
  },
];
