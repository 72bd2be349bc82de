import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert, readDisplayCurrency, sameCurrency, type DisplayCurrency } from '../../../src/pricing/currency.ts';
import { decimalText, divideRound, scaleDecimal } from '../../../src/pricing/decimal.ts';
import { AMOUNT_PLACES, formatAmount, formatAmountInColumn } from '../../../src/usage/amount.ts';

function read(value: unknown): DisplayCurrency {
  const display = readDisplayCurrency(value);
  if ('problem' in display) throw new Error(display.problem);
  return display;
}

function converted(nanos: bigint, day: string, display: DisplayCurrency): bigint {
  const conversion = convert(nanos, day, display);
  if (conversion.kind === 'no-rate') throw new Error('no rate');
  return conversion.amount;
}

const dated = read({ currency: 'EUR', rates: { '2026-02-01': 0.9, '2026-01-01': '0.95', '2026-03-01': 0.85 } });

describe('convert', () => {
  it('by one rate for all days', () => {
    const display = read({ currency: 'EUR', rate: 0.92 });
    expect(formatAmount(converted(4_200_000_000n, '1999-01-01', display), 'EUR')).toBe('EUR\u00a03.86');
  });

  it.each([
    ['2026-01-01', '0.95'],
    ['2026-01-31', '0.95'],
    ['2026-02-01', '0.9'],
    ['2031-07-01', '0.85'],
  ])("on %s by that day's rate or the latest before: %s", (day, rate) => {
    expect(decimalText(converted(1_000_000_000n, day, dated), AMOUNT_PLACES)).toBe(rate);
  });

  it('says where there is no rate yet', () => {
    expect(convert(1n, '2025-12-31', dated)).toEqual({ kind: 'no-rate', day: '2025-12-31', first: '2026-01-01' });
    expect(convert(1n, '2025-12-31', { currency: 'EUR', rates: [] })).toMatchObject({
      kind: 'no-rate',
      first: undefined,
    });
  });

  it('exactly: the days add up to the whole, whatever the rate', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, 10n ** 15n)),
        fc.double({ min: 1e-4, max: 2_000, noNaN: true }),
        (days, rate) => {
          const display = read({ currency: 'XTS', rate: rate.toFixed(12) });
          const total = days.reduce((sum, nanos) => sum + nanos, 0n);
          const parts = days.reduce((sum, nanos) => sum + converted(nanos, '2026-01-01', display), 0n);
          expect(parts).toBe(converted(total, '2026-01-01', display));
        },
      ),
    );
  });
});

it('is the same only with the same rates of the same days', () => {
  const setting = { currency: 'EUR', rates: { '2026-01-01': 0.9, '2026-02-01': 0.8 } };
  const same = (other: unknown) => sameCurrency(read(setting), read(other));
  expect(same(structuredClone(setting))).toBe(true);
  expect(same({ ...setting, currency: 'GBP' })).toBe(false);
  expect(same({ ...setting, rates: { '2026-01-01': 0.9, '2026-02-01': 0.81 } })).toBe(false);
  expect(same({ ...setting, rates: { '2026-01-01': 0.9, '2026-02-02': 0.8 } })).toBe(false);
  expect(same({ ...setting, rates: { '2026-01-01': 0.9 } })).toBe(false);
  expect(sameCurrency(undefined, undefined)).toBe(true);
  expect(sameCurrency(read(setting), undefined)).toBe(false);
});

it('in a column an amount has two decimals more than its currency', () => {
  const text = (amount: string, currency: string): string =>
    formatAmountInColumn(BigInt(amount) * 10n ** BigInt(AMOUNT_PLACES - 6), currency);
  expect([text('0', 'EUR'), text('12345678', 'EUR'), text('150', 'EUR')]).toEqual([
    'EUR\u00a00.0000',
    'EUR\u00a012.3457',
    'EUR\u00a00.0002',
  ]);
  expect([text('12345678', 'JPY'), text('99', 'EUR')]).toEqual(['JPY\u00a012.35', 'EUR\u00a00.000099']);
});

describe('formatAmount', () => {
  const eur = read({ currency: 'EUR', rate: 1 });
  it.each([
    [0n, 'EUR', '0.00'],
    [1_234_567_890_000n, 'EUR', '1,234.57'],
    [-4_200_000_000n, 'EUR', '4.20'],
    [123_456n, 'EUR', '0.000123'],
    [4_500_000_000n, 'JPY', '5'],
    [100_000_000n, 'JPY', '0.1'],
  ])('%d nanos in %s: %s, always marked', (nanos, currency, text) => {
    const shown = formatAmount(converted(nanos, '2026-01-01', eur), currency);
    expect(shown).toContain(currency);
    expect(shown.startsWith('-')).toBe(nanos < 0n);
    expect(shown.endsWith(text)).toBe(true);
  });
});

describe('readDisplayCurrency', () => {
  it.each([
    [null, /must be \{/],
    [{ currency: 'eur', rate: 1 }, /^currency: .* three capital letters/],
    [{ currency: 'EUR' }, /^rate: /],
    [{ currency: 'EUR', rate: 0 }, /^rate: .* above 0/],
    [{ currency: 'EUR', rate: -1 }, /^rate: /],
    [{ currency: 'EUR', rate: Number.NaN }, /^rate: /],
    [{ currency: 'EUR', rate: '0.9 €' }, /^rate: /],
    [{ currency: 'EUR', rate: '0.1234567890123' }, /^rate: .* 12 decimals/],
    [{ currency: 'EUR', rates: {} }, /^rates: .* at least one day/],
    [{ currency: 'EUR', rates: { yesterday: 1 } }, /^rates\.yesterday: must be a day/],
    [{ currency: 'EUR', rates: { '2026-01-01': 0 } }, /^rates\.2026-01-01: /],
    [{ currency: 'EUR', rate: 1, from: 'x' }, /^from: is unknown/],
  ])('says what is wrong with %j', (value, problem) => {
    expect(readDisplayCurrency(value)).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe('scaleDecimal', () => {
  it.each([
    [0.3, 1, 3n],
    ['1e-7', 9, 100n],
    [1e21, 0, 10n ** 21n],
    ['0.05', 1, 1n],
    ['0.04', 1, 0n],
    [0.1 + 0.2, 12, 300_000_000_000n],
  ])('%s at %d places', (value, places, scaled) => {
    expect(scaleDecimal(value, places)).toBe(scaled);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, '', '1,5', '0x10', '1e9999'])('refuses %s', (value) => {
    expect(() => scaleDecimal(value, 3)).toThrow(RangeError);
  });

  it('is what decimalText writes', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 30n), fc.nat(20), (scaled, places) => {
        expect(scaleDecimal(decimalText(scaled, places), places)).toBe(scaled);
      }),
    );
  });

  it('rounds half up', () => {
    expect([divideRound(5n, 10n), divideRound(4n, 10n), divideRound(7n, 3n), divideRound(8n, 3n)]).toEqual([
      1n,
      0n,
      2n,
      3n,
    ]);
  });
});
