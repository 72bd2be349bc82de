import { costNanos, emptyTotals } from '../../src/usage/query.ts';
import type { Measure, Totals } from '../../src/usage/query.ts';
import { addTotals } from '../../src/usage/totals.ts';

export function sum(all: Iterable<Totals>): Totals {
  const result = emptyTotals();
  for (const totals of all) addTotals(result, totals);
  return result;
}

/**
 * A size to draw or to sort by: tokens, or USD (of another currency 10^-12, as it comes). Never to add: that is done in whole
 * numbers.
 */
export function measured(totals: Totals, measure: Measure): number {
  return measure === 'cost' ? Number(costNanos(totals)) / 1e9 : Number(totals.totalTokens);
}
