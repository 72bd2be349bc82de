import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageTable } from '../../../../src/columns/table.ts';
import { compareCells, compareEach, comparisonPass } from '../../../../src/pricing/compare/comparison.ts';
import type { ComparedGroup } from '../../../../src/pricing/compare/comparison.ts';
import { EdgeCoder } from '../../../../src/pricing/compare/edges.ts';
import { ExactSums, minus, plus } from '../../../../src/pricing/compare/exactSums.ts';
import { asked, asUsed, withoutFast, withoutTerms } from '../../../../src/pricing/compare/modes.ts';
import { readCustomPrices } from '../../../../src/pricing/custom.ts';
import { loadPricer } from '../../../../src/pricing/price.ts';
import type { Dimension } from '../../../../src/usage/query.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';

/** Dollars per million tokens, which are thousands of nano-dollars for each. */
const OWN = [
  { provider: 'mine', model: 'used', input: 2, output: 10, cache_read: 0.5 },
  { provider: 'mine', model: 'other', input: 4, output: 20, cache_read: 1 },
  // Fractions of a nano-dollar for each token.
  { provider: 'mine', model: 'tiny', input: 0.0005, output: 0.0005, cache_read: 0.0005 },
];
const pricer = loadPricer({ customPrices: OWN });
const mine = (model: string): { provider: string; model: string } => ({ provider: 'mine', model });
/** $10 and $30, and no price for what is read from the cache: it costs between nothing and the input. */
const UNCACHED = { provider: 'openai', model: 'gpt-4-turbo' };
const MODELS = [mine('used'), mine('other'), UNCACHED, mine('tiny'), { provider: 'nobody', model: 'unknown' }];

let made = 0;
function call([plain, read, output]: readonly [number, number, number], more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    usage_id: `u${made++}`,
    ...mine('used'),
    operation: 'chat',
    input_tokens: plain + read,
    output_tokens: output,
    total_tokens: plain + read + output,
    cache_read_tokens: read,
    cost_usd: 0,
    cost_known: true,
    billing_mode: 'known',
    timestamp: '2026-11-01T12:00:00.000Z',
    ...more,
  };
}

async function cellsOf(records: readonly UsageRecord[], models = MODELS, groupBy: Dimension[] = []) {
  const table = new UsageTable();
  const ledger = table.addLedger('costs.json');
  for (const record of records) table.add(ledger, record, 0);
  return table.passSliced(comparisonPass(pricer, models, {}, groupBy), async () => undefined);
}

const compared = async (...records: UsageRecord[]): Promise<ComparedGroup> =>
  compareCells(await cellsOf(records), MODELS.length)[0]!;
const range = (amount: bigint): { low: bigint; high: bigint } => ({ low: amount, high: amount });

describe('a comparison with other models', () => {
  it('has the cost of the same tokens at each of them', async () => {
    // 100 + 40 of the cache, and 10 of output; twice.
    const group = await compared(call([100, 40, 10]), call([100, 40, 10]));
    const used = 2n * (100n * 2000n + 40n * 500n + 10n * 10_000n);
    const without = 2n * (140n * 2000n + 10n * 10_000n);
    // A tenth of 280 more is read from the cache.
    const more = used - 28n * 1500n;
    expect(group.used).toEqual({
      records: 2,
      used,
      cost: range(used),
      withoutFast: range(used),
      withoutCache: without,
      moreCached: range(more),
      termsDropped: 0,
      unpriced: 0,
      reason: undefined,
    });
    expect(group.models[0]).toEqual(group.used);
    expect(group.models[1]).toMatchObject({
      records: 2,
      used,
      cost: range(2n * used),
      withoutCache: 2n * without,
      moreCached: range(2n * used - 28n * 3000n),
    });
    expect(group.notCompared).toEqual({ withoutTokens: 0, invalid: 0, withoutPrice: 0 });
  });

  it('counts each kind of output and input once, whatever the kinds are', async () => {
    const of = async (more: Partial<UsageRecord>): Promise<bigint> =>
      (await compared(call([100, 40, 10], more))).used.cost.high;
    const whole = 100n * 2000n + 40n * 500n + 10n * 10_000n;
    expect(await of({ output_audio_tokens: 4 })).toBe(whole);
    expect(await of({ reasoning_tokens: 3, output_image_tokens: 4 })).toBe(whole);
    expect(await of({ input_audio_tokens: 30, cache_audio_read_tokens: 10 })).toBe(whole);
    expect(await of({ input_image_tokens: 60, cache_image_read_tokens: 0 })).toBe(whole);
    const group = await compared(call([5, 0, 10], { reasoning_tokens: 7, output_audio_tokens: 4 }));
    expect(group.notCompared.invalid).toBe(1);
  });

  it('is exact of calls with as many tokens as a number holds', async () => {
    const most = 2 ** 52 - 1;
    const group = await compared(call([most, 0, 1]), call([most, 0, 0]), call([most, 0, 1]), call([1, 0, 3]));
    expect(group.used.cost.high).toBe((3n * BigInt(most) + 1n) * 2000n + 5n * 10_000n);
    expect(group.models[1]!.cost.high).toBe((3n * BigInt(most) + 1n) * 4000n + 5n * 20_000n);
    const more = Number.MAX_SAFE_INTEGER;
    const { used } = await compared(call([more, 0, 0]), call([0, more, 0]), call([more - 1, 0, 1]));
    expect(used.cost.high).toBe((2n * BigInt(more) - 1n) * 2000n + BigInt(more) * 500n + 10_000n);
  });

  it('has a range where a model has no price for what was read from the cache', async () => {
    const { models } = await compared(call([100, 40, 10]));
    const high = 140n * 10_000n + 10n * 30_000n;
    expect(models[2]).toMatchObject({
      cost: { low: high - 40n * 10_000n, high },
      withoutFast: { low: high - 40n * 10_000n, high },
      withoutCache: high,
      // 14 tokens more that may cost nothing.
      moreCached: { low: high - 54n * 10_000n, high },
    });
    // At the model itself the same calls cost what they cost.
    const own = compareCells(await cellsOf([call([100, 40, 10], UNCACHED)], [UNCACHED]), 1)[0]!;
    expect([own.used.cost, own.models[0]!.cost]).toEqual([range(high), range(high)]);
  });

  it('rounds each call where a token costs a fraction of a nano-dollar', async () => {
    // 3 tokens cost 1.5 nano-dollars, which is 2; 5 cost 2.5, which is 3.
    const { models } = await compared(call([3, 0, 0]), call([3, 0, 0]), call([5, 0, 5]));
    expect(models[3]!.cost.high).toBe(2n + 2n + 3n + 3n);
    const { models: cached } = await compared(call([1, 2, 0]));
    // Rounded apart if cached, and as one if nothing is.
    expect([cached[3]!.cost.high, cached[3]!.withoutCache]).toEqual([1n + 1n, 2n]);
  });

  it('counts what has no price, and says why', async () => {
    const group = await compared(
      call([1, 0, 1]),
      call([1, 0, 1], { provider: 'nobody', model: 'unknown' }),
      call([0, 0, 0]),
      call([0, 0, 0], { total_tokens: 5 }),
      call([5, 0, 1], { cache_write_tokens: 9 }),
    );
    expect(group.notCompared).toEqual({ withoutTokens: 2, invalid: 1, withoutPrice: 1 });
    expect(group.used.records).toBe(1);
    expect(group.models[4]).toEqual({
      records: 0,
      used: 0n,
      cost: range(0n),
      withoutFast: range(0n),
      withoutCache: 0n,
      moreCached: range(0n),
      termsDropped: 0,
      unpriced: 1,
      reason: 'The price table does not know the provider "nobody".',
    });
  });

  it('says of a model that lacks the price of a part that it does, and costs calls without that part', async () => {
    const embedding = { provider: 'openai', model: 'text-embedding-3-small' };
    const group = compareCells(await cellsOf([call([100, 0, 10]), call([50, 0, 0])], [embedding]), 1)[0]!;
    // No cell of the comparison is split by whether there is output, so neither call has a cost there.
    expect(group.models[0]).toMatchObject({ records: 0, unpriced: 2, reason: 'A part of the calls has no price.' });
    expect(group.used.cost).toEqual(range(150n * 2000n + 10n * 10_000n));
  });

  it('groups by parts of the key, the most expensive first, and has one group of nothing', async () => {
    const cells = await cellsOf(
      [
        call([1, 0, 0], { project: 'a', session_id: 's' }),
        call([9, 0, 0], { project: 'b', session_id: 's' }),
        call([3, 0, 0], { project: 'a', session_id: null }),
      ],
      [mine('other')],
      ['project', 'session'],
    );
    const costs = (keep: number[]): unknown[] =>
      compareCells(cells, 1, keep).map(({ key, used, models }) => [key, used.cost.high, models[0]!.cost.high]);
    expect(costs([])).toEqual([[[], 26_000n, 52_000n]]);
    expect(costs([0])).toEqual([
      [['b'], 18_000n, 36_000n],
      [['a'], 8000n, 16_000n],
    ]);
    expect(costs([1])).toEqual([
      [['s'], 20_000n, 40_000n],
      [[null], 6000n, 12_000n],
    ]);
    expect(costs([1, 0]).map((row) => (row as unknown[])[0])).toEqual([
      ['s', 'b'],
      [null, 'a'],
      ['s', 'a'],
    ]);
    const [whole, byProject] = compareEach(cells, 1, [[], [0]]);
    expect([whole!.length, byProject!.length]).toEqual([1, 2]);
    const none = compareCells([], 2);
    expect(none.map(({ key, models, used }) => [key, models.length, used.records])).toEqual([[[], 2, 0]]);
    expect(compareCells([], 2, [0])).toEqual([]);
  });

  it('says what a fast mode cost, and which models have none', async () => {
    const claude = { provider: 'anthropic', model: 'claude-opus-4-6' };
    const fast = call([1000, 0, 0], { ...claude, speed: 'fast' });
    const group = compareCells(await cellsOf([fast], [claude, mine('other')]), 2)[0]!;
    // $5 per million, six times in fast mode.
    expect(group.used).toMatchObject({ cost: range(30_000_000n), withoutFast: range(5_000_000n), termsDropped: 0 });
    expect(group.models[1]).toMatchObject({ records: 1, cost: range(4_000_000n), used: 30_000_000n });
    const openai = { provider: 'openai', model: 'gpt-5' };
    const dropped = compareCells(await cellsOf([fast], [openai]), 1)[0]!.models[0]!;
    expect(dropped).toMatchObject({ records: 1, termsDropped: 1, cost: range(1_250_000n), unpriced: 0 });
  });
});

describe('the mode of a call', () => {
  const usage = { provider: 'p', model: 'm', input_tokens: 1 };
  const options = { at: 5 };

  it('of a record of 0.1.0 is known by the factor of its price alone', () => {
    expect(asUsed(usage, {}, 5)).toEqual({ usage, options });
    const priced = asUsed(usage, { price_factor: ['2', 'fast'] } as never, 5);
    expect(priced).toEqual({ usage, options: { at: 5, factor: { times: '2', mode: 'fast' } } });
    const named = { ...usage, speed: 'fast' };
    expect(asUsed(named, { price_factor: ['2', 'fast'] } as never, 5)).toEqual({ usage: named, options });
    const model = { provider: 'q', model: 'n' };
    expect(asked(priced, model)).toEqual({ usage: { ...usage, ...model, speed: 'fast', charge: undefined }, options });
    const batch = { usage, options: { at: 5, factor: { times: '0.5', mode: 'batch' } } } as never;
    expect(asked(batch, model).usage).toEqual({ ...usage, ...model, service_tier: 'batch', charge: undefined });
    expect(withoutFast(priced)).toEqual({ usage, options });
    expect(withoutFast(batch)).toBeUndefined();
  });

  it('is billed by another model, whatever paid for it', () => {
    expect(asked({ usage: { ...usage, charge: 'plan' }, options }, { provider: 'q', model: 'n' }).usage).toEqual({
      provider: 'q',
      model: 'n',
      input_tokens: 1,
      charge: undefined,
    });
  });

  it.each([
    [{ speed: 'fast' }, {}],
    [{ speed: 'Fast', service_tier: 'flex' }, { service_tier: 'flex' }],
    [{ service_tier: 'priority', speed: 'slow' }, { speed: 'slow' }],
    [{ service_tier: 'ULTRAFAST' }, { speed: undefined }],
    [{ service_tier: 'flex' }, undefined],
    [{ speed: 'standard' }, undefined],
    [{}, undefined],
  ])('%j without speed is %j', (terms, kept) => {
    expect(withoutFast({ usage: { ...usage, ...terms }, options })).toEqual(
      kept && { usage: { ...usage, ...kept }, options },
    );
  });

  it('is none in the normal mode', () => {
    const terms = { speed: 'fast', service_tier: 'batch', inference_geo: 'us' };
    const factor = { times: '2', mode: 'fast' } as never;
    expect(withoutTerms({ usage: { ...usage, ...terms }, options: { at: 5, factor } })).toEqual({ usage, options });
  });
});

describe('the number of prices', () => {
  const HOUR = 3_600_000;
  const edges = (more: object) => ({ dates: [], times: [], sizes: [], ...more });

  it('changes at dates, hours and sizes, those of all models', () => {
    expect(new EdgeCoder([edges({}), edges({})]).isConstant).toBe(true);
    for (const more of [{ dates: [1] }, { times: [1] }, { sizes: [1] }]) {
      expect(new EdgeCoder([edges(more)]).isConstant).toBe(false);
    }
    const coder = new EdgeCoder([
      edges({ dates: [240 * HOUR], times: [16 * HOUR, 8 * HOUR] }),
      edges({ sizes: [200, 100], times: [8 * HOUR] }),
    ]);
    const parts = [
      [0, 239, 240, 999].map((hour) => coder.code(hour * HOUR, 0)),
      [7, 8, 15, 16, 23, 24].map((hour) => coder.code(hour * HOUR, 0)),
      [0, 100, 101, 200, 201].map((size) => coder.code(0, size)),
    ];
    const steps = parts.map((codes) => codes.map((code) => [...new Set(codes)].indexOf(code)));
    expect(steps).toEqual([
      [0, 1, 2, 3],
      [0, 1, 1, 2, 2, 0],
      [0, 0, 1, 1, 2],
    ]);
  });

  it('is another one for each combination', () => {
    const coder = new EdgeCoder([edges({ dates: [240 * HOUR], times: [8 * HOUR, 16 * HOUR], sizes: [100, 200] })]);
    const codes = [0, 240].flatMap((day) =>
      [0, 8, 16].flatMap((hour) => [0, 150, 300].map((size) => coder.code((day + hour) * HOUR, size))),
    );
    expect(codes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 18 }, (_, i) => i));
  });
});

describe('exact sums', () => {
  const whole = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.constantFrom(2 ** 52, -(2 ** 52), 2 ** 52 - 1, 2 ** 51),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  );

  it('are those of bigints, of any size and after any spill', () => {
    const step = fc.record({ row: fc.nat(40), field: fc.nat(2), more: whole, spills: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const sums = new ExactSums(3, 2);
        const expected = new Map<string, bigint>();
        for (const { row, field, more, spills } of steps) {
          sums.add(row, field, more);
          const key = `${row} ${field}`;
          expected.set(key, (expected.get(key) ?? 0n) + BigInt(more));
          if (spills) sums.spill();
        }
        for (let row = 0; row <= 40; row++) {
          for (let field = 0; field < 3; field++) {
            expect(BigInt(sums.get(row, field))).toBe(expected.get(`${row} ${field}`) ?? 0n);
          }
        }
        for (const value of sums.values) expect(Math.abs(value)).toBeLessThanOrEqual(2 ** 52);
      }),
    );
  });

  it('of two, and their difference, are numbers where a double holds them', () => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(BigInt(plus(a, b))).toBe(BigInt(a) + BigInt(b));
        expect(BigInt(minus(a, b))).toBe(BigInt(a) - BigInt(b));
      }),
    );
    expect([plus(1, 2), plus(2 ** 52, 0), plus(2 ** 52, 1), minus(-(2 ** 52), 1), plus(1n, 2)]).toEqual([
      3,
      2 ** 52,
      2n ** 52n + 1n,
      -(2n ** 52n) - 1n,
      3n,
    ]);
  });
});

it('the prices of these tests are valid', () => expect(readCustomPrices(OWN).problems).toEqual([]));
