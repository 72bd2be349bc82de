import { describe, expect, it } from 'vitest';
import type { KnownModel } from '../../../../src/pricing/models/modelFit.ts';
import { nearestPrice, tokenPrices } from '../../../../src/pricing/models/nearest.ts';
import { Pricer } from '../../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { readCustomPrices } from '../../../../src/pricing/custom.ts';

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
});
