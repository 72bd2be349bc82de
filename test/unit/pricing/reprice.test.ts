import { beforeAll, describe, expect, it } from 'vitest';
import { priceFields, wantsPrice } from '../../../src/pricing/apply.ts';
import { inkwellCost } from '../../../src/pricing/inkwellPrices.ts';
import { loadPricer, Pricer } from '../../../src/pricing/price.ts';
import { planReprice } from '../../../src/pricing/reprice.ts';
import { parsePriceSource } from '../../../src/pricing/priceSource.ts';
import { usdToNanos } from '../../../src/usage/money.ts';
import { costKind } from '../../../src/usage/query.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';
import { type UsageInput, type UsageRecord } from '../../../src/usage/record.ts';

let pricer: Pricer;
beforeAll(async () => {
  pricer = loadPricer();
});

const today = { day: '2026-11-23' };

let ids = 0;
const record = (fields: Partial<UsageInput>): UsageRecord =>
  parseInput(
    {
      provider: 'gemini',
      model: 'gemini-2.5-flash',
      operation: 'extraction',
      input_tokens: 10_000,
      output_tokens: 2_000,
      ...fields,
    },
    { id: () => `id-${++ids}`, now: () => '2026-01-15T12:00:00.000Z' },
  );

const inkwells = (fields: Partial<UsageInput> = {}): UsageRecord => {
  const { provider, input_tokens, output_tokens } = record(fields);
  return record({ ...fields, cost_usd: inkwellCost(provider, input_tokens, output_tokens) ?? 0 });
};

describe('inkwellCost', () => {
  it.each([
    ['gemini', 10_000, 2_000, 0.00135],
    ['gemini', 127_999, 0, (127_999 / 1e6) * 0.075],
    ['gemini', 128_000, 0, 0.0192],
    ['claude', 1_000_000, 1_000_000, 18],
    ['codex', 1, 1, undefined],
  ])('%s: %d in, %d out', (provider, input, output, cost) => {
    expect(inkwellCost(provider, input, output)).toBe(cost);
  });
});

describe('priceFields', () => {
  const usage = { provider: 'gemini', model: 'gemini-2.5-flash', input_tokens: 10_000, output_tokens: 2_000 };

  it('say an estimated cost with its source', () => {
    const stored = record(priceFields(pricer.price(usage)));
    expect(stored).toMatchObject({
      cost_usd: 0.008,
      cost_known: true,
      billing_mode: 'estimated',
      price_source: 'genai-prices 0.2.3 2026-11-09 google/gemini-2.5-flash',
    });
    expect(costKind(stored)).toBe('estimated');
  });

  it('say unknown, not $0, where there is no price', () => {
    const stored = record(priceFields(pricer.price({ ...usage, model: 'unheard-of' })));
    expect(costKind(stored)).toBe('unknown');
  });

  it.each<Partial<UsageInput>>([
    { cost_usd: 0 },
    { cost_usd: 5, billing_mode: 'estimated' },
    { cost_known: false },
    { billing_mode: 'runtime_managed' },
  ])('are not wanted where the caller said %j', (said) => {
    expect(wantsPrice({ ...usage, ...said })).toBe(false);
    expect(wantsPrice(usage)).toBe(true);
  });
});

describe('planReprice', () => {
  it('of nothing is empty', () => {
    expect(planReprice([], pricer, today)).toEqual({
      changes: [],
      groups: [],
      unpriced: [],
      difference: 0n,
      unchanged: 0,
      recorded: 0,
    });
  });

  it("finds what is unknown and now has a price, and inkwell's wrong list prices", () => {
    const unknown = record({});
    const wrong = [inkwells(), inkwells({ input_tokens: 130_000 })];
    const plan = planReprice([unknown, ...wrong], pricer, today);
    expect(plan.changes).toMatchObject([
      {
        usageId: unknown.usage_id,
        reason: 'now-known',
        before: undefined,
        after: 8_000_000n,
        fields: {
          cost_usd: 0.008,
          cost_known: true,
          billing_mode: 'estimated',
          price_source: 'genai-prices 0.2.3 2026-11-09 google/gemini-2.5-flash; repriced 2026-11-23',
        },
      },
      { usageId: wrong[0]?.usage_id, reason: 'wrong-list-price', before: 1_350_000n, after: 8_000_000n },
      { usageId: wrong[1]?.usage_id, reason: 'wrong-list-price', before: 20_100_000n, after: 44_000_000n },
    ]);
    expect(plan.groups).toMatchObject([
      { reason: 'wrong-list-price', records: 2, before: 21_450_000n, after: 52_000_000n, difference: 30_550_000n },
      { reason: 'now-known', records: 1, before: 0n, difference: 8_000_000n },
    ]);
    expect(plan.difference).toBe(38_550_000n);
  });

  it('leaves inkwell alone where its price is right', () => {
    const right = inkwells({ provider: 'claude', model: 'claude-sonnet-4-5' });
    expect(planReprice([right], pricer, today)).toMatchObject({ changes: [], unchanged: 1, recorded: 0 });
  });

  it("never touches a caller's cost, unless it is named", () => {
    const own = record({ cost_usd: 5 });
    const estimated = record({ cost_usd: 5, billing_mode: 'estimated' });
    const imported = record({ cost_usd: 5, billing_mode: 'estimated', price_source: 'claude-code log' });
    const chance = { ...inkwells(), source: 'cli' };
    const all = [own, estimated, imported, chance];
    expect(planReprice(all, pricer, today)).toMatchObject({ changes: [], recorded: 4 });
    const named = planReprice(all, pricer, { ...today, named: ({ usage_id }) => usage_id === own.usage_id });
    expect(named).toMatchObject({
      changes: [{ usageId: own.usage_id, reason: 'asked', before: 5_000_000_000n }],
      difference: -4_992_000_000n,
      recorded: 3,
    });
  });

  it('follows corrected prices where the cost was computed', () => {
    const before = record({
      ...priceFields(new Pricer(pricer.table, [{ model: '*', input: 1, output: 1 }]).price(record({}))),
    });
    expect(planReprice([before], pricer, today)).toMatchObject({
      changes: [{ reason: 'price-changed', before: 12_000_000n, after: 8_000_000n }],
    });
    expect(planReprice([record({ ...priceFields(pricer.price(record({}))) })], pricer, today)).toMatchObject({
      changes: [],
      unchanged: 1,
    });
  });

  it('keeps the multiple of a fast mode', () => {
    const usage = record({ provider: 'claude', model: 'claude-opus-4-6' });
    const factor = { times: 6, mode: 'fast' };
    const fast = { ...usage, ...priceFields(pricer.price(usage, { factor })) };
    expect(planReprice([fast], pricer, today)).toMatchObject({ changes: [], unchanged: 1 });
    const wrong = { ...fast, cost_usd: 1 };
    const [change] = planReprice([wrong], pricer, today).changes;
    expect(change?.after).toBe(usdToNanos(fast.cost_usd ?? 0));
    expect(parsePriceSource(change?.fields.price_source ?? '')).toMatchObject({ factor, repriced: '2026-11-23' });
  });

  it('names what stays unpriced, and keeps a computed cost whose price is gone', () => {
    const gone = record({
      model: 'unheard-of',
      cost_usd: 1,
      billing_mode: 'estimated',
      price_source: 'custom: unheard-of',
    });
    const unknown = [1, 2].map(() => record({ provider: 'vllm', model: 'llama3' }));
    expect(planReprice([gone, ...unknown], pricer, today)).toMatchObject({
      changes: [],
      unchanged: 1,
      unpriced: [{ provider: 'vllm', model: 'llama3', code: 'no-list-price', records: 2 }],
    });
  });

  it('applied once, changes nothing more', () => {
    const records = [record({}), inkwells(), inkwells({ provider: 'claude', model: 'claude-opus-4-1' })];
    const plan = planReprice(records, pricer, today);
    expect(plan.changes).toHaveLength(3);
    const applied = records.map((each, index) => ({ ...each, ...plan.changes[index]?.fields }));
    expect(planReprice(applied as UsageRecord[], pricer, today)).toMatchObject({ changes: [], unchanged: 3 });
  });

  it('puts the largest difference first, whether up or down, and what is unpriced most often', () => {
    const asked = (model: string, cost_usd: number): UsageRecord => record({ model, cost_usd });
    const records = [
      asked('gemini-2.5-flash', 0.009),
      asked('gemini-2.5-pro', 9),
      asked('gemini-2.5-flash-lite', 0),
      record({ provider: 'vllm', model: 'seldom' }),
      record({ provider: 'vllm', model: 'often' }),
      record({ provider: 'vllm', model: 'often' }),
      record({ provider: 'nobody', model: 'often' }),
    ];
    const plan = planReprice(records, pricer, { ...today, named: () => true });
    expect(plan.groups.map(({ model, difference }) => [model, difference])).toEqual([
      ['gemini-2.5-pro', -8_967_500_000n],
      ['gemini-2.5-flash-lite', 1_800_000n],
      ['gemini-2.5-flash', -1_000_000n],
    ]);
    expect(plan.difference).toBe(-8_966_700_000n);
    expect(plan.unpriced).toEqual([
      {
        provider: 'vllm',
        model: 'often',
        code: 'no-list-price',
        message: 'There are no published prices for "vllm"; set a custom price (0 if it is free).',
        records: 2,
      },
      expect.objectContaining({ provider: 'vllm', model: 'seldom', records: 1 }),
      expect.objectContaining({ provider: 'nobody', code: 'unknown-provider', records: 1 }),
    ]);
  });

  it("takes no cost for inkwell's that has another source, a price source, no cost, or another amount", () => {
    const own = inkwells();
    const others = [
      { ...own, source: 'cli' },
      { ...own, price_source: 'a log' },
      { ...own, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
      { ...own, cost_usd: own.cost_usd + 1e-9 },
      { ...own, provider: 'codex' },
    ];
    expect(planReprice(others, pricer, today)).toMatchObject({ changes: [], recorded: 5, unchanged: 0 });
    expect(planReprice([{ ...own, source: '' }], pricer, today).changes).toHaveLength(1);
  });

  it('prices by the terms of the call where it has some, not by the factor that it had', () => {
    const usage = record({ provider: 'claude', model: 'claude-opus-4-6', service_tier: 'batch' });
    const wrong = {
      ...usage,
      cost_usd: 1,
      cost_known: true,
      billing_mode: 'estimated' as const,
      price_source: 'genai-prices 0.1.8 2026-01-01 anthropic/claude-opus-4-6 x6 fast',
    };
    expect(planReprice([wrong], pricer, today).changes).toMatchObject([
      {
        after: 50_000_000n,
        fields: {
          price_source: 'genai-prices 0.2.3 2026-11-09 anthropic/claude-opus-4-6 x0.5 batch; repriced 2026-11-23',
        },
      },
    ]);
    // Of an own price it had no factor, nor does a text of another program say one.
    const { service_tier: _, ...plain } = wrong;
    const after = (price_source: string): bigint | undefined =>
      planReprice([{ ...plain, price_source }], pricer, { ...today, named: () => true }).changes[0]?.after;
    expect(['custom: *', 'custom: * x2 fast', 'a log x2 fast'].map(after)).toEqual([
      100_000_000n,
      200_000_000n,
      100_000_000n,
    ]);
  });

  it('leaves a price that is still assumed, and one of its own', () => {
    const assumed = record({ provider: 'claude', model: 'claude-sonnet-4-5-zz' });
    const before = { ...assumed, ...priceFields(pricer.price(assumed)) } as UsageRecord;
    expect(before.price_source).toMatch(/ assumed$/);
    expect(planReprice([before], pricer, today)).toMatchObject({ changes: [], unchanged: 1 });
    const own = { ...before, price_source: 'custom: claude-*' };
    expect(planReprice([own], pricer, today)).toMatchObject({ changes: [], unchanged: 1 });
  });
});
