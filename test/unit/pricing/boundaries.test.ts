import { describe, expect, test } from 'vitest';
import { EdgeCoder } from '../../../src/pricing/compare/edges.ts';
import { readCustomPrices } from '../../../src/pricing/custom.ts';
import { aliasProvider, knownModels } from '../../../src/pricing/models/known.ts';
import { lineChoices } from '../../../src/pricing/models/lineChoices.ts';
import { ModelSearch } from '../../../src/pricing/models/search.ts';
import { Pricer } from '../../../src/pricing/price.ts';
import { recogniseResponses, type RecognisedResponse } from '../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';

/** Boundaries and rules that mutation testing found without a test. */

const table = loadPriceTable();

test('calls have the same number exactly if no date, time or size lies between them', () => {
  const coder = new EdgeCoder([
    { dates: [1_000], times: [], sizes: [200_000, 100] },
    { dates: [], times: [], sizes: [100] },
  ]);
  expect(coder.isConstant).toBe(false);
  const codes = [0, 100, 101, 200_000, 200_001].map((input) => coder.code(0, input));
  expect(codes).toEqual([0, 0, 1, 1, 2]);
  expect([999, 1_000].map((at) => coder.code(at, 0))).toEqual([0, 3]);
  expect(new EdgeCoder([{ dates: [], times: [], sizes: [] }]).isConstant).toBe(true);
});

test('a line says how well its model is known', () => {
  const search = new ModelSearch(knownModels(table, []), aliasProvider(table));
  const match = (line: string): string =>
    lineChoices(line, { search, mark: '.', now: 0, operation: 'chat', project: '', providers: [] }).match;
  expect(['gpt-5 1k 1', 'gpt 5 min 1k 1', 'gpt-5-mi 1k 1', 'zzzzqq 1k 1'].map(match)).toEqual([
    'exact',
    'similar',
    'similar',
    'unknown',
  ]);
});

test('the price of a model with a similar name is said to be assumed', () => {
  const result = new Pricer(table).price({
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-zz',
    input_tokens: 1_000,
    timestamp: '2026-11-20T00:00:00Z',
  });
  const rules = result.kind === 'priced' ? result.rules : [];
  expect(rules.map(({ message }) => message)).toContain(
    'Assumed: the price of claude-sonnet-4-5, whose name is the nearest',
  );
});

test('the usual tier of a response is none', () => {
  const tier = (service_tier: string): string | undefined =>
    recogniseResponses(
      JSON.stringify({ object: 'chat.completion', service_tier, usage: { prompt_tokens: 1, completion_tokens: 1 } }),
      table,
    ).responses[0]?.serviceTier;
  expect(['default', 'auto', 'Standard', 'priority'].map(tier)).toEqual([undefined, undefined, undefined, 'priority']);
});

describe('a term that no price is known of', () => {
  const LONG = 'x'.repeat(300);
  const responseOf = (more: object, usage: object): RecognisedResponse | undefined =>
    recogniseResponses(
      JSON.stringify({
        object: 'chat.completion',
        model: 'gpt-5',
        ...more,
        usage: { prompt_tokens: 1, completion_tokens: 1, ...usage },
      }),
      table,
    ).responses[0];

  test.each<[unknown, string]>([
    ['zzz', 'zzz'],
    [LONG, LONG.slice(0, 256)],
    [7, '7'],
    [true, 'true'],
    [['flex'], '["flex"]'],
    [{ type: 'zzz' }, '{"type":"zzz"}'],
  ])('%j makes the cost of a response unknown', (value, text) => {
    for (const [more, usage, field] of [
      [{ service_tier: value }, {}, 'service_tier'],
      [{}, { service_tier: value }, 'service_tier'],
      [{}, { speed: value }, 'speed'],
      [{}, { inference_geo: value }, 'inference_geo'],
    ] as const) {
      const response = responseOf(more, usage)!;
      const call = usageOfResponse(response, { provider: 'openai', model: 'gpt-5' });
      expect(call[field]).toBe(text);
      expect(new Pricer(table).price(call).kind).toBe('unpriced');
    }
  });

  test('is kept in the chunks of a stream', () => {
    const chunk = { id: 'c', object: 'chat.completion.chunk', model: 'gpt-5', choices: [], service_tier: 7 };
    const text = `data: ${JSON.stringify({ ...chunk, usage: { prompt_tokens: 1, completion_tokens: 1 } })}\n\ndata: [DONE]\n\n`;
    expect(recogniseResponses(text, table).responses.map(({ serviceTier }) => serviceTier)).toEqual(['7']);
  });

  test.each([null, '', '  ', 'default', ' Standard '])('is not %j', (value) => {
    expect(responseOf({ service_tier: value }, { service_tier: value })?.serviceTier).toBeUndefined();
    const call = { provider: 'openai', model: 'gpt-5', input_tokens: 1_000, output_tokens: 0 };
    expect(new Pricer(table).price({ ...call, service_tier: value })).toEqual(new Pricer(table).price(call));
  });
});

test("audio that Gemini's Interactions made is counted apart", () => {
  const { responses } = recogniseResponses(
    JSON.stringify({
      model: 'gemini-2.5-flash',
      usage: {
        total_input_tokens: 10,
        total_output_tokens: 50,
        output_tokens_by_modality: [
          { modality: 'audio', tokens: 40 },
          { modality: 'text', tokens: 10 },
        ],
      },
    }),
    table,
  );
  expect(responses[0]?.counts).toEqual({ input_tokens: 10, output_tokens: 50, output_audio_tokens: 40 });
});

test('a custom price is 0 or at least a billionth of a dollar per million tokens', () => {
  const problems = (input: number): number => readCustomPrices([{ model: 'm', input, output: 1 }]).problems.length;
  expect([0, 1e-9, 9e-10, -1].map(problems)).toEqual([0, 0, 1, 1]);
});
