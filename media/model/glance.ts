import { spanOfKey } from '../../src/usage/time/calendar.ts';
import type { Nanos } from '../../src/usage/money.ts';
import { rangeOf } from '../../src/usage/time/period.ts';
import type { TimeRange } from '../../src/usage/time/period.ts';
import type { Calendar, Group, Totals } from '../../src/usage/query.ts';
import { forecast } from '../../src/usage/summary.ts';
import { sum } from './totals.ts';

/** A day with records. */
export interface Day {
  key: string;
  totals: Totals;
}

/** Converts groups by day, oldest first, to days. */
export function daysOf(groups: readonly Group[]): Day[] {
  return groups.map(({ key, totals }) => ({ key: key[0] ?? '', totals }));
}

/** Sums the days within a range of whole days. */
export function sumOfDays(days: readonly Day[], { since, until }: TimeRange, calendar: Calendar): Totals {
  const first = since === undefined ? 0 : daysBefore(days, since, calendar);
  const end = until === undefined ? days.length : daysBefore(days, until, calendar);
  return sum(days.slice(first, end).map(({ totals }) => totals));
}

/** The number of days that begin before an instant. Binary search, because computing the start of a day is slow. */
function daysBefore(days: readonly Day[], instant: number, calendar: Calendar): number {
  let [low, high] = [0, days.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const since = spanOfKey(days[middle]?.key ?? '', 'day', calendar)?.since ?? Number.POSITIVE_INFINITY;
    if (since < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Glance {
  today: Totals;
  week: Totals;
  month: Totals;
  all: Totals;
  /** Projected cost of the whole month. */
  forecast: Nanos | undefined;
}

export function glanceOf(days: readonly Day[], now: number, calendar: Calendar): Glance {
  const monthRange = rangeOf('month', now, calendar);
  const month = sumOfDays(days, monthRange, calendar);
  return {
    today: sumOfDays(days, rangeOf('today', now, calendar), calendar),
    week: sumOfDays(days, rangeOf('week', now, calendar), calendar),
    month,
    all: sumOfDays(days, {}, calendar),
    forecast: forecast(month, monthRange, now),
  };
}
