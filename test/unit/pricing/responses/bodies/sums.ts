import type { Body } from './body.ts';

/** Sums of several calls as frameworks and evals print them, and audio that is billed by its length: no model, or no tokens. */
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const unnamed = { provider: undefined, model: undefined, confidence: 'guess', cost: 'unknown' } as const;
const crew = { total_tokens: 2_000, prompt_tokens: 1_000, completion_tokens: 1_000, successful_requests: 3 };
const strands = { inputTokens: 1_000, outputTokens: 1_000 };
const heard = { counts: { input_tokens: 0, output_tokens: 0 }, cost: 'unknown' } as const;

export const sums: readonly Body[] = [
  {
    name: "CrewAI's output",
    body: { raw: 'Done', tasks_output: [{ agent: 'A' }], token_usage: { ...crew, cached_prompt_tokens: 800 } },
    expected: [{ ...unnamed, counts: { ...counts, cache_read_tokens: 800 } }],
  },
  { name: "CrewAI's usage metrics", body: { ...crew, cached_prompt_tokens: 0 }, expected: [{ ...unnamed, counts }] },
  {
    name: 'an agent of Strands with Claude, whose input excludes the cache',
    body: {
      stop_reason: 'end_turn',
      metrics: { accumulated_usage: { ...strands, cacheReadInputTokens: 5_000, totalTokens: 7_000 } },
    },
    expected: [{ ...unnamed, counts: { ...counts, input_tokens: 6_000, cache_read_tokens: 5_000 } }],
  },
  {
    name: 'an agent of Strands with GPT, whose input includes the cache',
    body: { total_cycles: 2, accumulated_usage: { ...strands, cacheReadInputTokens: 800, totalTokens: 2_000 } },
    expected: [{ ...unnamed, counts: { ...counts, cache_read_tokens: 800 } }],
  },
  {
    name: "a run of OpenAI's evals, with two models",
    body: {
      id: 'evalrun_1',
      object: 'eval.run',
      model: 'gpt-5',
      per_model_usage: [
        { model_name: 'gpt-5', invocation_count: 9, prompt_tokens: 1_000, completion_tokens: 1_000, cached_tokens: 0 },
        { model_name: 'gpt-5-mini', prompt_tokens: 1_000, completion_tokens: 1_000, cached_tokens: 1_000 },
      ],
    },
    // 1000*1.25 + 1000*10, and 1000*0.025 + 1000*2
    expected: [
      { provider: 'openai', model: 'gpt-5', counts, cost: '0.01125', id: 'evalrun_1/gpt-5' },
      {
        provider: 'openai',
        model: 'gpt-5-mini',
        counts: { ...counts, cache_read_tokens: 1_000 },
        cost: '0.002025',
        id: 'evalrun_1/gpt-5-mini',
      },
    ],
  },
  {
    name: "an item of OpenAI's evals",
    body: {
      object: 'eval.run.output_item',
      sample: {
        model: 'gpt-5',
        usage: { total_tokens: 2_000, prompt_tokens: 1_000, completion_tokens: 1_000, cached_tokens: 0 },
      },
    },
    expected: [{ provider: 'openai', model: 'gpt-5', counts, cost: '0.01125' }],
  },
  {
    name: 'a transcription by the second',
    body: { text: 'Hello', usage: { type: 'duration', seconds: 9 } },
    expected: [{ provider: 'openai', model: undefined, audioSeconds: 9, ...heard }],
  },
  {
    name: 'a transcription of a realtime session by the second',
    body: {
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: 'i1',
      transcript: 'Hello',
      usage: { type: 'duration', seconds: 4.5 },
    },
    expected: [{ provider: 'openai', model: undefined, audioSeconds: 4.5, ...heard }],
  },
  {
    name: 'a verbose transcription, whose length is a text',
    body: { task: 'transcribe', language: 'english', duration: '8.47', text: 'Hello', segments: [{ id: 0 }] },
    expected: [{ provider: 'openai', model: undefined, audioSeconds: 8.47, ...heard }],
  },
  {
    name: 'a transcription by Groq',
    body: { task: 'transcribe', duration: 12.5, text: 'Hello', segments: [], x_groq: { id: 'req_1' } },
    expected: [{ provider: 'groq', model: undefined, audioSeconds: 12.5, ...heard }],
  },
  {
    name: 'a message of AutoGen',
    body: { source: 'a', type: 'TextMessage', models_usage: { prompt_tokens: 1_000, completion_tokens: 1_000 } },
    expected: [{ ...unnamed, counts }],
  },
  {
    name: 'a result of Haystack',
    body: { replies: ['x'], meta: [{ model: 'gpt-5', usage: { prompt_tokens: 1_000, completion_tokens: 1_000 } }] },
    expected: [{ provider: 'openai', model: 'gpt-5', counts, cost: '0.01125' }],
  },
  {
    name: 'a run of smolagents',
    body: { output: 'x', token_usage: { input_tokens: 1_000, output_tokens: 1_000 } },
    expected: [{ ...unnamed, counts }],
  },
  {
    name: 'a run of Agno',
    body: { run_id: 'r', model: 'gpt-5', metrics: { input_tokens: 1_000, output_tokens: 1_000, total_tokens: 2_000 } },
    expected: [{ provider: 'openai', model: 'gpt-5', counts, cost: '0.01125' }],
  },
  {
    name: "a message of Semantic Kernel, with the vendor's response inside",
    body: {
      inner_content: {
        id: 'x1',
        object: 'chat.completion',
        model: 'gpt-5',
        usage: { prompt_tokens: 1_000, completion_tokens: 1_000 },
      },
      metadata: { usage: { prompt_tokens: 1_000, completion_tokens: 1_000 } },
    },
    expected: [{ provider: 'openai', model: 'gpt-5', counts, cost: '0.01125', id: 'x1' }],
  },
  {
    name: "the context of a run of OpenAI's Agents SDK",
    body: { context_wrapper: { usage: { requests: 2, input_tokens: 1_000, output_tokens: 1_000 } } },
    expected: [{ ...unnamed, counts }],
  },
  {
    name: "Oracle's cloud",
    body: {
      modelId: 'meta.llama-3.3-70b-instruct',
      chatResponse: {
        apiFormat: 'GENERIC',
        choices: [],
        usage: { promptTokens: 1_000, completionTokens: 1_000, totalTokens: 2_000 },
      },
    },
    expected: [{ provider: 'oci', model: 'meta.llama-3.3-70b-instruct', counts, cost: 'unknown' }],
  },
  {
    name: 'Genkit, whose output excludes thoughts',
    body: {
      finishReason: 'stop',
      message: {},
      usage: { inputTokens: 1_000, outputTokens: 900, thoughtsTokens: 100, totalTokens: 2_000 },
    },
    expected: [{ ...unnamed, counts: { ...counts, reasoning_tokens: 100 } }],
  },
];
