import { convert } from '../pricing/currency.ts';
import type { Amount } from '../usage/amount.ts';
import { costNanos, emptyTotals, type AggregateQuery, type Calendar, type Group, type Totals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';
import { currencyOf, filterOf, limitOf, type Budget } from './budget.ts';
import { periodOf, type BudgetPeriod } from './budgetPeriod.ts';
import { forecastOf, HISTORY_DAYS, type Forecast } from './forecast.ts';
import { bucketKey } from '../usage/time/calendar.ts';
import { DAY } from '../usage/time/zone.ts';

/** The state of a budget. Amounts are in nano-dollars, or in {@link Amount} of the budget's currency. */
export interface BudgetState {
  budget: Budget;
  period: BudgetPeriod;
  /** Sums of the period so far, in USD. */
  totals: Totals;
  spent: Amount;
  limit: Amount;
  /** `spent / limit` in percent, rounded down: 99.99 % is not 100 %. */
  percent: number;
  /** The highest level that is reached; undefined: none. */
  level: number | undefined;
  isOver: boolean;
  /** Calls of unknown cost, or days without a rate: the state is a lower bound. */
  isAtLeast: boolean;
  /** undefined while there is too little history, and once the period has ended. */
  forecast: Forecast | undefined;
}

/** Anything that answers a query: a ledger or a view. */
export interface BudgetAnswers {
  aggregate(query: AggregateQuery): Promise<Group[]>;
}

export async function budgetState(
  budget: Budget,
  answers: BudgetAnswers,
  now: number,
  calendar: Calendar,
): Promise<BudgetState> {
  const period = periodOf(budget, now, calendar);
  const since = Math.min(period.since, now - HISTORY_DAYS * DAY);
  const days = await answers.aggregate({
    filter: { ...filterOf(budget), since, until: period.until },
    groupBy: ['day'],
    calendar,
  });
  const firstDay = bucketKey(period.since, 'day', calendar);
  const spentByDay = new Map<string, Amount>();
  const totals = emptyTotals();
  let spent = 0n;
  let hasGaps = false;
  for (const { key, totals: ofDay } of days) {
    const isoDay = key[0]!;
    const amount = amountOf(budget, ofDay, isoDay);
    spentByDay.set(isoDay, amount ?? 0n);
    if (isoDay < firstDay) continue;
    addTotals(totals, ofDay);
    if (amount === undefined) hasGaps = true;
    else spent += amount;
  }
  const limit = limitOf(budget);
  const percent = Number((spent * 10_000n) / limit) / 100;
  const level = budget.levels.findLast((each) => BigInt(Math.round(each * 100)) * limit <= spent * 10_000n);
  return {
    budget,
    period,
    totals,
    spent,
    limit,
    percent,
    level,
    isOver: spent >= limit,
    isAtLeast: totals.unpriced > 0 || hasGaps,
    forecast: forecastOf({ spentByDay, spent, limit, period, now, calendar }),
  };
}

/** undefined: the day has no rate. */
function amountOf(budget: Budget, totals: Totals, isoDay: string): Amount | undefined {
  const currency = currencyOf(budget);
  if (currency === undefined) return costNanos(totals);
  const conversion = convert(costNanos(totals), isoDay, currency);
  return conversion.kind === 'converted' ? conversion.amount : undefined;
}
