import { bucketStart, civil, nextBucket, previousBucket } from './calendar.ts';
import type { Bucket, Calendar } from '../query.ts';
import { DAY, HOUR, zoneOf } from './zone.ts';

/** Named periods of local time, the periods before them, and dates as users type them. The clock is always passed in. */

export const PERIODS = [
  'today',
  'yesterday',
  'week',
  'month',
  'lastMonth',
  'last7days',
  'last30days',
  'year',
  'all',
] as const;
export type Period = (typeof PERIODS)[number];

/** English display names. The editor's host translates them. */
export const PERIOD_NAMES: Record<Period, string> = {
  today: 'Today',
  yesterday: 'Yesterday',
  week: 'This week',
  month: 'This month',
  lastMonth: 'Last month',
  last7days: 'Last 7 days',
  last30days: 'Last 30 days',
  year: 'This year',
  all: 'All time',
};

/** Half-open, ms since the epoch; a missing end is unbounded. */
export interface TimeRange {
  since?: number | undefined;
  until?: number | undefined;
}

/** A range bounded at both ends. */
export interface TimeSpan {
  since: number;
  until: number;
}

/**
 * The range of a period, in whole local days: `today` ends at the next midnight, `last7days` is today and the six days before.
 */
export function rangeOf(period: 'all', now: number, calendar: Calendar): TimeRange;
export function rangeOf(period: Exclude<Period, 'all'>, now: number, calendar: Calendar): TimeSpan;
export function rangeOf(period: Period, now: number, calendar: Calendar): TimeRange;
export function rangeOf(period: Period, now: number, calendar: Calendar): TimeRange {
  switch (period) {
    case 'today':
      return around(now, 'day', calendar);
    case 'yesterday':
      return around(previousBucket(now, 'day', calendar), 'day', calendar);
    case 'week':
    case 'month':
    case 'year':
      return around(now, period, calendar);
    case 'lastMonth':
      return around(previousBucket(now, 'month', calendar), 'month', calendar);
    case 'last7days':
      return lastDays(7, now, calendar);
    case 'last30days':
      return lastDays(30, now, calendar);
    case 'all':
      return {};
  }
}

/**
 * The previous period of the same length. With `soFar` it is cut at the same wall-clock point as now, so a third of a month is
 * compared with a third. undefined for `all`.
 */
export function rangeBefore(period: Period, now: number, calendar: Calendar, soFar = false): TimeSpan | undefined {
  if (period === 'all') return undefined;
  const range = rangeOf(period, now, calendar);
  const before = wholeBefore(period, range, calendar);
  if (!soFar || now >= range.until) return before;
  const zone = zoneOf(calendar.timeZone);
  const passed = zone.toLocal(now) - zone.toLocal(range.since);
  const until = zone.toInstant(zone.toLocal(before.since) + passed);
  return { since: before.since, until: Math.min(Math.max(until, before.since), before.until) };
}

/**
 * Parses a time as a user types it, in the calendar's zone: `2026`, `2026-11`, `2026-11-01`, `2026-11-01T14:00`, a full ISO
 * time with an offset, `now`, `today`, `yesterday`, or a time ago: `12h`, `7d`, `2w`.
 *
 * @param edge which end of a whole day, month or year to return: `since` its start, `until` its end, so that `--since
 * 2026-11-01 --until 2026-11-01` selects that day.
 * @returns ms since the epoch, or undefined for any other text.
 */
export function parseTime(text: string, edge: 'since' | 'until', now: number, calendar: Calendar): number | undefined {
  const trimmed = text.trim();
  const word = trimmed.toLowerCase();
  const zone = zoneOf(calendar.timeZone);
  const edgeOf = (instant: number, bucket: Bucket): number =>
    edge === 'since' ? bucketStart(instant, bucket, calendar) : nextBucket(instant, bucket, calendar);
  if (word === 'now') return now;
  if (word === 'today') return edgeOf(now, 'day');
  if (word === 'yesterday') return edgeOf(previousBucket(now, 'day', calendar), 'day');

  const ago = /^(\d{1,5})([hdw])$/.exec(word);
  if (ago !== null) {
    const count = Number(ago[1]);
    if (ago[2] === 'h') return now - count * HOUR;
    return zone.toInstant(zone.toLocal(now) - count * (ago[2] === 'w' ? 7 : 1) * DAY);
  }

  const date = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(trimmed);
  if (date !== null) {
    const local = civil(Number(date[1]), Number(date[2] ?? 1), Number(date[3] ?? 1));
    if (local === undefined) return undefined;
    return edgeOf(zone.toInstant(local), date[3] !== undefined ? 'day' : date[2] !== undefined ? 'month' : 'year');
  }

  const time = /^(\d{4})-(\d\d)-(\d\d)[t ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(z|[+-]\d\d:?\d\d)?$/i.exec(trimmed);
  if (time === null) return undefined;
  const day = civil(Number(time[1]), Number(time[2]), Number(time[3]));
  const [hour, minute, second] = [Number(time[4]), Number(time[5]), Number(time[6] ?? 0)];
  if (day === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const local = day + ((hour * 60 + minute) * 60 + second) * 1000 + Number((time[7] ?? '').padEnd(3, '0').slice(0, 3));
  if (time[8] === undefined) return zone.toInstant(local);
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(time[8]);
  if (offset === null) return local;
  if (Number(offset[2]) > 23 || Number(offset[3]) > 59) return undefined;
  const minutes = Number(offset[2]) * 60 + Number(offset[3]);
  return local - (offset[1] === '+' ? minutes : -minutes) * 60_000;
}

function around(instant: number, bucket: Bucket, calendar: Calendar): TimeSpan {
  return { since: bucketStart(instant, bucket, calendar), until: nextBucket(instant, bucket, calendar) };
}

/** Today and the `count - 1` days before it. */
function lastDays(count: number, now: number, calendar: Calendar): TimeSpan {
  const today = around(now, 'day', calendar);
  return { since: daysEarlier(today.since, count - 1, calendar), until: today.until };
}

function wholeBefore(period: Exclude<Period, 'all'>, range: TimeSpan, calendar: Calendar): TimeSpan {
  switch (period) {
    case 'today':
    case 'yesterday':
      return around(range.since - 1, 'day', calendar);
    case 'week':
    case 'month':
    case 'year':
      return around(range.since - 1, period, calendar);
    case 'lastMonth':
      return around(range.since - 1, 'month', calendar);
    case 'last7days':
      return { since: daysEarlier(range.since, 7, calendar), until: range.since };
    case 'last30days':
      return { since: daysEarlier(range.since, 30, calendar), until: range.since };
  }
}

/** The local midnight `count` calendar days before another. */
function daysEarlier(midnight: number, days: number, calendar: Calendar): number {
  const zone = zoneOf(calendar.timeZone);
  const day = Math.floor(zone.toLocal(midnight) / DAY);
  return zone.toInstant((day - days) * DAY);
}
