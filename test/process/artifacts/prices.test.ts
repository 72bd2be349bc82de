import * as original from '@pydantic/genai-prices';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../../unit/repo/files.ts';

/** dist/prices.js is genai-prices with its data parsed provider by provider (scripts/compactPrices.mjs): the prices must stay the same. */

const file = path.join(repository, 'dist/prices.js');

function load(): typeof original {
  if (!existsSync(file)) throw new Error('dist/prices.js is missing: npm run build');
  const require = createRequire(import.meta.url);
  // Another test may have asked for some of its data already.
  delete require.cache[file];
  return require(file) as typeof original;
}

const LEFT_OUT = new Set(['description', 'price_comments', 'pricing_urls', 'price_discrepancies', 'prices_checked']);

test('the built price table is the whole table, without texts that no price depends on', async () => {
  const providers = JSON.stringify(await original.waitForUpdate(), (key, value: unknown) =>
    LEFT_OUT.has(key) ? undefined : value,
  );
  expect(JSON.parse(JSON.stringify(await load().waitForUpdate()))).toEqual(JSON.parse(providers));
  expect(providers.length).toBeGreaterThan(300_000);
});

test('every model costs the same by the built table, at each of its times', async () => {
  const built = load();
  const usage = { input_tokens: 300_000, cache_read_tokens: 1000, cache_write_tokens: 2000, output_tokens: 5000 };
  const costs = (library: typeof original, model: string, providerId: string, timestamp: Date): unknown => {
    try {
      const result = library.calcPrice(usage, model, { providerId, timestamp });
      return result && [result.provider.id, result.model.id, result.input_price, result.output_price];
    } catch (error) {
      return String(error);
    }
  };
  let priced = 0;
  for (const { id, models } of (await original.waitForUpdate()) ?? []) {
    for (const model of models) {
      for (const at of ['2024-06-01T03:00:00Z', '2026-11-20T17:30:00Z']) {
        const expected = costs(original, model.id, id, new Date(at));
        expect(costs(built, model.id, id, new Date(at))).toEqual(expected);
        if (Array.isArray(expected)) priced++;
      }
    }
  }
  expect(priced).toBeGreaterThan(1500);
});

test('asking for one provider parses no other', async () => {
  const built = load();
  expect(built.calcPrice({ input_tokens: 1_000_000 }, 'gpt-5', { providerId: 'openai' })?.total_price).toBe(1.25);
  const unparsed = ((await built.waitForUpdate()) ?? []).filter(
    (provider) => Object.getOwnPropertyDescriptor(provider, 'models')?.get !== undefined,
  );
  expect(unparsed.map(({ id }) => id)).toContain('openrouter');
  expect(unparsed.map(({ id }) => id)).not.toContain('openai');
});
