import { describe, expect, it } from 'vitest';
import { UsageTable } from '../../../../src/columns/table.ts';
import { cacheCosts, cachePass, type CacheTally } from '../../../../src/pricing/compare/cacheDollars.ts';
import type { Cell } from '../../../../src/pricing/compare/cell.ts';
import { compareCells, comparisonPass, type ModelCosts } from '../../../../src/pricing/compare/comparison.ts';
import { PricesIndex } from '../../../../src/pricing/compare/pricesIndex.ts';
import { quotesOf, type ModelName } from '../../../../src/pricing/compare/quotes.ts';
import { loadPricer } from '../../../../src/pricing/price.ts';
import type { Dimension } from '../../../../src/usage/query.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';

/** Which calls share a cell, which model is the one that was used, and how tokens move when more is read from the cache. */

/** Dollars per million tokens, which are thousands of nano-dollars for each. */
const pricer = loadPricer({
  customPrices: [
    { provider: 'mine', model: 'used', input: 2, output: 10, cache_read: 0.5, cache_write: 3, cache_write_1h: 5 },
    { provider: 'mine', model: 'same', input: 2, output: 10, cache_read: 0.5, cache_write: 3, cache_write_1h: 5 },
  ],
});
const USED = { provider: 'mine', model: 'used' };
let made = 0;
function call(more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    usage_id: `u${made++}`,
    ...USED,
    operation: 'chat',
    input_tokens: 100,
    output_tokens: 0,
    total_tokens: 100,
    cost_usd: 0,
    cost_known: true,
    billing_mode: 'known',
    timestamp: '2026-11-01T12:00:00.000Z',
    ...more,
  };
}

function tableOf(records: readonly UsageRecord[]): UsageTable {
  const table = new UsageTable();
  const ledger = table.addLedger('costs.json');
  for (const record of records) table.add(ledger, record, 0);
  return table;
}
const cellsOf = (
  records: readonly UsageRecord[],
  models: ModelName[] = [],
  groupBy: Dimension[] = [],
): Promise<Cell[]> => tableOf(records).passSliced(comparisonPass(pricer, models, {}, groupBy), async () => undefined);
const cached = (records: readonly UsageRecord[]): Promise<CacheTally> =>
  tableOf(records).passSliced(cachePass(pricer, {}), async () => undefined);
async function at(record: UsageRecord, model: ModelName): Promise<ModelCosts> {
  return compareCells(await cellsOf([record], [model]), 1)[0]!.models[0]!;
}

describe('calls share a cell', () => {
  it('if all of their prices are equal, whatever they are called', async () => {
    const calls = [call(), call({ service_tier: 'standard' }), call({ model: 'same' }), call({ output_tokens: 5 })];
    const cells = await cellsOf(calls);
    // The own prices of both models are equal.
    expect(cells).toHaveLength(1);
    expect([cells[0]!.counted, cells[0]!.quantity(0), cells[0]!.quantity(9)]).toEqual([4, 400, 5]);
    expect(await cellsOf(calls, [{ provider: 'openai', model: 'gpt-5' }])).toHaveLength(1);
  });

  it.each([17, 33, 70])('of any number: %d', async (length) => {
    const records = Array.from({ length }, (_, i) => call({ project: `p${i}`, input_tokens: 100 + i }));
    const cells = await cellsOf(records, [], ['project']);
    expect(cells.map((cell) => Number(cell.quantity(0)))).toEqual(records.map(({ input_tokens: input }) => input));
  });

  it('not if one of them is another one, by its time, its size, its mode or its counts', async () => {
    const o3 = { provider: 'openai', model: 'o3' };
    const apart = async (...records: UsageRecord[]): Promise<number> => (await cellsOf(records)).length;
    expect(await apart(call(o3), call({ ...o3, timestamp: '2025-05-01T00:00:00Z' }))).toBe(2);
    expect(await apart(call(o3), call({ ...o3, timestamp: '2026-05-01T00:00:00Z' }))).toBe(1);
    expect(await apart(call(o3), call({ ...o3, service_tier: 'priority' }))).toBe(2);
    const sonnet = { provider: 'anthropic', model: 'claude-sonnet-4-5' };
    expect(await apart(call(sonnet), call({ ...sonnet, input_tokens: 200_001 }))).toBe(2);
    expect(await apart(call(sonnet), call({ ...sonnet, input_tokens: 200_000 }))).toBe(1);
    expect(await apart(call(), call({ output_audio_tokens: 3, output_tokens: 3 }))).toBe(2);
    expect(await apart(call(), call({ provider: 'nobody' }))).toBe(2);
    expect(await apart(call({ provider: 'nobody' }), call({ provider: 'nothing' }))).toBe(2);
  });

  it('has the same number for equal prices, and another one for others', () => {
    const index = new PricesIndex();
    const number = (model: string, more: object = {}, models: ModelName[] = []): number =>
      index.numberOf(quotesOf(pricer, models, { usage: { ...USED, model, ...more }, options: {} }));
    expect([number('used'), number('used'), number('same')]).toEqual([0, 0, 0]);
    expect(number('used', { service_tier: 'batch', provider: 'nobody' })).toBe(1);
    expect(number('used', {}, [{ provider: 'openai', model: 'gpt-5' }])).toBe(2);
    expect(number('used', {}, [{ provider: 'nobody', model: 'x' }])).toBe(3);
    // The model itself, and one that costs the same.
    expect([number('used', {}, [USED]), number('used', {}, [{ ...USED, model: 'same' }])]).toEqual([4, 5]);
    expect(index.all).toHaveLength(6);
  });
});

describe('the model that was used', () => {
  // It has no price for what is read from the cache, so that at other models the cost is a range.
  const turbo = { provider: 'openai', model: 'gpt-4-turbo' };
  const read = { ...turbo, cache_read_tokens: 40 };

  it('is the same one under another name of its provider, of its model, and by a custom price', async () => {
    const own = { low: 1_000_000n, high: 1_000_000n };
    expect((await at(call(read), turbo)).cost).toEqual(own);
    expect((await at(call(read), { provider: 'codex', model: 'gpt-4-turbo' })).cost).toEqual(own);
    expect((await at(call(read), { provider: 'openai', model: 'openai/gpt-4-turbo' })).cost).toEqual(own);
    const range = { low: 1_800_000n, high: 3_000_000n };
    expect((await at(call(read), { provider: 'openai', model: 'gpt-4' })).cost).toEqual(range);
    expect((await at(call(read), { provider: 'azure', model: 'gpt-4' })).cost).toEqual(range);
  });

  it('has another price where the factor of the record is another one', async () => {
    const opus = { provider: 'anthropic', model: 'claude-opus-4-8' };
    const record = call({
      ...opus,
      billing_mode: 'estimated',
      price_source: 'genai-prices 0.1.0 2026-01-01 anthropic/claude-opus-4-8 x6 fast',
    });
    // $5 per million, six times as the record says, and twice as the vendor does.
    expect((await at(record, opus)).cost.high).toBe(3_000_000n);
    expect(await at(record, { ...opus, provider: 'claude' })).toMatchObject({
      used: 3_000_000n,
      cost: { low: 1_000_000n, high: 1_000_000n },
      withoutFast: { low: 500_000n, high: 500_000n },
    });
  });

  it('says no reason of a model at which no call has a price, if there is none', async () => {
    const nobody = { provider: 'nobody', model: 'x' };
    expect(await at(call({ input_tokens: 0 }), nobody)).toMatchObject({ records: 0, unpriced: 0, reason: undefined });
    expect(await at(call(), nobody)).toMatchObject({
      unpriced: 1,
      reason: 'The price table does not know the provider "nobody".',
    });
  });
});

describe('groups of the same cost', () => {
  it('keep the order of their first calls', async () => {
    const names = ['b', 'c', 'a', 'd'];
    const records = names.map((project) => call({ project, session_id: project, cache_write_tokens: 10 }));
    const groups = compareCells(await cellsOf(records, [], ['project']), 0, [0]);
    expect(groups.map(({ key }) => key[0])).toEqual(names);
    const { bySession, byProject } = cacheCosts([await cached(records)]);
    expect([bySession, byProject].map((all) => all.map(({ key }) => key))).toEqual([names, names]);
    const dear = call({ project: 'x', session_id: 'x', input_tokens: 200 });
    const more = cacheCosts([await cached([...records, dear])]);
    expect(more.byProject.map(({ key }) => key)).toEqual(['x', ...names]);
  });
});

describe('if a tenth of the input more had been read from the cache', () => {
  const cost = async (counts: Partial<UsageRecord>): Promise<bigint> => {
    const { used } = compareCells(await cellsOf([call(counts)]), 0)[0]!;
    return used.cost.high - used.moreCached.high;
  };

  it.each<[string, Partial<UsageRecord>, bigint]>([
    ['it comes from plain input', { input_tokens: 100 }, 10n * 1500n],
    ['rounded down', { input_tokens: 109 }, 10n * 1500n],
    ['nothing of nine', { input_tokens: 9 }, 0n],
    ['nothing without input', { input_tokens: 0, output_tokens: 50 }, 0n],
    ['from what was written, too', { cache_write_tokens: 100 }, 10n * 2500n],
    ['for an hour, too', { cache_write_tokens: 100, cache_write_1h_tokens: 100 }, 10n * 4500n],
    [
      'from each in proportion',
      { input_tokens: 200, cache_write_tokens: 100, cache_write_1h_tokens: 50 },
      10n * 1500n + 5n * 2500n + 5n * 4500n,
    ],
    [
      'the rest from the last',
      { input_tokens: 100, cache_write_tokens: 66, cache_write_1h_tokens: 33 },
      3n * 1500n + 3n * 2500n + 4n * 4500n,
    ],
    ['a tenth of all that was not read', { input_tokens: 100, cache_read_tokens: 50 }, 10n * 1500n],
    ['at most all of it', { input_tokens: 1000, cache_read_tokens: 995 }, 5n * 1500n],
    ['and nothing where all was read', { input_tokens: 100, cache_read_tokens: 100 }, 0n],
  ])('%s: %j', async (_, counts, less) => {
    expect(await cost(counts)).toBe(less);
  });
});

describe('tokens that were written and never read', () => {
  const minute = (of: number): string => new Date(Date.UTC(2026, 10, 1, 0, of)).toISOString();

  it('are found among any number of calls, in any order, of several ledgers', async () => {
    // Each call reads what the one before it wrote, but for the last one of its session.
    const chain = (session_id: string, count: number): UsageRecord[] =>
      Array.from({ length: count }, (_, i) =>
        call({
          session_id,
          input_tokens: 10 + 10 * i,
          cache_read_tokens: 10 * i,
          cache_write_tokens: 10,
          timestamp: minute(i),
        }),
      );
    const [first, second] = [await cached(chain('a', 300)), await cached([...chain('b', 600).toReversed(), call()])];
    const { all, bySession } = cacheCosts([first, second]);
    expect(all).toMatchObject({
      records: 901,
      writtenTokens: 9_000n,
      readTokens: 10n * (299n * 150n + 599n * 300n),
      neverReadTokens: 20n,
      neverRead: 20n * 3000n,
    });
    expect(bySession.map(({ key, costs }) => [key, costs.records, costs.neverReadTokens])).toEqual([
      ['b', 600, 10n],
      ['a', 300, 10n],
      [null, 1, 0n],
    ]);
  });

  it('are those of the same session, provider and model alone', async () => {
    const written = { input_tokens: 100, cache_write_tokens: 100, session_id: 's', timestamp: minute(0) };
    const read = { ...written, cache_write_tokens: 0, cache_read_tokens: 100, timestamp: minute(1) };
    const never = async (...more: Partial<UsageRecord>[]): Promise<bigint> =>
      cacheCosts([await cached(more.map((each) => call(each)))]).all.neverReadTokens;
    expect(await never(written, read)).toBe(0n);
    // In whatever project.
    expect(await never({ ...written, project: 'a' }, { ...read, project: 'b' })).toBe(0n);
    expect(await never(written, { ...read, session_id: 't' })).toBe(100n);
    expect(await never(written, { ...read, model: 'same' })).toBe(100n);
    expect(await never(written, { ...read, provider: 'anthropic', model: 'claude-opus-5' })).toBe(100n);
    expect(await never(written, { ...read, timestamp: minute(-1) })).toBe(100n);
    // A call that reads less leaves the rest; one that wrote for an hour keeps its share.
    expect(await never(written, { ...read, cache_read_tokens: 60 })).toBe(40n);
    const hour = { ...written, cache_write_1h_tokens: 30 };
    const { all } = cacheCosts([await cached([call(hour), call({ ...read, cache_read_tokens: 90 })])]);
    expect([all.neverReadTokens, all.neverRead]).toEqual([10n, 7n * 3000n + 3n * 5000n]);
    // A count for an hour alone is the whole of what was written.
    const { cache_write_tokens: _, ...alone } = { ...hour, cache_write_1h_tokens: 30 };
    expect(await never(alone)).toBe(30n);
  });
});
