import { amountPlaces, type Budget } from '../../budgets/budget.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { budgetAmount } from '../../budgets/budgetText.ts';
import type { Choices } from '../../protocol/choices.ts';
import type { Amount } from '../../usage/amount.ts';
import type { Calendar } from '../../usage/query.ts';
import { bucketKey } from '../../usage/time/calendar.ts';
import type { Driver } from '../../budgets/mainCause.ts';
import { formatUsd } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import type { TextStyle } from '../common/costText.ts';
import { scopeName } from '../team/scopeName.ts';

/** The texts of budgets in the editor. */

/** A plain decimal number, rounded up to cents, as it is typed. */
export function amountText(budget: Budget, amount: Amount): string {
  const cent = 10n ** BigInt(amountPlaces(budget) - 2);
  const cents = (amount + cent - 1n) / cent;
  return `${cents / 100n}.${(cents % 100n).toString().padStart(2, '0')}`.replace(/\.00$/, '');
}

/** `site 84 %`. */
export function statusLine({ budget, percent, isAtLeast }: BudgetState, { locale }: TextStyle): string {
  const share = new Intl.NumberFormat(locale, { style: 'percent' }).format(Math.floor(percent) / 100);
  return `${budget.name} ${isAtLeast ? '≥ ' : ''}${share}`;
}

/** `$16.50 of $20.00 (82%)`. */
export function amountsText(
  { budget, period, spent, limit, percent, isAtLeast, stale }: BudgetState,
  { t, locale }: TextStyle,
): string {
  const share = new Intl.NumberFormat(locale, { style: 'percent' }).format(Math.floor(percent) / 100);
  const amount = `${isAtLeast ? '≥ ' : ''}${budgetAmount(budget, spent, locale)}`;
  const text = t('{0} of {1} ({2})', amount, budgetAmount(budget, limit, locale), share);
  const scope = budget.scope === undefined ? [] : [scopeName(budget.scope, t)];
  return [text, ...scope, ...staleText(stale, period.timeZone, { t, locale })].join(' · ');
}

/** How old the sums of a team are. */
function staleText(stale: BudgetState['stale'], timeZone: string, { t, locale }: TextStyle): string[] {
  if (stale === undefined) return [];
  if (stale.asOf === undefined) return [t('not known yet')];
  const format = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium', timeStyle: 'short' });
  return [t('as of {0}', format.format(stale.asOf))];
}

/** A budget in words, for screen readers. */
export function stateLabel(state: BudgetState, style: TextStyle): string {
  const { budget, isOver, level } = state;
  const { t } = style;
  const text = amountsText(state, style);
  if (isOver) return t('Budget {0} is used up: {1}', budget.name, text);
  if (level !== undefined) return t('Budget {0} has passed {1} %: {2}', budget.name, level, text);
  return t('Budget {0}: {1}', budget.name, text);
}

/** The figures of a budget, each with its name. */
export function figureLines(state: BudgetState, { t, locale }: TextStyle): { name: string; value: string }[] {
  const { budget, period, spent, limit, forecast } = state;
  const money = (amount: Amount): string => budgetAmount(budget, amount, locale);
  const day = new Intl.DateTimeFormat(locale, { timeZone: period.timeZone, month: 'short', day: 'numeric' });
  const passes = forecast?.passesAt;
  return [
    { name: t('Spent'), value: `${state.isAtLeast ? '≥ ' : ''}${money(spent)}` },
    { name: t('Left'), value: money(limit > spent ? limit - spent : 0n) },
    ...(forecast === undefined
      ? []
      : [{ name: t('Expected'), value: t('{0} to {1}', money(forecast.most[0]), money(forecast.most[1])) }]),
    ...(passes === undefined ? [] : [{ name: t('Used up on'), value: day.format(passes) }]),
    { name: t('Period'), value: t('{0} to {1}', day.format(period.since), day.format(period.until - 1)) },
  ];
}

/** The warning of a level, as a sentence that a screen reader reads too. */
export function crossingMessage(state: BudgetState, level: number, style: TextStyle, driver?: Driver): string {
  const { t, locale } = style;
  const { budget, spent, limit, isOver, isAtLeast, totals } = state;
  const amounts = [budgetAmount(budget, spent, locale), budgetAmount(budget, limit, locale)] as const;
  const head = isOver
    ? t('The budget {0} is used up: {1} of {2}.', budget.name, ...amounts)
    : t('The budget {0} has reached {1} %: {2} of {3}.', budget.name, level, ...amounts);
  const gaps =
    totals.unpriced > 0
      ? t('{0} calls have no known cost, so it may be more.', totals.unpriced)
      : isAtLeast
        ? t('Some days have no exchange rate, so it may be more.')
        : '';
  return [head, driverText(driver, style), paceText(state, style), gaps].filter((text) => text !== '').join(' ');
}

/** The project, model or session behind most of the cost. */
function driverText(driver: Driver | undefined, { t, locale }: TextStyle): string {
  if (driver === undefined) return '';
  const name = plain(driver.value, { max: 40 });
  const amount = formatUsd(driver.nanos, locale);
  if (driver.dimension === 'project') return t('Most of it is the project {0}: {1}.', name, amount);
  if (driver.dimension === 'model') return t('Most of it is the model {0}: {1}.', name, amount);
  return t('Most of it is one session: {0}.', amount);
}

export function tooltipLines(state: BudgetState, style: TextStyle): string {
  const { budget, spent, limit } = state;
  const line = `${statusLine(state, style)}: ${budgetAmount(budget, spent, style.locale)} / ${budgetAmount(budget, limit, style.locale)}`;
  const more = paceText(state, style);
  return more === '' ? line : `${line}\n${more}`;
}

/** The choices with which the cost history shows the budget's period and filter. */
export function historyChoices({ budget, period }: BudgetState, calendar: Calendar): Partial<Choices> {
  const day = (ms: number): string => bucketKey(ms, 'day', calendar);
  return {
    range: { kind: 'dates', from: day(period.since), to: day(period.until - 1) },
    values: budget.filter ?? {},
    search: budget.search ?? '',
  };
}

/** Where the period is likely to end. */
export function paceText({ budget, period, forecast, isOver }: BudgetState, { t, locale }: TextStyle): string {
  if (forecast === undefined || isOver) return '';
  const { passesAt, most } = forecast;
  if (passesAt !== undefined) {
    const { timeZone } = period;
    const day = new Intl.DateTimeFormat(locale, { timeZone, month: 'long', day: 'numeric' }).format(passesAt);
    return t('At this pace it is used up on {0}.', day);
  }
  return t(
    'Likely end of the period: {0} to {1}.',
    budgetAmount(budget, most[0], locale),
    budgetAmount(budget, most[1], locale),
  );
}
