import { bucketStart, civil, nextBucket } from '../usage/time/calendar.ts';
import type { TimeSpan } from '../usage/time/period.ts';
import { DAY, zoneOf } from '../usage/time/zone.ts';
import type { Calendar } from '../usage/query.ts';
import type { Budget } from './budget.ts';

const MONDAY = 1;

/** The period of a budget that contains an instant, in whole local days. */
export interface BudgetPeriod extends TimeSpan {
  /** Names the period, equal for all its instants: a warning is given once for each. */
  key: string;
  /** In which its days begin. */
  timeZone: string;
}

export function periodOf(budget: Budget, now: number, calendar: Calendar): BudgetPeriod {
  const span = spanOf(budget, now, calendar);
  const zone = zoneOf(calendar.timeZone);
  const isoDay = (ms: number): string => new Date(zone.toLocal(ms)).toISOString().slice(0, 10);
  const days = rollingDays(budget);
  // A rolling period moves every day; one warning per day would be noise.
  const first = days === undefined ? span.since : Math.floor(zone.toLocal(now) / DAY / days) * days * DAY;
  const key = days === undefined ? isoDay(first) : new Date(first).toISOString().slice(0, 10);
  return { ...span, key: `${budget.period} ${key} ${calendar.timeZone}`, timeZone: calendar.timeZone };
}

function spanOf(budget: Budget, now: number, calendar: Calendar): TimeSpan {
  const { period, start, since, until } = budget;
  if (period === 'once') {
    return { since: startOfDay(since!, calendar), until: nextBucket(startOfDay(until!, calendar), 'day', calendar) };
  }
  const days = rollingDays(budget);
  if (days !== undefined) {
    const zone = zoneOf(calendar.timeZone);
    const tomorrow = nextBucket(now, 'day', calendar);
    return { since: zone.toInstant(zone.toLocal(tomorrow) - days * DAY), until: tomorrow };
  }
  if (period === 'month' && start !== undefined && start > 1) return monthFrom(start, now, calendar);
  if (period === 'week') {
    const weeks = { ...calendar, firstDayOfWeek: start ?? MONDAY };
    return { since: bucketStart(now, 'week', weeks), until: nextBucket(now, 'week', weeks) };
  }
  const bucket = period as 'day' | 'month' | 'year';
  return { since: bucketStart(now, bucket, calendar), until: nextBucket(now, bucket, calendar) };
}

function rollingDays({ period }: Budget): number | undefined {
  const [, days] = /^(\d+)d$/.exec(period) ?? [];
  return days === undefined ? undefined : Number(days);
}

function startOfDay(day: string, calendar: Calendar): number {
  return bucketStart(zoneOf(calendar.timeZone).toInstant(Date.parse(`${day}T12:00:00Z`)), 'day', calendar);
}

/** A month that begins on another day than the first. */
function monthFrom(start: number, now: number, calendar: Calendar): TimeSpan {
  const zone = zoneOf(calendar.timeZone);
  const date = new Date(zone.toLocal(now));
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const beginning = (offset: number): number => {
    const first = new Date(Date.UTC(year, month + offset, 1));
    const [y, m] = [first.getUTCFullYear(), first.getUTCMonth() + 1];
    const last = new Date(Date.UTC(y, m, 0)).getUTCDate();
    return zone.toInstant(civil(y, m, Math.min(start, last))!);
  };
  const isBegun = now >= beginning(0);
  return isBegun ? { since: beginning(0), until: beginning(1) } : { since: beginning(-1), until: beginning(0) };
}
