import { budgetAmount, periodText, staleText } from '../../budgets/budgetText.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import type { Driver } from '../../budgets/mainCause.ts';
import type { BudgetWarning } from '../../budgets/warnings.ts';
import type { Amount } from '../../usage/amount.ts';
import { formatUsd } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { ownLanguage, t, tMessage, tText } from '../language/text.ts';

/** The texts of budgets in the language of the user; `budgetText.ts` has them in English, for agents and webhooks. */

/** `$42.10 of $50.00 this month (84 %)`; unpriced calls are counted behind the share. */
export function stateWords(state: BudgetState): string {
  const { budget, spent, limit, percent, totals, isAtLeast } = state;
  const [amount, most] = [budgetAmount(budget, spent), budgetAmount(budget, limit)];
  const period = `${tMessage(periodText(budget))}${scopeWords(budget.scope)}`;
  const amounts = isAtLeast ? t`at least ${amount} of ${most} ${period}` : t`${amount} of ${most} ${period}`;
  const unpriced = totals.unpriced > 0 ? [t`${totals.unpriced} unpriced`] : [];
  const notes = [`${Math.floor(percent)} %`, ...unpriced, staleWords(state)].filter((note) => note !== undefined);
  return `${amounts} (${notes.join(', ')})`;
}

function scopeWords(scope: BudgetState['budget']['scope']): string {
  if (scope === undefined) return '';
  return ` ${scope === 'me' ? t`on all my machines` : t`by the team`}`;
}

function staleWords(state: BudgetState): string | undefined {
  const stale = staleText(state);
  if (stale === undefined || state.stale?.asOf === undefined) return stale && tMessage(stale);
  return t`as of ${stale.replace('as of ', '')}`;
}

/** undefined while nothing can be said. @param timeZone in which the day is named. */
export function forecastWords({ forecast, budget, isOver }: BudgetState, timeZone: string): string | undefined {
  if (forecast === undefined) return undefined;
  const money = (amount: Amount): string => budgetAmount(budget, amount);
  const end = t`Likely end of the period: ${money(forecast.most[0])} to ${money(forecast.most[1])}.`;
  if (isOver || forecast.passesAt === undefined) return end;
  const format = new Intl.DateTimeFormat(ownLanguage() ?? 'en-US', { timeZone, month: 'long', day: 'numeric' });
  return `${t`At this pace the limit is passed on ${format.format(forecast.passesAt)}.`} ${end}`;
}

/** A warning in sentences. @param timeZone in which days are named. */
export function warningWords({ state, level, driver }: BudgetWarning, timeZone: string): string {
  const { name } = state.budget;
  const crossing = state.isOver
    ? t`Budget ${name} is used up: ${stateWords(state)}.`
    : t`Budget ${name} has reached ${level} %: ${stateWords(state)}.`;
  return [crossing, driverText(driver), forecastWords(state, timeZone)].filter((text) => text !== undefined).join(' ');
}

function driverText(driver: Driver | undefined): string | undefined {
  if (driver === undefined) return undefined;
  const amount = formatUsd(driver.nanos);
  if (driver.dimension === 'session') return t`Most of it is one session: ${amount}.`;
  return t`Most of it is the ${tText(driver.dimension)} ${plain(driver.value, { max: 40 })}: ${amount}.`;
}
