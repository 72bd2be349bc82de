import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger } from '../../../src/library/index.ts';
import type { Ledger, UsageInput } from '../../../src/library/index.ts';
import { findUnpriced } from '../../../src/library/unpriced.ts';
import { setOwnPrice } from '../../../src/prices/ownPrice.ts';
import { readCustomPriceFile } from '../../../src/prices/files.ts';
import { loadPricer } from '../../../src/pricing/price.ts';

let folder: string;
let ledger: Ledger;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-unpriced-'));
  ledger = openLedger({ ledger: path.join(folder, 'costs.json'), pricing: false });
});
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const usage = (provider: string, model: string): UsageInput => ({
  provider,
  model,
  operation: 'o',
  input_tokens: 10,
  output_tokens: 1,
});

test('names the models without a cost, the most calls first, why, and the price of the nearest model', async () => {
  await ledger.trackAll([
    usage('openai', 'gpt-5-turbo-ultra'),
    usage('openai', 'gpt-5-turbo-ultra'),
    usage('me', 'zzz-own'),
    usage('openai', 'gpt-5'),
    { ...usage('openai', 'gpt-5'), cost_usd: 1 },
  ]);
  const found = await findUnpriced(ledger, loadPricer());
  expect(found.map(({ model, calls }) => [model, calls])).toEqual([
    ['gpt-5-turbo-ultra', 2],
    ['zzz-own', 1],
    ['gpt-5', 1],
  ]);
  const [first, own, priced] = found;
  expect(first).toMatchObject({
    isPriced: false,
    nearest: { provider: 'openai', model: 'gpt-5', input: 1.25, output: 10, cacheRead: 0.125 },
  });
  expect(first?.code).toBe('unknown-model');
  expect(own).toMatchObject({ code: 'unknown-provider', nearest: undefined });
  // It was recorded while there were no prices.
  expect(priced).toMatchObject({ isPriced: true, nearest: undefined });
});

test('nothing where every call has a cost', async () => {
  await ledger.track({ ...usage('openai', 'gpt-5'), cost_usd: 1 });
  expect(await findUnpriced(ledger, loadPricer())).toEqual([]);
});

test('a price that is set can be taken back, with the one before it', async () => {
  const prices = async (): Promise<unknown[]> => (await readCustomPriceFile(folder)).entries;
  const old = { provider: 'me', model: 'm', input: 1, output: 2, note: 'mine' };
  await setOwnPrice(folder, old);
  const restore = await setOwnPrice(folder, { provider: 'me', model: 'm', input: 3, output: 4 });
  expect(await prices()).toEqual([{ provider: 'me', model: 'm', input: 3, output: 4 }]);
  await restore();
  expect(await prices()).toEqual([old]);
  const forget = await setOwnPrice(folder, { model: 'other', input: 0, output: 0 });
  await forget();
  expect(await prices()).toEqual([old]);
});
