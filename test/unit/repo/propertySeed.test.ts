import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LONG, QUICK_SEED } from '../../long.ts';

test.runIf(!LONG && process.env['LLM_SPEND_SEED'] === undefined)('each run tries the same random cases', () => {
  expect(fc.sample(fc.integer(), 5)).toEqual(fc.sample(fc.integer(), { numRuns: 5, seed: QUICK_SEED }));
  expect(fc.check(fc.property(fc.integer(), () => true)).seed).toBe(QUICK_SEED);
});

test.runIf(LONG && process.env['LLM_SPEND_SEED'] === undefined)(
  'each run of the long form tries new random cases',
  () => {
    const seeds = Array.from({ length: 3 }, () => fc.check(fc.property(fc.integer(), () => true)).seed);
    expect(new Set(seeds).size).toBe(3);
  },
);

test.runIf(process.env['LLM_SPEND_SEED'] !== undefined)('LLM_SPEND_SEED names the random cases', () => {
  const { seed } = fc.check(fc.property(fc.integer(), () => true));
  expect(seed).toBe(Number(process.env['LLM_SPEND_SEED']));
});
