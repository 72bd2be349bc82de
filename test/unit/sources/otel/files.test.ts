import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copilotCli } from '../../../../src/sources/copilot-cli/index.ts';
import { otel } from '../../../../src/sources/otel/index.ts';
import { spanTokens } from '../../../../src/sources/otel/spanTokens.ts';
import type { Source } from '../../../../src/sources/source.ts';
import { idOf, summaryOf, WRITTEN } from '../agents/expected.ts';
import { jsonLines, World } from '../world.ts';
import { utimesSync } from 'node:fs';

/** Spans and events in files: which are calls, their times and ids, and which of several tellings counts. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);
const CALL = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5', 'gen_ai.usage.input_tokens': 10 };
const span = (spanId: string, more: object = {}, attributes: object = {}): object => ({
  type: 'span',
  name: 'chat gpt-5',
  traceId: 'a1',
  spanId,
  endTime: AT,
  attributes: { ...CALL, ...attributes },
  ...more,
});

async function told(
  content: string,
  source: Source = otel,
): Promise<{ records: Record<string, unknown>[]; summaries: string[]; skips: string[] }> {
  const path = world.file('spans.jsonl', content);
  const written = Date.parse(WRITTEN) / 1000;
  utimesSync(path, written, written);
  const { skips } = await world.import(source, { places: [path] });
  const records = (await world.records()).sort((a, b) => (summaryOf(a) < summaryOf(b) ? -1 : 1));
  return {
    records,
    summaries: records.map(summaryOf),
    skips: skips.map(({ reason, line, detail }) => `${reason} ${line ?? '-'} ${detail ?? '-'}`),
  };
}

describe('times', () => {
  test.each<[string, object, string]>([
    ['seconds and nanoseconds', { endTime: [MS / 1000, 500_900_000] }, '2026-11-20T10:00:00.500Z'],
    ['seconds alone', { endTime: [MS / 1000] }, AT],
    ['no seconds, then another field', { endTime: ['x'], startTime: [MS / 1000, 0] }, AT],
    ['a text', { endTime: AT }, AT],
    ['milliseconds', { endTime: MS }, AT],
    ['nanoseconds as text', { endTime: undefined, endTimeUnixNano: `${MS}900000` }, AT],
    ['nanoseconds of a log', { endTime: undefined, timeUnixNano: MS * 1e6 }, AT],
    ['a timestamp', { endTime: undefined, timestamp: AT }, AT],
    ['a time', { endTime: undefined, time: AT }, AT],
    ['the start, last', { endTime: 'soon', startTime: AT }, AT],
    ['of the SDK', { endTime: undefined, hrTime: [MS / 1000, 0] }, AT],
    ['the end rather than the start', { endTime: AT, startTime: '2026-11-20T09:00:00Z' }, AT],
    ['none', { endTime: undefined }, WRITTEN],
    ['zero', { endTime: [0, 0] }, WRITTEN],
  ])('%s', async (_, more, time) => {
    expect((await told(jsonLines(span('b1', more)))).records).toMatchObject([{ timestamp: time }]);
  });
});

describe('ids', () => {
  const idsOf = async (...spans: object[]): Promise<unknown[]> =>
    (await told(jsonLines(...spans))).records.map(({ usage_id }) => usage_id);

  test('are those of the trace and the span, in any case and place', async () => {
    const id = idOf('otel', 'chat', 'a1', 'b1');
    expect(await idsOf(span('b1'))).toEqual([id]);
    expect(await idsOf(span('B1', { traceId: 'A1' }))).toEqual([id]);
    expect(await idsOf(span('', { traceId: undefined, spanContext: { traceId: 'a1', spanId: 'b1' } }))).toEqual([id]);
    expect(await idsOf(span('ok!'))).toContain(idOf('otel', 'chat', 'a1', 'ok!'));
  });

  test('without one are those of the content: zeros are none', async () => {
    const [one, other] = [span('0000'), span('0000', { traceId: '00', endTime: WRITTEN })];
    expect(await idsOf(one, one, other)).toHaveLength(2);
  });
});

describe('which entries are calls', () => {
  test.each<[string, object, number]>([
    ['a span that says nothing else', span('b', {}, { 'gen_ai.operation.name': undefined }), 1],
    ['a span of another name', span('b', { name: 'request' }, { 'gen_ai.operation.name': undefined }), 0],
    ['the span of a tool', span('b', {}, { 'gen_ai.operation.name': 'execute_tool' }), 0],
    ['embeddings', span('b', {}, { 'gen_ai.operation.name': 'embeddings' }), 1],
    ['an agent by its name', span('b', { name: 'invoke_agent x' }), 1],
    ['an entry of another type', span('b', { type: 'metric' }), 0],
    ['no counts', span('b', {}, { 'gen_ai.usage.input_tokens': 0 }), 0],
    ['no attributes', { ...span('b'), attributes: undefined }, 0],
    ['a name and an id', span('b', { type: undefined }), 1],
    ['a name and a duration', { name: 'chat x', duration: 5, attributes: CALL }, 1],
    ['a name and a kind', { name: 'chat x', kind: 3, attributes: CALL }, 1],
    ['a name alone', { name: 'chat x', attributes: CALL }, 0],
    ['no name', { spanId: 'b', attributes: CALL }, 0],
    ['an event of a call', { attributes: { ...CALL, 'event.name': 'gen_ai.client.inference.operation.details' } }, 1],
    ['its text', { _body: 'GenAI inference: gpt-5', attributes: CALL }, 1],
    ['an event of a turn', { attributes: { ...CALL, 'event.name': 'copilot_chat.agent.turn' } }, 1],
    ['the text of a turn', { body: 'copilot_chat.agent.turn: 1', attributes: CALL }, 1],
    ['another event', { body: 'hello', attributes: { ...CALL, 'event.name': 'other' } }, 0],
  ])('%s', async (_, entry, calls) => {
    expect((await told(jsonLines(entry))).records).toHaveLength(calls);
  });

  test("Copilot's embeddings are free", async () => {
    const { records } = await told(
      jsonLines(span('b', {}, { 'gen_ai.operation.name': 'embeddings' }), span('c')),
      copilotCli,
    );
    expect(records.map(({ operation, source }) => [operation, source])).toEqual([['chat', 'copilot-cli-log']]);
  });
});

describe('of several tellings the most detailed counts', () => {
  const inference = (trace: string, response?: string): object => ({
    traceId: trace,
    timestamp: AT,
    attributes: {
      ...CALL,
      'event.name': 'gen_ai.client.inference.operation.details',
      'gen_ai.response.id': response,
      'gen_ai.usage.input_tokens': 20,
    },
  });
  const turn = (trace: string): object => ({
    traceId: trace,
    timestamp: AT,
    attributes: { ...CALL, 'event.name': 'copilot_chat.agent.turn', 'gen_ai.usage.input_tokens': 30 },
  });
  const agent = (trace: string): object =>
    span(
      'ff',
      { name: 'invoke_agent x', traceId: trace },
      { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 40 },
    );
  const inputs = async (...entries: object[]): Promise<unknown[]> =>
    (await told(jsonLines(...entries))).records.map(({ input_tokens }) => input_tokens);

  test('in a trace', async () => {
    expect(await inputs(agent('a1'), turn('a1'), inference('a1'), span('b1'), span('b2'))).toEqual([10, 10]);
  });

  test('in a trace without a span of a call', async () => {
    expect(await inputs(agent('a1'), turn('a1'), inference('a1'))).toEqual([20]);
  });

  test('in a trace with the sums of an agent alone', async () => {
    expect(await inputs(agent('a1'), agent('a2'))).toEqual([40, 40]);
  });

  test('of a response', async () => {
    expect(
      await inputs(span('b1', {}, { 'gen_ai.response.id': 'r1' }), inference('a2', 'r1'), inference('a3', 'r2')),
    ).toEqual([10, 20]);
  });
});

test('sessions and folders by the names that programs give them', async () => {
  const names = [
    'gen_ai.conversation.id',
    'copilot_chat.session_id',
    'copilot_chat.chat_session_id',
    'session.id',
    'github.copilot.interaction_id',
  ];
  const { records } = await told(
    jsonLines(
      ...names.map((name, i) =>
        span(
          `b${i}`,
          {},
          { [name]: `s${i}`, 'workspace.folder': '/srv/a', ...(i === 0 ? { 'process.cwd': '/srv/b' } : {}) },
        ),
      ),
      span('b9'),
    ),
  );
  const sessions = records.map(({ session_id, project }) => `${String(session_id)} ${String(project)}`);
  expect(sessions.sort()).toEqual(['a1 undefined', 's0 b', 's1 a', 's2 a', 's3 a', 's4 a']);
});

describe('typed values of OTLP', () => {
  const attribute = (key: string, value: object | null): object => ({ key, value });
  test('are numbers and texts, whatever their type', async () => {
    const record = {
      name: 'chat gpt-5',
      spanId: 'b1',
      traceId: 'a1',
      endTimeUnixNano: `${MS}000000`,
      attributes: [
        attribute('gen_ai.request.model', { stringValue: 'gpt-5' }),
        attribute('gen_ai.usage.input_tokens', { intValue: '70' }),
        attribute('gen_ai.usage.output_tokens', { doubleValue: 5 }),
        attribute('gen_ai.usage.reasoning_tokens', null),
        { value: { stringValue: 'no key' } },
        null,
      ],
    };
    const { summaries } = await told(
      jsonLines({ resourceSpans: [{ scopeSpans: [{ spans: [record] }, null] }, null, {}] }, { resourceLogs: [] }),
    );
    expect(summaries).toEqual([`${AT} openai gpt-5 70(0,0) 5(0) -/a1`]);
  });
});

describe('names of counts', () => {
  const INPUT = [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'ai.usage.tokens',
    'llm.token_count.prompt',
    'llm.usage.prompt_tokens',
  ];
  const OUTPUT = [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'llm.token_count.completion',
    'llm.usage.completion_tokens',
  ];
  const READ = [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'ai.usage.cachedInputTokens',
    'llm.token_count.prompt_details.cache_read',
    'llm.usage.cache_read_input_tokens',
  ];
  const WRITE = [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'llm.token_count.prompt_details.cache_write',
    'llm.usage.cache_creation_input_tokens',
  ];
  const REASONING = [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'llm.usage.reasoning_tokens',
    'ai.usage.outputTokenDetails.reasoningTokens',
    'ai.usage.reasoningTokens',
    'llm.token_count.completion_details.reasoning',
  ];
  const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };

  test.each(INPUT)('input: %s', (name) => expect(spanTokens({ [name]: '7' })).toEqual({ ...none, input: 7 }));
  test.each(OUTPUT)('output: %s', (name) => expect(spanTokens({ [name]: 7 })).toEqual({ ...none, output: 7 }));
  test.each(READ)('read: %s', (name) =>
    expect(spanTokens({ 'gen_ai.usage.input_tokens': 9, [name]: 7 })).toEqual({ ...none, input: 9, cacheRead: 7 }),
  );
  test.each(WRITE)('written: %s', (name) =>
    expect(spanTokens({ 'gen_ai.usage.input_tokens': 9, [name]: 7 })).toEqual({ ...none, input: 9, cacheWrite: 7 }),
  );
  test.each(REASONING)('reasoning: %s', (name) =>
    expect(spanTokens({ 'gen_ai.usage.output_tokens': 9, [name]: 7 })).toEqual({ ...none, output: 9, reasoning: 7 }),
  );

  test('the first that is not zero counts', () => {
    expect(
      spanTokens({ 'gen_ai.usage.input_tokens': 0, 'gen_ai.usage.prompt_tokens': 5, 'ai.usage.promptTokens': 9 }).input,
    ).toBe(5);
    expect(spanTokens({ 'gen_ai.usage.input_tokens': 'many' }).input).toBeNaN();
  });
});

test('many calls are told before the end, and an agent of a far trace with them', async () => {
  const calls = Array.from({ length: 5_200 }, (_, i) => span(`c${i}`, { traceId: `e${i}` }));
  const { records, skips } = await told(jsonLines(...calls));
  expect(records).toHaveLength(5_200);
  expect(skips).toEqual([]);
});

test('a file that is no JSON is named; lines without usage are of any kind', async () => {
  expect((await told('hello\n')).skips).toEqual(['unknown-format 1 no line of JSON']);
  const { summaries, skips } = await told(`\uFEFF${jsonLines({ log: 'x' }, span('b1'))}{"gen_ai.":}\n`);
  expect(summaries).toEqual([`${AT} openai gpt-5 10(0,0) 0(0) -/a1`]);
  expect(skips).toEqual(['not-json 3 -']);
});

describe('an array in a file of lines', () => {
  const id = (each: object): string => JSON.stringify(each);
  const three = [id(span('s1')), id(span('s2')), id(span('s3'))] as const;
  const formatted = JSON.stringify(span('s2'), undefined, 2);

  test.each<[string, string[], number, number]>([
    ['that never ends, of whole lines', [three[0], '[', three[1], three[2]], 3, 0],
    ['that begins before the last line', [three[0], three[1], '[', three[2]], 3, 0],
    ['that a damaged line seems to open', [three[0], '[{"gen_ai.a":{', three[1], three[2]], 3, 1],
    ['with a damaged line, and then whole ones', [three[0], '[', '{"gen_ai.a":"}', three[1], three[2]], 3, 1],
    ['with commas', [three[0], '[', `${three[1]},`, three[2], ']'], 3, 0],
    ['with commas and a damaged line', [three[0], '[', '{"gen_ai.a":"},', `${three[1]},`, three[2], ']'], 3, 1],
    [
      'with brackets beside its entries',
      [three[0], `[${three[1]},`, `${three[2]},`, `${id(span('s4'))}]`, '{', '}'],
      4,
      0,
    ],
    ['of formatted objects', [three[0], '[', ...`${formatted},`.split('\n'), three[2], ']', id(span('s4'))], 4, 0],
    [
      'that ends with a formatted object',
      [three[0], '[', `${three[2]},`, ...formatted.split('\n'), ']', id(span('s4'))],
      4,
      0,
    ],
  ])('%s', async (_, lines, records, skipped) => {
    const { records: found, skips } = await told(lines.map((line) => `${line}\n`).join(''));
    expect([found.length, skips.length]).toEqual([records, skipped]);
  });
});
