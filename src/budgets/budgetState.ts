import { convert } from '../pricing/currency.ts';
import type { Amount } from '../usage/amount.ts';
import type { Nanos } from '../usage/money.ts';
import { emptyTotals, type AggregateQuery, type Calendar, type Group, type Totals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';
import { countedNanos, currencyOf, filterOf, limitOf, type Budget } from './budget.ts';
import { periodOf, type BudgetPeriod } from './budgetPeriod.ts';
import { forecastOf, HISTORY_DAYS, type Forecast } from './forecast.ts';
import { bucketKey, bucketStart } from '../usage/time/calendar.ts';
import { DAY } from '../usage/time/zone.ts';
import type { BudgetTeam } from './budgetTeam.ts';
import { daySums, type DaySums, type StaleSums } from './teamSums.ts';

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
  /** Calls of unknown cost, days without a rate, a damaged ledger, or old sums of the team: the state is a lower bound. */
  isAtLeast: boolean;
  /** Set when the team's ledger could not be asked. */
  stale: StaleSums | undefined;
  /** undefined while there is too little history, and once the period has ended. */
  forecast: Forecast | undefined;
}

/** Anything that answers a query: a ledger or a view. */
export interface BudgetAnswers {
  aggregate(query: AggregateQuery): Promise<Group[]>;
  /** Answers for budgets of several machines. Default: the sums that this machine knew last. */
  readonly team?: BudgetTeam | undefined;
  /** Whether a part of the ledgers cannot be read. */
  readonly isPartial?: boolean | undefined;
}

export async function budgetState(
  budget: Budget,
  answers: BudgetAnswers,
  now: number,
  calendar: Calendar,
): Promise<BudgetState> {
  const period = periodOf(budget, now, calendar);
  // A whole day, so that the ledger's answer is kept and later calls only add to it.
  const since = Math.min(period.since, bucketStart(now - HISTORY_DAYS * DAY, 'day', calendar));
  const query: AggregateQuery = {
    filter: { ...filterOf(budget), since, until: period.until },
    groupBy: ['day'],
    calendar,
  };
  const { groups: days, stale } = await sumsOf(budget, answers, query, now);
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
    isAtLeast: totals.unpriced > 0 || hasGaps || stale !== undefined || answers.isPartial === true,
    stale,
    forecast: forecastOf({ spentByDay, spent, limit, period, now, calendar }),
  };
}

function sumsOf({ scope }: Budget, answers: BudgetAnswers, query: AggregateQuery, now: number): Promise<DaySums> {
  if (scope !== undefined) return daySums(answers.team, scope, query, now);
  return answers.aggregate(query).then((groups) => ({ groups, stale: undefined }));
}

/** The states of several budgets, in their order. */
export async function budgetStates(
  budgets: readonly Budget[],
  answers: BudgetAnswers,
  now: number,
  calendar: Calendar,
): Promise<BudgetState[]> {
  const states: BudgetState[] = [];
  for (const budget of budgets) states.push(await budgetState(budget, answers, now, calendar));
  return states;
}

/** The counted cost of a day in the budget's currency. undefined: the day has no rate. */
function amountOf(budget: Budget, totals: Totals, isoDay: string): Amount | undefined {
  const nanos = countedNanos(budget, totals);
  const currency = currencyOf(budget);
  if (currency === undefined) return nanos;
  const conversion = convert(nanos, isoDay, currency);
  return conversion.kind === 'converted' ? conversion.amount : undefined;
}

/**
 * How much may be spent until one of the budgets reaches `percent` of its limit, in nano-dollars at the most expensive rate of its
 * currency. undefined: one has reached it, or cannot be compared.
 */
export function headroomOf(states: readonly BudgetState[], percent: number): Nanos | undefined {
  let least: Nanos | undefined;
  for (const { budget, limit, spent } of states) {
    const left = (limit * BigInt(percent)) / 100n - spent;
    const rates = currencyOf(budget)?.rates.map(({ scaled }) => scaled);
    // An amount in a currency is nano-dollars times the scaled rate.
    const nanos = rates === undefined ? left : left / rates.reduce((most, rate) => (rate > most ? rate : most), 1n);
    if (nanos <= 0n) return undefined;
    if (least === undefined || nanos < least) least = nanos;
  }
  return least;
}
