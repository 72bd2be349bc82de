import { describe, expect, it } from 'vitest';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { events } from './bodies/body.ts';

const table = loadPriceTable();
const recognise = (value: unknown): ReturnType<typeof recogniseResponses> =>
  recogniseResponses(typeof value === 'string' ? value : JSON.stringify(value), table);
const streamed = (...list: object[]): unknown[] =>
  recognise(events(list)).responses.map(({ responseId, streamed: is, counts }) => [
    responseId,
    is,
    counts.input_tokens,
    counts.output_tokens,
  ]);

describe('chunks of Gemini', () => {
  const counts = (output: number): object => ({ promptTokenCount: 10, candidatesTokenCount: output });
  const chunk = (output: number, choice: object = {}): object => ({
    responseId: 'r',
    candidates: [{ content: {}, ...choice }],
    usageMetadata: counts(output),
  });

  it('belong together inside of a wrapper, and with counts alone', () => {
    const last = chunk(2, { finishReason: 'STOP' });
    expect(streamed(chunk(1), last)).toEqual([['r', true, 10, 2]]);
    expect(streamed({ response: chunk(1) }, { response: last })).toEqual([['r', true, 10, 2]]);
    const alone = { responseId: 'r', usageMetadata: counts(5) };
    expect(streamed(chunk(1), last, alone)).toEqual([['r', true, 10, 5]]);
    expect(streamed(alone)).toEqual([['r', false, 10, 5]]);
  });
});

it('a plain response makes a record of its names and counts alone', () => {
  const usage = { prompt_tokens: 7, completion_tokens: 3 };
  const [response] = recognise({ id: 'c1', object: 'chat.completion', model: 'gpt-5', choices: [], usage }).responses;
  expect(usageOfResponse(response!)).toStrictEqual({
    provider: 'openai',
    model: 'gpt-5',
    operation: 'chat',
    input_tokens: 7,
    output_tokens: 3,
    usage_id: 'c1',
  });
});
