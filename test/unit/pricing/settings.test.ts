import { expect, it } from 'vitest';
import { CUSTOM_PRICE_FIELDS, readCustomPrices } from '../../../src/pricing/custom.ts';
import { readDisplayCurrency } from '../../../src/pricing/currency.ts';

/**
 * The texts about a wrong setting, word by word. In one test for each setting: its form is made once, by the first test that needs
 * it, and mutation testing asks that one alone about it.
 */

const rule = { model: 'm', input: 1, output: 2 };
const unit = 'must be a price in USD per million tokens, from 0 to 100000';
const name = 'must be a name or a pattern such as claude-*';

const WRONG_PRICES: readonly [entry: unknown, field: string, message: string][] = [
  [5, '', 'must be an object with model, input and output'],
  [null, '', 'must be an object with model, input and output'],
  [{ ...rule, model: 5 }, 'model', name],
  [{ ...rule, model: '' }, 'model', name],
  [{ ...rule, model: undefined }, 'model', 'is required'],
  [{ ...rule, provider: '  ' }, 'provider', name],
  [{ ...rule, provider: 'p'.repeat(257) }, 'provider', 'must have at most 256 characters'],
  [{ ...rule, input: undefined }, 'input', 'is required'],
  [{ ...rule, input: 100_000.1 }, 'input', unit],
  [{ ...rule, input: Number.POSITIVE_INFINITY }, 'input', unit],
  [{ ...rule, output: -0.1 }, 'output', unit],
  [{ ...rule, cache_read: '1' }, 'cache_read', unit],
  [{ ...rule, cache_write: -1 }, 'cache_write', unit],
  [{ ...rule, cache_write_1h: -1 }, 'cache_write_1h', unit],
  [{ ...rule, reasoning: -1 }, 'reasoning', unit],
  [{ ...rule, input: 1e-10 }, 'input', 'must be 0 or at least 0.000000001 USD per million tokens'],
  [{ ...rule, from: '2026-1-1' }, 'from', 'must be a day such as 2026-01-31'],
  [{ ...rule, note: 5 }, 'note', 'must be a string'],
  [{ ...rule, note: 'n'.repeat(1025) }, 'note', 'must have at most 1024 characters'],
  [
    { ...rule, price: 1 },
    'price',
    'is not a field of a price; there are provider, model, input, output, cache_read, cache_write, cache_write_1h, reasoning, from, note',
  ],
];

it("one's own prices are taken up to each limit, and each mistake beyond is named with its field", () => {
  expect(WRONG_PRICES.map(([entry]) => readCustomPrices([rule, entry]))).toEqual(
    WRONG_PRICES.map(([, field, message]) => ({ prices: [rule], problems: [{ index: 1, field, message }] })),
  );
  expect(readCustomPrices('x')).toEqual({
    prices: [],
    problems: [{ index: -1, field: '', message: 'must be a list of prices' }],
  });
  expect(readCustomPrices([{ model: 'm' }]).problems.map(({ field }) => field)).toEqual(['input', 'output']);
  expect(CUSTOM_PRICE_FIELDS).toHaveLength(10);
  const most = {
    model: 'm'.repeat(256),
    provider: 'p'.repeat(256),
    input: 100_000,
    output: 0,
    cache_read: 1e-9,
    note: 'n'.repeat(1024),
  };
  expect(readCustomPrices([most])).toEqual({ prices: [most], problems: [] });
  expect(readCustomPrices([{ ...rule, model: ` ${'m'.repeat(256)} ` }]).problems).toEqual([]);
});

const RATE = 'must be the number of units per USD, above 0 and at most 1000000000, with at most 12 decimals';
const SHAPE = 'must be {"currency": "EUR", "rate": 0.92} or {"currency": "EUR", "rates": {"2026-01-01": 0.92, ...}}';
const CODE = 'must be a currency code of three capital letters, such as EUR';
const days = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [new Date(i * 86_400_000).toISOString().slice(0, 10), 1]));

const CURRENCIES: readonly [setting: unknown, problem: string | undefined][] = [
  [undefined, SHAPE],
  [[], SHAPE],
  [{ currency: 'EUR', rate: 1 }, undefined],
  [{ currency: 'EUR', rate: '1.5' }, undefined],
  [{ currency: 'EUR', rate: 1e9 }, undefined],
  [{ currency: 'EUR', rate: 1e-12 }, undefined],
  [{ currency: 'eur', rate: 1 }, `currency: ${CODE}`],
  [{ currency: 'EURO', rate: 1 }, `currency: ${CODE}`],
  [{ currency: 'xEUR', rate: 1 }, `currency: ${CODE}`],
  [{ currency: 'EU', rate: 1 }, `currency: ${CODE}`],
  [{ currency: 'EU1', rate: 1 }, `currency: ${CODE}`],
  [{ currency: 'EUR' }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: true }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: 0 }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: -1 }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: '1e9.' }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: 1e9 + 1 }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: 1e-13 }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: '0.1234567890121' }, `rate: ${RATE}`],
  [{ currency: 'EUR', rate: '0.1234567890120' }, undefined],
  [{ currency: 'EUR', rate: 1, note: 'x' }, `note: is unknown; it ${SHAPE}`],
  [{ currency: 'EUR', rates: { '2026-01-31': 1 } }, undefined],
  [{ currency: 'EUR', rates: days(100_000) }, undefined],
  [{ currency: 'EUR', rates: days(100_001) }, 'rates: must have at most 100000 days'],
  [{ currency: 'EUR', rates: {} }, 'rates: must have at least one day'],
  [{ currency: 'EUR', rates: 5 }, `rates: ${SHAPE}`],
  [{ currency: 'EUR', rates: { '2026-02-30': 1 } }, 'rates.2026-02-30: must be a day such as 2026-01-31'],
  [{ currency: 'EUR', rates: { '2026-01-31': 0 } }, `rates.2026-01-31: ${RATE}`],
  [{ currency: 'eur', rates: { '2026-01-31': 1 } }, `currency: ${CODE}`],
  [{ currency: 'EUR', rates: { '2026-01-31': 1 }, rate: 1 }, `rate: is unknown; it ${SHAPE}`],
];

it('another currency is taken up to each limit, and the first mistake beyond is named with its place', () => {
  const problems = CURRENCIES.map(([setting]) => {
    const found = readDisplayCurrency(setting);
    return 'problem' in found ? found.problem : undefined;
  });
  expect(problems).toEqual(CURRENCIES.map(([, problem]) => problem));
  expect(readDisplayCurrency({ currency: 'EUR', rate: '0.5' })).toEqual({
    currency: 'EUR',
    rates: [{ day: '', scaled: 500_000_000_000n }],
  });
  expect(readDisplayCurrency({ currency: 'EUR', rates: { '2026-02-01': 2, '2026-01-01': 1 } })).toEqual({
    currency: 'EUR',
    rates: [
      { day: '2026-01-01', scaled: 10n ** 12n },
      { day: '2026-02-01', scaled: 2n * 10n ** 12n },
    ],
  });
});
