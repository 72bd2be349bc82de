import { expect, it } from 'vitest';
import { emptyTotals } from '../../../src/usage/query.ts';
import { addRecord } from '../../../src/usage/totals.ts';
import { addTokens, compareTokens, tokenSum } from '../../../src/usage/tokenSum.ts';
import { usage } from './records.ts';

it('a record adds its counts, and its cost by the kind that it has', () => {
  const sum = emptyTotals();
  addRecord(sum, usage({ cache_read_tokens: 7, cache_write_tokens: 5, reasoning_tokens: 3, estimated_tokens: 20 }));
  addRecord(sum, usage({ cost_usd: 0.5, billing_mode: 'estimated' }));
  addRecord(sum, usage({ cost_usd: 9, cost_known: false }));
  expect(sum).toEqual({
    ...emptyTotals(),
    records: 3,
    inputTokens: 300,
    outputTokens: 60,
    totalTokens: 360,
    cacheReadTokens: 7,
    cacheWriteTokens: 5,
    reasoningTokens: 3,
    guessedTokens: 20,
    recordedNanos: 250_000_000n,
    estimatedNanos: 500_000_000n,
    estimated: 1,
    unpriced: 1,
  });
});

it('sums of tokens are ordered by number, whatever holds them', () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect([compareTokens(1, 2), compareTokens(2, 1), compareTokens(2, 2), compareTokens(2, 2n)]).toEqual([-1, 1, 0, 0]);
  expect(compareTokens(most, addTokens(most, 1))).toBe(-1);
  expect([addTokens(most, 0), addTokens(most, 1), tokenSum(5n), tokenSum(2n ** 53n)]).toEqual([
    most,
    2n ** 53n,
    5,
    2n ** 53n,
  ]);
});
