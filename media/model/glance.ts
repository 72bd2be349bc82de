import type { FoldedGroup } from '../../src/protocol/wire.ts';
import { spanOfKey } from '../../src/usage/calendar.ts';
import type { Nanos } from '../../src/usage/money.ts';
import { rangeOf } from '../../src/usage/period.ts';
import type { TimeRange } from '../../src/usage/period.ts';
import type { Calendar, Totals } from '../../src/usage/query.ts';
import { forecast } from '../../src/usage/summary.ts';
import { sum } from './totals.ts';

/** One day that has records. */
export interface Day {
  key: string;
  since: number;
  until: number;
  totals: Totals;
}

/** Groups by day -> days, oldest first. */
export function daysOf(groups: readonly FoldedGroup[], calendar: Calendar): Day[] {
  return groups
    .flatMap(({ key, totals }) => {
      const span = spanOfKey(key[0] ?? '', 'day', calendar);
      return span === undefined ? [] : [{ ...span, totals }];
    })
    .sort((a, b) => a.since - b.since);
}

/** The sum of the days within a range of whole days. */
export function sumOfDays(days: readonly Day[], { since, until }: TimeRange): Totals {
  return sum(
    days
      .filter((day) => (since === undefined || day.since >= since) && (until === undefined || day.until <= until))
      .map(({ totals }) => totals),
  );
}

export interface Glance {
  today: Totals;
  week: Totals;
  month: Totals;
  all: Totals;
  /** What the month will have cost at its end at this pace. */
  forecast: Nanos | undefined;
}

export function glanceOf(days: readonly Day[], now: number, calendar: Calendar): Glance {
  const monthRange = rangeOf('month', now, calendar);
  const month = sumOfDays(days, monthRange);
  return {
    today: sumOfDays(days, rangeOf('today', now, calendar)),
    week: sumOfDays(days, rangeOf('week', now, calendar)),
    month,
    all: sumOfDays(days, {}),
    forecast: forecast(month, monthRange, now),
  };
}
