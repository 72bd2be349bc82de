import type { BudgetRow } from '../../src/protocol/budgetRow.ts';
import type { Choices } from '../../src/protocol/choices.ts';
import type { Scope } from '../../src/usage/dimensions.ts';
import type { TimeSpan } from '../../src/usage/time/period.ts';
import type { ChartModel } from './series.ts';

/** A budget's limit in the chart. */
export interface BudgetLine {
  name: string;
  /** See `measured()`. */
  size: number;
}

/**
 * The budgets whose limit can be read against the chart: the chart shows their records and nothing else, and either its bars are
 * their periods, or its line adds up one period of theirs.
 * @param scope whose costs the chart shows.
 */
export function budgetLines(
  budgets: readonly BudgetRow[],
  { choices, chart, span }: { choices: Choices; chart: ChartModel; span: TimeSpan },
  scope: Scope = 'machine',
): BudgetLine[] {
  if (choices.measure !== 'cost' || choices.chart === 'calendar') return [];
  const shown = selected(choices);
  return budgets.flatMap((budget) => {
    const { name, size, plan, bucket, since, until } = budget;
    if (size === undefined || budget.scope !== scope || selected(budget.choices) !== shown) return [];
    // The chart shows calls that a plan covers at list price.
    if (!plan && chart.totals.planNanos > 0n) return [];
    const isPeriod = choices.chart === 'bars' ? bucket === chart.bucket : span.since === since && span.until === until;
    return isPeriod ? [{ name, size }] : [];
  });
}

/** Names the selected records, whatever the order in which they were selected. */
function selected({ values, search }: Pick<Choices, 'values' | 'search'>): string {
  const pairs = Object.entries(values).flatMap(([name, list]) => list.map((value) => JSON.stringify([name, value])));
  return JSON.stringify([search.trim(), ...pairs.toSorted(compareText)]);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
