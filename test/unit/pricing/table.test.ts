import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadPricer } from '../../../src/pricing/price.ts';
import { parsePriceData, PriceDataError, PRICE_DATA_URL } from '../../../src/pricing/fetched.ts';
import { bundledProviders } from './bundledData.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { priced, usd } from './usd.ts';

const gpt = { provider: 'openai', model: 'gpt-4o', input_tokens: 1_000_000, output_tokens: 0 };

describe('fetched price data', () => {
  let bundled: string;
  beforeAll(async () => {
    bundled = JSON.stringify(bundledProviders);
  });

  const withPrices = (prices: unknown): string =>
    JSON.stringify(
      (JSON.parse(bundled) as { id: string; models: { id: string; prices: unknown }[] }[]).map((provider) => ({
        ...provider,
        models: provider.models.map((model) => (model.id === 'gpt-4o' ? { ...model, prices } : model)),
      })),
    );

  it('is used by its own table only, and named with its day', async () => {
    const before = loadPricer();
    const online = loadPricer({
      fetched: parsePriceData(withPrices({ input_mtok: 99, output_mtok: 1 }), '2026-11-20'),
    });
    expect(usd(online.price(gpt))).toBe('99');
    expect(usd(before.price(gpt))).toBe('2.5');
    expect(usd(online.price({ ...gpt, model: 'gpt-4o-2024-11-20' }))).toBe('99');
    expect(usd(loadPricer().price(gpt))).toBe('2.5');
    expect(priced(online.price(gpt)).priceSource).toBe('genai-prices online 2026-11-20 openai/gpt-4o');
  });

  it('follows hours of the day across midnight, with an offset too', async () => {
    const night = { type: 'time_of_date', start_time: '22:00:00+01:00', end_time: '02:00:00+01:00' };
    const prices = [
      { prices: { input_mtok: 2, output_mtok: 2 } },
      { constraint: night, prices: { input_mtok: 1, output_mtok: 1 } },
    ];
    const pricer = loadPricer({ fetched: parsePriceData(withPrices(prices), '2026-11-20') });
    const at = (time: string): string => usd(pricer.price({ ...gpt, timestamp: `2026-05-05T${time}Z` }));
    expect(['20:59:59.999', '21:00:00', '23:59:59', '00:00:00', '00:59:59.999', '01:00:00'].map(at)).toEqual([
      '2',
      '1',
      '1',
      '1',
      '1',
      '2',
    ]);
  });

  it('takes the bundled data as it is', () => {
    expect(parsePriceData(bundled, '2026-11-20').providers.length).toBeGreaterThan(20);
    expect(PRICE_DATA_URL).toMatch(/^https:\/\/raw\.githubusercontent\.com\/pydantic\/genai-prices\//);
  });

  it.each([
    ['', /not valid JSON/],
    ['{}', /at its top/],
    ['[{"id":"openai","name":"OpenAI","api_pattern":"x"}]', /at 0\.models/],
    [
      '[{"id":"a","name":"A","api_pattern":"(","models":[{"id":"m","match":{"regex":"("},"prices":{"input_mtok":-1}}]}]',
      /at 0\.api_pattern/,
    ],
    [
      '[{"id":"a","name":"A","api_pattern":"","models":[{"id":"m","match":{"regex":"("},"prices":{"input_mtok":1}}]}]',
      /at 0\.models\.0\.match/,
    ],
    [
      '[{"id":"a","name":"A","api_pattern":"","models":[{"id":"m","match":{"equals":"m"},"prices":{"input_mtok":-1}}]}]',
      /at 0\.models\.0\.prices/,
    ],
    [' '.repeat(20_000_001), /too large/],
  ])('refuses what has another form', (text, message) => {
    expect(() => parsePriceData(text, '2026-11-20')).toThrow(PriceDataError);
    expect(() => parsePriceData(text, '2026-11-20')).toThrow(message);
  });

  it.each([
    { start_date: 'not a day 2026-01-01' },
    { type: 'start_date', start_date: '2026-02-30' },
    { type: 'time_of_date', start_date: '2026-01-01' },
    { type: 'time_of_date', start_time: '25:00:00Z', end_time: '12:00:00Z' },
    { start_time: '01:00:00', end_time: '12:00:00Z' },
    { type: 'weekday', weekday: 'monday' },
    { type: 'start_date', start_date: '2026-01-01', region: 'eu' },
    {},
    null,
  ])('refuses the condition %j, whose price would count at all times', (constraint) => {
    const text = withPrices([{ prices: { input_mtok: 1 } }, { constraint, prices: { input_mtok: 99 } }]);
    expect(() => parsePriceData(text, '2026-11-20')).toThrow(/unknown form at \d+\.models\.\d+\.prices/);
  });

  it('takes conditions with and without their type', async () => {
    const conditions = [
      { type: 'start_date', start_date: '2026-01-01' },
      { start_date: '2026-01-01' },
      { type: 'time_of_date', start_time: '00:30:00+00:00', end_time: '16:30:00Z' },
      { start_time: '00:30:00+00:00', end_time: '16:30:00.5Z' },
    ];
    for (const constraint of conditions) {
      const text = withPrices([{ prices: { input_mtok: 1 } }, { constraint, prices: { input_mtok: 99 } }]);
      const pricer = loadPricer({ fetched: parsePriceData(text, '2026-11-20') });
      expect(usd(pricer.price({ ...gpt, timestamp: '2026-05-05T12:00:00Z' }))).toBe('99');
      expect(usd(pricer.price({ ...gpt, timestamp: '2025-05-05T20:00:00Z' }))).toBe('1');
    }
  });

  it('refuses what lacks the models that every version has, and keeps the bundled data', async () => {
    expect(() => loadPriceTable(parsePriceData('[]', '2026-11-20'))).toThrow(PriceDataError);
    expect(usd(loadPricer().price(gpt))).toBe('2.5');
  });
});

it('lists providers and models with a price for tokens', async () => {
  const catalog = loadPriceTable().catalog();
  const models = (id: string) => catalog.find((provider) => provider.id === id)?.models.map((model) => model.id);
  expect(models('anthropic')).toContain('claude-sonnet-4-5');
  expect(models('openai')).toContain('gpt-5');
  expect(models('groq')).not.toContain('whisper-large-v3');
  expect(catalog.flatMap((provider) => provider.models).length).toBeGreaterThan(1_000);
});

it('parses the models of the provider that is asked for, and of no other', async () => {
  vi.resetModules();
  const fresh = await import('../../../src/pricing/table.ts');
  const table = fresh.loadPriceTable();
  const parse = vi.spyOn(JSON, 'parse');
  expect(table.find('openai', 'gpt-5')).toMatchObject({ provider: 'openai', model: 'gpt-5' });
  expect(parse).toHaveBeenCalledTimes(1);
  table.find('openai', 'o3');
  expect(parse).toHaveBeenCalledTimes(1);
  expect(table.find('azure', 'claude-opus-5')).toMatchObject({ model: 'claude-opus-5' });
  parse.mockRestore();
});
