import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
import { readDisplayCurrency, type DisplayCurrency } from '../pricing/currency.ts';
import { scaleDecimal } from '../pricing/decimal.ts';
import { AMOUNT_PLACES, type Amount } from '../usage/amount.ts';
import { FIELD_DIMENSIONS, SCOPES, type Scope } from '../usage/dimensions.ts';
import { MAX_NAME } from '../usage/limits.ts';
import type { Nanos } from '../usage/money.ts';
import { costNanos, valueNanos, type Totals, type UsageFilter } from '../usage/query.ts';

/** A budget: an amount for a period, for the records that its filter selects. `budgets.json` is a list of them. */

/** As it is stored. */
export interface Budget {
  name: string;
  /** A decimal number, as text so that no digit is lost. In USD, or in `currency`. */
  amount: string;
  /** How USD are converted, as in the setting `llmSpend.currency`. Absent: the amount is in USD. */
  currency?: unknown;
  /** `7d`: today and the six days before it. `once`: from `since` to `until`. */
  period: string;
  /**
   * For months: the day on which a period begins, 1 to 31. A shorter month begins it on its last day. For weeks: the weekday, 1
   * (Monday) to 7 (Sunday), so that windows and commands count the same days in any locale. Default: 1.
   */
  start?: number | undefined;
  /** ISO days, both included; only for `once`. */
  since?: string | undefined;
  until?: string | undefined;
  /** Percentages at which it warns, ascending. The last one of at least 100 is the limit. */
  levels: number[];
  /** The dimensions that select its records, as in `--json` of `costs`. */
  filter?: UsageFilter['values'];
  search?: string | undefined;
  /** Whether calls that a plan covers count, at list price. Default: only what is paid counts. */
  plan?: boolean | undefined;
  /** Counts the calls of all my machines, or of the team. Absent: those of this machine. */
  scope?: TeamScope | undefined;
}

/** A scope whose sums come from the team's ledger. */
export type TeamScope = Exclude<Scope, 'machine'>;

/** A budget that cannot be used: which field, and the rule. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
  readonly field: string;
  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

export const DEFAULT_LEVELS: readonly number[] = [50, 80, 100];
export const PERIOD_RULE = 'must be day, week, month, year, a number of days such as 30d, or once';
export const START_RULE = 'must be a day of the month, 1 to 31, or for weeks a weekday, 1 (Monday) to 7 (Sunday)';
const SCOPE_RULE = `must be ${SCOPES.slice(0, -1).join(', ')} or ${SCOPES.at(-1)}`;
const DAYS_OF_WEEK = 7;
const MAX_LEVEL = 1_000;
/** An amount as people type it. */
export const AMOUNT = /^\d{1,12}(\.\d{1,9})?$/;

const AMOUNT_RULE = 'must be an amount such as 50 or 12.50';

const amount = once(() =>
  z.string(AMOUNT_RULE).check(
    z.regex(AMOUNT, AMOUNT_RULE),
    z.refine((text) => !AMOUNT.test(text) || Number(text) > 0, 'must be above 0'),
  ),
);
const day = once(() => z.iso.date('must be a day such as 2026-01-31'));
const SHAPE = once(() =>
  z.strictObject({
    name: z.string().check(z.trim(), z.minLength(1, 'must not be empty'), z.maxLength(MAX_NAME)),
    amount: amount(),
    currency: z.optional(z.unknown()),
    period: z.string(PERIOD_RULE).check(z.regex(/^(day|week|month|year|once|[1-9]\d{0,3}d)$/, PERIOD_RULE)),
    start: z.optional(z.int(START_RULE).check(z.minimum(1, START_RULE), z.maximum(31, START_RULE))),
    since: z.optional(day()),
    until: z.optional(day()),
    levels: z
      .array(z.number().check(z.positive(), z.maximum(MAX_LEVEL)))
      .check(z.minLength(1, 'must have at least one percentage'), z.maxLength(20)),
    filter: z.optional(
      z.partialRecord(z.enum(FIELD_DIMENSIONS.map(({ name }) => name)), z.array(z.nullable(z.string()))),
    ),
    search: z.optional(z.string()),
    plan: z.optional(z.boolean()),
    scope: z.optional(z.enum(SCOPES, SCOPE_RULE)),
  }),
);

/** @throws {BudgetError} naming the first field that breaks a rule. */
export function checkedBudget(input: unknown): Budget {
  const parsed = SHAPE().safeParse(isObject(input) ? completed(input) : input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    const field = [...(issue?.path ?? []), ...unknown].join('.');
    throw new BudgetError(field || 'budget', unknown.length > 0 ? 'is unknown' : (issue?.message ?? 'is invalid'));
  }
  const { scope, ...budget } = parsed.data as Omit<Budget, 'scope'> & { scope?: Scope };
  const isOnce = budget.period === 'once';
  if (isOnce !== (budget.since !== undefined && budget.until !== undefined)) {
    throw new BudgetError('since', 'must be given with until for the period once, and for no other period');
  }
  if (isOnce && budget.since! > budget.until!) throw new BudgetError('since', 'must not be after until');
  if (budget.start !== undefined) checkStart(budget.start, budget.period);
  if (budget.currency !== undefined) {
    const currency = readDisplayCurrency(budget.currency);
    if ('problem' in currency) throw new BudgetError('currency', currency.problem);
  }
  const levels = [...new Set(budget.levels)].toSorted((a, b) => a - b);
  return { ...budget, levels, ...(scope !== undefined && scope !== 'machine' && { scope }) };
}

/** With the default levels, and with an amount as text: people who edit the file write a number. */
function completed(input: object): object {
  const isNumber = 'amount' in input && typeof input.amount === 'number';
  return { levels: [...DEFAULT_LEVELS], ...input, ...(isNumber && { amount: String(input.amount) }) };
}

/** @throws {BudgetError} */
function checkStart(start: number, period: string): void {
  if (period === 'week' && start > DAYS_OF_WEEK) throw new BudgetError('start', START_RULE);
  if (period !== 'week' && period !== 'month') throw new BudgetError('start', 'is only for the periods month and week');
}

/** undefined: USD. */
export function currencyOf(budget: Budget): DisplayCurrency | undefined {
  return budget.currency === undefined ? undefined : (readDisplayCurrency(budget.currency) as DisplayCurrency);
}

const NANO_PLACES = 9;

/** The decimals of an amount's unit: nano-dollars, or the unit of {@link Amount} in another currency. */
export function amountPlaces({ currency }: Budget): number {
  return currency === undefined ? NANO_PLACES : AMOUNT_PLACES;
}

export function limitOf(budget: Budget): Amount {
  return scaleDecimal(budget.amount, amountPlaces(budget));
}

/** The counted cost of a sum, in nano-dollars. */
export function countedNanos({ plan }: Pick<Budget, 'plan'>, totals: Totals): Nanos {
  return plan === true ? valueNanos(totals) : costNanos(totals);
}

/** The records that count, without the time. */
export function filterOf({ filter, search }: Budget): UsageFilter {
  return { ...(filter === undefined ? {} : { values: filter }), ...(search === undefined ? {} : { search }) };
}

function isObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
