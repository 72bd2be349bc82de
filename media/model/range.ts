import type { Choices, ChartBucket, RangeChoice } from '../../src/protocol/choices.ts';
import { bucketKey, bucketStart, nextBucket, spanOfKey } from '../../src/usage/time/calendar.ts';
import { rangeBefore, rangeOf } from '../../src/usage/time/period.ts';
import type { TimeRange, TimeSpan } from '../../src/usage/time/period.ts';
import type { Calendar } from '../../src/usage/query.ts';

const DAY = 24 * 60 * 60 * 1000;

/** The current span of a choice; unbounded where it has no end. */
export function rangeOfChoice(choice: RangeChoice, now: number, calendar: Calendar): TimeRange {
  if (choice.kind !== 'dates') return rangeOf(choice.kind, now, calendar);
  const from = spanOfKey(choice.from, 'day', calendar);
  const to = spanOfKey(choice.to, 'day', calendar);
  return { since: from?.since, until: to?.until };
}

/**
 * The span to compare a range with: the previous one of its kind, up to the same time. For two dates, the same number of days
 * before them. undefined if there is none.
 */
export function rangeBeforeChoice(choice: RangeChoice, now: number, calendar: Calendar): TimeSpan | undefined {
  if (choice.kind !== 'dates') return rangeBefore(choice.kind, now, calendar, true);
  const { since, until } = rangeOfChoice(choice, now, calendar);
  if (since === undefined || until === undefined) return undefined;
  const days = Math.round((until - since) / DAY);
  return { since: bucketStart(since - days * DAY + DAY / 2, 'day', calendar), until: since };
}

/** The whole period before a range, which a chart draws beside it. undefined if there is none. */
export function wholeRangeBefore(choice: RangeChoice, now: number, calendar: Calendar): TimeSpan | undefined {
  if (choice.kind === 'dates') return rangeBeforeChoice(choice, now, calendar);
  return rangeBefore(choice.kind, now, calendar);
}

/** The period that the chart shows beside the range; undefined if it shows none. */
export function comparedSpan(
  { compare, compareWith, range }: Pick<Choices, 'compare' | 'compareWith' | 'range'>,
  now: number,
  calendar: Calendar,
): TimeSpan | undefined {
  if (!compare) return undefined;
  if (compareWith === undefined) return wholeRangeBefore(range, now, calendar);
  const { since, until } = rangeOfChoice({ kind: 'dates', ...compareWith }, now, calendar);
  return since === undefined || until === undefined ? undefined : { since, until };
}

/**
 * The range shown by a chart, bounded at both ends: an open start becomes the first record's day, an open end today or the last
 * record's day. @param days keys of the first and the last day with records.
 */
export function closedRange(
  { since, until }: TimeRange,
  days: { first?: string | undefined; last?: string | undefined },
  now: number,
  calendar: Calendar,
): TimeSpan {
  const tomorrow = nextBucket(now, 'day', calendar);
  const first = days.first === undefined ? undefined : spanOfKey(days.first, 'day', calendar)?.since;
  const last = days.last === undefined ? undefined : spanOfKey(days.last, 'day', calendar)?.until;
  const today = bucketStart(now, 'day', calendar);
  const end = until ?? Math.max(tomorrow, last ?? tomorrow);
  const span = { since: Math.min(since ?? first ?? today, end), until: end };
  if (span.until - span.since <= LONGEST) return span;
  // A link may name the years 1 to 9999, which would be more columns than the page can draw: those around the records are.
  const shownUntil = Math.max(Math.min(end, Math.max(tomorrow, last ?? tomorrow)), span.since + DAY);
  return {
    since: Math.max(span.since, Math.min(first ?? today, shownUntil - DAY), shownUntil - LONGEST),
    until: shownUntil,
  };
}

/** The longest span of a chart, ms: 200 years, 2,400 columns. */
const LONGEST = 200 * 366 * DAY;

/** The bucket that divides a range into a few dozen bars. */
export function bucketFor(choice: Choices['bucket'], { since, until }: TimeSpan): ChartBucket {
  const days = (until - since) / DAY;
  const fitting: ChartBucket = days <= 2.1 ? 'hour' : days <= 93 ? 'day' : days <= 740 ? 'week' : 'month';
  if (choice === 'auto') return fitting;
  // A year by the hour would be 8,760 bars, each thinner than a pixel.
  const most = { hour: 15, day: 800, week: 5000, month: Number.POSITIVE_INFINITY }[choice];
  return days > most ? fitting : choice;
}

/** The dates of the range on show, up to today where it lies ahead; without a range, today. */
export function datesOf(
  span: TimeSpan | undefined,
  calendar: Calendar,
  now = Date.now(),
): { from: string; to: string } {
  const from = bucketKey(span?.since ?? now, 'day', calendar);
  const last = span === undefined ? now : Math.max(span.since, Math.min(span.until - 1, now));
  return { from, to: bucketKey(last, 'day', calendar) };
}

/** The span of a bar as a range: a day by its date, a longer span by its first and last date. */
export function choiceOfSpan(span: { since: number; until: number }, calendar: Calendar): RangeChoice {
  return {
    kind: 'dates',
    from: bucketKey(span.since, 'day', calendar),
    to: bucketKey(span.until - 1, 'day', calendar),
  };
}
