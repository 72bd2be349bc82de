import { describe, expect, it } from 'vitest';
import type { KnownModel } from '../../../../src/pricing/models/modelFit.ts';
import { nearestPrice, tokenPrices } from '../../../../src/pricing/models/nearest.ts';
import { Pricer } from '../../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { readCustomPrices } from '../../../../src/pricing/custom.ts';
import { tableWith } from '../calls/ownTable.ts';

/** Models that the bundled table does not have, with prices of our own. */
const { prices } = readCustomPrices([
  { provider: 'p', model: 'zork-2', input: 3, output: 15, cache_read: 0.3 },
  { provider: 'p', model: 'zork-2-mini', input: 1, output: 4, cache_read: 0.1 },
  { provider: 'p', model: 'zork-4', input: 5, output: 25, cache_read: 0.5 },
  { provider: 'q', model: 'zork-2', input: 2, output: 10, cache_read: 0.2 },
  { provider: 'p', model: 'plain', input: 7, output: 8 },
  { provider: 'p', model: 'big-zork-120b', input: 7, output: 8 },
  { provider: 'p', model: 'o3', input: 7, output: 8 },
]);
const pricer = new Pricer(loadPriceTable(), prices);
const known = (provider: string, model: string, more: Partial<KnownModel> = {}): KnownModel => ({
  provider,
  model,
  calls: 0,
  vendor: undefined,
  isRetired: false,
  ...more,
});
const MODELS = [
  known('p', 'zork-2'),
  known('p', 'zork-2-mini'),
  known('p', 'zork-4'),
  known('q', 'zork-2'),
  known('p', 'zork-unpriced'),
  known('p', 'plain'),
];

function nearest(model: string, provider = 'p', models = MODELS): string | undefined {
  const found = nearestPrice(pricer, models, { provider, model });
  return found && `${found.provider}/${found.model}`;
}

describe('the price of a model', () => {
  it('is that of a million tokens, of each kind', () => {
    expect(tokenPrices(pricer, 'p', 'zork-2')).toEqual({ input: 3, output: 15, cacheRead: 0.3 });
    // Without one of its own, what is read from the cache costs as much as other input.
    expect(tokenPrices(pricer, 'p', 'plain')).toEqual({ input: 7, output: 8, cacheRead: 7 });
    expect(tokenPrices(pricer, 'p', 'zork-unpriced')).toBeUndefined();
  });
});

describe('the nearest price', () => {
  it.each([
    // The same version, whatever the date and the path.
    ['zork-2-20260101', 'p/zork-2'],
    ['vendor/zork-2-preview', 'p/zork-2'],
    ['Zork 2 Mini', 'p/zork-2-mini'],
    // Words before versions, then the nearest version.
    ['zork-9-mini', 'p/zork-2-mini'],
    ['zork-3.9', 'p/zork-4'],
    ['zork-2.1', 'p/zork-2'],
    ['zork', 'p/zork-2'],
    ['plain-7', 'p/plain'],
    // No family: another first word, or none.
    ['mini-zork', 'p/zork-2-mini'],
    ['other', undefined],
    ['4711', undefined],
    ['', undefined],
  ])('of %s is that of %s', (model, expected) => {
    expect(nearest(model)).toBe(expected);
  });

  it('is not that of a model that shares a single letter, such as that of its size', () => {
    const models = [known('p', 'big-zork-120b'), known('p', 'o3')];
    expect(nearest('b', 'p', models)).toBeUndefined();
    expect(nearest('o5-b', 'p', models)).toBe('p/o3');
    expect(nearest('zork', 'p', models)).toBe('p/big-zork-120b');
  });

  it('has the prices and the name of the model that it is of', () => {
    expect(nearestPrice(pricer, MODELS, { provider: 'p', model: 'zork-4.1' })).toEqual({
      provider: 'p',
      model: 'zork-4',
      input: 5,
      output: 25,
      cacheRead: 0.5,
    });
  });

  it('is that of the same provider, then of the vendor', () => {
    expect(nearest('zork-2-x', 'q')).toBe('q/zork-2');
    expect(nearest('zork-2-x', 'p')).toBe('p/zork-2');
    const ofVendor = [known('p', 'zork-2'), known('q', 'zork-2', { vendor: 0 })];
    expect(nearest('zork-2-x', 'r', ofVendor)).toBe('q/zork-2');
    expect(nearest('zork-2-x', 'p', ofVendor)).toBe('p/zork-2');
  });

  it('is not that of the model itself, of a retired one, or of one without a price', () => {
    expect(nearest('zork-4', 'p', [known('p', 'zork-4'), known('q', 'zork-2')])).toBe('q/zork-2');
    const retired = [known('p', 'zork-2', { isRetired: true }), known('p', 'zork-4')];
    expect(nearest('zork-2-x', 'p', retired)).toBe('p/zork-4');
    expect(nearest('zork-unpriced-x', 'p', [known('p', 'zork-unpriced'), known('p', 'zork-4')])).toBe('p/zork-4');
    expect(nearest('zork-unpriced-x', 'p', [known('p', 'zork-unpriced')])).toBeUndefined();
  });

  it.each<[string, string[]]>([
    // The better one comes first. A shared word counts two, another one takes one away.
    ['zork-pro-mini-9', ['zork-pro-mini-8', 'zork-pro-8', 'zork-pro-x-8', 'zork-8', 'zork-x-8']],
    ['zork-9', ['zork-1', 'zork-1-a', 'zork-1-a-b']],
    // Half of what the version differs, and three for the same one.
    ['zork-5', ['zork-5-a-b-c', 'zork-4', 'zork-6-a', 'zork-1']],
    ['zork-5.5', ['zork-5-5', 'zork-5-4', 'zork-5']],
    ['zork-5', ['zork-4', 'zork-6.5', 'zork-2']],
    // No version: a date, the size in millions, or the path before the name.
    ['zork-5-4096', ['zork-6', 'zork-4-4096']],
    ['5/zork', ['zork', 'zork-5']],
    ['zork-123', ['zork-x', 'zork-12']],
  ])('of %s is better of the first of %j', (wanted, names) => {
    const own = new Pricer(loadPriceTable(), [{ model: '*', input: 1, output: 1 }]);
    const models = names.map((name) => known('p', name));
    for (let i = 0; i + 1 < models.length; i++) {
      const [better, worse] = [models[i]!, models[i + 1]!];
      const of = (pair: KnownModel[]): string | undefined =>
        nearestPrice(own, pair, { provider: 'p', model: wanted })?.model;
      expect(of([better, worse])).toBe(better.model);
      if (!wanted.endsWith('4096')) expect(of([worse, better])).toBe(better.model);
    }
  });

  it('is looked for among the twelve most similar names', () => {
    const unpriced = Array.from({ length: 12 }, (_, i) => known('none', `zork-2-${'abcdefghijkl'[i]}`));
    expect(nearest('zork-2', 'r', [...unpriced.slice(1), known('p', 'zork-4')])).toBe('p/zork-4');
    expect(nearest('zork-2', 'r', [...unpriced, known('p', 'zork-4')])).toBeUndefined();
  });

  it('of a letter is that of a model whose name begins with it', () => {
    const own = new Pricer(loadPriceTable(), [{ model: '*', input: 1, output: 1 }]);
    const of = (wanted: string, name: string): string | undefined =>
      nearestPrice(own, [known('p', name)], { provider: 'p', model: wanted })?.model;
    expect(of('ab-1', 'ab-2')).toBe('ab-2');
    expect(of('ab-1', 'x-ab-2')).toBeUndefined();
    expect(of('abc-1', 'x-abc-2')).toBe('x-abc-2');
    expect(of('abc-1', 'abcd-2')).toBeUndefined();
  });
});

it('the price of a model is that of a short call, and of reading only where there is one', () => {
  const own = new Pricer(
    tableWith({
      long: { input_mtok: { base: 1, tiers: [{ start: 2_000, price: 9 }] }, output_mtok: 4, cache_read_mtok: 0.5 },
      'input-only': { input_mtok: 1 },
      'output-only': { output_mtok: 1 },
      fee: { input_mtok: 1, output_mtok: 4, requests_kcount: 5 },
    }),
  );
  expect(tokenPrices(own, 'mine', 'long')).toEqual({ input: 1, output: 4, cacheRead: 0.5 });
  expect(tokenPrices(own, 'mine', 'input-only')).toBeUndefined();
  expect(tokenPrices(own, 'mine', 'output-only')).toBeUndefined();
  expect(tokenPrices(own, 'mine', 'fee')).toEqual({ input: 1, output: 4, cacheRead: 1 });
  expect(tokenPrices(own, 'ollama', 'any')).toEqual({ input: 0, output: 0, cacheRead: 0 });
});
