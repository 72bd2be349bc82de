import { describe, expect, it } from 'vitest';
import { costAt, readPriceLine } from '../../../../src/host/prices/priceLine.ts';
import { totals } from '../totals.ts';

describe('a price in one line', () => {
  it.each([
    ['1.25 10', { price: { input: 1.25, output: 10 } }],
    ['$1.25  $10 0.125', { price: { input: 1.25, output: 10, cache_read: 0.125 } }],
    ['0 0 0', { price: { input: 0, output: 0, cache_read: 0 } }],
    ['  ', undefined],
    ['1.25', { problem: 'Type the price of output tokens too' }],
    ['1,5 10', { problem: '"1,5" must be a finite number of USD' }],
    ['1 2 3 4', { problem: 'There are more numbers than input, output and cached input' }],
    ['-1 2', { problem: '"-1" must not be negative' }],
    ['200000 1', { problem: '"200000" is too much for a million tokens' }],
  ])('%s', (text, expected) => {
    expect(readPriceLine(text, '.')).toEqual(expected);
  });

  it('is read with a decimal comma where the language has it', () => {
    expect(readPriceLine('1,25 10 0,125', ',')).toEqual({ price: { input: 1.25, output: 10, cache_read: 0.125 } });
  });
});

it('calls cost their cached tokens at the price of the cache, which is that of the input unless it is given', () => {
  const some = totals({ inputTokens: 1_000_000n, cacheReadTokens: 400_000n, outputTokens: 100_000n });
  expect(costAt({ input: 1, output: 10, cache_read: 0.1 }, some)).toBeCloseTo(0.6 + 0.04 + 1, 9);
  expect(costAt({ input: 1, output: 10 }, some)).toBeCloseTo(2, 9);
});
