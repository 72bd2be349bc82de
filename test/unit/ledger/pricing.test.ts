import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writePriceData } from '../../../src/prices/dataFile.ts';
import {
  changeCustomPriceFile,
  customPricesPath,
  editorPricesPath,
  keepEditorPrices,
  readEditorPriceFile,
} from '../../../src/prices/files.ts';
import { CostTracker, type CostTrackerOptions } from '../../../src/library/costTracker.ts';
import { UserPrices } from '../../../src/prices/userPrices.ts';
import type { CustomPrice } from '../../../src/pricing/custom.ts';
import type { UsageInput } from '../../../src/usage/record.ts';
import { cpuTimer } from '../../fixtures/cpuTime.ts';

let folder: string;
const open: CostTracker[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-pricing-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((ledger) => ledger.close()));
  rmSync(folder, { recursive: true, force: true });
});

const warnings: string[] = [];
const userPrices = (): UserPrices => {
  warnings.length = 0;
  return new UserPrices({ folder, warn: (message) => warnings.push(message) });
};
function tracker(options: CostTrackerOptions = {}): CostTracker {
  const ledger = new CostTracker({ ledger: path.join(folder, 'costs.json'), pricing: userPrices(), ...options });
  open.push(ledger);
  return ledger;
}

const CLAUDE: UsageInput = {
  provider: 'anthropic',
  model: 'claude-sonnet-4-5',
  operation: 'chat',
  input_tokens: 10_000,
  output_tokens: 2000,
};
const CLAUDE_SOURCE = 'genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-4-5';

describe('a usage without a cost', () => {
  it('is priced by the table', async () => {
    expect(await tracker().track(CLAUDE)).toMatchObject({
      cost_usd: 0.06,
      cost_known: true,
      billing_mode: 'estimated',
      price_source: CLAUDE_SOURCE,
    });
  });

  it.each([
    ['a model that nobody knows', { model: 'unheard-of' }],
    ['an unknown provider', { provider: 'unheard-of' }],
    ['no tokens', { input_tokens: 0, output_tokens: 0 }],
    ['cache tokens above the input', { cache_read_tokens: 20_000 }],
    ['only a total', { input_tokens: 0, output_tokens: 0, total_tokens: 5 }],
  ])('is recorded as unpriced: %s', async (_what, fields) => {
    const record = await tracker().track({ ...CLAUDE, ...fields });
    expect(record).toMatchObject({ cost_usd: 0, cost_known: false, billing_mode: 'runtime_managed' });
    expect(record).not.toHaveProperty('price_source');
  });

  it('is priced at its own time', async () => {
    const usage = { provider: 'openai', model: 'o3', operation: 'chat', input_tokens: 1e6, output_tokens: 1e6 };
    const records = await tracker().trackAll([{ ...usage, timestamp: '2025-05-01T00:00:00Z' }, usage]);
    expect(records.map(({ cost_usd }) => cost_usd)).toEqual([50, 10]);
  });

  it('is the same record when it comes again, though the prices have changed', async () => {
    const ledger = tracker();
    const first = await ledger.track({ ...CLAUDE, usage_id: 'one' });
    await changeCustomPriceFile(folder, () => [{ model: 'claude-*', input: 1, output: 1 }]);
    expect(await ledger.track({ ...CLAUDE, usage_id: 'one' })).toEqual(first);
    expect(await ledger.read()).toHaveLength(1);
  });

  it('gets no price_source in a strict ledger, and says by its billing mode that it is estimated', async () => {
    const usage = { ...CLAUDE, provider: 'claude', operation: 'extraction' };
    const ledger = tracker({ strict: true });
    const record = await ledger.track(usage);
    await ledger.flush();
    expect(record).toMatchObject({ cost_usd: 0.06, cost_known: true, billing_mode: 'estimated' });
    expect(record).not.toHaveProperty('price_source');
    expect(readFileSync(path.join(folder, 'costs.json'), 'utf8')).not.toContain('price_source');
  });

  it('is left unpriced when prices are switched off', async () => {
    expect(await tracker({ pricing: false }).track(CLAUDE)).toMatchObject({ cost_known: false });
  });

  it('is priced by what the program brings along', async () => {
    const customPrices = [{ provider: 'anthropic', model: 'claude-*', input: 1, output: 2 }];
    expect(await tracker({ pricing: { customPrices } }).track(CLAUDE)).toMatchObject({
      cost_usd: 0.014,
      price_source: 'custom: anthropic/claude-*',
    });
    const wrong = tracker({ pricing: { customPrices: [{ model: 'x', input: -1, output: 0 }] } });
    await expect(wrong.track(CLAUDE)).rejects.toThrow(/pricing.customPrices: price 1: input must be a price/);
    expect(await wrong.read()).toHaveLength(1);
  });
});

describe('a cost that the caller gives, or leaves open on purpose', () => {
  const never = {
    costsOf: () => Promise.reject(new Error('prices were asked for')),
  };
  it.each([
    { cost_usd: 0 },
    { cost_usd: 1.25 },
    { cost_known: false },
    { billing_mode: 'runtime_managed' as const },
    { cost_usd: 1, cost_known: false },
  ])('stays as it is, and loads no price: %j', async (fields) => {
    const record = await tracker({ pricing: never }).track({ ...CLAUDE, ...fields });
    expect(record).toMatchObject(fields);
    expect(record).not.toHaveProperty('price_source');
  });
});

describe("a person's own prices", () => {
  it('win over the table, and are followed as they change', async () => {
    const ledger = tracker();
    await changeCustomPriceFile(folder, () => [{ provider: 'anthropic', model: 'claude-*', input: 1, output: 1 }]);
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_usd: 0.012, price_source: 'custom: anthropic/claude-*' });
    await changeCustomPriceFile(folder, () => []);
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_usd: 0.06, price_source: CLAUDE_SOURCE });
  });

  it('leave out what cannot be used, by name', async () => {
    await changeCustomPriceFile(folder, () => [
      { model: 'gpt-*', input: 1 },
      { model: 'claude-*', input: 1, output: 1 },
    ]);
    expect(await tracker().track(CLAUDE)).toMatchObject({ cost_usd: 0.012 });
    expect(warnings).toEqual([
      expect.stringMatching(/prices\.json: price 1: output is required\. This price is ignored/),
    ]);
  });

  it('price nothing when they cannot be read, as they might have said another price', async () => {
    writeFileSync(customPricesPath(folder), '[{');
    const ledger = tracker();
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_known: false });
    await ledger.track(CLAUDE);
    expect(warnings).toEqual([expect.stringMatching(/prices\.json is not valid JSON/)]);
  });

  it("of the editor's setting count for everybody, and win where both fit equally well", async () => {
    const ledger = tracker();
    const claude = { provider: 'anthropic', model: 'claude-*' };
    await changeCustomPriceFile(folder, () => [
      { ...claude, input: 1, output: 1 },
      { model: 'claude-opus-*', input: 3, output: 3 },
    ]);
    expect(await keepEditorPrices(folder, 'One', [{ ...claude, input: 2, output: 2 }])).toBeUndefined();
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_usd: 0.024, price_source: 'custom: anthropic/claude-*' });
    expect(await ledger.track({ ...CLAUDE, model: 'claude-opus-4-5' })).toMatchObject({ cost_usd: 0.036 });
    await keepEditorPrices(folder, 'One', []);
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_usd: 0.012 });
  });

  it('of several editors are those of the one that told them last, which is said', async () => {
    const price = (input: number): CustomPrice => ({ model: 'm', input, output: 1 });
    const file = (): string => readFileSync(editorPricesPath(folder), 'utf8');
    await keepEditorPrices(folder, 'One', [price(1)]);
    const ones = file();
    // An editor without prices takes nothing away, and one with the same has nothing to say.
    expect(await keepEditorPrices(folder, 'Two', [])).toBeUndefined();
    expect(await keepEditorPrices(folder, 'Two', [price(1)])).toBeUndefined();
    expect(file()).toBe(ones);
    expect(await keepEditorPrices(folder, 'Two', [price(2)])).toBe('One');
    expect(await readEditorPriceFile(folder)).toEqual({ editor: 'Two', prices: [price(2)], problems: [] });
    expect(await keepEditorPrices(folder, 'Two', [])).toBeUndefined();
    expect(await keepEditorPrices(folder, 'One', [price(1)])).toBeUndefined();
  });

  it("price nothing when the editor's cannot be read, until the editor writes them again", async () => {
    writeFileSync(editorPricesPath(folder), 'null');
    const ledger = tracker();
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_known: false });
    expect(warnings).toEqual([expect.stringMatching(/editor-prices\.json was not written by an editor/)]);
    await keepEditorPrices(folder, 'One', []);
    expect(await ledger.track(CLAUDE)).toMatchObject({ cost_usd: 0.06 });
  });

  it('are by the fetched table where it is newer than the bundled one', async () => {
    const model = { id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices: { input_mtok: 7, output_mtok: 7 } };
    const openai = { id: 'openai', name: 'OpenAI', api_pattern: 'openai', models: [model] };
    const usage = { provider: 'openai', model: 'gpt-4o', operation: 'chat', input_tokens: 1e6 };
    const at = (date: string) => ({ at: `${date}T03:04:05Z`, date });
    await writePriceData(folder, JSON.stringify([openai]), at('2099-01-02'));
    const ledger = tracker();
    expect(await ledger.track(usage)).toMatchObject({
      cost_usd: 7,
      price_source: 'genai-prices online 2099-01-02 openai/gpt-4o',
    });
    await writePriceData(folder, JSON.stringify([openai]), at('2020-01-02'));
    expect(await ledger.track(usage)).toMatchObject({ cost_usd: 2.5 });
    await writePriceData(folder, '{"no": "prices"}', at('2099-01-02'));
    expect(await ledger.track(usage)).toMatchObject({ cost_usd: 2.5 });
    expect(warnings).toEqual([expect.stringMatching(/unknown form.*llm-spend prices update.*bundled prices are used/)]);
  });
});

it('prices 100,000 usages in under a second', async () => {
  const models = ['claude-sonnet-4-5', 'claude-opus-4-5', 'claude-haiku-4-5'];
  const prices = userPrices();
  const records = Array.from({ length: 100_000 }, (_, i) => ({
    ...CLAUDE,
    usage_id: `${i}`,
    model: models[i % 3]!,
    input_tokens: i,
    output_tokens: 10,
    total_tokens: i + 10,
    cost_usd: 0,
    cost_known: false,
    billing_mode: 'runtime_managed' as const,
    timestamp: '2026-11-01T00:00:00Z',
  }));
  await prices.pricer();
  const took = cpuTimer();
  const costs = await prices.costsOf(records);
  expect(took()).toBeLessThan(1000);
  expect(costs.every((cost) => cost !== undefined)).toBe(true);
});
