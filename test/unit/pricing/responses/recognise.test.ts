import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Pricer } from '../../../../src/pricing/price.ts';
import { recogniseResponses, type RecognisedResponse } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable, type PriceTable } from '../../../../src/pricing/table.ts';
import { usd } from '../usd.ts';
import * as samples from './samples.ts';

let table: PriceTable;
beforeAll(async () => {
  table = loadPriceTable();
});

const recognise = (value: unknown) =>
  recogniseResponses(typeof value === 'string' ? value : JSON.stringify(value), table);

function only(value: unknown): RecognisedResponse {
  const { responses, problems } = recognise(value);
  expect(problems).toEqual([]);
  expect(responses).toHaveLength(1);
  return responses[0] as RecognisedResponse;
}

const claudeCounts = {
  input_tokens: 100_000,
  output_tokens: 2_000,
  cache_read_tokens: 80_000,
  cache_write_tokens: 15_000,
  cache_write_1h_tokens: 15_000,
};
const gptCounts = { input_tokens: 10_000, output_tokens: 2_000, cache_read_tokens: 6_000, reasoning_tokens: 500 };
const geminiCounts = { input_tokens: 10_000, output_tokens: 2_000, reasoning_tokens: 500 };

describe('single responses', () => {
  it.each([
    ['anthropic-messages', samples.anthropicMessage, 'anthropic', 'claude-sonnet-4-5-20250929', claudeCounts],
    ['openai-chat', samples.chatCompletion, 'openai', 'gpt-5-2025-08-07', gptCounts],
    ['openai-responses', samples.openaiResponse, 'openai', 'gpt-5', gptCounts],
    ['gemini', samples.geminiResponse, 'google', 'gemini-2.5-flash', geminiCounts],
    [
      'bedrock-converse',
      samples.converse,
      'aws',
      undefined,
      { input_tokens: 130, output_tokens: 20, cache_read_tokens: 30 },
    ],
    [
      'openai-chat',
      samples.openrouter,
      'openrouter',
      'anthropic/claude-sonnet-4.5',
      { input_tokens: 100, output_tokens: 20 },
    ],
    ['ollama', samples.ollama, 'ollama', 'llama3.2', { input_tokens: 26, output_tokens: 298 }],
  ])('%s', (api, response, provider, model, counts) => {
    const found = only(response);
    expect(found).toMatchObject({ api, provider, model, streamed: false });
    expect(found.counts).toEqual(counts);
  });

  it('tell when, by which id, at what tier and price where they say so', () => {
    expect(only(samples.chatCompletion)).toMatchObject({
      responseId: samples.chatCompletion.id,
      timestamp: '2026-01-09T23:06:40.000Z',
      serviceTier: undefined,
      costUsd: undefined,
    });
    expect(only({ ...samples.chatCompletion, service_tier: 'flex' }).serviceTier).toBe('flex');
    expect(only(samples.openrouter).costUsd).toBe(0.0006);
    expect(only(samples.ollama).timestamp).toBe(samples.ollama.created_at);
  });

  it('say how sure it is', () => {
    expect(only(samples.anthropicMessage).confidence).toBe('certain');
    expect(only(samples.chatCompletion).confidence).toBe('likely');
    expect(only({ ...samples.chatCompletion, model: 'my-own-model' })).toMatchObject({
      provider: undefined,
      confidence: 'guess',
    });
    expect(only({ usage: { input_tokens: 5, output_tokens: 1 } })).toMatchObject({ confidence: 'guess' });
  });

  it('tell who bills Claude', () => {
    const from = (id: string) => only({ ...samples.anthropicMessage, id }).provider;
    expect([from('msg_bdrk_01'), from('msg_vrtx_01'), from('msg_01')]).toEqual(['aws', 'google', 'anthropic']);
  });

  it('are found in what tools put around them', () => {
    for (const wrapped of [
      { custom_id: 'a', response: { status_code: 200, body: samples.chatCompletion }, error: null },
      { custom_id: 'a', result: { type: 'succeeded', message: samples.chatCompletion } },
      { type: 'assistant', sessionId: 's', message: samples.chatCompletion },
    ]) {
      expect(only(wrapped).counts).toEqual(gptCounts);
    }
  });

  it('count the reasoning of grok, which is beside its output', () => {
    const grok = (usage: object) =>
      only({ ...samples.chatCompletion, model: 'grok-4-0709', usage: { ...samples.chatCompletion.usage, ...usage } })
        .counts;
    expect(grok({ total_tokens: 12_500 })).toMatchObject({ output_tokens: 2_500, reasoning_tokens: 500 });
    // Without a total, xAI's rule.
    expect(grok({ total_tokens: undefined })).toMatchObject({ output_tokens: 2_500, reasoning_tokens: 500 });
    // A gateway has added it already.
    expect(grok({ total_tokens: 12_000 })).toMatchObject({ output_tokens: 2_000, reasoning_tokens: 500 });
  });

  it('of embeddings have no output', () => {
    const list = {
      object: 'list',
      data: [],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    };
    expect(only(list)).toMatchObject({ api: 'openai-embeddings', counts: { input_tokens: 8, output_tokens: 0 } });
  });
});

describe('streams', () => {
  it.each([
    ['anthropic-messages', samples.anthropicStream, claudeCounts],
    ['openai-chat', samples.chatStream, gptCounts],
    ['openai-responses', samples.responsesStream, gptCounts],
    ['gemini', samples.geminiStream, geminiCounts],
  ])('%s, in every form that a transcript has', (api, events, counts) => {
    for (const text of [
      samples.sse(events),
      `${samples.sse(events)}\n\ndata: [DONE]\n\n`,
      samples.sse(events).replaceAll('\n', '\r\n'),
      samples.sse(events, '\n'),
      JSON.stringify(events),
      JSON.stringify(events, null, 2),
      events.map((event) => JSON.stringify(event)).join('\n'),
    ]) {
      const found = only(text);
      expect(found).toMatchObject({ api, streamed: true });
      expect(found.counts).toEqual(counts);
    }
  });

  it('of Ollama end with their counts', () => {
    const part = { model: 'llama3.2', created_at: samples.ollama.created_at, done: false };
    expect(only([part, part, samples.ollama].map((line) => JSON.stringify(line)).join('\n'))).toMatchObject({
      api: 'ollama',
      streamed: true,
      counts: { input_tokens: 26, output_tokens: 298 },
    });
  });

  it('may follow each other', () => {
    const { responses, problems } = recognise(
      `${samples.sse(samples.anthropicStream)}\n\n${samples.sse(samples.chatStream)}\n\n${samples.sse(samples.anthropicStream)}`,
    );
    expect(problems).toEqual([]);
    expect(responses.map(({ api }) => api)).toEqual(['anthropic-messages', 'openai-chat', 'anthropic-messages']);
  });

  it.each([
    ['anthropic', samples.anthropicStream.slice(0, 4)],
    ['chat', samples.chatStream.slice(0, 1)],
    ['responses', samples.responsesStream.slice(0, 2)],
    ['gemini', [samples.geminiStream[0], samples.geminiStream[0]]],
  ])('%s cut off has no final counts, so none are taken', (_api, events) => {
    expect(recognise(samples.sse(events as object[]))).toMatchObject({
      responses: [],
      problems: [{ code: 'truncated' }],
    });
  });

  it('cut off within an event say so', () => {
    const text = samples.sse(samples.anthropicStream.slice(0, 6));
    expect(recognise(text.slice(0, -20)).problems.map(({ code }) => code)).toContain('truncated');
  });

  it('an incomplete response in other text does not hide those after it', () => {
    const whole = JSON.stringify(samples.chatCompletion);
    const { responses, problems } = recognise(`log: ${whole.slice(0, -30)}\n${whole}\nmore {\n${whole}`);
    expect(problems.map(({ code }) => code)).toEqual(['truncated']);
    expect(responses).toHaveLength(2);
  });

  it('without usage say how to ask for it', () => {
    expect(recognise(samples.sse(samples.chatStream.slice(0, 2)))).toMatchObject({
      responses: [],
      problems: [{ code: 'no-usage', message: expect.stringContaining('include_usage') }],
    });
  });
});

describe('several responses in one text', () => {
  const all = [samples.anthropicMessage, samples.chatCompletion, samples.openaiResponse, samples.geminiResponse];
  const apis = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'];

  it.each([
    ['a JSON array', JSON.stringify(all)],
    ['NDJSON', all.map((each) => JSON.stringify(each)).join('\n')],
    ['NDJSON with a BOM and CRLF', `\uFEFF${all.map((each) => JSON.stringify(each)).join('\r\n')}\r\n`],
    ['pretty-printed, one after the other', all.map((each) => JSON.stringify(each, null, 2)).join('\n')],
    ['with HTTP headers', all.map((each) => `HTTP/2 200\r\ndate: today [x]\r\n\r\n${JSON.stringify(each)}\n`).join('')],
  ])('%s', (_name, text) => {
    const { responses, problems } = recognise(text);
    expect(problems).toEqual([]);
    expect(responses.map(({ api }) => api)).toEqual(apis);
  });

  it('keeps the good ones beside bad ones, and counts what is alike', () => {
    const { responses, problems } = recognise(
      [samples.chatCompletion, { id: 1 }, { id: 2 }, samples.geminiResponse]
        .map((each) => JSON.stringify(each))
        .join('\n') + '\n{"id": 3, "usage": {"prompt_to',
    );
    expect(responses).toHaveLength(2);
    expect(problems.map(({ code }) => code)).toEqual(['truncated', 'no-usage']);
    expect(problems[1]?.message).toMatch(/\(2 times\)$/);
  });
});

describe('bad input', () => {
  it.each([
    ['empty', ''],
    ['empty', ' \n '],
    ['not-json', 'hello'],
    ['not-json', "{'usage': {'prompt_tokens': 1}}"],
    ['truncated', JSON.stringify(samples.chatCompletion).slice(0, -30)],
    ['truncated', '{'],
    ['no-usage', 'null'],
    ['no-usage', '[]'],
    ['no-usage', '{}'],
    ['no-usage', '{"usage": null}'],
    ['no-usage', '{"usage": {"prompt_tokens": "12"}}'],
    ['no-usage', '{"__proto__": {"usage": {"prompt_tokens": 1, "completion_tokens": 1}}}'],
    ['no-usage', '"text"'],
    ['provider-error', '{"error": {"message": "Rate limit reached", "type": "requests"}}'],
    ['provider-error', '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'],
    ['no-usage', '{"usage": {"input_tokens": -5, "output_tokens": 1}}'],
    ['invalid-usage', '{"usage": {"input_tokens": 1.5, "output_tokens": 1}}'],
    [
      'invalid-usage',
      '{"model": "gpt-5", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}}',
    ],
  ])('%s: %s', (code, text) => {
    expect(recognise(text)).toMatchObject({ responses: [], problems: [{ code }] });
  });

  it('refuses what is too large, unread', () => {
    expect(recogniseResponses('x'.repeat(101), table, 100)).toMatchObject({ problems: [{ code: 'too-large' }] });
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `data: ${json}\n\ndata: ${json.slice(1)}`),
          fc
            .anything()
            .map((value) => JSON.stringify({ usage: value, message: { usage: value }, type: 'message_start' })),
          fc.tuple(fc.constantFrom(...Object.values(samples)), fc.nat(2_000)).map(([sample, length]) => {
            return (JSON.stringify(sample) ?? '').slice(0, length);
          }),
        ),
        (text) => {
          const { responses, problems } = recognise(text);
          expect(responses.length + problems.length).toBeGreaterThan(0);
          for (const { counts } of responses) expect(counts.input_tokens).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  /** CPU time of this thread alone, in ms: other work of the machine does not count. */
  function cpuMs(text: string): number {
    const before = process.threadCpuUsage();
    recogniseResponses(text, table);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  }

  it.each([
    '[',
    '{"a":',
    '{"\\"',
    'data: {\n',
    'data: {}\n',
    '"',
    '{}\n',
    '[1] ',
    '[0,',
    '{"usage":{"prompt_tokens":-1}}\n',
    '{"id":1,"object":"chat.completion.chunk"}\n',
    '{"a":{"usage":[{"response":{}}]}} x ',
    'POST / HTTP/1.1\n',
    '{"data":[{}]}\n',
    '{"isContinued":true,"usage":{"promptTokens":1}}\n',
  ])('does four times the work for four times the text of %j', (part) => {
    const short = part.repeat(5_000);
    // Compiled code from here on. Reading in quadratic time would take sixteen times as long.
    cpuMs(short);
    const once = Math.min(cpuMs(short), cpuMs(short));
    expect(Math.min(cpuMs(short.repeat(4)), cpuMs(short.repeat(4)))).toBeLessThan(8 * once + 50);
  });

  it('reads 30 MB of numbers and of empty objects in little time and memory', () => {
    const numbers = `[${'0,'.repeat(15_000_000)}0]`;
    const objects = `[${'{},'.repeat(10_000_000)}{}]`;
    expect(cpuMs(numbers)).toBeLessThan(2_000);
    expect(cpuMs(objects)).toBeLessThan(8_000);
    expect(recognise(numbers.slice(-1_000_001).replace(/^/, '['))).toMatchObject({ problems: [{ code: 'no-usage' }] });
    expect(recognise(objects)).toMatchObject({ responses: [], problems: [{ code: 'too-large' }] });
  });
});

it('costs the same whatever the way in', () => {
  const pricer = new Pricer(table);
  for (const [value, typed, cost] of [
    [samples.anthropicMessage, { provider: 'claude', model: 'claude-sonnet-4-5', ...claudeCounts }, '0.159'],
    [samples.sse(samples.chatStream), { provider: 'codex', model: 'gpt-5', ...gptCounts }, '0.02575'],
    [samples.geminiStream, { provider: 'gemini', model: 'gemini-2.5-flash', ...geminiCounts }, '0.008'],
  ] as const) {
    const { provider = '', model = '', counts, timestamp } = only(value);
    expect(usd(pricer.price({ provider, model, timestamp, ...counts }))).toBe(cost);
    expect(usd(pricer.price(typed))).toBe(cost);
  }
});
