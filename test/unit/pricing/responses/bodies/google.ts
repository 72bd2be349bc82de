import { events, type Body } from './body.ts';

/** Prices per million tokens: Gemini 2.5 Flash 0.3 input (audio 1), 0.03 cached (audio 0.1), 2.5 output. */
const response = {
  candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP' }],
  modelVersion: 'gemini-2.5-flash',
  responseId: 'r1',
};
const usageMetadata = { promptTokenCount: 1_000, candidatesTokenCount: 1_000, totalTokenCount: 2_000 };
const counts = { input_tokens: 1_000, output_tokens: 1_000 };
const certain = { provider: 'google', confidence: 'certain', model: 'gemini-2.5-flash' } as const;

export const google: readonly Body[] = [
  {
    name: 'thoughts beside the candidates, and tokens of tools',
    body: {
      ...response,
      usageMetadata: {
        ...usageMetadata,
        thoughtsTokenCount: 500,
        toolUsePromptTokenCount: 100,
        totalTokenCount: 2_600,
      },
    },
    // 1100*0.3 + 1500*2.5
    expected: [
      { ...certain, counts: { input_tokens: 1_100, output_tokens: 1_500, reasoning_tokens: 500 }, cost: '0.00408' },
    ],
  },
  {
    name: 'the flex tier, where cached tokens keep their price',
    body: {
      ...response,
      usageMetadata: { ...usageMetadata, cachedContentTokenCount: 600, serviceTier: 'flex' },
    },
    // (400*0.3 + 1000*2.5) / 2 + 600*0.03
    expected: [{ ...certain, counts: { ...counts, cache_read_tokens: 600 }, cost: '0.001328', factor: 'x0.5 flex' }],
  },
  {
    name: "Vertex' priority traffic, at 1.8 times the price",
    body: { ...response, usageMetadata: { ...usageMetadata, trafficType: 'ON_DEMAND_PRIORITY' } },
    expected: [{ ...certain, counts, cost: '0.00504', factor: 'x1.8 priority' }],
  },
  {
    name: "Vertex' usual traffic",
    body: { ...response, usageMetadata: { ...usageMetadata, trafficType: 'ON_DEMAND' } },
    expected: [{ ...certain, counts, cost: '0.0028' }],
  },
  {
    name: "Vertex' provisioned throughput, which is paid in advance",
    body: { ...response, usageMetadata: { ...usageMetadata, trafficType: 'PROVISIONED_THROUGHPUT' } },
    expected: [{ ...certain, counts, cost: 'unknown' }],
  },
  {
    name: 'traffic of a kind that nobody knows has no price',
    body: { ...response, usageMetadata: { ...usageMetadata, trafficType: 'SOMETHING_NEW' } },
    expected: [{ ...certain, counts, cost: 'unknown' }],
  },
  {
    name: 'a line of a batch',
    body: { key: 'a', response: { ...response, usageMetadata } },
    expected: [{ ...certain, counts, cost: '0.0014', factor: 'x0.5 batch' }],
  },
  {
    name: "a line of Vertex' batch prediction",
    body: {
      status: '',
      processed_time: '2026-05-01T00:00:00Z',
      request: { contents: [] },
      response: { ...response, usageMetadata },
    },
    expected: [{ ...certain, counts, cost: '0.0014', factor: 'x0.5 batch' }],
  },
  {
    name: 'the Live API, which counts responses',
    body: {
      serverContent: { turnComplete: true },
      usageMetadata: {
        promptTokenCount: 100,
        responseTokenCount: 200,
        totalTokenCount: 300,
        promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 80 }],
        responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 200 }],
      },
    },
    expected: [
      {
        provider: 'google',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 100, input_audio_tokens: 80, output_tokens: 200, output_audio_tokens: 200 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'output of every modality',
    body: {
      serverContent: { turnComplete: true },
      usageMetadata: {
        promptTokenCount: 100,
        responseTokenCount: 600,
        totalTokenCount: 700,
        responseTokensDetails: [
          { modality: 'TEXT', tokenCount: 100 },
          { modality: 'IMAGE', tokenCount: 200 },
          { modality: 'VIDEO', tokenCount: 300 },
        ],
      },
    },
    expected: [
      {
        provider: 'google',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 100, output_tokens: 600, output_image_tokens: 200, output_video_tokens: 300 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'video with a cache',
    body: {
      ...response,
      usageMetadata: {
        promptTokenCount: 10_000,
        cachedContentTokenCount: 9_000,
        candidatesTokenCount: 1_000,
        promptTokensDetails: [
          { modality: 'VIDEO', tokenCount: 9_500 },
          { modality: 'TEXT', tokenCount: 500 },
        ],
        cacheTokensDetails: [{ modality: 'VIDEO', tokenCount: 9_000 }],
      },
    },
    // 1000*0.3 + 9000*0.03 + 1000*2.5
    expected: [
      {
        ...certain,
        counts: {
          input_tokens: 10_000,
          cache_read_tokens: 9_000,
          input_video_tokens: 500,
          output_tokens: 1_000,
          cache_audio_read_tokens: 0,
          cache_image_read_tokens: 0,
        },
        cost: '0.00307',
      },
    ],
  },
  {
    name: 'as the Python SDK prints it',
    body: {
      candidates: [{ finish_reason: 'STOP' }],
      model_version: 'gemini-2.5-flash',
      usage_metadata: { prompt_token_count: 1_000, candidates_token_count: 1_000, total_token_count: 2_000 },
    },
    expected: [{ ...certain, counts, cost: '0.0028' }],
  },
  {
    name: "embeddings as Google's SDKs pass them on",
    body: {
      embeddings: [
        { values: [0.1], statistics: { tokenCount: 700, truncated: false } },
        { values: [0.2], statistics: { tokenCount: 300, truncated: false } },
      ],
      metadata: { billableCharacterCount: 4_000 },
    },
    expected: [
      {
        provider: 'google',
        confidence: 'guess',
        model: undefined,
        counts: { input_tokens: 1_000, output_tokens: 0 },
        cost: 'unknown',
      },
    ],
  },
  {
    name: 'an interaction',
    body: {
      id: 'int_1',
      object: 'interaction',
      model: 'gemini-2.5-flash',
      status: 'completed',
      created: '2026-05-01T00:00:00Z',
      usage: {
        total_input_tokens: 1_000,
        total_cached_tokens: 0,
        total_output_tokens: 600,
        total_thought_tokens: 400,
        total_tokens: 2_000,
      },
    },
    expected: [{ ...certain, counts: { ...counts, reasoning_tokens: 400 }, cost: '0.0028', id: 'int_1' }],
  },
  {
    name: 'an interaction as the first SDKs named its thoughts',
    body: {
      id: 'int_2',
      object: 'interaction',
      model: 'gemini-2.5-flash',
      status: 'completed',
      usage: { total_input_tokens: 1_000, total_output_tokens: 600, total_reasoning_tokens: 400, total_tokens: 2_000 },
    },
    expected: [{ ...certain, counts: { ...counts, reasoning_tokens: 400 }, cost: '0.0028', id: 'int_2' }],
  },
  {
    name: "an interaction's stream",
    body: events([
      {
        event_type: 'interaction.created',
        interaction: { id: 'int_1', model: 'gemini-2.5-flash', status: 'in_progress' },
      },
      { event_type: 'step.start', index: 0, step: { type: 'model_output' } },
      { event_type: 'step.delta', index: 0, delta: { type: 'text', text: 'Hi' } },
      { event_type: 'step.stop', index: 0 },
      {
        event_type: 'interaction.completed',
        interaction: {
          id: 'int_1',
          model: 'gemini-2.5-flash',
          status: 'completed',
          usage: { total_input_tokens: 1_000, total_output_tokens: 1_000, total_tokens: 2_000 },
        },
      },
    ]),
    expected: [{ ...certain, counts, cost: '0.0028', id: 'int_1' }],
  },
];
