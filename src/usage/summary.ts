import { formatUsd, type Nanos } from './money.ts';
import { rangeOf, type Period, type TimeRange, type TimeSpan } from './time/period.ts';
import {
  costNanos,
  emptyTotals,
  type AggregateQuery,
  type Calendar,
  type Group,
  type Totals,
  type UsageFilter,
} from './query.ts';

/** Figures for the status bar and for the headers of the views. */
export interface SpendSummary {
  today: Totals;
  week: Totals;
  month: Totals;
  all: Totals;
  /** Models of the requested period, most expensive first. */
  topModels: { model: string; totals: Totals }[];
  /** Cost of the whole month at the current pace; undefined while it would be meaningless. */
  forecastNanos: Nanos | undefined;
}

/** Answers a query: a table synchronously, a ledger asynchronously. */
export type Ask = (query: AggregateQuery) => Group[] | Promise<Group[]>;

export interface SummaryOptions {
  filter?: UsageFilter;
  /** Period of the top models; default `today`. */
  period?: Period;
  /** Maximum number of top models; default 3. */
  models?: number;
}

export async function summarize(
  ask: Ask,
  now: number,
  calendar: Calendar,
  { filter = {}, period = 'today', models = 3 }: SummaryOptions = {},
): Promise<SpendSummary> {
  const totalsOf = async (range: TimeRange): Promise<Totals> =>
    (await ask({ filter: within(filter, range), groupBy: [], calendar }))[0]?.totals ?? emptyTotals();
  const month = rangeOf('month', now, calendar);
  const [today, week, monthTotals, all, byModel] = await Promise.all([
    totalsOf(rangeOf('today', now, calendar)),
    totalsOf(rangeOf('week', now, calendar)),
    totalsOf(month),
    totalsOf({}),
    ask({ filter: within(filter, rangeOf(period, now, calendar)), groupBy: ['model'], calendar }),
  ]);
  return {
    today,
    week,
    month: monthTotals,
    all,
    topModels: byModel.slice(0, models).map(({ key, totals }) => ({ model: key[0] ?? '', totals })),
    forecastNanos: forecast(monthTotals, month, now),
  };
}

/** Restricts a filter to a time range. */
export function within(filter: UsageFilter, range: TimeRange): UsageFilter {
  return {
    ...filter,
    since: larger(filter.since, range.since),
    until: smaller(filter.until, range.until),
  };
}

/**
 * Share of a period that must have passed before a forecast makes sense, since a single call would swing an earlier one: 12
 * hours of a month.
 */
const SHORTEST_SHARE = 1 / 60;

/**
 * Forecasts the cost of a whole period at the current pace: cost / share of the period that has passed. Returns undefined
 * outside the period, in its first sixtieth, and when no cost is known or part of it could not be converted.
 */
export function forecast(totals: Totals, range: TimeSpan, now: number): Nanos | undefined {
  const since = range.since;
  const length = range.until - since;
  const passed = now - since;
  if (passed < length * SHORTEST_SHARE || passed >= length || totals.unpriced === totals.records) return undefined;
  if (totals.unconvertedNanos !== undefined) return undefined;
  return (costNanos(totals) * BigInt(length)) / BigInt(Math.floor(passed));
}

/** Compares a period with the one before it. */
export interface Comparison {
  /** Difference in cost, negative if it fell. */
  differenceNanos: Nanos;
  /** The difference as a share of the earlier cost: 0.25 is a quarter more. undefined when there was no earlier cost. */
  change: number | undefined;
  /** false: one of the two periods has records without a cost, or days without a rate, so the comparison is incomplete. */
  complete: boolean;
}

export function compare(current: Totals, before: Totals): Comparison {
  // Where a plan covers all usage, its value at list price is what can be compared.
  const isPlan = costNanos(current) === 0n && costNanos(before) === 0n;
  const now = isPlan ? current.planNanos : costNanos(current);
  const then = isPlan ? before.planNanos : costNanos(before);
  return {
    differenceNanos: now - then,
    change: then === 0n ? undefined : Number(now - then) / Number(then),
    complete: isComplete(current) && isComplete(before),
  };
}

function isComplete({ unpriced, unconvertedNanos }: Totals): boolean {
  return unpriced === 0 && unconvertedNanos === undefined;
}

/**
 * Formats totals without hiding anything: `$4.20`, `~$4.20` if a part is estimated, `$4.20 + 12 unpriced`, `12 unpriced`.
 * `$12.40 + $310.00 plan` keeps apart usage that a plan covers. `$0.00` appears only when there are no records, or when all
 * priced records really cost nothing.
 * @param amount the known cost as text, if it is shown in another currency.
 */
export function formatTotals(
  totals: Totals,
  locale = 'en-US',
  amount: string = formatUsd(costNanos(totals), locale),
  planAmount: string = formatUsd(totals.planNanos, locale),
): string {
  const unpriced = `${new Intl.NumberFormat(locale).format(totals.unpriced)} unpriced`;
  if (totals.records > 0 && totals.unpriced === totals.records) return unpriced;
  const parts = [
    // Where a plan covers all of it, nothing was paid, and a zero would say nothing.
    ...(totals.plan + totals.unpriced < totals.records || totals.plan === 0
      ? [`${totals.estimated > 0 ? '~' : ''}${amount}`]
      : []),
    ...(totals.plan > 0 ? [`${planAmount} plan`] : []),
    ...(totals.unpriced > 0 ? [unpriced] : []),
  ];
  return parts.join(' + ');
}

/**
 * Formats the paid cost and the usage covered by a plan, apart and in one line:
 * `~$12.40 paid, $310.00 of plan usage at list price, 3 unpriced`. undefined if no plan covers anything, so that a single amount
 * is enough.
 */
export function formatPaidAndPlan(totals: Totals, locale = 'en-US'): string | undefined {
  if (totals.plan === 0) return undefined;
  const paid = `${totals.estimated > 0 ? '~' : ''}${formatUsd(costNanos(totals), locale)} paid`;
  const plan = `${formatUsd(totals.planNanos, locale)} of plan usage at list price`;
  const unpriced = `${new Intl.NumberFormat(locale).format(totals.unpriced)} unpriced`;
  return [paid, plan, ...(totals.unpriced > 0 ? [unpriced] : [])].join(', ');
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
