import { describe, expect, test } from 'vitest';
import { callOf } from '../../../src/live/calls.ts';
import { isRejection } from '../../../src/live/liveCall.ts';
import { selectCalls, spanIds, type SpanNode } from '../../../src/live/nestedSpans.ts';
import { recordsOf } from '../../../src/live/otlp.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { chatAttributes, tracesRequest, type Attributes, type Span } from '../../fixtures/otlp.ts';

const NOW = Date.parse('2026-11-21T00:00:00.000Z');

/** What a receiver would store of these requests, in their order, by id; and the reasons of rejected spans. */
function received(...requests: Span[][]): { records: UsageRecord[]; reasons: string[] } {
  const nodes = new Map<string, SpanNode>();
  const stored = new Map<string, UsageRecord>();
  const reasons: string[] = [];
  for (const spans of requests) {
    const all = recordsOf('traces', 'json', Buffer.from(JSON.stringify(tracesRequest(spans))));
    const { calls, repeats } = selectCalls(
      all.map((otlp) => ({ span: spanIds(otlp), call: callOf(otlp, NOW) })),
      nodes,
    );
    for (const id of repeats) stored.delete(id);
    for (const call of calls) {
      if (call === undefined) continue;
      if (isRejection(call)) reasons.push(call.reason);
      else if (!stored.has(call.record.usage_id)) stored.set(call.record.usage_id, call.record);
    }
  }
  return { records: [...stored.values()], reasons };
}

const one = (attributes: Attributes, name = 'chat gpt-5'): Record<string, unknown> | undefined =>
  received([{ name, span: '01', attributes }]).records[0];

describe('the counts of the Vercel AI SDK', () => {
  const usage = { 'gen_ai.request.model': 'gpt-5', 'gen_ai.response.id': 'resp_1' };
  test('version 6: cached tokens are part of the input', () => {
    const attributes = {
      ...usage,
      'gen_ai.system': 'openai.responses',
      'gen_ai.usage.input_tokens': 1_200,
      'gen_ai.usage.output_tokens': 300,
      'ai.usage.inputTokenDetails.noCacheTokens': 150,
      'ai.usage.inputTokenDetails.cacheReadTokens': 1_000,
      'ai.usage.inputTokenDetails.cacheWriteTokens': 50,
      'ai.usage.cachedInputTokens': 1_000,
      'ai.usage.outputTokenDetails.reasoningTokens': 120,
    };
    expect(one(attributes, 'ai.generateText.doGenerate')).toMatchObject({
      provider: 'openai',
      input_tokens: 1_200,
      output_tokens: 300,
      cache_read_tokens: 1_000,
      cache_write_tokens: 50,
      reasoning_tokens: 120,
    });
  });

  test("version 5: Anthropic's input excludes cached tokens, others' includes them", () => {
    const counts = {
      'gen_ai.usage.input_tokens': 1_200,
      'gen_ai.usage.output_tokens': 300,
      'ai.usage.cachedInputTokens': 1_000,
    };
    const claude = { 'gen_ai.system': 'anthropic.messages', 'gen_ai.request.model': 'claude-sonnet-4-5', ...counts };
    expect(one(claude, 'ai.streamText.doStream')).toMatchObject({ input_tokens: 2_200, cache_read_tokens: 1_000 });
    const gpt = { ...usage, 'gen_ai.system': 'openai.chat', ...counts };
    expect(one(gpt, 'ai.streamText.doStream')).toMatchObject({ input_tokens: 1_200, cache_read_tokens: 1_000 });
  });

  test('version 4: its older names', () => {
    const attributes = { 'ai.model.id': 'gpt-5', 'ai.usage.promptTokens': 7, 'ai.usage.completionTokens': 3 };
    expect(one(attributes, 'ai.generateText.doGenerate')).toMatchObject({
      model: 'gpt-5',
      input_tokens: 7,
      output_tokens: 3,
    });
  });
});

describe('names of other instrumentations', () => {
  const openInference = {
    'openinference.span.kind': 'LLM',
    'llm.model_name': 'claude-sonnet-4-5-20250929',
    'llm.provider': 'anthropic',
    'llm.system': 'anthropic',
    'llm.token_count.prompt': 1_200,
    'llm.token_count.completion': 300,
    'llm.token_count.total': 1_500,
    'llm.token_count.prompt_details.cache_read': 1_000,
    'llm.token_count.prompt_details.cache_write': 50,
    'llm.token_count.completion_details.reasoning': 120,
    'llm.cost.total': 0.25,
  };
  test('OpenInference', () => {
    expect(one(openInference, 'ChatCompletion')).toMatchObject({
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      operation: 'chat',
      input_tokens: 1_200,
      output_tokens: 300,
      cache_read_tokens: 1_000,
      cache_write_tokens: 50,
      reasoning_tokens: 120,
      reported_cost_usd: 0.25,
    });
    expect(one({ ...openInference, 'llm.provider': 'aws' })).toMatchObject({ provider: 'bedrock' });
  });

  test('OpenInference: an embedding, and kinds that are no calls', () => {
    const embedding = {
      'openinference.span.kind': 'EMBEDDING',
      'embedding.model_name': 'text-embedding-3-small',
      'llm.token_count.prompt': 8,
    };
    expect(one(embedding)).toMatchObject({ model: 'text-embedding-3-small', operation: 'embeddings', input_tokens: 8 });
    for (const kind of ['CHAIN', 'AGENT', 'TOOL', 'EVALUATOR']) {
      expect(one({ ...openInference, 'openinference.span.kind': kind })).toBeUndefined();
    }
  });

  test.each(['openai', 'gen_ai'])('OpenLLMetry until 2024: counts by %s', (names) => {
    const prefix = names === 'openai' ? 'llm' : 'gen_ai';
    const attributes = {
      'llm.vendor': 'OpenAI',
      'llm.request.type': 'chat',
      'llm.request.model': 'gpt-4o',
      'llm.response.model': 'gpt-4o-2024-08-06',
      [`${prefix}.usage.prompt_tokens`]: 70,
      [`${prefix}.usage.completion_tokens`]: 30,
      'llm.usage.total_tokens': 100,
    };
    expect(one(attributes, 'openai.chat')).toMatchObject({
      provider: 'openai',
      model: 'gpt-4o-2024-08-06',
      operation: 'chat',
      input_tokens: 70,
      output_tokens: 30,
    });
  });
});

describe('who bills a call', () => {
  const claude = 'claude-sonnet-4-5';
  test.each<[string, Attributes, string]>([
    ['Bedrock', { 'gen_ai.provider.name': 'aws.bedrock', 'gen_ai.request.model': `us.anthropic.${claude}` }, 'bedrock'],
    ['Azure', { 'gen_ai.provider.name': 'azure.ai.openai' }, 'azure'],
    ['Azure, older name', { 'gen_ai.provider.name': 'az.ai.inference' }, 'azure'],
    ['Vertex', { 'gen_ai.provider.name': 'gcp.vertex_ai', 'gen_ai.request.model': claude }, 'vertex'],
    [
      'Gemini by Vertex',
      { 'gen_ai.provider.name': 'gcp.vertex_ai', 'gen_ai.request.model': 'gemini-2.5-pro' },
      'google',
    ],
    ['the AI SDK’s Bedrock', { 'gen_ai.provider.name': 'amazon-bedrock', 'gen_ai.request.model': claude }, 'bedrock'],
    ['Groq', { 'gen_ai.provider.name': 'groq', 'gen_ai.request.model': 'openai/gpt-oss-120b' }, 'groq'],
    [
      'OpenRouter by its address',
      { 'server.address': 'openrouter.ai', 'gen_ai.request.model': `anthropic/${claude}` },
      'openrouter',
    ],
    ['Azure by its address', { 'server.address': 'acme.openai.azure.com', 'server.port': 443 }, 'azure'],
    [
      'DeepSeek by its URL',
      { 'gen_ai.openai.api_base': 'https://api.deepseek.com/v1', 'gen_ai.request.model': 'x' },
      'deepseek',
    ],
    [
      'Copilot, priced by vendor',
      { 'gen_ai.provider.name': 'github', 'server.address': 'api.githubcopilot.com', 'gen_ai.request.model': claude },
      'anthropic',
    ],
    ['OpenAI', { 'gen_ai.provider.name': 'openai', 'server.address': 'api.openai.com' }, 'openai'],
    ['a proxy on this machine', { 'server.address': '127.0.0.1', 'server.port': 4_000 }, 'openai'],
  ])('%s', (_, more, provider) => {
    expect(one(chatAttributes(more))).toMatchObject({ provider });
    expect(one(chatAttributes(more))).not.toHaveProperty('charge');
  });

  test('a model on this machine is free', () => {
    const model = { 'gen_ai.request.model': 'qwen3:8b' };
    expect(one(chatAttributes({ ...model, 'server.address': 'localhost', 'server.port': 11_434 }))).toMatchObject({
      provider: 'ollama',
      charge: 'free',
    });
    expect(one(chatAttributes({ ...model, 'gen_ai.provider.name': 'ollama' }))).toMatchObject({ provider: 'ollama' });
  });
});

describe('which spans are calls', () => {
  test.each<[string, Attributes, string | undefined]>([
    ['OpenLLMetry’s embedding', { 'gen_ai.operation.name': 'embedding' }, 'embeddings'],
    ['a name in capitals', { 'gen_ai.operation.name': 'Chat' }, 'chat'],
    [
      'an unknown operation with a response',
      { 'gen_ai.operation.name': 'responses', 'gen_ai.response.id': 'r' },
      'responses',
    ],
    ['an unknown operation without one', { 'gen_ai.operation.name': 'responses' }, undefined],
    ['no operation, with a response', { 'gen_ai.operation.name': '', 'gen_ai.response.id': 'r' }, 'chat'],
    ['no operation and no response', { 'gen_ai.operation.name': '' }, undefined],
    ['an agent with a response', { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.response.id': 'r' }, undefined],
    ['a workflow', { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.response.id': 'r' }, undefined],
  ])('%s', (_, more, operation) => {
    expect(one(chatAttributes(more))?.['operation']).toBe(operation);
  });
});

describe('spans in spans', () => {
  const chat = (span: string, parent: string | undefined, more: Attributes = {}): Span => ({
    name: 'chat gpt-5',
    span,
    ...(parent === undefined ? {} : { parent }),
    attributes: chatAttributes(more),
  });
  const other = (span: string, parent: string): Span => ({ name: 'POST', span, parent, attributes: {} });

  test.each<[string, Span[][]]>([
    ['in one request', [[chat('03', '02'), other('02', '01'), chat('01', undefined)]]],
    ['in one request, the outer one first', [[chat('01', undefined), other('02', '01'), chat('03', '02')]]],
    ['in several requests', [[chat('03', '02')], [other('02', '01'), chat('01', undefined)]]],
    ['the outer one arrives first', [[chat('01', undefined)], [chat('03', '01')]]],
    ['sent again', [[chat('03', '01')], [chat('03', '01')], [chat('01', undefined)], [chat('01', undefined)]]],
    [
      'the outer one has an id',
      [[chat('03', '01'), chat('01', undefined, { 'gen_ai.response.id': 'response-of-provider-1' })]],
    ],
  ])('a call that two of them report is recorded once: %s', (_, requests) => {
    expect(received(...requests).records).toHaveLength(1);
  });

  test('an outer span that sums up its calls is not recorded', () => {
    const sum = { 'gen_ai.usage.input_tokens': 2_000, 'gen_ai.usage.output_tokens': 200 };
    const { records } = received([chat('02', '01'), chat('03', '01'), chat('01', undefined, sum)]);
    expect(records.map(({ total_tokens }) => total_tokens)).toEqual([1_100, 1_100]);
  });

  test('calls beside each other, and an embedding in a call, are all recorded', () => {
    const embedding = { 'gen_ai.operation.name': 'embeddings', 'gen_ai.usage.output_tokens': 0 };
    expect(received([chat('02', '01'), chat('03', '01')]).records).toHaveLength(2);
    expect(received([chat('02', '01', embedding), chat('01', undefined)]).records).toHaveLength(2);
  });

  test('a parent without counts is not rejected when its call is recorded', () => {
    const none = { 'gen_ai.operation.name': 'embeddings', 'gen_ai.request.model': 'text-embedding-3-small' };
    const parent: Span = { name: 'embeddings', span: '01', attributes: none };
    expect(received([chat('02', '01'), parent]).reasons).toEqual([]);
    expect(received([parent]).reasons).toHaveLength(1);
  });

  test('spans that contain each other are recorded', () => {
    expect(received([chat('01', '02'), chat('02', '01')]).records.length).toBeGreaterThan(0);
  });
});

describe('ids', () => {
  const spans = (...attributes: Attributes[]): Span[] =>
    attributes.map((each, at) => ({
      name: 'chat',
      span: `0${at + 1}`,
      trace: String(at + 1).repeat(32),
      attributes: chatAttributes(each),
    }));
  test('short response ids, as Ollama gives, are ids within a trace only', () => {
    const short = { 'gen_ai.response.id': 'chatcmpl-123' };
    expect(received(spans(short, short)).records).toHaveLength(2);
    const long = { 'gen_ai.response.id': 'chatcmpl-CVj8hLxqBzWv2' };
    expect(received(spans(long, long)).records).toHaveLength(1);
  });

  test('zeros are no id, and the case of letters does not matter', () => {
    const zeros = { trace: '0'.repeat(32), span: '0'.repeat(16), name: 'chat' };
    const two = [1_000, 2_000].map((input) => ({
      ...zeros,
      attributes: chatAttributes({ 'gen_ai.usage.input_tokens': input }),
    }));
    expect(received(two).records).toHaveLength(2);
    const cases = ['AB', 'ab'].map((byte) => ({
      name: 'chat',
      trace: byte.repeat(16),
      span: byte.repeat(8),
      attributes: chatAttributes(),
    }));
    expect(received(cases).records).toHaveLength(1);
  });
});
