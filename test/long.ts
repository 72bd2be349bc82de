/**
 * Whether tests run in their long form: every fault at every step, ten times the random cases. `npm run test:soak -- unit`
 * sets it; `npm test` runs the quick form of each.
 */
export const LONG = process.env['LLM_SPEND_LONG'] === '1';

/** How many random cases a property is tried with. */
export function runs(quick: number, long = 10 * quick): number {
  return LONG ? long : quick;
}

/** The seed of the random cases of `npm test` (`test/properties.ts`). */
export const QUICK_SEED = 20_261_128;
