import { describe, expect, test } from 'vitest';
import { callOf } from '../../../src/live/calls.ts';
import { isRejection } from '../../../src/live/liveCall.ts';
import { NotOtlpError, recordsOf } from '../../../src/live/otlp.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import {
  chatAttributes,
  claudeRequest,
  codexResponse,
  geminiResponse,
  logsRequest,
  tracesRequest,
  type Attributes,
  type Span,
} from '../../fixtures/otlp.ts';

const NOW = Date.parse('2026-11-21T00:00:00.000Z');

function read(signal: 'logs' | 'traces', request: object): { records: UsageRecord[]; reasons: string[] } {
  const calls = recordsOf(signal, 'json', Buffer.from(JSON.stringify(request)))
    .map((record) => callOf(record, NOW))
    .filter((call) => call !== undefined);
  return {
    records: calls.flatMap((call) => (isRejection(call) ? [] : [call.record])),
    reasons: calls.flatMap((call) => (isRejection(call) ? [call.reason] : [])),
  };
}

const logs = (records: Attributes[], resource?: Attributes): ReturnType<typeof read> =>
  read('logs', logsRequest(records, resource));
const traces = (spans: Span[], resource?: Attributes): ReturnType<typeof read> =>
  read('traces', tracesRequest(spans, resource));

describe('the one signal of each agent', () => {
  test('Claude Code: cache reads and writes are beside its input', () => {
    const { records } = logs([claudeRequest('req_1')]);
    expect(records).toMatchObject([
      {
        source: 'claude-code-otel',
        agent: 'claude-code',
        provider: 'anthropic',
        model: 'claude-sonnet-4-5-20250929',
        input_tokens: 3_110,
        output_tokens: 200,
        total_tokens: 3_310,
        cache_read_tokens: 3_000,
        cache_write_tokens: 100,
        request_id: 'req_1',
        session_id: 'session-1',
        reported_cost_usd: 0.5,
        timestamp: '2026-11-20T10:00:00.000Z',
      },
    ]);
  });

  test('Codex: cached tokens are in its input, and the total that it calls tool tokens is in nothing', () => {
    const { records } = logs([codexResponse()]);
    expect(records).toMatchObject([
      {
        source: 'codex-otel',
        provider: 'openai',
        input_tokens: 1_200,
        output_tokens: 80,
        cache_read_tokens: 1_000,
        reasoning_tokens: 30,
        session_id: 'conversation-1',
      },
    ]);
  });

  test('Gemini CLI and Qwen Code: thoughts are output, tools are input, cached tokens are in the input', () => {
    const { records } = logs([
      geminiResponse(),
      geminiResponse({ 'event.name': 'qwen-code.api_response', model: 'qwen3' }),
    ]);
    const counts = { input_tokens: 1_005, output_tokens: 70, cache_read_tokens: 400, reasoning_tokens: 20 };
    expect(records).toMatchObject([
      { source: 'gemini-cli-otel', provider: 'google', ...counts },
      { source: 'qwen-otel', provider: 'alibaba', agent: 'qwen-code', ...counts },
    ]);
  });

  test('spans of one call, not those of their agents or tools', () => {
    const { records } = traces([
      { name: 'invoke_agent x', span: '01', attributes: chatAttributes({ 'gen_ai.operation.name': 'invoke_agent' }) },
      { name: 'chat gpt-5', span: '02', parent: '01', attributes: chatAttributes() },
      { name: 'execute_tool y', span: '03', parent: '01', attributes: { 'gen_ai.operation.name': 'execute_tool' } },
    ]);
    expect(records).toMatchObject([
      {
        source: 'otel',
        provider: 'openai',
        model: 'gpt-5',
        input_tokens: 1_000,
        output_tokens: 100,
        cache_read_tokens: 400,
      },
    ]);
  });

  test('the Vercel AI SDK: its inner spans, which name no operation', () => {
    const usage = { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-5', 'gen_ai.usage.input_tokens': 7 };
    const { records } = traces([
      {
        name: 'ai.generateText',
        span: '01',
        attributes: { 'ai.usage.promptTokens': 7, 'ai.usage.completionTokens': 3 },
      },
      {
        name: 'ai.generateText.doGenerate',
        span: '02',
        parent: '01',
        attributes: { ...usage, 'gen_ai.usage.output_tokens': 3 },
      },
      {
        name: 'ai.embed.doEmbed',
        span: '03',
        attributes: {
          'gen_ai.system': 'openai',
          'gen_ai.request.model': 'text-embedding-3-small',
          'ai.usage.tokens': 11,
        },
      },
    ]);
    expect(records.map(({ input_tokens, output_tokens }) => [input_tokens, output_tokens])).toEqual([
      [7, 3],
      [11, 0],
    ]);
  });

  test('a response that two instrumentations report has one id', () => {
    const attributes = chatAttributes({ 'gen_ai.response.id': 'resp_1' });
    const { records } = traces([
      { name: 'chat gpt-5', span: '01', attributes },
      { name: 'chat gpt-5', span: '02', parent: '01', attributes },
    ]);
    expect(new Set(records.map(({ usage_id }) => usage_id)).size).toBe(1);
  });

  test.each([
    ['a user prompt', { 'event.name': 'user_prompt', prompt_length: 5 }],
    ['a tool result', { 'event.name': 'tool_result', duration_ms: 5 }],
    ['a chunk of a stream', codexResponse({ 'event.kind': 'response.output_text.delta' })],
    ['a request of Codex', { ...codexResponse(), 'event.name': 'codex.api_request' }],
    [
      'the second log of a Gemini response',
      geminiResponse({ 'event.name': 'gen_ai.client.inference.operation.details' }),
    ],
  ])('%s is no call', (_, attributes) => {
    expect(logs([attributes])).toEqual({ records: [], reasons: [] });
  });
});

describe('who bills a call of an agent', () => {
  test.each([
    ['anthropic', undefined, claudeRequest('r')],
    ['bedrock', undefined, claudeRequest('r', { model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' })],
    ['vertex', undefined, claudeRequest('r', { model: 'claude-sonnet-4-5@20250929' })],
    ['zai', undefined, claudeRequest('r', { model: 'glm-4.6' })],
    ['moonshotai', undefined, claudeRequest('r', { model: 'kimi-k2.6' })],
    ['openrouter', undefined, claudeRequest('r', { model: 'anthropic/claude-sonnet-4.5' })],
    ['ollama', 'free', claudeRequest('r', { model: 'qwen3:8b' })],
    ['openai', undefined, codexResponse({ auth_mode: 'ApiKey' })],
    ['openai', 'plan', codexResponse({ auth_mode: 'Chatgpt' })],
    ['ollama', 'free', codexResponse({ model: 'gpt-oss:20b' })],
  ])('%s %s', (provider, charge, attributes) => {
    expect(logs([attributes]).records).toEqual([expect.objectContaining({ provider })]);
    expect(logs([attributes]).records[0]?.['charge']).toBe(charge);
  });
});

describe('what a call says', () => {
  test("the agent's cost may be in millionths", () => {
    const { cost_usd: _, ...rest } = claudeRequest('req_1', { cost_usd_micros: 500_000 });
    expect(logs([rest]).records).toMatchObject([{ reported_cost_usd: 0.5 }]);
  });

  test('project, account and tags come from the attributes of the program', () => {
    const { records } = logs([claudeRequest('req_1')], { project: 'site', 'llm_spend.account': 'team', tags: 'a;b' });
    expect(records).toMatchObject([{ project: 'site', account: 'team', tags: ['a', 'b'] }]);
  });

  test('the agent of a span is the service that sends it, where it has a name', () => {
    const spans = [{ name: 'chat gpt-5', span: '01', attributes: chatAttributes() }];
    expect(traces(spans, { 'service.name': 'copilot-chat' }).records).toMatchObject([{ agent: 'copilot-chat' }]);
    expect(traces(spans, { 'service.name': 'unknown_service:python' }).records[0]).not.toHaveProperty('agent');
  });

  test('numbers as texts and texts as numbers are the same call', () => {
    const { records } = logs([
      claudeRequest('req_1'),
      claudeRequest('req_1', { input_tokens: '10', output_tokens: '200', cost_usd: '0.5' }),
    ]);
    expect(records[1]).toEqual(records[0]);
  });

  test('without a time, the time of the record counts, then now', () => {
    const { 'event.timestamp': _, ...timeless } = claudeRequest('req_1');
    expect(logs([timeless]).records).toMatchObject([{ timestamp: new Date(1_780_000_000_000).toISOString() }]);
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: [] as object[] }] }] }] };
    request.resourceLogs[0]!.scopeLogs[0]!.logRecords[0]!.attributes = Object.entries(timeless).map(([key, value]) => ({
      key,
      value: { stringValue: String(value) },
    }));
    expect(read('logs', request).records).toMatchObject([{ timestamp: new Date(NOW).toISOString() }]);
  });

  test.each([
    [
      'no counts',
      claudeRequest('r', { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_creation_tokens: 0 }),
      /no token counts/,
    ],
    ['a negative count', claudeRequest('r', { output_tokens: -5 }), /^output_tokens: must be .* \(got -5\)$/],
    ['a fraction of a token', claudeRequest('r', { output_tokens: 1.5 }), /output_tokens/],
    ['a count that is a word', claudeRequest('r', { output_tokens: 'many' }), /^output_tokens: .* \(got "many"\)$/],
    ['an impossible cost', claudeRequest('r', { cost_usd: 1e300 }), /cost_usd/],
  ])('%s is rejected with the reason, and the others are recorded', (_, bad, reason) => {
    const { records, reasons } = logs([claudeRequest('req_1'), bad, claudeRequest('req_2')]);
    expect(records.map(({ request_id }) => request_id)).toEqual(['req_1', 'req_2']);
    expect(reasons).toEqual([expect.stringMatching(reason)]);
  });

  test('a call that failed without counts is not rejected', () => {
    const {
      'gen_ai.usage.input_tokens': _,
      'gen_ai.usage.output_tokens': __,
      ...rest
    } = chatAttributes({
      'gen_ai.usage.cache_read.input_tokens': 0,
    });
    expect(traces([{ name: 'chat gpt-5', span: '01', attributes: rest, failed: true }])).toEqual({
      records: [],
      reasons: [],
    });
    expect(traces([{ name: 'chat gpt-5', span: '01', attributes: rest }]).reasons).toHaveLength(1);
  });
});

test('a time more than a day ahead is replaced by that of the receipt', () => {
  const ahead = claudeRequest('req_1', { 'event.timestamp': '2031-01-01T00:00:00.000Z' });
  expect(logs([ahead]).records).toMatchObject([
    { timestamp: new Date(NOW).toISOString(), reported_time: '2031-01-01T00:00:00.000Z' },
  ]);
  const soon = claudeRequest('req_1', { 'event.timestamp': '2026-11-21T20:00:00.000Z' });
  expect(logs([soon]).records).toMatchObject([{ timestamp: '2026-11-21T20:00:00.000Z' }]);
});

test('attributes of the instrumenting library count where the program has none', () => {
  const request = tracesRequest([{ name: 'chat', span: '01', attributes: chatAttributes() }], { account: 'team' }) as {
    resourceSpans: { scopeSpans: { scope?: object }[] }[];
  };
  const attributes = ['project', 'account'].map((key) => ({ key, value: { stringValue: 'scope' } }));
  request.resourceSpans[0]!.scopeSpans[0]!.scope = { name: 'x', attributes };
  expect(read('traces', request).records).toMatchObject([{ project: 'scope', account: 'team' }]);
});

test.each([
  ['not JSON', 'hello'],
  ['another object', '{"hello":1}'],
  ['spans', '{"resourceSpans":[]}'],
  ['names of protobuf', '{"resource_logs":[]}'],
  ['an array', '[]'],
  ['a list that is none', '{"resourceLogs":5}'],
  ['a list of numbers', '{"resourceLogs":[1]}'],
  ['records that are texts', '{"resourceLogs":[{"scopeLogs":[{"logRecords":["x"]}]}]}'],
])('%s is no OTLP', (_, body) => {
  expect(() => recordsOf('logs', 'json', Buffer.from(body))).toThrow(NotOtlpError);
});

test('unknown members, an empty request and a byte order mark are fine', () => {
  expect(recordsOf('logs', 'json', Buffer.from('\uFEFF{"resourceLogs":[]}'))).toEqual([]);
  expect(recordsOf('logs', 'json', Buffer.from('{"resourceLogs":[{"x":1,"scopeLogs":[]}],"y":2}'))).toEqual([]);
  expect(recordsOf('traces', 'json', Buffer.from('{}'))).toEqual([]);
  expect(recordsOf('traces', 'protobuf', Buffer.alloc(0))).toEqual([]);
});
