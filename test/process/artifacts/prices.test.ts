import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type * as prices from '../../../src/prices/index.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { repository } from '../../unit/repo/files.ts';

/** dist/prices.js is everything of prices, with the whole price table. */

const file = path.join(repository, 'dist/prices.js');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-prices-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the built price table has every provider and model, and prices by them', async () => {
  if (!existsSync(file)) throw new Error('dist/prices.js is missing: npm run build');
  const { UserPrices } = createRequire(import.meta.url)(file) as typeof prices;
  const pricer = await new UserPrices({ folder }).pricer();
  const table = loadPriceTable();
  expect(table.catalog().flatMap(({ models }) => models).length).toBeGreaterThan(1_000);
  expect(pricer!.table.catalog()).toEqual(table.catalog());
  const result = pricer!.price({ provider: 'openai', model: 'gpt-5', input_tokens: 1_000_000 });
  expect(result).toMatchObject({ kind: 'priced', nanos: 1_250_000_000n });
});
