import type { Amount } from '../usage/amount.ts';
import { bucketSpans, bucketStart, nextBucket, previousBucket } from '../usage/time/calendar.ts';
import type { TimeSpan } from '../usage/time/period.ts';
import { DAY, zoneOf } from '../usage/time/zone.ts';
import type { Calendar } from '../usage/query.ts';

/** Where a period will end, from what the days of the last weeks cost. */
export interface Forecast {
  /** Half of the ends are below. */
  middle: Amount;
  /** Half of the ends are between these. */
  half: readonly [Amount, Amount];
  /** Nine of ten ends are between these. */
  most: readonly [Amount, Amount];
  /** When the middle path passes the limit, ms since the epoch; undefined when it stays below, or has passed already. */
  passesAt: number | undefined;
}

export interface ForecastInput {
  /** By ISO day. A missing day cost nothing. */
  spentByDay: ReadonlyMap<string, Amount>;
  /** In the period so far. */
  spent: Amount;
  limit: Amount;
  period: TimeSpan;
  now: number;
  calendar: Calendar;
}

/** How far back days are looked at: eight weeks. */
export const HISTORY_DAYS = 56;
/** Fewer days say nothing about weekdays. */
const LEAST_DAYS = 14;
/** Fewer days of a kind are too few to draw from: then all days count. */
const LEAST_OF_KIND = 4;
const PATHS = 400;
/**
 * The shares of paths on either side of the ranges. A quarter and a twentieth would be too many: eight weeks are a small sample of
 * habits, in which rare expensive days are mostly missing.
 */
const HALF_TAIL = 0.235;
const MOST_TAIL = 0.03;

/** A day that has passed. */
interface PastDay {
  isWeekend: boolean;
  spent: number;
}

/**
 * Simulates how the period may go on: each coming day costs what a random day of the same kind (weekday, weekend) cost. Each path
 * draws from its own random sample of the history, because the history itself is only a sample.
 * @returns undefined while there is too little history, and outside the period.
 */
export function forecastOf(input: ForecastInput): Forecast | undefined {
  const { period, now, calendar, spent, limit } = input;
  if (now < period.since || now >= period.until) return undefined;
  const history = pastDays(input);
  if (history.length < LEAST_DAYS || history.every((day) => day.spent === 0)) return undefined;
  const tomorrow = nextBucket(now, 'day', calendar);
  const coming = bucketSpans(tomorrow, period.until, 'day', calendar).map(({ since }) => ({
    since,
    isWeekend: isWeekend(since, calendar),
    share: 1,
  }));
  const today = bucketStart(now, 'day', calendar);
  coming.unshift({ since: now, isWeekend: isWeekend(now, calendar), share: (tomorrow - now) / (tomorrow - today) });
  const random = generator();
  const ends = Array.from({ length: PATHS }, () => {
    const sample = history.map(() => history[Math.floor(random() * history.length)]!);
    const kinds = ofKind(sample);
    return coming.reduce((sum, day) => {
      const days = kinds(day.isWeekend);
      return sum + day.share * days[Math.floor(random() * days.length)]!.spent;
    }, 0);
  }).toSorted((a, b) => a - b);
  const at = (share: number): Amount => spent + BigInt(Math.round(ends[Math.floor(share * (PATHS - 1))]!));
  return {
    middle: at(0.5),
    half: [at(HALF_TAIL), at(1 - HALF_TAIL)],
    most: [at(MOST_TAIL), at(1 - MOST_TAIL)],
    passesAt: spent >= limit ? undefined : passing(history, coming, Number(limit - spent)),
  };
}

/** Returns the start of the day on which the average path reaches the remaining amount. */
function passing(
  history: readonly PastDay[],
  coming: readonly { since: number; isWeekend: boolean; share: number }[],
  left: number,
): number | undefined {
  const kinds = ofKind(history);
  const average = (days: readonly PastDay[]): number => days.reduce((sum, { spent }) => sum + spent, 0) / days.length;
  let sum = 0;
  for (const { since, isWeekend: weekend, share } of coming) {
    sum += share * average(kinds(weekend));
    if (sum >= left) return since;
  }
  return undefined;
}

function ofKind(days: readonly PastDay[]): (isWeekend: boolean) => readonly PastDay[] {
  const [weekdays, weekends] = [days.filter((day) => !day.isWeekend), days.filter((day) => day.isWeekend)];
  return (weekend) => {
    const kind = weekend ? weekends : weekdays;
    return kind.length < LEAST_OF_KIND ? days : kind;
  };
}

/** The whole days before today, from the first one that cost something. */
function pastDays({ spentByDay, now, calendar }: ForecastInput): PastDay[] {
  const days: PastDay[] = [];
  const zone = zoneOf(calendar.timeZone);
  let start = bucketStart(now, 'day', calendar);
  for (let back = 0; back < HISTORY_DAYS; back++) {
    start = previousBucket(start, 'day', calendar);
    const isoDay = new Date(zone.toLocal(start)).toISOString().slice(0, 10);
    days.push({ isWeekend: isWeekend(start, calendar), spent: Number(spentByDay.get(isoDay) ?? 0n) });
  }
  const first = days.findLastIndex(({ spent }) => spent > 0);
  return days.slice(0, first + 1);
}

/** Saturday and Sunday. 1970-01-01 was a Thursday. */
function isWeekend(ms: number, calendar: Calendar): boolean {
  const day = Math.floor(zoneOf(calendar.timeZone).toLocal(ms) / DAY);
  return (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
}

/** Random numbers that are the same each time, so that a forecast changes only with what happened (mulberry32). */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
