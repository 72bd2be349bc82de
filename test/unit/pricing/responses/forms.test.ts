import { describe, expect, it } from 'vitest';
import { asSent } from '../../../../src/pricing/responses/asSent.ts';
import { recogniseResponses, type RecognisedResponse } from '../../../../src/pricing/responses/recognise.ts';
import { findError, findShape } from '../../../../src/pricing/responses/shape.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** Which API a value is of, at the borders between APIs, and which calls are in it. */
type Given = Record<string, unknown>;
const table = loadPriceTable();
const usage = { prompt_tokens: 7, completion_tokens: 3 };
const chat = { object: 'chat.completion', model: 'some-model', choices: [], usage };
const read = (body: object): RecognisedResponse[] => recogniseResponses(JSON.stringify(body), table).responses;
const one = { input_tokens: 1 };

it.each<[string | undefined, Given]>([
  ['claude-code', { type: 'result', total_cost_usd: 0, usage: one }],
  ['openai-responses', { type: 'result', usage: one }],
  ['openai-responses', { total_cost_usd: 0, usage: one }],
  ['ai-sdk', { tokenUsage: { inputTokenCount: 1 } }],
  ['ai-sdk', { usage: { inputTokenCount: 1 } }],
  ['langchain', { llm_output: { token_usage: { prompt_tokens: 1 } } }],
  ['pydantic-ai', { kind: 'response', parts: [], usage: one }],
  ['openai-responses', { kind: 'response', usage: one }],
  ['openai-responses', { kind: 'other', parts: [], usage: one }],
  ['ai-sdk', { usage: { promptTokens: 1 } }],
  ['ai-sdk', { usage: { inputTokenDetails: {} } }],
  ['ai-sdk', { usage: { cachedInputTokens: 1 } }],
  ['ai-sdk', { usage: { reasoningTokens: 1 } }],
  ['ai-sdk', { usage: {}, totalUsage: {} }],
  ['ai-sdk', { usage: { inputTokens: { total: 1 } } }],
  ['ai-sdk', { embeddings: [], usage: { tokens: 1 } }],
  [undefined, { usage: { tokens: 1 } }],
  [undefined, { usage: {} }],
  ['gemini', { usageMetadata: { thoughtsTokenCount: 1 } }],
  [undefined, { usageMetadata: { totalTokenCount: 1 } }],
  ['cursor', { tokenUsage: { inputTokens: 1 } }],
  ['openrouter-generation', { native_tokens_prompt: 1 }],
  ['ollama', { prompt_eval_count: 1 }],
  ['ollama-embeddings', { embedding: [], prompt_eval_count: 1 }],
  ['bedrock-invoke', { inputTextTokenCount: 1 }],
  ['bedrock-invoke', { prompt_token_count: 1 }],
  ['gemini-interactions', { usage: { total_input_tokens: 1 } }],
  ['openai-chat', { results: [{ relevance_score: 1 }], usage: { prompt_tokens: 1, completion_tokens: 1 } }],
  ['openai-embeddings', { results: [{ score: 1 }], usage: { prompt_tokens: 1 } }],
  ['voyage', { object: 'list', usage: { total_tokens: 1 } }],
  ['bedrock-converse', { metrics: {}, usage: { inputTokens: 1 } }],
  ['bedrock-converse', { additionalModelResponseFields: {}, usage: { inputTokens: 1 } }],
  ['bedrock-converse', { usage: { inputTokens: 1, cacheReadInputTokens: 0 } }],
  ['bedrock-converse', { usage: { inputTokens: 1, cacheWriteInputTokenCount: 0 } }],
  ['ai-sdk', { output: {}, usage: { inputTokens: 1, cacheDetailsOf: [], isCacheReadInput: true } }],
  ['openai-responses', { request_id: 'r', usage: one }],
  ['openai-responses', { output: {}, usage: one }],
  ['anthropic-messages', { type: 'message', usage: one }],
  ['anthropic-messages', { usage: { ...one, cache_read_input_tokens: 0 } }],
  ['openai-responses', { object: 'response', model: 'claude-x', usage: one }],
  ['openai-responses', { model: 'x', usage: { ...one, input_tokens_details: {} } }],
  ['llama-cpp', { tokens_evaluated: 1, tokens_predicted: 1 }],
  [undefined, { tokens_evaluated: 1 }],
  [undefined, { tokens_predicted: 1 }],
  ['replicate', { metrics: { input_token_count: 1 } }],
  [undefined, { metrics: {} }],
  ['watsonx', { results: [{}, { generated_token_count: 1 }] }],
  ['gemini-cli', { stats: { models: { m: { tokens: { prompt: 1 } } } } }],
  [undefined, { stats: { models: { m: { tokens: {} }, n: 5 } } }],
  ['crewai', { token_usage: { prompt_tokens: 1, successful_requests: 1 } }],
  ['crewai', { usage_metrics: { prompt_tokens: 1, successful_requests: 1 } }],
  ['crewai', { prompt_tokens: 1, successful_requests: 1 }],
  [undefined, { token_usage: { prompt_tokens: 1 } }],
  [undefined, { token_usage: { successful_requests: 1 } }],
  ['openai-chat', { token_usage: { prompt_tokens: 1, completion_tokens: 1 } }],
  ['openai-responses', { models_usage: { input_tokens: 1, output_tokens: 1 } }],
  [undefined, { models_usage: { input_tokens: 1 } }],
  ['strands', { accumulated_usage: { inputTokens: 1 } }],
  ['strands', { metrics: { accumulated_usage: { inputTokens: 1 } } }],
  [undefined, { accumulated_usage: { outputTokens: 1 } }],
  ['openai-eval', { object: 'eval.run', per_model_usage: [{}] }],
  [undefined, { object: 'eval', per_model_usage: [{}] }],
  ['openai-transcription', { usage: { type: 'duration', seconds: 1 } }],
  [undefined, { usage: { type: 'other', seconds: 1 } }],
  ['openai-transcription', { text: '', segments: [], duration: 0 }],
  [undefined, { text: '', segments: [], duration: 'x' }],
  [undefined, { text: '', duration: 1 }],
  [undefined, { segments: [], duration: 1 }],
  ['openai-embeddings', { text: '', segments: [], duration: 1, usage: { prompt_tokens: 1 } }],
])('the form is %s for %j', (expected, response) => expect(findShape(response)?.api).toBe(expected));

describe('a wrapper', () => {
  it('of a batch is known by its fields', () => {
    const batch = (value: Given): boolean | undefined => findShape(value)?.isBatch;
    const gemini = { usageMetadata: { promptTokenCount: 1 } };
    expect([
      batch({ key: 'a', response: { usage_metadata: { prompt_token_count: 1 } } }),
      batch({ data: { custom_id: 'a', response: chat } }),
      batch({ response: gemini }),
      batch({ request: {}, response: chat }),
      batch({ recordId: 'a', result: chat }),
    ]).toEqual([true, true, false, false, false]);
  });

  it('says the host, the inner one before the outer one', () => {
    expect(findShape({ url: 'https://a.b', response: { url: 'https://c.d', body: chat } })?.host).toBe('c.d');
    expect(findShape({ url: 'https://a.b', response: { body: chat } })?.host).toBe('a.b');
    const cloudflare = { success: true, errors: [], messages: [], result: chat };
    const host = (more: Given): string | undefined => findShape({ ...cloudflare, ...more })?.host;
    expect([host({}), host({ success: 'x' }), host({ errors: {} }), host({ url: 'https://a.b' })]).toEqual([
      'api.cloudflare.com',
      undefined,
      undefined,
      'a.b',
    ]);
    const { result, ...without } = cloudflare;
    expect(findShape({ ...without, response: result })?.host).toBeUndefined();
  });

  it('has the response as text, too, and an error four deep', () => {
    for (const body of ['{', '[]', '5', '']) expect(findShape({ body })).toBeUndefined();
    const error = (depth: number): Given => (depth === 0 ? { error: 'x' } : { result: error(depth - 1) });
    expect([4, 5].map((depth) => findError(error(depth)))).toEqual(['x', undefined]);
    expect([findError({ error: 5 }), findError({ type: 'x' }), findError(5)]).toEqual(Array(3).fill(undefined));
    expect(findError({ body: '{"error":"x"}' })).toBe('x');
  });
});

describe('a response as it was sent', () => {
  const same = (value: Given): void => expect(asSent(value)).toEqual(value);
  it('has the names of the API where an SDK has its own', () => {
    for (const more of [{ outputs: [] }, { choices: [] }, { object: 'x' }])
      expect(asSent({ ...more, usage: { promptTokens: 1 } })).toEqual({ ...more, usage: { prompt_tokens: 1 } });
    for (const field of ['cachedPromptTextTokens', 'costInUsdTicks'])
      expect(asSent({ usage: { promptTokens: 1, [field]: 2 } })).toMatchObject({ usage: { prompt_tokens: 1 } });
    expect(asSent({ object: 'x', usage: { promptTokens: 1, aB: { cD: { eF: 1 } } } })).toEqual({
      object: 'x',
      usage: { prompt_tokens: 1, a_b: { c_d: { eF: 1 } } },
    });
    same({ object: 'list', usage: { promptTokens: 1 } });
    same({ Usage: 5 });
    expect(asSent({ usage: { billedUnits: { inputTokens: 1 } } })).toEqual({
      usage: { billed_units: { input_tokens: 1 } },
    });
  });

  it("has the vendor's counts, which Vercel's AI SDK passes on, unless they are those of one call of several", () => {
    const claude = { usage: one };
    const response = { id: 'i', modelId: 'm', timestamp: 't' };
    const result = { providerMetadata: { anthropic: claude }, response, usage: { inputTokens: 1, outputTokens: 2 } };
    const sent = { type: 'message', id: 'i', model: 'm', created: 't', usage: one };
    expect(asSent(result)).toMatchObject(sent);
    expect(asSent({ ...result, steps: [{}] })).toMatchObject(sent);
    expect(asSent({ ...result, totalUsage: { inputTokens: 1, outputTokens: 2 } })).toMatchObject(sent);
    same({ ...result, steps: [{}, {}] });
    same({ ...result, totalUsage: { inputTokens: 1, outputTokens: 9 } });
    same({ ...result, totalUsage: { inputTokens: 9, outputTokens: 2 } });
    same({ ...result, providerMetadata: { anthropic: { usage: {} } } });
    for (const name of ['google', 'vertex']) {
      const usageMetadata = { promptTokenCount: 1 };
      const metadata = { [name]: { usageMetadata, groundingMetadata: { a: 1 } } };
      expect(asSent({ ...result, providerMetadata: metadata })).toEqual({
        usageMetadata,
        candidates: [{ groundingMetadata: { a: 1 } }],
        modelVersion: 'm',
        responseId: 'i',
        createTime: 't',
      });
      same({ ...result, providerMetadata: { [name]: { usageMetadata: {} } } });
    }
  });

  it("has Claude's counts in a message of LangChain", () => {
    const metadata = { usage: one, model_name: 'm' };
    expect(asSent({ id: 'i', response_metadata: metadata })).toMatchObject({
      type: 'message',
      id: 'i',
      model: 'm',
      usage: one,
    });
    expect(asSent({ id: 'i', response_metadata: { ...metadata, id: 'j', model: 'n' } })).toMatchObject({
      id: 'j',
      model: 'n',
    });
    same({ response_metadata: { usage: {} } });
  });

  it('has the bill that a framework passes on', () => {
    const bill = (providerMetadata: object): unknown =>
      read({ finishReason: 'stop', usage: { inputTokens: 9, outputTokens: 5 }, providerMetadata })[0]?.costUsd;
    expect(bill({ perplexity: { usage: { cost: { totalCost: 0.5 } } } })).toBe(0.5);
    expect(bill({ perplexity: { cost: { totalCost: 0.5 } } })).toBe(0.5);
    expect(bill({ xai: { costInUsdTicks: 5e9 } })).toBe(0.5);
    expect(bill({ openai: { usage: { cost: 0.5 } } })).toBeUndefined();
  });
});

describe('the provider', () => {
  const from = (body: object): unknown[] => read(body).map(({ provider, confidence }) => [provider, confidence]);
  it('of embeddings is told as that of a chat', () => {
    const list = (more: object, counts: object = {}): object => ({
      object: 'list',
      data: [],
      model: 'some-model',
      usage: { prompt_tokens: 8, total_tokens: 8, ...counts },
      ...more,
    });
    expect(from(list({}, { estimated_cost: 1 }))).toEqual([['deepinfra', 'certain']]);
    expect(from(list({ model_info: {} }))).toEqual([['lmstudio', 'certain']]);
    expect(from(list({}))).toEqual([[undefined, 'guess']]);
    expect(from(list({ model: 'text-embedding-3-small' }))).toEqual([['openai', 'likely']]);
  });

  it('is unknown by half of a mark', () => {
    const unknown = [[undefined, 'guess']];
    expect(from({ ...chat, prompt: [] })).toEqual(unknown);
    expect(from({ ...chat, choices: [{ seed: 1 }] })).toEqual(unknown);
    expect(from({ ...chat, timings: {}, system_fingerprint: 'xb123-abc' })).toEqual(unknown);
    expect(from({ results: [{ relevance_score: 1 }], model: 'm', usage: { total_tokens: 1 } })).toEqual(unknown);
  });

  it('is a guess where no model is named', () => {
    const counts = { input_tokens: 9, output_tokens: 5 };
    expect(from({ object: 'list', data: [], usage: { total_tokens: 1 } })).toEqual([['voyageai', 'guess']]);
    expect(from({ type: 'message', usage: counts })).toEqual([['anthropic', 'guess']]);
    expect(from({ type: 'result', total_cost_usd: 1, usage: counts })).toEqual([['anthropic', 'guess']]);
    expect(from({ usage: { ...counts, input_token_details: {} } })).toEqual([['openai', 'guess']]);
    expect(from({ usage: { ...counts, input_tokens_details: { image_tokens: 1 } } })).toEqual([['openai', 'guess']]);
    expect(from({ usage: counts })).toEqual([[undefined, 'guess']]);
  });
});

describe('the calls of one response', () => {
  const calls = (body: object): unknown[] =>
    read(body).map(({ responseId, model, counts, ...more }) => [
      responseId,
      model,
      counts.input_tokens,
      counts.output_tokens,
      more.costUsd ?? more.speed,
    ]);
  const counts = { input_tokens: 9, output_tokens: 5 };

  it('of Claude have its terms, and are one where the bill is said', () => {
    const iterations = [
      { type: 'message', input_tokens: 1, output_tokens: 1 },
      { type: 'message', input_tokens: 2, output_tokens: 2 },
    ];
    const message = (more: object): object => ({
      type: 'message',
      id: 'gen-1',
      model: 'm',
      usage: { ...counts, iterations, ...more },
    });
    expect(calls(message({ speed: 'fast' }))).toEqual([
      ['gen-1', 'm', 1, 1, 'fast'],
      ['gen-1/2', 'm', 2, 2, 'fast'],
    ]);
    expect(calls(message({ cost: 0.5 }))).toEqual([['gen-1', 'm', 9, 5, 0.5]]);
  });

  it('of Claude Code are those of its models', () => {
    const run = (modelUsage: object | undefined): object => ({
      type: 'result',
      uuid: 'u',
      session_id: 's',
      total_cost_usd: 0.75,
      usage: counts,
      modelUsage,
    });
    expect(calls(run(undefined))).toEqual([['u', undefined, 9, 5, 0.75]]);
    expect(calls(run({ a: 5 }))).toEqual([['u', undefined, 9, 5, 0.75]]);
    const used = { inputTokens: 1, outputTokens: 2, webSearchRequests: 3, costUSD: 0.25 };
    expect(calls(run({ 'a[1m]': used, b: used }))).toEqual([
      ['u/a[1m]', 'a', 1, 2, 0.25],
      ['u/b', 'b', 1, 2, 0.25],
    ]);
    expect(read(run({ a: used }))[0]).toMatchObject({ responseId: 'u', counts: { web_searches: 3 } });
  });

  it("of Groq's Compound are those that say model and usage", () => {
    const body = (...models: object[]): object => ({ ...chat, id: 'c', usage_breakdown: { models } });
    const part = { model: 'a', usage: { prompt_tokens: 1, completion_tokens: 2 } };
    expect(calls(body({ model: 'a' }, { usage: part.usage }))).toEqual([['c', 'some-model', 7, 3, undefined]]);
    expect(calls(body(part, { model: 'x' }, { ...part, model: 'b' }))).toEqual([
      ['c', 'a', 1, 2, undefined],
      ['c/2', 'b', 1, 2, undefined],
    ]);
  });

  it("of OpenAI's image tool and the authors of vector images are apart", () => {
    const body = (more: object): object => ({ object: 'response', id: 'r', model: 'gpt-5', usage: counts, ...more });
    const plain = ['r', 'gpt-5', 9, 5, undefined];
    const tools = [
      { type: 'other', model: 'x' },
      { type: 'image_generation' },
      { type: 'image_generation', model: 'i' },
    ];
    const made = (image_gen: object): object => ({ tools, tool_usage: { image_gen } });
    expect(calls(body(made({ input_tokens: 0, output_tokens: 0 })))).toEqual([plain]);
    expect(calls(body(made({ input_tokens: 1 })))).toEqual([plain, ['r/images', 'i', 1, 0, undefined]]);
    expect(calls(body(made({ input_tokens: 1, output_tokens: 2 })))).toEqual([
      plain,
      ['r/images', 'i', 1, 2, undefined],
    ]);
    expect(calls(body({ tool_usage: { image_gen: { input_tokens: 1 } } }))).toEqual([plain]);
    const svg = (model: string, output: number): object => ({
      svg_usage: { model, input_tokens: 1, output_tokens: output, reasoning_tokens: 1 },
    });
    expect(calls(body({ ...svg('a', 2), output: [{}, svg('b', 3)] }))).toEqual([
      plain,
      ['r/svg', 'a', 1, 2, undefined],
      ['r/svg-2', 'b', 1, 3, undefined],
    ]);
    expect(read(body(svg('a', 2)))[1]?.counts.reasoning_tokens).toBe(1);
  });

  it('of a run of evals have the model of the run where they name none', () => {
    const per_model_usage = [{ prompt_tokens: 1, completion_tokens: 2 }];
    expect(calls({ object: 'eval.run', id: 'e', model: 'm', per_model_usage })).toEqual([['e', 'm', 1, 2, undefined]]);
  });
});

it('unknown counts and tools are named, also in items, and shortened', () => {
  const output = [{ type: 'x', svg_usage: { smell_tokens: 5, total_smell_tokens: 9 } }];
  const response = { object: 'response', model: 'gpt-5', usage: { input_tokens: 9, output_tokens: 5 }, output };
  expect(read(response)[0]?.unknownCounts).toEqual(['smell_tokens']);
  const connectors = { [`a_b${'c'.repeat(50)}`]: 1 };
  expect(read({ ...chat, usage: { ...usage, connectors } })[0]?.unpricedTools).toEqual([`a b${'c'.repeat(37)}`]);
});
