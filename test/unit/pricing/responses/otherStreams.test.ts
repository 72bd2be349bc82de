import { describe, expect, it } from 'vitest';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { events } from './bodies/body.ts';

describe('the events of other streams', () => {
  const table = loadPriceTable();
  const read = (...list: object[]): unknown[] =>
    recogniseResponses(events(list), table).responses.map(({ streamed, counts: of, responseId }) => [
      responseId,
      streamed,
      of.input_tokens,
      of.output_tokens,
    ]);
  const step = (id: string, input: number, output: number): object => ({
    object: 'thread.run.step',
    id,
    run_id: 'run',
    usage: { prompt_tokens: input, completion_tokens: output },
  });

  it('of an assistant are added up by step, and replaced by the run', () => {
    expect(read(step('a', 10, 1))).toEqual([['a', false, 10, 1]]);
    expect(read(step('a', 10, 1), step('a', 12, 2))).toEqual([['a', true, 12, 2]]);
    expect(read(step('a', 10, 1), step('b', 20, 2))).toEqual([['b', true, 30, 3]]);
    expect(read(step('a', 10, 1), { ...step('b', 0, 0), usage: null })).toEqual([['a', true, 10, 1]]);
    const run = {
      object: 'thread.run',
      id: 'run',
      status: 'completed',
      usage: { prompt_tokens: 99, completion_tokens: 9 },
    };
    expect(read(step('a', 10, 1), run)).toEqual([['run', true, 99, 9]]);
    expect(read({ ...run, status: 'in_progress', usage: null }, run, step('a', 10, 1))).toEqual([['run', true, 99, 9]]);
  });

  it('of Gemini belong together by their id, and without one until the reason for the end', () => {
    const part = (input: number, more: object = {}, choice: object = {}): object => ({
      candidates: [{ content: {}, ...choice }],
      usageMetadata: { promptTokenCount: input, candidatesTokenCount: 1 },
      ...more,
    });
    const ends = { finishReason: 'STOP' };
    const two = (more: object, other: object): unknown[] =>
      read(part(1, more), part(2, more, ends), part(3, other), part(4, other, ends));
    expect(two({ responseId: 'a' }, { responseId: 'b' })).toEqual([
      ['a', true, 2, 1],
      ['b', true, 4, 1],
    ]);
    expect(two({}, {})).toEqual([
      [undefined, true, 2, 1],
      [undefined, true, 4, 1],
    ]);
    expect(
      read(part(1, { responseId: 'a' }), part(7, { responseId: 'b' }, ends), part(2, { responseId: 'a' }, ends)),
    ).toEqual([
      ['a', true, 2, 1],
      ['b', false, 7, 1],
    ]);
  });

  it("of Vercel's AI SDK count each step once, or the end alone", () => {
    const usage = { inputTokens: 10, outputTokens: 1 };
    const finish = { type: 'finish', finishReason: 'stop', totalUsage: { inputTokens: 30, outputTokens: 3 } };
    expect(read({ type: 'start' }, { type: 'finish-step', usage }, { type: 'finish-step', usage }, finish)).toEqual([
      [undefined, true, 10, 1],
      [undefined, true, 10, 1],
    ]);
    expect(read({ type: 'text-delta', delta: 'x' }, finish)).toEqual([[undefined, true, 30, 3]]);
    expect(read({ type: 'finish', finishReason: 'stop', usage })).toEqual([[undefined, true, 10, 1]]);
    expect(read(finish, finish)).toEqual([
      [undefined, true, 30, 3],
      [undefined, true, 30, 3],
    ]);
    expect(read({ type: 'finish' })).toEqual([]);
  });

  it('of a failed call cost nothing only if nothing was counted', () => {
    const failed = (input: number, output: number): number | undefined =>
      recogniseResponses(
        JSON.stringify({
          object: 'response',
          model: 'gpt-5',
          status: 'failed',
          usage: { input_tokens: input, output_tokens: output },
        }),
        table,
      ).responses[0]?.costUsd;
    expect([failed(0, 0), failed(5, 5), failed(5, 0)]).toEqual([0, undefined, undefined]);
  });
});
