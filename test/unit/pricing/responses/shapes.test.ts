import { describe, expect, it } from 'vitest';
import { asSent } from '../../../../src/pricing/responses/asSent.ts';
import { legacyLangChain } from '../../../../src/pricing/responses/frameworks.ts';
import { findError, findShape } from '../../../../src/pricing/responses/shape.ts';

type Given = Record<string, unknown>;

describe('the form of a response', () => {
  const api = (response: Given): string | undefined => findShape(response)?.api;
  it.each<[string | undefined, Given]>([
    ['openai-transcription', { text: 'x', usage: { type: 'tokens', input_tokens: 1, input_token_details: {} } }],
    ['openai-transcription', { transcript: 'x', usage: { type: 'tokens', input_tokens: 1, input_token_details: {} } }],
    ['openai-realtime', { usage: { type: 'tokens', input_tokens: 1, input_token_details: {} } }],
    ['openai-realtime', { text: 'x', usage: { input_tokens: 1, input_token_details: {} } }],
    ['openai-images', { usage: { input_tokens: 1, input_tokens_details: { image_tokens: 0 } } }],
    ['openai-responses', { object: 'response', usage: { input_tokens: 1 } }],
    ['anthropic-messages', { model: 'x/claude-y', usage: { input_tokens: 1 } }],
    ['anthropic-messages', { usage: { input_tokens: 1, cache_creation_input_tokens: 0 } }],
    ['codex', { type: 'turn.completed', usage: { input_tokens: 1 } }],
    ['openai-speech', { type: 'speech.audio.done', usage: { input_tokens: 1 } }],
    ['dashscope', { request_id: 'r', output: {}, usage: { input_tokens: 1 } }],
    ['cohere', { usage: { billed_units: {} } }],
    ['cohere-tokens', { usage: { tokens: {} } }],
    ['openai-embeddings', { object: 'list', usage: { prompt_tokens: 1, completion_tokens: 0 } }],
    ['openai-embeddings', { usage: { prompt_tokens: 1 } }],
    ['openai-chat', { usage: { prompt_tokens: 1, completion_tokens: 0 } }],
    ['rerank', { results: [{}, { relevance_score: 1 }], usage: { prompt_tokens: 1 } }],
    ['rerank', { results: [{ relevance_score: 1 }], usage: { total_tokens: 1 } }],
    ['rerank', { object: 'list', data: [{ relevance_score: 1 }], usage: { total_tokens: 1 } }],
    ['voyage', { object: 'list', data: [{}], usage: { total_tokens: 1 } }],
    [undefined, { usage: { total_tokens: 1 } }],
    ['bedrock-converse', { stopReason: 'x', usage: { inputTokens: 1 } }],
    ['bedrock-converse', { output: { message: {} }, usage: { inputTokens: 1 } }],
    ['bedrock-converse', { usage: { inputTokens: 1, cacheDetails: [] } }],
    ['ai-sdk', { usage: { inputTokens: 1 } }],
    ['ai-sdk', { finishReason: 'stop', stopReason: 'x', usage: { inputTokens: 1 } }],
    ['ai-sdk', { embedding: [], usage: { tokens: 1 } }],
    ['langchain', { usage_metadata: {} }],
    ['gemini', { usage_metadata: { prompt_token_count: 1 } }],
    ['gemini-embeddings', { embedding: {}, usageMetadata: { promptTokenCount: 1 } }],
    ['ollama', { eval_count: 1 }],
    ['ollama-embeddings', { embeddings: [], prompt_eval_count: 1 }],
    ['cohere-v1', { meta: { billed_units: { output_tokens: 0 } } }],
    ['cohere-embeddings', { meta: { billed_units: { input_tokens: 0 } } }],
    ['rerank', { meta: { billed_units: { search_units: 1 } } }],
    ['bedrock-invoke', { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1 } }],
    ['cursor', { tokenUsage: { outputTokens: 1 } }],
    ['openai-transcription', { text: 'x', segments: [], duration: '1.5' }],
    [undefined, { text: 'x', segments: [] }],
  ])('is %s for %j', (expected, response) => expect(api(response)).toBe(expected));

  it('is found in wrappers, four deep, with what they say of model and batch', () => {
    const chat = { object: 'chat.completion', usage: { prompt_tokens: 1, completion_tokens: 1 } };
    const wrapped = (depth: number): Given => (depth === 0 ? chat : { result: wrapped(depth - 1) });
    expect([4, 5].map((depth) => api(wrapped(depth)))).toEqual(['openai-chat', undefined]);
    expect(findShape({ model: 'm', body: JSON.stringify(chat) })).toMatchObject({ outerModel: 'm', isBatch: false });
    expect(findShape({ modelId: 'm', body: { model: 'n', data: chat } })?.outerModel).toBe('n');
    const batch = (value: Given): boolean | undefined => findShape(value)?.isBatch;
    expect([
      batch({ custom_id: 'a', response: chat }),
      batch({ batch_request_id: 'a', response: chat }),
      batch({ recordId: 'a', modelOutput: chat }),
      batch({ recordId: 'a', response: chat }),
      batch({ key: 'a', response: { usageMetadata: { promptTokenCount: 1 } } }),
      batch({ key: 'a', response: chat }),
      batch({ processed_time: 'a', request: {}, response: chat }),
      batch({ processed_time: 'a', response: chat }),
      batch({ ...chat, object: 'batch' }),
    ]).toEqual([true, true, true, false, true, false, true, false, true]);
    expect([findError({ error: 'x' }), findError({ error: '' }), findError({ result: { error: { a: 1 } } })]).toEqual([
      'x',
      undefined,
      { a: 1 },
    ]);
    expect(findError({ type: 'error', message: 'm' })).toEqual({ type: 'error', message: 'm' });
  });

  it('is restored where an SDK renamed its fields', () => {
    expect(
      asSent({
        object: 'x',
        usage: { promptTokens: 1, promptTokensDetails: { cachedTokens: 2 } },
        choices: [{ finishReason: 'stop' }],
      }),
    ).toEqual({
      object: 'x',
      usage: { prompt_tokens: 1, prompt_tokens_details: { cached_tokens: 2 } },
      choices: [{ finish_reason: 'stop' }],
    });
    expect(asSent({ object: 'list', data: [{ relevanceScore: 1 }], usage: { totalTokens: 1 } })).toEqual({
      object: 'list',
      data: [{ relevance_score: 1 }],
      usage: { total_tokens: 1 },
    });
    expect(asSent({ meta: { billedUnits: { inputTokens: 1 } } })).toEqual({
      meta: { billed_units: { input_tokens: 1 } },
    });
    expect(asSent({ Usage: { InputTokenCount: 1 } })).toEqual({ usage: { inputTokenCount: 1 } });
    for (const usage of [{ promptTokens: 1 }, { inputTokens: 1 }]) expect(asSent({ usage })).toEqual({ usage });
    expect(
      legacyLangChain({ id: 'i', llmOutput: { tokenUsage: { promptTokens: 5, completionTokens: 6 } } }),
    ).toMatchObject({
      id: 'i',
      usage_metadata: { input_tokens: 5, output_tokens: 6 },
    });
    const metadata = {
      token_usage: {
        prompt_tokens: 5,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    };
    expect(legacyLangChain({ response_metadata: metadata })).toMatchObject({
      usage_metadata: {
        input_tokens: 5,
        input_token_details: { cache_read: 2 },
        output_token_details: { reasoning: 3 },
      },
    });
    expect([
      legacyLangChain({}),
      legacyLangChain({ llm_output: {} }),
      legacyLangChain({ llm_output: { token_usage: {} } }),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
