import type { Nanos } from '../usage/money.ts';
import type { Calendar, Dimension } from '../usage/query.ts';
import { countedNanos, filterOf } from './budget.ts';
import type { BudgetAnswers, BudgetState } from './budgetState.ts';

/** The project, model or session that cost most since a budget's last level. */
export interface Driver {
  dimension: 'project' | 'model' | 'session';
  value: string;
  /** In USD, whatever the budget's currency. */
  nanos: Nanos;
}

/** In this order where two explain equally much. */
const DIMENSIONS = ['project', 'model', 'session'] as const satisfies Dimension[];
/** A value with a smaller share explains nothing. */
const LEAST_PERCENT = 50n;

/**
 * Finds the value that explains most of the cost since `since`.
 * @param since when the level below was reached; undefined: the start of the period.
 * @returns undefined when no single value has half of it.
 */
export async function driverOf(
  { budget, period }: BudgetState,
  answers: BudgetAnswers,
  since: number | undefined,
  calendar: Calendar,
): Promise<Driver | undefined> {
  const filter = { ...filterOf(budget), since: Math.max(period.since, since ?? period.since), until: period.until };
  let best: Driver | undefined;
  for (const dimension of DIMENSIONS) {
    // A team has no sums by session, and most members do not send them.
    if (dimension === 'session' && budget.scope !== undefined) continue;
    // A filter of one value is no news.
    if (filter.values?.[dimension]?.length === 1) continue;
    const groups = await answers.aggregate({ filter, groupBy: [dimension], calendar });
    const costs = groups.map(({ key, totals }) => ({ value: key[0], nanos: countedNanos(budget, totals) }));
    const all = costs.reduce((sum, { nanos }) => sum + nanos, 0n);
    for (const { value, nanos } of costs) {
      if (!value || nanos === 0n || nanos * 100n < all * LEAST_PERCENT) continue;
      if (best === undefined || nanos > best.nanos) best = { dimension, value, nanos };
    }
  }
  return best;
}
