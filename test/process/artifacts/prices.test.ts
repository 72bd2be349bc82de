import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type * as bundle from '../../../src/pricing/data/priceBundle.ts';
import { bundledProviders } from '../../unit/pricing/bundledData.ts';
import { repository } from '../../unit/repo/files.ts';

/** dist/prices.js is genai-prices without its data (scripts/withoutData.mjs), and the data of src/pricing/data. */

const file = path.join(repository, 'dist/prices.js');

function load(): typeof bundle {
  if (!existsSync(file)) throw new Error('dist/prices.js is missing: npm run build');
  return createRequire(import.meta.url)(file) as typeof bundle;
}

describe('the built price table', () => {
  test('holds all data, packed by provider, and none of the older data of the library', async () => {
    const { library, vendorPrices, routedPrices } = load();
    const packed = [...vendorPrices, ...routedPrices];
    expect(packed.map(({ models }) => typeof models)).toEqual(packed.map(() => 'string'));
    expect(packed.map((each) => ({ ...each, models: JSON.parse(each.models) as unknown }))).toEqual(bundledProviders);
    expect(await library.waitForUpdate()).toEqual([]);
  });

  test('prices every model as the library does with the same data', () => {
    const { library } = load();
    library.updatePrices(({ setProviderData }) => setProviderData([...bundledProviders]));
    const price = library.calcPrice({ input_tokens: 1_000_000 }, 'gpt-5', { providerId: 'openai' });
    expect(price?.total_price).toBe(1.25);
  });
});
