import { afterEach, beforeEach, expect, test } from 'vitest';
import { Sandbox, type Result } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const record = (model: string, ...more: string[]): Promise<Result> =>
  sandbox.run(['record', '--provider', 'anthropic', '--model', model, '--operation', 'chat', ...more]);
const compare = (...args: string[]): Promise<Result> => sandbox.run(['compare', ...args]);

const TOKENS = ['--input-tokens', '100000', '--output-tokens', '1000', '--timestamp', '2026-11-01T12:00:00Z'];
const CACHED = ['--cache-read-tokens', '80000', '--cache-write-tokens', '10000'];

test('compares the same tokens at other list prices, and a model with itself costs exactly the same', async () => {
  await record('claude-sonnet-4-5', ...TOKENS, ...CACHED, '--project', 'site');
  await record('claude-sonnet-4-5', '--cost-usd', '3', '--project', 'shop');
  await record('unheard-of', ...TOKENS);
  const result = await compare('--with', 'claude-opus-4-8,claude-sonnet-4-5', '--json');
  expect(result.code).toBe(0);
  // 10,000 x $3 + 80,000 x $0.30 + 10,000 x $3.75 + 1,000 x $15, per million.
  const used = 30_000_000 + 24_000_000 + 37_500_000 + 15_000_000;
  // 10,000 x $5 + 80,000 x $0.50 + 10,000 x $6.25 + 1,000 x $25.
  const opus = 50_000_000 + 40_000_000 + 62_500_000 + 25_000_000;
  expect(JSON.parse(result.stdout)).toMatchObject({
    command: 'compare',
    used: { records: 1, cost_nanos: String(used), without_cache_nanos: String(300_000_000 + 15_000_000) },
    models: [
      {
        provider: 'anthropic',
        model: 'claude-opus-4-8',
        assumed: false,
        records: 1,
        cost_nanos: String(opus),
        difference_nanos: String(opus - used),
        // A tenth of the input more is read: taken from 10,000 uncached and 10,000 written tokens alike.
        more_cached_nanos: String(opus - 25_000_000 - 31_250_000 + 5_000_000),
      },
      { model: 'claude-sonnet-4-5', cost_nanos: String(used), difference_nanos: '0' },
    ],
    not_compared: { records: 2, without_tokens: 1, without_price: 1, invalid_counts: 0 },
    by_project: [{ project: 'site' }, { project: 'shop', used: { records: 0 } }, { project: null }],
    by_operation: [{ operation: 'chat' }],
  });
  const text = (await compare('--with', 'claude-opus-4-8')).stdout;
  expect(text).toContain('not compared: 1 record without tokens, 1 record of models without a list price');
  expect(text).toContain('This is arithmetic');
});

test('a model without a price for the cache is a range, and an unknown model is an error that names similar ones', async () => {
  await record('claude-sonnet-4-5', ...TOKENS, ...CACHED);
  const range = await compare('--with', 'gpt-4-turbo', '--json');
  expect(JSON.parse(range.stdout)).toMatchObject({ models: [{ cost_low_usd: expect.any(Number) as number }] });
  const unknown = await compare('--with', 'claude-sonnet-99');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain('No price is known for a model "claude-sonnet-99".');
  expect(unknown.stderr).toContain('Similar models: anthropic/claude-sonnet-');
  expect((await compare()).stderr).toContain('--with: names the models to compare with');
});
