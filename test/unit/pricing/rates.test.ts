import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { divideRound } from '../../../src/pricing/decimal.ts';
import { charge, multiplyRates, partsOf, PRICE_PLACES, rate, type Rate } from '../../../src/pricing/rates.ts';
import { PART_KINDS, type Split } from '../../../src/pricing/tokens.ts';

/** As vendors write them, with more decimals than any, and larger than any. */
const price = fc.oneof(
  fc.constantFrom('0', '3', '0.3', '0.0375', '15', '0.075', '18.75'),
  fc.bigInt(0n, 10n ** 17n).map((scaled) => `${scaled / 10n ** 12n}.${String(scaled % 10n ** 12n).padStart(12, '0')}`),
);
const per = fc.constantFrom(1_000, 1_000_000);
const quantity = fc.oneof(fc.nat(300_000), fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 48, 2 ** 48 + 1));

/** By large integers alone. */
function exactly(of: number, { scaled, per: each }: Rate): bigint {
  return divideRound(BigInt(of) * scaled * 10n ** 9n, 10n ** BigInt(PRICE_PLACES) * BigInt(each));
}

describe('what a call costs', () => {
  test('is exact to the nano-dollar, part by part and in all', () => {
    const quantities = fc.array(quantity, { minLength: PART_KINDS.length, maxLength: PART_KINDS.length });
    const prices = fc.array(fc.tuple(price, per), { minLength: PART_KINDS.length, maxLength: PART_KINDS.length });
    fc.assert(
      fc.property(quantities, prices, fc.option(fc.constantFrom(0.5, 2, 6, 1.1)), (split: Split, all, factor) => {
        const plain = Object.fromEntries(PART_KINDS.map((kind, i) => [kind, rate(...all[i]!)]));
        const rates = factor === null ? plain : multiplyRates(plain, { times: factor });
        const wanted = PART_KINDS.map((kind, i) => exactly(split[i]!, rates[kind]!));
        const parts = partsOf(split, rates);
        expect(PART_KINDS.map((kind) => parts[kind]?.nanos ?? 0n)).toEqual(wanted);
        expect(charge(split, rates)).toEqual({ nanos: wanted.reduce((sum, nanos) => sum + nanos, 0n), missing: [] });
      }),
      { numRuns: 2_000 },
    );
  });

  test('half a nano-dollar is rounded up', () => {
    expect(partsOf([1], { input: rate('0.0005') }).input?.nanos).toBe(1n);
    expect(partsOf([1], { input: rate('0.000499999999') }).input?.nanos).toBe(0n);
  });

  test('says which parts have no price', () => {
    expect(charge([5, 0, 7, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 1], { input: rate('3') })).toEqual({
      nanos: 15_000n,
      missing: ['cacheWrite5m', 'output', 'webSearches'],
    });
  });
});
