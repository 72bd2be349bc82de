import { formatAmount, type Amount } from '../usage/amount.ts';
import { formatUsd } from '../usage/money.ts';
import { plain } from '../usage/text.ts';
import { currencyOf, type Budget } from './budget.ts';
import type { BudgetState } from './budgetState.ts';
import type { Driver } from './mainCause.ts';

/** Budgets in English, for the command and for agents. */

export function budgetAmount(budget: Budget, amount: Amount, locale = 'en-US'): string {
  const currency = currencyOf(budget);
  return currency === undefined ? formatUsd(amount, locale) : formatAmount(amount, currency.currency, locale);
}

const PERIODS: Readonly<Record<string, string>> = {
  day: 'today',
  week: 'this week',
  month: 'this month',
  year: 'this year',
};

export function periodText({ period, since, until, start }: Budget): string {
  if (period === 'once') return `from ${since ?? ''} to ${until ?? ''}`;
  const days = /^(\d+)d$/.exec(period)?.[1];
  if (days !== undefined) return `in ${days} days`;
  return period === 'month' && start !== undefined ? `in the month from day ${start}` : PERIODS[period]!;
}

const SCOPE_TEXTS = { me: ' on all my machines', team: ' by the team' };

/** How old the sums of a team are; undefined: they are up to date. */
export function staleText({ stale, period }: BudgetState): string | undefined {
  if (stale === undefined) return undefined;
  if (stale.asOf === undefined) return "the team's sums are not known here yet";
  const style = {
    timeZone: period.timeZone,
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  return `as of ${new Intl.DateTimeFormat('en-US', { ...style, hourCycle: 'h23' }).format(stale.asOf)}`;
}

/** Formats a state as `$42.10 of $50.00 this month (84 %)`; unpriced calls are counted behind the share. */
export function stateText(state: BudgetState): string {
  const { budget, spent, limit, percent, totals, isAtLeast } = state;
  const least = isAtLeast ? 'at least ' : '';
  const unpriced = totals.unpriced > 0 ? [`${totals.unpriced} unpriced`] : [];
  const notes = [`${Math.floor(percent)} %`, ...unpriced, staleText(state)].filter((note) => note !== undefined);
  const scope = budget.scope === undefined ? '' : SCOPE_TEXTS[budget.scope];
  const amounts = `${least}${budgetAmount(budget, spent)} of ${budgetAmount(budget, limit)}`;
  return `${amounts} ${periodText(budget)}${scope} (${notes.join(', ')})`;
}

/** The warning of a level, in one sentence. */
export function crossingText(state: BudgetState, level: number): string {
  const { budget, isOver } = state;
  const what = isOver ? 'is used up' : `has reached ${level} %`;
  return `Budget ${budget.name} ${what}: ${stateText(state)}.`;
}

/** undefined: nothing explains most of the cost. */
export function driverText(driver: Driver | undefined): string | undefined {
  if (driver === undefined) return undefined;
  const name =
    driver.dimension === 'session' ? 'one session' : `the ${driver.dimension} ${plain(driver.value, { max: 40 })}`;
  return `Most of it is ${name}: ${formatUsd(driver.nanos)}.`;
}

/** undefined while nothing can be said. @param timeZone in which the day is named. */
export function forecastText({ forecast, budget, isOver }: BudgetState, timeZone: string): string | undefined {
  if (forecast === undefined) return undefined;
  const money = (amount: Amount): string => budgetAmount(budget, amount);
  const range = `${money(forecast.most[0])} to ${money(forecast.most[1])}`;
  if (isOver || forecast.passesAt === undefined) return `Likely end of the period: ${range}.`;
  const day = new Intl.DateTimeFormat('en-US', { timeZone, month: 'long', day: 'numeric' }).format(forecast.passesAt);
  return `At this pace the limit is passed on ${day}. Likely end of the period: ${range}.`;
}
