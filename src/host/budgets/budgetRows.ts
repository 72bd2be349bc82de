import { currencyOf } from '../../budgets/budget.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import { DEFAULT_CHOICES } from '../../protocol/choices.ts';
import type { BudgetRow } from '../../protocol/budgetRow.ts';
import type { Amount } from '../../usage/amount.ts';
import type { Calendar } from '../../usage/query.ts';
import type { TextStyle } from '../common/costText.ts';
import { amountsText, figureLines, historyChoices, stateLabel } from './budgetMessages.ts';

const MAX_ROWS = 50;
/** The page draws sizes in units of 10^9 of the smallest amount, see `measured()` of the page. */
const UNIT = 1e9;

export interface BudgetRowOptions {
  calendar: Calendar;
  /** The currency of the page; undefined: USD. */
  currency: DisplayCurrency | undefined;
  style: TextStyle;
}

/** The budgets for the page of the cost history. */
export function budgetRows(states: readonly BudgetState[], options: BudgetRowOptions): BudgetRow[] {
  return states.slice(0, MAX_ROWS).map((state) => budgetRow(state, options));
}

function budgetRow(state: BudgetState, { calendar, currency, style }: BudgetRowOptions): BudgetRow {
  const { budget, period, percent, limit, level, isOver, forecast } = state;
  const share = (amount: Amount): number => Number((amount * 10_000n) / limit) / 100;
  const { range, values, search } = { ...DEFAULT_CHOICES, ...historyChoices(state, calendar) };
  const bucket = (['day', 'week', 'month'] as const).find((each) => each === budget.period);
  return {
    name: budget.name,
    amounts: amountsText(state, style),
    label: stateLabel(state, style),
    state: isOver ? 'over' : level === undefined ? 'below' : 'reached',
    percent,
    ...(forecast && { expected: [share(forecast.most[0]), share(forecast.most[1])] }),
    figures: figureLines(state, style),
    choices: { range, values, search },
    since: period.since,
    until: period.until,
    ...(bucket !== undefined && isBucket(state, bucket, calendar) && { bucket }),
    ...(currencyOf(budget)?.currency === currency?.currency && { size: Number(limit) / UNIT }),
    plan: budget.plan === true,
    scope: budget.scope ?? 'machine',
  };
}

/** Whether the period is one bar of the chart: a week that begins on another day is not. */
function isBucket({ budget: { start = 1 } }: BudgetState, bucket: string, { firstDayOfWeek }: Calendar): boolean {
  return start === (bucket === 'week' ? firstDayOfWeek : 1);
}
