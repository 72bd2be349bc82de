import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  formatUsd,
  formatUsdInColumn,
  nanosToDecimal,
  nanosToUsd,
  NanoSum,
  usdToNanos,
} from '../../../src/usage/money.ts';

// On a busy machine thousands of random cases take their time.
vi.setConfig({ testTimeout: 60_000 });

const nanos = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });

describe('dollars and nano-dollars', () => {
  it('agree on what people write', () => {
    expect([0, 1e-9, 0.1, 0.25, 1, 4.2, 1234.5, 1e6].map(usdToNanos)).toEqual([
      0n,
      1n,
      100_000_000n,
      250_000_000n,
      1_000_000_000n,
      4_200_000_000n,
      1_234_500_000_000n,
      10n ** 15n,
    ]);
  });

  it('round to the nearest, beyond 2^52 nano-dollars too', () => {
    expect([4e-10, 5e-10, 1.4e-9].map(usdToNanos)).toEqual([0n, 1n, 1n]);
    expect(usdToNanos(9_000_000.5)).toBe(9_000_000_500_000_000n);
    expect(usdToNanos(1e15)).toBe(10n ** 24n);
  });

  it('come back as they went, for every amount that a record can have', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (amount) => {
        expect(usdToNanos(nanosToUsd(amount))).toBe(amount);
      }),
    );
  });

  it('become the number that their decimal is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }), fc.nat(63), (amount, bits) => {
        const shorter = amount >> BigInt(bits);
        expect(nanosToUsd(shorter)).toBe(Number(nanosToDecimal(shorter)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('have an exact decimal', () => {
    expect([0n, 1n, -1n, 4_200_000_000n, -3_000_000_000n].map(nanosToDecimal)).toEqual([
      '0',
      '0.000000001',
      '-0.000000001',
      '4.2',
      '-3',
    ]);
    fc.assert(
      fc.property(nanos, (amount) => {
        const [whole = '', fraction = ''] = nanosToDecimal(amount).replace('-', '').split('.');
        expect(BigInt(whole + fraction.padEnd(9, '0')) * (amount < 0n ? -1n : 1n)).toBe(amount);
      }),
    );
  });
});

describe('NanoSum', () => {
  it('of nothing is nothing', () => {
    expect(new NanoSum().value).toBe(0n);
  });

  it('is the sum of bigints, for numbers of any size and sign', () => {
    const number = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
    fc.assert(
      fc.property(fc.array(fc.oneof(number, nanos)), (amounts) => {
        const sum = new NanoSum();
        for (const amount of amounts) {
          if (typeof amount === 'bigint') sum.addBig(amount);
          else sum.add(amount);
        }
        expect(sum.value).toBe(amounts.reduce<bigint>((total, amount) => total + BigInt(amount), 0n));
      }),
    );
  });
});

it('in a column the points of small and large amounts are below each other', () => {
  const amounts = [0n, 4_200_000_000n, 921_000n, 50_000n, -4_200_000_000n];
  expect(amounts.map((n) => formatUsdInColumn(n))).toEqual(['$0.0000', '$4.2000', '$0.0009', '$0.0001', '-$4.2000']);
  expect([49_999n, 1n].map((n) => formatUsdInColumn(n))).toEqual(['$0.00005', '$0.000000001']);
});

describe('formatUsd', () => {
  it('shows cents, and of small amounts three digits', () => {
    expect([0n, 4_200_000_000n, 1_234_500_000_000n, 10_000_000n].map((n) => formatUsd(n))).toEqual([
      '$0.00',
      '$4.20',
      '$1,234.50',
      '$0.01',
    ]);
    expect([123_456n, 1n, 9_999_999n, -4_200_000_000n].map((n) => formatUsd(n))).toEqual([
      '$0.000123',
      '$0.000000001',
      '$0.01',
      '-$4.20',
    ]);
  });

  it('never shows a cost as nothing', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 16n }), (amount) => {
        expect(formatUsd(amount)).toMatch(/[1-9]/);
      }),
    );
  });
});
