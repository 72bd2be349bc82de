import type { ModelInfo } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { PriceDataError } from '../../../../src/pricing/fetched.ts';
import { loadPriceTable, type ListedModel } from '../../../../src/pricing/table.ts';
import { bundledProviders } from '../bundledData.ts';
import { tableWith } from '../calls/ownTable.ts';

/** Models, and their prices over time, in a table of data that was fetched. */

const time = (text: string): number => Date.parse(text);
const listed = (prices: ModelInfo['prices']): ListedModel => {
  const found = tableWith({ m: prices }).find('mine', 'm');
  if (typeof found !== 'object') throw new Error(found);
  return found;
};
const since = (start_date: string, input_mtok: number): object => ({
  constraint: { type: 'start_date', start_date },
  prices: { input_mtok },
});
const during = (start_time: string, end_time: string, input_mtok: number): object => ({
  constraint: { start_time, end_time },
  prices: { input_mtok },
});
const always = (input_mtok: number): object => ({ prices: { input_mtok } });

describe('the price of a model', () => {
  it('is always the same one where it has one', () => {
    const one = listed({ input_mtok: 1 });
    expect(one).toMatchObject({ provider: 'mine', model: 'm', timed: false, isAssumed: false });
    const price = { provider: 'mine', model: 'm', price: { input_mtok: 1 }, since: undefined };
    expect([one.priceAt(0), one.prices, one.changes]).toEqual([price, [price], { dates: [], times: [] }]);
    expect(one.priceAt(1)).toBe(one.priceAt(2));
    const none = listed([] as never);
    expect(none).toMatchObject({ timed: false });
    expect(none.prices).toEqual([{ provider: 'mine', model: 'm', price: {}, since: undefined }]);
    expect(none.priceAt(0)).toBe(none.prices[0]);
  });

  it('is the latest that has begun, and before all of them the first, which has no day then', () => {
    const prices = [since('2026-01-01', 1), since('2026-02-01', 2), since('2026-03-01', 3)] as never;
    const model = listed(prices);
    const at = (text: string): unknown => {
      const { price, since: from } = model.priceAt(time(text));
      return [price['input_mtok'], from];
    };
    expect(at('2025-12-31T23:59:59.999Z')).toEqual([1, undefined]);
    expect(at('2026-01-01T00:00:00Z')).toEqual([1, '2026-01-01']);
    expect(at('2026-01-31T23:59:59.999Z')).toEqual([1, '2026-01-01']);
    expect(at('2026-02-01T00:00:00Z')).toEqual([2, '2026-02-01']);
    expect(at('2030-01-01T00:00:00Z')).toEqual([3, '2026-03-01']);
    expect(model.timed).toBe(true);
    expect(model.prices.map(({ since: from }) => from)).toEqual(['2026-01-01', '2026-02-01', '2026-03-01']);
    expect(model.changes).toEqual({ dates: ['2026-01-01', '2026-02-01', '2026-03-01'].map(time), times: [] });
  });

  it('is that of an hour of the day while it lasts, also over midnight and before 1970', () => {
    const model = listed([always(1), during('16:30:00Z', '00:30:00Z', 2)] as never);
    const at = (text: string): unknown => model.priceAt(time(text)).price['input_mtok'];
    const times = ['16:29:59.999', '16:30:00', '23:59:59', '00:00:00', '00:29:59.999', '00:30:00', '12:00:00'];
    for (const day of ['2026-05-05', '1969-05-05']) {
      expect(times.map((each) => at(`${day}T${each}Z`))).toEqual([1, 2, 2, 2, 2, 1, 1]);
    }
    expect(model.changes).toEqual({ dates: [], times: [59_400_000, 1_800_000] });
    const noon = listed([always(1), during('10:00:00-02:00', '15:00:00+02:00', 2)] as never);
    expect(noon.changes.times).toEqual([43_200_000, 46_800_000]);
    const inNoon = ['11:59:59', '12:00:00', '12:59:59', '13:00:00'].map(
      (each) => noon.priceAt(time(`2026-05-05T${each}Z`)).price['input_mtok'],
    );
    expect(inNoon).toEqual([1, 2, 2, 1]);
    // An hour of the day before, in UTC.
    expect(listed([always(1), during('01:00:00+05:30', '02:00:00+05:30', 2)] as never).changes.times).toEqual([
      70_200_000, 73_800_000,
    ]);
  });

  it('is the last one whose condition holds', () => {
    const model = listed([always(1), since('2026-01-01', 2), during('12:00:00Z', '13:00:00Z', 3)] as never);
    const at = (text: string): unknown => model.priceAt(time(text)).price['input_mtok'];
    expect([at('2025-05-05T00:00:00Z'), at('2026-05-05T00:00:00Z'), at('2025-05-05T12:30:00Z')]).toEqual([1, 2, 3]);
    expect(
      listed([during('12:00:00Z', '13:00:00Z', 3), always(1)] as never).priceAt(time('2026-05-05T12:30:00Z')),
    ).toMatchObject({
      price: { input_mtok: 1 },
    });
  });
});

describe('the table', () => {
  const provider = { id: 'mine', name: 'Mine', api_pattern: '', pricing_urls: [] };
  const model = (id: string, more: object = {}): ModelInfo => ({
    id,
    match: { equals: id },
    prices: { input_mtok: 1 },
    ...more,
  });
  const load = (models: ModelInfo[], more: object = {}): ReturnType<typeof loadPriceTable> =>
    loadPriceTable({ providers: [...bundledProviders, { ...provider, ...more, models }], date: '2026-11-28' });

  it('lists the models with a price for tokens, under their names', () => {
    const table = load([
      model('plain'),
      model('named', { name: 'Named', deprecated: true, context_window: 200_000 }),
      model('output', { prices: { output_mtok: 0 } }),
      model('fee', { prices: { requests_kcount: 1 } }),
      model('nothing', { prices: {} }),
      model('later', { prices: [{ prices: {} }, since('2026-01-01', 1)] }),
      model('never', { prices: [{ prices: {} }, { prices: { requests_kcount: 1 } }] }),
    ]);
    const plain = { deprecated: false, contextWindow: undefined };
    expect(table.catalog().find(({ id }) => id === 'mine')).toEqual({
      id: 'mine',
      name: 'Mine',
      models: [
        { id: 'plain', name: 'plain', ...plain },
        { id: 'named', name: 'Named', deprecated: true, contextWindow: 200_000 },
        { id: 'output', name: 'output', ...plain },
        { id: 'later', name: 'later', ...plain },
      ],
    });
    expect(table.version).toEqual({ version: 'online', date: '2026-11-28' });
    expect(loadPriceTable().version).toEqual({ version: '0.2.3', date: '2026-11-09' });
  });

  it('finds models of others that a provider also sells, after its own', () => {
    const table = load([model('gpt-4o', { prices: { input_mtok: 77 } })], {
      fallback_model_providers: ['nobody', 'openai', 'anthropic'],
    });
    expect(table.find('mine', 'gpt-4o')).toMatchObject({ provider: 'mine', prices: [{ price: { input_mtok: 77 } }] });
    expect(table.find('mine', 'gpt-5')).toMatchObject({ provider: 'mine', model: 'gpt-5' });
    expect(table.find('mine', 'claude-opus-5')).toMatchObject({ provider: 'mine', model: 'claude-opus-5' });
    expect(table.find('mine', 'gemini-2.5-pro')).toBe('unknown-model');
    expect(table.find('other', 'gpt-5')).toBe('unknown-provider');
    expect(table.providerOfModel('claude-opus-5')).toBe('anthropic');
    expect(table.providerOfModel('nothing')).toBeUndefined();
  });

  it('has the models of Alibaba once, whether the data has that provider or not', () => {
    const alibaba = (table: ReturnType<typeof loadPriceTable>): string[][] =>
      table.catalog().flatMap(({ id, models }) => (id === 'alibaba' ? [models.map((each) => each.id)] : []));
    const [added = []] = alibaba(load([]));
    expect(alibaba(load([]))).toHaveLength(1);
    expect(added).toContain('qwen3-max');
    const own = load([model('own-qwen')], { id: 'alibaba', name: 'Alibaba' });
    expect(alibaba(own)).toEqual([['own-qwen', ...added]]);
    expect(alibaba(loadPriceTable())).toEqual([added]);
  });

  it('is refused without the model that every version has', () => {
    const without = bundledProviders.filter(({ id }) => id !== 'openai');
    expect(() => loadPriceTable({ providers: without, date: '2026-11-28' })).toThrow(
      new PriceDataError('The price data is not in a form that this version can use.'),
    );
  });

  it('has the providers of the bundled data in the order of their ids', () => {
    const ids = loadPriceTable()
      .catalog()
      .map(({ id }) => id);
    expect(ids.slice(0, -1)).toEqual(ids.slice(0, -1).toSorted((a, b) => (a < b ? -1 : 1)));
    expect(ids.at(-1)).toBe('alibaba');
  });
});
