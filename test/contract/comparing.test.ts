import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { cacheCosts, cachePass } from '../../src/pricing/compare/cacheDollars.ts';
import { compareCells, comparisonPass } from '../../src/pricing/compare/comparison.ts';
import { loadPricer, type Pricer } from '../../src/pricing/price.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { runs } from '../long.ts';
import { STORES } from './stores.ts';
import { stored } from './usages.ts';

/** Models with tiers by size, prices by the hour, prices by date, prices of fractions of a nano-dollar, and without a cache price. */
const MODELS = [
  { provider: 'anthropic', model: 'claude-sonnet-4-5' },
  { provider: 'claude-code', model: 'claude-opus-4-8' },
  { provider: 'anthropic', model: 'claude-haiku-5-5' },
  { provider: 'openai', model: 'gpt-5.5' },
  { provider: 'google', model: 'gemini-3.1-pro-preview' },
  { provider: 'google', model: 'gemini-2.5-flash-lite' },
  { provider: 'deepseek', model: 'deepseek-v4-pro' },
  { provider: 'mine', model: 'own-model' },
];
const UNKNOWN = { provider: 'nowhere', model: 'unheard-of' };
const OWN = [
  { provider: 'mine', model: 'own-model', input: 0.0123, output: 7, cache_read: 0.00123 },
  { provider: 'mine', model: 'own-model', input: 0.5, output: 9, from: '2026-06-01' },
];

const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 }), fc.constantFrom(99_999, 200_001, 272_001));
const usages: fc.Arbitrary<UsageRecord> = fc
  .record({
    name: fc.constantFrom(...MODELS, UNKNOWN),
    plain: count,
    read: count,
    write: count,
    longShare: fc.constantFrom(0, 0.5, 1),
    output: count,
    terms: fc.constantFrom<Partial<UsageRecord>>(
      {},
      {},
      {},
      { service_tier: 'batch' },
      { speed: 'fast' },
      { service_tier: 'priority' },
      { inference_geo: 'us' },
      { web_searches: 3 },
      { input_audio_tokens: 10, cache_audio_read_tokens: 0, extra: 1 },
      // Priced only if nothing was read from the cache, because the tokens read may have been audio.
      { input_audio_tokens: 10 },
      { whole_session: true },
      { charge: 'free' },
    ),
    ms: fc.integer({ min: Date.parse('2026-05-30'), max: Date.parse('2026-11-20') }),
    project: fc.constantFrom('a', 'b'),
    session_id: fc.constantFrom('one', 'two', null),
  })
  .map(({ name, plain, read, write, longShare, output, terms, ms, project, session_id }) => {
    const audio = 'input_audio_tokens' in terms ? 10 : 0;
    const input = plain + read + write + audio;
    return {
      usage_id: '',
      ...name,
      operation: 'chat',
      input_tokens: input,
      output_tokens: output,
      total_tokens: input + output,
      cache_read_tokens: read,
      cache_write_tokens: write,
      cache_write_1h_tokens: Math.floor(write * longShare),
      reasoning_tokens: Math.floor(output / 3),
      cost_usd: 0,
      cost_known: true,
      billing_mode: 'known',
      timestamp: new Date(ms).toISOString(),
      project,
      session_id,
      ...terms,
    };
  });

const NO_CACHE = { cache_read_tokens: 0, cache_write_tokens: 0, cache_write_1h_tokens: 0 };
const NO_TERMS = { service_tier: null, speed: null, inference_geo: null };

let pricer: Pricer;
beforeAll(() => {
  pricer = loadPricer({ customPrices: OWN });
});

/** The cost by pricing one record; undefined without a price. */
function priceOf(record: UsageRecord): bigint | undefined {
  const result = pricer.price(record);
  return result.kind === 'priced' ? result.nanos : undefined;
}

function priceAt(record: UsageRecord, name: { provider: string; model: string }): bigint | undefined {
  if (name.model === record.model) return priceOf(record);
  const moved = { ...record, ...name, charge: null };
  const result = pricer.price(moved);
  if (result.kind === 'priced') return result.nanos;
  return result.code === 'unknown-terms' ? priceOf({ ...moved, ...NO_TERMS }) : undefined;
}

const plus = (sum: bigint, more: bigint | undefined): bigint => sum + (more ?? 0n);

describe.each(STORES)('a comparison of a $title ledger', (row) => {
  it('costs what the records cost one by one, and nothing more or less at the model that was used', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(usages, { minLength: 1, maxLength: 60 }), async (given) => {
        const records = given.map((record, i): UsageRecord => ({ ...record, usage_id: `id-${i}` }));
        const place = row.make();
        const ledger = place.open();
        try {
          await ledger.adopt(records.map(stored));
          const cells = await ledger.pass(comparisonPass(pricer, MODELS, {}, ['project']));
          const [all] = compareCells(cells, MODELS.length);
          const known = records.filter((record) => priceOf(record) !== undefined);
          expect(all!.used).toMatchObject({
            records: known.length,
            cost: { high: known.reduce((sum, record) => plus(sum, priceOf(record)), 0n) },
            withoutCache: known.reduce((sum, record) => plus(sum, priceOf({ ...record, ...NO_CACHE })), 0n),
          });
          const none = records.filter(({ input_tokens: input, output_tokens: output }) => input + output === 0);
          expect(all!.notCompared).toEqual({
            withoutTokens: none.length,
            invalid: 0,
            withoutPrice: records.length - none.length - known.length,
          });
          for (const [i, name] of MODELS.entries()) {
            const costs = all!.models[i]!;
            const priced = known.filter((record) => priceAt(record, name) !== undefined);
            expect(costs.records).toBe(priced.length);
            expect(costs.cost.high).toBe(priced.reduce((sum, record) => plus(sum, priceAt(record, name)), 0n));
            expect(costs.used).toBe(priced.reduce((sum, record) => plus(sum, priceOf(record)), 0n));
            expect(costs.cost.low <= costs.cost.high).toBe(true);
          }
          const cache = cacheCosts([await ledger.pass(cachePass(pricer, {}))]);
          expect([cache.all.paid, cache.all.uncached]).toEqual([all!.used.cost.high, all!.used.withoutCache]);
          expect(cache.all.paid + cache.all.savings).toBe(cache.all.uncached);
          expect(cache.all.savedByReading - cache.all.surcharge).toBe(cache.all.savings);
          expect(cache.byProject.reduce((sum, { costs }) => sum + costs.savings, 0n)).toBe(cache.all.savings);
          expect(cache.bySession.reduce((sum, { costs }) => sum + costs.neverRead, 0n)).toBe(cache.all.neverRead);
          const groups = compareCells(cells, MODELS.length, [0]);
          expect(groups.reduce((sum, { used }) => sum + used.cost.high, 0n)).toBe(all!.used.cost.high);
          for (const name of MODELS) {
            const own = await ledger.pass(comparisonPass(pricer, [name], { values: { model: [name.model] } }, []));
            const [group] = compareCells(own, 1);
            expect(group!.models[0]).toEqual(group!.used);
          }
        } finally {
          await ledger.close();
          place.dispose();
        }
      }),
      { numRuns: runs(8) },
    );
  });
});
