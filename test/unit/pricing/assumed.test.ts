import { beforeAll, describe, expect, it } from 'vitest';
import { priceFields } from '../../../src/pricing/apply.ts';
import { loadPricer, type Pricer } from '../../../src/pricing/price.ts';
import { parsePriceSource } from '../../../src/pricing/priceSource.ts';
import { planReprice } from '../../../src/pricing/reprice.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { costKind } from '../../../src/usage/query.ts';
import { usage } from '../usage/records.ts';
import { priced } from './usd.ts';

/** Prices that do not guess: those of another model, of whole sessions, of models that are free. */

let pricer: Pricer;
beforeAll(() => {
  pricer = loadPricer();
});
const tokens = { input_tokens: 1_000, output_tokens: 100 };
const sourceOf = (provider: string, model: string): unknown =>
  parsePriceSource(priced(pricer.price({ provider, model, ...tokens })).priceSource);

describe("a price of another model's name", () => {
  it.each([
    ['google', 'gemini-3.8-flash-lite', 'gemini-3.8-flash'],
    ['deepseek', 'deepseek-v4-pro-max', 'deepseek-v4-pro'],
    // Digits that are no date.
    ['anthropic', 'claude-haiku-4-5-2025-1201', 'claude-haiku-4-5'],
    ['anthropic', 'claude-haiku-4-5-202512-01', 'claude-haiku-4-5'],
    ['anthropic', 'claude-haiku-4-5-20251340', 'claude-haiku-4-5'],
    ['anthropic', 'claude-haiku-4-5-9999', 'claude-haiku-4-5'],
  ])('%s %s is assumed to be that of %s', (provider, model, from) => {
    expect(sourceOf(provider, model)).toMatchObject({ kind: 'table', model: from, isAssumed: true });
  });

  it.each([
    ['claude-4.5-sonnet', 'claude-sonnet-4-5'],
    ['claude-4.5-haiku-thinking', 'claude-haiku-4-5'],
    ['claude-4-sonnet', 'claude-sonnet-4-0'],
    ['claude-4-opus', 'claude-opus-4-0'],
  ])("Cursor's %s is %s", (model, own) => {
    const price = priced(pricer.price({ provider: 'anthropic', model, ...tokens }));
    expect(price.nanos).toBe(priced(pricer.price({ provider: 'anthropic', model: own, ...tokens })).nanos);
    expect(sourceOf('anthropic', model)).toMatchObject({ kind: 'table' });
    expect(sourceOf('anthropic', model)).not.toHaveProperty('isAssumed');
  });

  it.each([
    ['anthropic', 'claude-sonnet-4-5-20250929'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4.5'],
    ['anthropic', 'claude-3-5-haiku-latest'],
    ['anthropic', 'claude-opus-4-5[1m]'],
    ['anthropic', 'anthropic/claude-opus-4-5'],
    ['bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['vertex', 'claude-sonnet-4-5@20250929'],
    ['openai', 'gpt-5-2025-08-07'],
    ['openai', 'gpt-4o-mini-2024-07-18'],
    ['openai', 'o3-mini-high'],
    ['openai', 'davinci:2023-07-21-v2'],
    ['openai', 'babbage:2023-07-21-v2'],
    ['google', 'models/gemini-2.5-flash'],
    ['openrouter', 'anthropic/claude-sonnet-4.5'],
    ['openai', 'ft:gpt-4o-2024-08-06:my-org:my-name:abc123'],
    ['openai', 'ft:gpt-4.1-mini-2025-04-14:org::x:ckpt-step-9'],
    ['openai', 'ft:gpt-3.5-turbo-0125:org::x'],
    ['aws', 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0'],
    ['aws', 'arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['moonshotai', 'kimi-k2.6'],
    ['anthropic', 'claude-4.5-sonnet'],
    ['anthropic', 'claude-4-opus'],
  ])('%s %s is its own', (provider, model) => {
    expect(sourceOf(provider, model)).not.toHaveProperty('isAssumed');
  });

  it('is never said of a name that the table lists', async () => {
    const table = loadPriceTable();
    const assumed = table.catalog().flatMap(({ id, models }) =>
      models.flatMap((model) => {
        const found = table.find(id, model.id);
        return typeof found === 'object' && found.model === model.id && found.isAssumed ? [`${id}/${model.id}`] : [];
      }),
    );
    expect(assumed).toEqual([]);
  });

  it('gives way to the price of the model itself, also where it is the same', () => {
    const record = usage({ model: 'claude-sonnet-4-5', ...tokens });
    const own = priceFields(pricer.price(record));
    const before = {
      ...record,
      ...own,
      price_source: 'genai-prices 0.1.8 2026-01-01 anthropic/claude-sonnet-4 assumed',
    };
    const { changes } = planReprice([before], pricer, { day: '2026-11-23' });
    expect(changes).toHaveLength(1);
    expect(parsePriceSource(changes[0]!.fields.price_source!)).toMatchObject({
      model: 'claude-sonnet-4-5',
      repriced: '2026-11-23',
    });
    expect(planReprice([{ ...before, ...changes[0]!.fields }], pricer, { day: '2026-11-24' }).changes).toEqual([]);
  });
});

it('the counts of a whole session have no long-context price', () => {
  const sums = { provider: 'anthropic', model: 'claude-sonnet-4-5', input_tokens: 300_000, output_tokens: 0 };
  expect(priced(pricer.price(sums)).rules).toMatchObject([{ code: 'long-context' }]);
  const session = priced(pricer.price({ ...sums, whole_session: true }));
  expect(session.rules).toMatchObject([{ code: 'whole-session' }]);
  expect(session.parts.input?.usd).toBe('3');
});

describe('a model on the own machine', () => {
  it.each([
    { provider: 'ollama', model: 'llama3' },
    { provider: 'LM_Studio', model: 'gpt-oss-20b' },
    { provider: 'llama.cpp', model: 'x' },
    { provider: 'vllm', model: 'x', charge: 'free' },
  ])('%j is free, which is known and no estimate', (call) => {
    const fields = priceFields(pricer.price({ ...call, ...tokens }));
    expect(fields).toEqual({
      cost_usd: 0,
      cost_known: true,
      billing_mode: 'known',
      price_source: 'free',
      charge: 'free',
    });
    expect(costKind(usage(fields))).toBe('recorded');
  });

  it('costs what its person says', async () => {
    const own = loadPricer({ customPrices: [{ provider: 'ollama', model: '*', input: 1, output: 1 }] });
    expect(priceFields(own.price({ provider: 'ollama', model: 'llama3', ...tokens }))).toMatchObject({
      cost_usd: 0.0011,
    });
    const before = usage({
      provider: 'ollama',
      ...tokens,
      ...priceFields(pricer.price({ provider: 'ollama', model: 'opus', ...tokens })),
    });
    expect(planReprice([before], own, { day: '2026-11-23' }).changes).toMatchObject([
      { reason: 'price-changed', after: 1_100_000n },
    ]);
    expect(planReprice([before], pricer, { day: '2026-11-23' }).changes).toEqual([]);
  });
});
