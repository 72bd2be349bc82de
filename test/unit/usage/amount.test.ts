import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AMOUNT_PLACES,
  formatAmount,
  formatAmountExact,
  formatAmountInColumn,
  RATE_PLACES,
} from '../../../src/usage/amount.ts';

/** One unit of a currency: a whole euro, yen or dinar. */
const ONE = 10n ** 21n;
/** So many millionths of one. */
const millionths = (count: number): bigint => (BigInt(count) * ONE) / 1_000_000n;
const spaced = (text: string): string => text.replaceAll(/\s/g, ' ');

it('an amount is a count of nano-dollars times a rate of twelve places', () => {
  expect([RATE_PLACES, AMOUNT_PLACES]).toEqual([12, 21]);
});

describe('an amount of another currency', () => {
  it.each([
    [0n, 'EUR', 'EUR 0.00'],
    [ONE, 'EUR', 'EUR 1.00'],
    [millionths(3_855_000), 'EUR', 'EUR 3.86'],
    [1_234_567n * ONE, 'EUR', 'EUR 1,234,567.00'],
    [-millionths(1_500_000), 'EUR', '-EUR 1.50'],
    // From one cent on with cents, below it with three digits, never as nothing.
    [millionths(10_000), 'EUR', 'EUR 0.01'],
    [millionths(9_999), 'EUR', 'EUR 0.01'],
    [millionths(9_994), 'EUR', 'EUR 0.00999'],
    [millionths(5_123), 'EUR', 'EUR 0.00512'],
    [-millionths(5_123), 'EUR', '-EUR 0.00512'],
    [10n ** 9n, 'EUR', 'EUR 0.000000000001'],
    // The smallest unit of the currency counts: yen have none, dinars a thousandth.
    [millionths(1_400_000), 'JPY', 'JPY 1'],
    [ONE, 'JPY', 'JPY 1'],
    [millionths(999_000), 'JPY', 'JPY 0.999'],
    [millionths(1_000), 'BHD', 'BHD 0.001'],
    [millionths(1_500), 'BHD', 'BHD 0.002'],
    [millionths(999), 'BHD', 'BHD 0.000999'],
  ])('%d of %s is %s', (amount, code, text) => {
    expect(spaced(formatAmount(amount, code))).toBe(text);
  });

  it('stands in a column with two more places, and with as many as it needs below them', () => {
    const column = (amount: bigint, code = 'EUR'): string => spaced(formatAmountInColumn(amount, code));
    expect(
      [0n, ONE, millionths(1_234_567), millionths(100), -millionths(100), millionths(99)].map((each) => column(each)),
    ).toEqual(['EUR 0.0000', 'EUR 1.0000', 'EUR 1.2346', 'EUR 0.0001', '-EUR 0.0001', 'EUR 0.000099']);
    expect([column(ONE, 'JPY'), column(millionths(10_000), 'JPY'), column(millionths(9_000), 'JPY')]).toEqual([
      'JPY 1.00',
      'JPY 0.01',
      'JPY 0.009',
    ]);
  });

  it('has nine places where it is exact', () => {
    const exact = (amount: bigint, code = 'EUR'): string => spaced(formatAmountExact(amount, code));
    expect([0n, ONE, millionths(113), (ONE * 123_456_789n) / 10n ** 9n].map((each) => exact(each))).toEqual([
      'EUR 0.00',
      'EUR 1.00',
      'EUR 0.000113',
      'EUR 0.123456789',
    ]);
    expect(exact((ONE * 1_234_567_891n) / 10n ** 10n)).toBe('EUR 0.123456789');
    expect(exact(millionths(1), 'JPY')).toBe('JPY 0.000001');
  });

  it('is written in the way of the locale', () => {
    expect(spaced(formatAmount(1_234n * ONE, 'EUR', 'de-DE'))).toBe('1.234,00 EUR');
    expect(spaced(formatAmountInColumn(1_234n * ONE, 'EUR', 'de-DE'))).toBe('1.234,0000 EUR');
    expect(spaced(formatAmountExact(millionths(113), 'EUR', 'de-DE'))).toBe('0,000113 EUR');
    // Formats are kept by locale and currency, so the English one is not that of before.
    expect(spaced(formatAmount(1_234n * ONE, 'EUR', 'en-US'))).toBe('EUR 1,234.00');
    expect(spaced(formatAmount(1_234n * ONE, 'CHF', 'en-US'))).toBe('CHF 1,234.00');
  });

  it('is never shown as nothing, and keeps its sign, down to its last digit', () => {
    const size = fc.bigInt({ min: 10n ** 6n, max: 10n ** 30n });
    fc.assert(
      fc.property(size, fc.constantFrom('EUR', 'JPY', 'BHD'), (amount, code) => {
        const text = formatAmount(amount, code);
        expect(text).toMatch(/[1-9]/);
        expect(formatAmount(-amount, code)).toBe(`-${text}`);
      }),
    );
  });

  it('is rounded to what is shown, of any size', () => {
    // Whole cents of any number of euros, computed with integers alone.
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 24n }), (cents) => {
        const digits = cents.toString().padStart(3, '0');
        const whole = digits.slice(0, -2).replaceAll(/\B(?=(\d{3})+$)/g, ',');
        expect(spaced(formatAmount((cents * ONE) / 100n, 'EUR'))).toBe(`EUR ${whole}.${digits.slice(-2)}`);
      }),
    );
  });
});
