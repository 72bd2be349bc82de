import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CustomPrice } from '../../../../src/pricing/custom.ts';
import { loadPricer, Pricer, type PriceInput, type PriceOptions } from '../../../../src/pricing/price.ts';
import { priced } from '../usd.ts';
import { tableWith } from './ownTable.ts';

/** Remarks on a price, where it comes from, and how terms change it. */

const pricer = loadPricer();
const tokens = { input_tokens: 1_000, output_tokens: 100 };
const sonnet = { provider: 'anthropic', model: 'claude-sonnet-4-5' };
const remarks = (usage: PriceInput, by = pricer, options?: PriceOptions): string[] =>
  priced(by.price(usage, options)).rules.map(({ code, message }) => `${code}: ${message}`);

describe('the remarks', () => {
  it.each<[PriceInput, string[]]>([
    [{ ...sonnet, ...tokens }, []],
    [
      { ...sonnet, input_tokens: 200_001 },
      ['long-context: Long-context price for the whole call: more than 200000 input tokens'],
    ],
    [
      { ...sonnet, input_tokens: 200_001, whole_session: true },
      ['whole-session: Counts of a whole session: no long-context price is applied'],
    ],
    [
      { ...sonnet, input_tokens: 200_001, whole_session: 'yes' },
      ['long-context: Long-context price for the whole call: more than 200000 input tokens'],
    ],
    [
      { ...sonnet, model: 'claude-sonnet-4-5-zz', ...tokens },
      ['assumed-model: Assumed: the price of claude-sonnet-4-5, whose name is the nearest'],
    ],
    [
      { provider: 'openai', model: 'o3', ...tokens, timestamp: '2026-05-01T00:00:00Z' },
      ['valid-from: List price since 2025-06-10'],
    ],
    [{ provider: 'openai', model: 'o3', ...tokens, timestamp: '2025-05-01T00:00:00Z' }, []],
    [
      { provider: 'google', model: 'gemini-2.5-flash', ...tokens, cache_write_1h_tokens: 5 },
      ['no-hour-price: The table has no price for one-hour cache writes of this model: priced like other cache writes'],
    ],
    [{ ...sonnet, ...tokens, cache_write_1h_tokens: 5 }, []],
    [
      { provider: 'mistral', model: 'mistral-large-2411', ...tokens, web_searches: 2 },
      ['searches-without-price: Web searches are not included in the cost: their price is unknown'],
    ],
    [{ ...sonnet, ...tokens, service_tier: 'batch' }, ['factor: List price x0.5 (batch)']],
    [{ provider: 'ollama', model: 'llama3', ...tokens }, ['free: Free: nobody is billed for this call']],
  ])('on %j are %j', (usage, expected) => {
    expect(remarks(usage)).toEqual(expected);
  });

  it('name the pattern of a custom price, and its factor', () => {
    const own = new Pricer(pricer.table, [{ provider: 'anthropic', model: 'claude-*', input: 1, output: 2 }]);
    expect(remarks({ ...sonnet, ...tokens }, own)).toEqual(['custom: Custom price for claude-*']);
    expect(remarks({ ...sonnet, ...tokens }, own, { factor: { times: 3, mode: 'fast' } })).toEqual([
      'custom: Custom price for claude-*',
      'factor: List price x3 (fast)',
    ]);
  });

  it('do not pile up when the same model is priced again', () => {
    for (let i = 0; i < 2; i++) expect(remarks({ ...sonnet, input_tokens: 300_000 })).toHaveLength(1);
  });
});

describe('a call that is free', () => {
  it.each<[PriceInput, boolean]>([
    [{ provider: 'anthropic', model: 'claude-sonnet-4-5', charge: 'free' }, true],
    [{ provider: 'nobody', model: 'x', charge: 'free' }, true],
    [{ provider: 'ollama', model: 'x', charge: '' }, true],
    [{ provider: 'ollama', model: 'x', charge: 5 }, true],
    [{ provider: 'ollama', model: 'cloud-x' }, true],
    [{ provider: 'ollama', model: 'x:cloud' }, false],
    [{ provider: 'ollama', model: 'x-cloud' }, false],
    [{ provider: 'ollama', model: 'x', charge: 'metered' }, false],
    [{ provider: 'vllm', model: 'x' }, false],
    [{ provider: 'youtube', model: 'x' }, false],
  ])('%j: %s', (call, isFree) => {
    const result = pricer.price({ ...call, ...tokens });
    expect(result.kind === 'priced' && result.matched.by === 'free').toBe(isFree);
  });

  it('costs nothing in any of its parts', () => {
    const counts = { input_tokens: 100, cache_read_tokens: 20, output_tokens: 50, reasoning_tokens: 5 };
    const result = priced(pricer.price({ provider: 'ollama', model: 'x', ...counts, web_searches: 1 }));
    expect(result).toMatchObject({ nanos: 0n, matched: { by: 'free' }, priceSource: 'free' });
    const free = (quantity: number): object => ({ quantity, usd: '0', per: 1_000_000, nanos: 0n });
    expect(result.parts).toEqual({
      input: free(80),
      cacheRead: free(20),
      output: free(45),
      reasoning: free(5),
      webSearches: free(1),
      requests: free(1),
    });
    expect(pricer.quote({ provider: 'ollama', model: 'x' })).toMatchObject({ isCachePriced: true, factor: undefined });
  });
});

describe('the price of a quote', () => {
  it('is that of a call without tokens, and says whether reading from the cache has a price', () => {
    const quote = pricer.quote(sonnet);
    if ('kind' in quote) throw new Error(quote.message);
    expect(quote).toMatchObject({
      isCachePriced: true,
      factor: undefined,
      rules: [],
      matched: { by: 'table', provider: 'anthropic', model: 'claude-sonnet-4-5' },
      priceSource: 'genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-4-5',
    });
    expect([quote.rates.input?.usd, quote.rates.cacheRead?.usd]).toEqual(['3', '0.3']);
    const long = pricer.quote({ ...sonnet, input_tokens: 200_001 });
    expect('kind' in long ? undefined : long.rates.input?.usd).toBe('6');
    expect(pricer.quote({ provider: 'mistral', model: 'mistral-large-2411' })).toMatchObject({ isCachePriced: false });
    expect(pricer.quote({ provider: 'nobody', model: 'x' })).toMatchObject({ code: 'unknown-provider' });
  });

  it("is always there for reading from the cache at one's own price", () => {
    const price: CustomPrice = { model: '*', input: 1, output: 2 };
    const quote = new Pricer(pricer.table, [price]).quote(sonnet);
    expect(quote).toMatchObject({
      isCachePriced: true,
      matched: { by: 'custom', price },
      priceSource: 'custom: *',
      factor: undefined,
    });
  });
});

describe('the time of a call', () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  const o3 = { provider: 'openai', model: 'o3', input_tokens: 1_000_000 };
  const [before, after] = [Date.parse('2025-05-01T00:00:00Z'), Date.parse('2026-05-01T00:00:00Z')];

  it('is the given one, else its own, else now', () => {
    const cost = (usage: object, options?: PriceOptions): bigint =>
      priced(pricer.price({ ...o3, ...usage }, options)).nanos;
    const [old, today] = [10_000_000_000n, 2_000_000_000n];
    expect(cost({ timestamp: '2025-05-01T00:00:00Z' })).toBe(old);
    expect(cost({ timestamp: '2025-05-01T00:00:00Z' }, { at: after })).toBe(today);
    expect(cost({ timestamp: '2026-05-01T00:00:00Z' }, { at: before })).toBe(old);
    expect(cost({}, { at: before })).toBe(old);
    vi.useFakeTimers({ now: before });
    expect(cost({})).toBe(old);
    vi.setSystemTime(after);
    expect(cost({})).toBe(today);
    // Not beyond reason: the time that is given is the one that counts, also if it is none.
    expect(pricer.price(o3, { at: Number.NaN })).toMatchObject({ code: 'invalid-time' });
  });
});

describe('a factor', () => {
  const own = (...prices: CustomPrice[]): Pricer => new Pricer(pricer.table, prices);
  const million = { ...sonnet, input_tokens: 100_000, output_tokens: 0 };

  it('that is given takes precedence over the terms of the call', () => {
    const usage = { ...million, service_tier: 'batch' };
    expect(priced(pricer.price(usage)).nanos).toBe(150_000_000n);
    const six = { factor: { times: 6, mode: 'fast' } };
    expect(priced(pricer.price(usage, six)).nanos).toBe(1_800_000_000n);
    expect(priced(pricer.price({ ...usage, service_tier: 'priority' }, six)).priceSource).toMatch(/ x6 fast$/);
    const price = { model: '*', input: 1, output: 1 };
    expect(priced(own(price).price(usage, six)).nanos).toBe(600_000_000n);
  });

  it("also multiplies one's own price, unless nobody knows it", () => {
    const price = { model: '*', input: 1, output: 1 };
    const of = (terms: object): [bigint, string] => {
      const { nanos, priceSource } = priced(own(price).price({ ...million, ...terms }));
      return [nanos, priceSource];
    };
    expect(of({})).toEqual([100_000_000n, 'custom: *']);
    expect(of({ service_tier: 'batch' })).toEqual([50_000_000n, 'custom: * x0.5 batch']);
    // By the usual name of the vendor.
    expect(of({ provider: 'claude', service_tier: 'batch' })).toEqual([50_000_000n, 'custom: * x0.5 batch']);
    expect(of({ service_tier: 'priority' })).toEqual([100_000_000n, 'custom: *']);
    expect(of({ provider: 'nobody', service_tier: 'batch' })).toEqual([100_000_000n, 'custom: *']);
  });

  it('does not multiply fees for a request or a search, or the kinds that keep their price', () => {
    const prices = { input_mtok: 1, output_mtok: 1, cache_read_mtok: 0.1, web_searches_kcount: 10, requests_kcount: 5 };
    const table = tableWith({ m: prices });
    const usage = {
      provider: 'mine',
      model: 'm',
      input_tokens: 2_000_000,
      cache_read_tokens: 1_000_000,
      web_searches: 100,
    };
    const factor = { times: 0.5, mode: 'batch', keeps: ['cacheRead'] as const };
    const { parts, nanos } = priced(new Pricer(table).price(usage, { factor }));
    expect(parts).toEqual({
      input: { quantity: 1_000_000, usd: '0.5', per: 1_000_000, nanos: 500_000_000n },
      cacheRead: { quantity: 1_000_000, usd: '0.1', per: 1_000_000, nanos: 100_000_000n },
      webSearches: { quantity: 100, usd: '10', per: 1_000, nanos: 1_000_000_000n },
      requests: { quantity: 1, usd: '5', per: 1_000, nanos: 5_000_000n },
    });
    expect(nanos).toBe(1_605_000_000n);
    // The same price under another factor, and under the same factor with other kinds.
    const all = priced(new Pricer(table).price(usage, { factor: { times: 0.5, mode: 'batch' } }));
    expect(all.parts.cacheRead?.usd).toBe('0.05');
    const one = new Pricer(table);
    const readOf = (keeps: readonly ['cacheRead'] | undefined, times: number): string | undefined =>
      priced(one.price(usage, { factor: { times, mode: 'x', keeps } })).parts.cacheRead?.usd;
    expect([readOf(['cacheRead'], 2), readOf(undefined, 2), readOf(undefined, 3), readOf(['cacheRead'], 2)]).toEqual([
      '0.1',
      '0.2',
      '0.3',
      '0.1',
    ]);
  });
});

describe('where prices change', () => {
  it('is at dates, at hours and at sizes of calls', () => {
    expect(pricer.edges('anthropic', 'claude-sonnet-4-5')).toEqual({ dates: [], times: [], sizes: [200_000] });
    expect(pricer.edges('openai', 'o3')).toEqual({ dates: [Date.parse('2025-06-10')], times: [], sizes: [] });
    expect(pricer.edges('nobody', 'x')).toEqual({ dates: [], times: [], sizes: [] });
    const night = { start_time: '22:00:00+01:00', end_time: '02:30:00+01:00' } as const;
    const table = tableWith({
      night: [
        { prices: { input_mtok: 2, output_mtok: { base: 1, tiers: [{ start: 50, price: 3 }] } } },
        { constraint: { type: 'time_of_date', ...night }, prices: { input_mtok: 1 } },
        { constraint: { type: 'start_date', start_date: '2026-02-01' }, prices: { requests_kcount: 1 } },
      ],
    });
    const prices = [
      { model: 'night', input: 1, output: 1, from: '2026-03-01' },
      { model: 'x', input: 1, output: 1, from: '2026-04-01' },
    ];
    const own = new Pricer(table, prices);
    expect(own.edges('mine', 'night')).toEqual({
      dates: [Date.parse('2026-03-01'), Date.parse('2026-02-01')],
      times: [75_600_000, 5_400_000],
      sizes: [50],
    });
    expect(own.edges('nobody', 'x')).toEqual({ dates: [Date.parse('2026-04-01')], times: [], sizes: [] });
    // A price of one's own that holds always leaves nothing of the table.
    const always = new Pricer(table, [...prices, { model: 'night', input: 1, output: 1 }]);
    expect(always.edges('mine', 'night')).toEqual({ dates: [Date.parse('2026-03-01')], times: [], sizes: [] });
  });
});
