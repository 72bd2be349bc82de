import { describe, expect, it } from 'vitest';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** The values of a text that are parts of streams: which are passed over, which belong together, and which are missing. */
const table = loadPriceTable();
const usage = { prompt_tokens: 7, completion_tokens: 3 };
const chat = { id: 'c1', object: 'chat.completion', model: 'gpt-5', choices: [], usage };
const recognise = (list: readonly object[]): ReturnType<typeof recogniseResponses> =>
  recogniseResponses(list.map((each) => JSON.stringify(each)).join('\n'), table);
/** Id, whether it was streamed, and counts; then the codes of problems. */
function read(...list: object[]): unknown[] {
  const { responses, problems } = recognise(list);
  return [
    ...responses.map(({ responseId, streamed, counts }) => [
      responseId,
      streamed,
      counts.input_tokens,
      counts.output_tokens,
    ]),
    ...problems.map(({ code }) => code),
  ];
}
const model = 'm';

describe('beside a response', () => {
  const problems = (value: object): string[] => recognise([chat, value]).problems.map(({ code }) => code);
  it.each<object>([
    { model, messages: [] },
    { model, contents: [] },
    { model, input: 'x' },
    { kind: 'request', parts: [] },
    { type: 'session.created' },
    { type: 'vertex_event' },
    { setupComplete: {} },
    { serverContent: {} },
    { type: 'content-delta' },
    { type: 'message-start' },
    { event_type: 'stream-start' },
    { event_type: 'text-generation' },
    { bytes: '!' },
    { p: 'abc', role: 'assistant' },
    { p: 'abc', contentBlockIndex: 0 },
    { p: 'abc', stopReason: 'x' },
    ...['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop'].map((part) => ({
      [part]: {},
    })),
    { type: 'content_block_delta' },
    { type: 'message_stop' },
    { type: 'ping' },
    { type: 'response.output_text.delta' },
    { event_type: 'step.delta' },
  ])('%j is nothing that is missed', (value) => expect(problems(value)).toEqual([]));

  it.each<object>([
    { model },
    { messages: [] },
    { model, messages: {} },
    { model, contents: {} },
    { model, messages: [], id: 'x' },
    { model, messages: [], object: 'x' },
    { model, messages: [], usage: {} },
    { kind: 'request' },
    { kind: 'x', parts: [] },
    { type: 'session.created', usage: {} },
    { type: 'message-end' },
    { type: 'message_start' },
    { type: 'message_started' },
    { p: 'abc' },
    { role: 'assistant' },
    { bytes: '!', usage: {} },
    { serverContent: {}, usageMetadata: {} },
    { setupComplete: true },
    { messageStart: true },
    { event_type: 'stream-end' },
    { event_type: 'other.delta' },
    { type: 'other', session_id: 's' },
    { type: 'systems', session_id: 's' },
    { type: 'my_user', session_id: 's' },
    { type: 'my_message_stop' },
    { type: 'content_block_deltas' },
    { event_type: 'my.step.delta' },
    { done: false },
    { done: 'x', model },
    { request_id: 'r', output: {} },
    { object: 'thread.run.step', id: 's' },
  ])('%j is a response without usage', (value) => expect(problems(value)).toEqual(['no-usage']));
});

describe("Claude's events", () => {
  const start = (id: string): object => ({
    type: 'message_start',
    message: { id, type: 'message', model: 'claude-sonnet-4-5', usage: { input_tokens: 9, output_tokens: 1 } },
  });
  const delta = (counts: object): object => ({ type: 'message_delta', delta: {}, usage: counts });
  const stop = { type: 'message_stop' };

  it('from the middle of a stream are read if the last one has all counts', () => {
    const { responses } = recognise([{ type: 'ping' }, delta({ input_tokens: 9, output_tokens: 5 }), stop]);
    expect(responses).toMatchObject([
      { api: 'anthropic-messages', provider: 'anthropic', confidence: 'guess', model: undefined, streamed: true },
    ]);
    expect(responses[0]?.counts).toEqual({ input_tokens: 9, output_tokens: 5 });
    expect(read(delta({ output_tokens: 5 }), stop)).toEqual(['no-usage']);
    expect(read(delta({ input_tokens: 9, output_tokens: 1 }), delta({ output_tokens: 5 }), stop)).toEqual([
      [undefined, true, 9, 5],
    ]);
    expect(read({ type: 'message_delta', delta: {} }, stop)).toEqual(['no-usage']);
    expect(
      read(delta({ input_tokens: 9, output_tokens: 5 }), stop, delta({ input_tokens: 2, output_tokens: 1 })),
    ).toEqual([
      [undefined, true, 9, 5],
      [undefined, true, 2, 1],
    ]);
  });

  it('replace the counts of the first one by those that are said', () => {
    expect(read(start('a'), delta({ input_tokens: null, output_tokens: 5 }), stop)).toEqual([['a', true, 9, 5]]);
    expect(read(start('a'), delta({ output_tokens: 5 }), start('b'))).toEqual([['a', true, 9, 5], 'truncated']);
    expect(read(start('a'), { type: 'content_block_start' }, stop)).toEqual(['truncated']);
  });
});

describe('lines of an agent', () => {
  const line = (type: string, session_id = 's'): object => ({ type, session_id });
  const counts = { input_tokens: 9, output_tokens: 5 };
  it('of Claude Code without its result are cut off', () => {
    for (const type of ['system', 'assistant', 'user', 'stream_event', 'rate_limit_event'])
      expect(read(line(type))).toEqual(['truncated']);
    const result = { ...line('result'), total_cost_usd: 0.5, usage: counts };
    expect(read(result)).toEqual([['s', false, 9, 5]]);
    expect(read(line('system'), line('user'), result)).toEqual([['s', true, 9, 5]]);
    expect(read(line('system'), result, line('system', 't'))).toEqual([['s', true, 9, 5], 'truncated']);
    expect(read(line('system', 't'), result)).toEqual([['s', false, 9, 5], 'truncated']);
  });

  it('of codex that count less than before have begun anew', () => {
    const turn = (input: number, output: number): object => ({
      type: 'turn.completed',
      usage: { input_tokens: input, output_tokens: output, note: 'x' },
    });
    expect(read(turn(100, 10), turn(100, 30), turn(90, 40))).toEqual([
      [undefined, false, 100, 10],
      [undefined, false, 0, 20],
      [undefined, false, 90, 40],
    ]);
  });
});

describe('the end of a stream', () => {
  const counts = { input_tokens: 9, output_tokens: 5 };
  it.each(['completed', 'incomplete', 'failed', 'done', 'cancelled'])("of OpenAI's responses is %s", (type) => {
    const response = { object: 'response', id: 'r', model: 'gpt-5', usage: counts };
    const created = { type: 'response.created', response: { ...response, usage: null } };
    expect(read(created, { type: `response.${type}`, response })).toEqual([['r', true, 9, 5]]);
    expect(read(created, { type: `response.${type}x`, response })).toEqual(['truncated']);
  });

  it.each(['completed', 'complete', 'failed', 'cancelled'])("of Gemini's interactions is %s", (type) => {
    const interaction = { id: 'i', usage: { total_input_tokens: 9, total_output_tokens: 5 } };
    const created = { event_type: 'interaction.created', interaction: { id: 'i', model: 'gemini-2.5-flash' } };
    expect(read(created, { event_type: `interaction.${type}`, interaction })).toEqual([['i', true, 9, 5]]);
    expect(recognise([created, { event_type: `interaction.${type}`, interaction }]).responses[0]?.model).toBe(
      'gemini-2.5-flash',
    );
    expect(read(created, { event_type: 'interaction.updated', interaction })).toEqual(['truncated']);
  });

  it('of a run of an assistant is none while it waits', () => {
    const run = (status?: string): object => ({ object: 'thread.run', id: 'r', status, usage });
    expect(read(run('queued'), run('requires_action'))).toEqual(['truncated']);
    expect(read(run('queued'), run())).toEqual([['r', true, 7, 3]]);
    for (const status of ['failed', 'incomplete', 'cancelled', 'expired'])
      expect(read(run('queued'), run(status))).toEqual([['r', true, 7, 3]]);
  });

  it('of Ollama says the counts', () => {
    const part = { model: 'llama3.2', done: false };
    const end = (input: number): object => ({ ...part, done: true, prompt_eval_count: input, eval_count: 5 });
    expect(read(part)).toEqual(['truncated']);
    expect(read(end(9))).toEqual([[undefined, false, 9, 5]]);
    expect(read(part, end(9), part, part, end(2))).toEqual([
      [undefined, true, 9, 5],
      [undefined, true, 2, 5],
    ]);
  });

  it('of Titan and Llama on Bedrock has the reason', () => {
    const titan = (output: number | null, completionReason: string | null, input: number | null = null): object => ({
      outputText: 'x',
      inputTextTokenCount: input,
      totalOutputTextTokenCount: output,
      completionReason,
    });
    expect(read(titan(null, null, 9), titan(5, 'FINISH'))).toEqual([[undefined, true, 9, 5]]);
    expect(read(titan(null, null, 9), titan(5, ''))).toEqual(['truncated']);
    expect(read(titan(4, 'FINISH', 9), titan(null, null, 8), titan(5, 'FINISH'))).toEqual([
      [undefined, false, 9, 4],
      [undefined, true, 8, 5],
    ]);
    const llama = { generation: 'x', prompt_token_count: 9, generation_token_count: 5 };
    expect(read({ ...llama, stop_reason: null })).toEqual(['truncated']);
    expect(read({ ...llama, stop_reason: 'stop' })).toEqual([[undefined, false, 9, 5]]);
  });

  it("of Alibaba's own form is its last event", () => {
    const event = (output: number, request_id = 'r'): object => ({
      request_id,
      output: {},
      usage: { input_tokens: 9, output_tokens: output },
    });
    expect(read(event(1))).toEqual([['r', false, 9, 1]]);
    expect(read(event(1), event(2), event(7, 'q'))).toEqual([
      ['r', true, 9, 2],
      ['q', false, 9, 7],
    ]);
  });

  it("of LangChain's messages is the sum of their chunks", () => {
    const chunk = (more: object, id = 'run'): object => ({
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'schema', 'AIMessageChunk'],
      kwargs: { id, ...more },
    });
    const part = (input: number, output: number): object => ({
      usage_metadata: { input_tokens: input, output_tokens: output },
    });
    expect(
      read(chunk({ response_metadata: { model_name: 'gpt-5' } }), chunk(part(9, 1)), chunk({}), chunk(part(0, 4))),
    ).toEqual([['run', true, 9, 5]]);
    expect(read(chunk(part(9, 1)), chunk(part(8, 2), 'other'))).toEqual([
      ['run', true, 9, 1],
      ['other', true, 8, 2],
    ]);
  });
});
