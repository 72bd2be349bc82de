import { describe, expect, test } from 'vitest';
import { conventional } from '../../../../src/sources/otel/otherNames.ts';
import { spanPayer } from '../../../../src/sources/otel/spanPayer.ts';
import { attributesOf, usageOfSpan } from '../../../../src/sources/otel/spans.ts';

/** Who bills the call of a span, and the attributes of instrumentations that have other names for them. */

describe('the payer of a span', () => {
  test.each<[Record<string, unknown>, string, string, string?]>([
    [{}, 'gpt-5', 'openai'],
    [{}, 'mystery', 'unknown'],
    [{ 'gen_ai.provider.name': 'my-proxy' }, 'mystery', 'my-proxy'],
    [{ 'gen_ai.system': 'my-proxy' }, 'mystery', 'my-proxy'],
    [{ 'gen_ai.provider.name': 'anthropic', 'gen_ai.system': 'x' }, 'mystery', 'anthropic'],
    [{ 'gen_ai.provider.name': 'mistral_ai' }, 'mystery', 'mistral'],
    // The vendor of the model, whatever speaks its protocol.
    [{ 'gen_ai.provider.name': 'openai' }, 'claude-opus-4-5', 'anthropic'],
    [{ 'gen_ai.provider.name': 'aws.bedrock' }, 'claude-opus-4-5', 'bedrock'],
    [{ 'gen_ai.provider.name': 'aws' }, 'claude-opus-4-5', 'bedrock'],
    [{ 'gen_ai.provider.name': 'aws-of-mine' }, 'mystery', 'aws-of-mine'],
    [{ 'gen_ai.provider.name': 'AZ.AI.inference' }, 'gpt-5', 'azure'],
    [{ 'gen_ai.provider.name': 'azure' }, 'gpt-5', 'azure'],
    [{ 'gen_ai.provider.name': 'azure_openai' }, 'gpt-5', 'azure'],
    [{ 'gen_ai.provider.name': 'gcp.vertex_ai' }, 'claude-opus-4-5', 'vertex'],
    [{ 'gen_ai.provider.name': 'gcp.vertex_ai' }, 'gemini-2.5-pro', 'google'],
    [{ 'gen_ai.provider.name': 'OpenRouter' }, 'gpt-5', 'openrouter'],
    [{ 'gen_ai.provider.name': 'groq.chat' }, 'gpt-oss', 'groq'],
    ...['together', 'fireworks', 'deepinfra', 'cerebras', 'perplexity', 'sambanova', 'novita', 'nebius'].map(
      (name): [Record<string, unknown>, string, string] => [{ 'gen_ai.system': `${name}_ai` }, 'gpt-oss', name],
    ),
    [{ 'gen_ai.system': 'my-groq' }, 'gpt-5', 'openai'],
    [{ 'gen_ai.system': 'ollama' }, 'gpt-5', 'ollama'],
    [{ 'server.address': 'api.z.ai', 'gen_ai.system': 'anthropic' }, 'claude-opus-4-5', 'zai'],
    [{ 'server.address': 'aiplatform.googleapis.com' }, 'gemini-2.5-pro', 'google'],
    [{ 'server.address': 'aiplatform.googleapis.com' }, 'claude-opus-4-5', 'vertex'],
    [{ 'server.address': 'api.githubcopilot.com' }, 'claude-opus-4-5', 'anthropic'],
    [{ 'server.address': 'example.com' }, 'gpt-5', 'openai'],
    [{ 'server.address': 'localhost', 'server.port': 11434 }, 'gpt-5', 'ollama', 'free'],
    [{ 'server.address': 'localhost', 'server.port': '1234' }, 'gpt-5', 'lmstudio', 'free'],
    [{ 'server.address': '::1', 'server.port': 11434 }, 'gpt-5', 'ollama', 'free'],
    [{ 'server.address': 'localhost' }, 'gpt-5', 'openai'],
    [{ 'server.address': 'http://localhost:11434', 'server.port': 9 }, 'gpt-5', 'ollama', 'free'],
    [{ 'gen_ai.openai.api_base': 'https://openrouter.ai/api/v1' }, 'gpt-5', 'openrouter'],
    [{ 'llm.openai.api_base': 'https://api.deepseek.com' }, 'gpt-5', 'deepseek'],
    [{ 'server.address': 'api.z.ai', 'gen_ai.openai.api_base': 'https://openrouter.ai' }, 'gpt-5', 'zai'],
  ])('%j of %s is %s', (attributes, model, provider, charge) => {
    expect(spanPayer(attributes, model)).toEqual(charge === undefined ? { provider } : { provider, charge });
  });
});

describe('attributes under other names', () => {
  const REQUEST = 'gen_ai.request.model';
  const RESPONSE = 'gen_ai.response.model';
  const PROVIDER = 'gen_ai.provider.name';
  test.each([
    ['llm.request.model_name', REQUEST],
    ['llm.request.model', REQUEST],
    ['ai.model.id', REQUEST],
    ['llm.response.model_name', RESPONSE],
    ['llm.model_name', RESPONSE],
    ['embedding.model_name', RESPONSE],
    ['llm.response.model', RESPONSE],
    ['ai.response.model', RESPONSE],
    ['gen_ai.system', PROVIDER],
    ['llm.provider', PROVIDER],
    ['llm.system', PROVIDER],
    ['llm.vendor', PROVIDER],
  ])('%s is %s, unless that is there', (other, name) => {
    expect(conventional({ [other]: 'x' })).toEqual({ [other]: 'x', [name]: 'x' });
    expect(conventional({ [other]: 'x', [name]: 'y' })).toEqual({ [other]: 'x', [name]: 'y' });
  });

  test.each<[Record<string, unknown>, string | undefined]>([
    [{ 'openinference.span.kind': 'LLM' }, 'chat'],
    [{ 'openinference.span.kind': 'embedding' }, 'embeddings'],
    [{ 'openinference.span.kind': 'CHAIN' }, 'invoke_agent'],
    [{ 'openinference.span.kind': 'UNKNOWN' }, undefined],
    [{ 'openinference.span.kind': 'unknown', 'llm.request.type': 'Chat' }, 'chat'],
    [{ 'llm.request.type': 'embedding' }, 'embeddings'],
    [{ 'llm.request.type': 'completion' }, 'completion'],
    [{ 'gen_ai.operation.name': 'mine', 'openinference.span.kind': 'LLM' }, 'mine'],
    [{}, undefined],
  ])('%j is the operation %s', (attributes, operation) => {
    expect(conventional(attributes)['gen_ai.operation.name']).toBe(operation);
  });

  test('are read from a list of typed values, or an object', () => {
    expect(attributesOf({ a: 1 })).toEqual({ a: 1 });
    expect(attributesOf('text')).toBeUndefined();
    expect(
      attributesOf([
        { key: 'i', value: { intValue: '12' } },
        { key: 'd', value: { doubleValue: 1.5 } },
        { key: 's', value: { stringValue: 'x' } },
        { key: 'b', value: { boolValue: false } },
        { key: 'n' },
        { key: 5, value: { intValue: 1 } },
        7,
      ]),
    ).toEqual({ i: 12, d: 1.5, s: 'x', b: false, n: undefined });
  });
});

describe('the service tier of a span', () => {
  const span = (attributes: Record<string, unknown>): unknown =>
    usageOfSpan(
      'otel',
      {
        name: 'chat gpt-5',
        traceId: 'a1',
        spanId: 'b1',
        attributes: { 'gen_ai.request.model': 'gpt-5', 'gen_ai.usage.input_tokens': 1, ...attributes },
      },
      '2026-11-20T00:00:00Z',
    )?.found.record['service_tier'];

  test.each([
    'openai.response.service_tier',
    'gen_ai.openai.response.service_tier',
    'gen_ai.response.service_tier',
    'gen_ai.anthropic.service_tier',
    'openai.request.service_tier',
    'gen_ai.openai.request.service_tier',
    'gen_ai.request.service_tier',
  ])('is that of %s', (name) => {
    expect(span({ [name]: 'priority' })).toBe('priority');
    expect(span({ [name]: 7 })).toBe('7');
  });

  test('is that of the response rather than the one that was asked for, and none if it is the usual one', () => {
    const asked = { 'openai.request.service_tier': 'priority' };
    expect(span({ ...asked, 'openai.response.service_tier': 'default' })).toBeUndefined();
    expect(span({ ...asked, 'gen_ai.openai.response.service_tier': 'flex' })).toBe('flex');
    expect(span({})).toBeUndefined();
  });

  test('is in what the AI SDK tells of its provider', () => {
    const told = (value: unknown): unknown => span({ 'ai.response.providerMetadata': value });
    expect(told('{"openai":{"responseId":"r","serviceTier":"priority"}}')).toBe('priority');
    expect(told('{"openai":{"serviceTier":"default"}}')).toBeUndefined();
    for (const none of ['{"openai":{}}', '{"openai":', '[]', 'null', '{"openai":7}', 7]) {
      expect(told(none)).toBeUndefined();
    }
  });
});
