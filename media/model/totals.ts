import { valueNanos, emptyTotals } from '../../src/usage/query.ts';
import type { Measure, Totals } from '../../src/usage/query.ts';
import { addTotals } from '../../src/usage/totals.ts';

export function sum(all: Iterable<Totals>): Totals {
  const result = emptyTotals();
  for (const totals of all) addTotals(result, totals);
  return result;
}

/**
 * A size for drawing and sorting: tokens, or USD (other currencies in units of 10^-12). Not for adding, which needs exact
 * integers.
 */
export function measured(totals: Totals, measure: Measure): number {
  return measure === 'cost' ? Number(valueNanos(totals)) / 1e9 : Number(totals.totalTokens);
}
