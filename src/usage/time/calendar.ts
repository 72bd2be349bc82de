import type { Bucket, Calendar } from '../query.ts';
import { DAY, HOUR, zoneOf, type Zone } from './zone.ts';

/**
 * Local time buckets: the hour, day, week, month or year of an instant, and when each begins.
 *
 * A bucket is identified by its wall time. It starts at the first instant with that wall time, so a day may have 23, 24 or 25
 * hours, and a day that a zone skipped does not exist.
 */

/** A bucket's key and its span, half-open, ms since the epoch. */
export interface BucketSpan {
  key: string;
  since: number;
  until: number;
}

/**
 * A bucket as a number; two buckets of one kind and zone are equal if their numbers are.
 *
 * day: days since 1970-01-01 by the wall clock; week: its first day; month and year: months since year 0; hour: the hour of the
 * wall clock combined with the offset, because on an autumn night one hour occurs twice.
 */
export type BucketId = number;

const OFFSETS = 2 ** 18;

export function bucketId(ms: number, bucket: Bucket, calendar: Calendar): BucketId {
  return idIn(zoneOf(calendar.timeZone), ms, bucket, calendar.firstDayOfWeek);
}

/** Returns the key of a bucket, in the format documented at {@link Group}. */
export function bucketKey(ms: number, bucket: Bucket, calendar: Calendar): string {
  return keyOfBucket(bucketId(ms, bucket, calendar), bucket);
}

export function keyOfBucket(id: BucketId, bucket: Bucket): string {
  switch (bucket) {
    case 'hour': {
      const { local, offset } = hourOf(id);
      return `${isoDate(local)}T${two(new Date(local).getUTCHours())}${isoOffset(offset)}`;
    }
    case 'day':
    case 'week':
      return isoDate(id * DAY);
    case 'month':
      return `${four(Math.floor(id / 12))}-${two((id % 12) + 1)}`;
    case 'year':
      return four(Math.floor(id / 12));
  }
}

/** Orders the buckets of one kind by time. */
export function compareBuckets(a: BucketId, b: BucketId, bucket: Bucket): number {
  // No two offsets differ by more than this.
  if (bucket !== 'hour' || Math.abs(a - b) > 72 * OFFSETS) return a - b;
  const [x, y] = [hourOf(a), hourOf(b)];
  return x.local - x.offset - (y.local - y.offset) || x.local - y.local;
}

/** First instant of the bucket that contains `ms`. */
export function bucketStart(ms: number, bucket: Bucket, calendar: Calendar): number {
  const zone = zoneOf(calendar.timeZone);
  const id = idIn(zone, ms, bucket, calendar.firstDayOfWeek);
  if (bucket !== 'hour') return zone.toInstant(localStart(id, bucket));
  const { local, offset } = hourOf(id);
  const nominal = local - offset;
  // A clock change may cut off the start of an hour, like the half-hour change of Lord Howe Island.
  return zone.offsetAt(nominal) === offset ? nominal : changeWithin(zone, nominal, ms);
}

/** First instant after the bucket that contains `ms`: the start of the next bucket. */
export function nextBucket(ms: number, bucket: Bucket, calendar: Calendar): number {
  const zone = zoneOf(calendar.timeZone);
  const id = idIn(zone, ms, bucket, calendar.firstDayOfWeek);
  if (bucket === 'hour') {
    const { local, offset } = hourOf(id);
    const nominal = local + HOUR - offset;
    return zone.offsetAt(nominal - 1) === offset ? nominal : changeWithin(zone, ms, nominal - 1);
  }
  return zone.toInstant(localStart(id + step(bucket), bucket));
}

/** First instant of the bucket before the one that contains `ms`. */
export function previousBucket(ms: number, bucket: Bucket, calendar: Calendar): number {
  return bucketStart(bucketStart(ms, bucket, calendar) - 1, bucket, calendar);
}

/** All buckets that overlap [since, until), ascending: a chart axis without gaps. */
export function bucketSpans(since: number, until: number, bucket: Bucket, calendar: Calendar): BucketSpan[] {
  const spans: BucketSpan[] = [];
  let start = since < until ? bucketStart(since, bucket, calendar) : until;
  while (start < until) {
    const next = nextBucket(start, bucket, calendar);
    spans.push({ key: bucketKey(start, bucket, calendar), since: start, until: next });
    start = next;
  }
  return spans;
}

/** The bucket of a key made by {@link bucketKey}; undefined for any other text. */
export function spanOfKey(key: string, bucket: Bucket, calendar: Calendar): BucketSpan | undefined {
  const instant = bucket === 'hour' ? instantOfHourKey(key, zoneOf(calendar.timeZone)) : startOfDateKey(key, calendar);
  if (instant === undefined || bucketKey(instant, bucket, calendar) !== key) return undefined;
  return {
    key,
    since: bucketStart(instant, bucket, calendar),
    until: nextBucket(instant, bucket, calendar),
  };
}

/** Whether `Intl` knows the name: `Europe/Berlin`, `UTC`, ... */
export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The system's time zone, with the first day of the week of the locale (default: the system's). For an unknown locale, weeks
 * begin on Monday as in ISO 8601.
 */
export function localCalendar(locale?: string): Calendar {
  const system = new Intl.DateTimeFormat().resolvedOptions();
  return { timeZone: system.timeZone, firstDayOfWeek: firstDayOfWeek(locale ?? system.locale) };
}

/** 1 = Monday ... 7 = Sunday. */
export function firstDayOfWeek(locale: string): number {
  try {
    // A method in the standard, a property in older engines; TypeScript's library has neither yet.
    const info = new Intl.Locale(locale) as { getWeekInfo?(): { firstDay: number }; weekInfo?: { firstDay: number } };
    return (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1;
  } catch {
    return 1;
  }
}

/** Wall time of a civil date as if it were UTC, ms; undefined for a date that does not exist. */
export function civil(year: number, month: number, day: number): number | undefined {
  const ms = civilUnchecked(year, month - 1, day);
  const date = new Date(ms);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : undefined;
}

function idIn(zone: Zone, ms: number, bucket: Bucket, firstDay: number): BucketId {
  const offset = zone.offsetAt(ms);
  const local = ms + offset;
  switch (bucket) {
    case 'hour':
      return Math.floor(local / HOUR) * OFFSETS + offset / 1000 + OFFSETS / 2;
    case 'day':
      return Math.floor(local / DAY);
    case 'week': {
      const day = Math.floor(local / DAY);
      // 1970-01-01 was a Thursday, day 4 in ISO 8601.
      return day - modulo(day + 4 - firstDay, 7);
    }
    case 'month': {
      const date = new Date(local);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    }
    case 'year':
      return new Date(local).getUTCFullYear() * 12;
  }
}

function hourOf(id: BucketId): { local: number; offset: number } {
  const hour = Math.floor(id / OFFSETS);
  return { local: hour * HOUR, offset: (id - hour * OFFSETS - OFFSETS / 2) * 1000 };
}

function localStart(id: BucketId, bucket: Exclude<Bucket, 'hour'>): number {
  if (bucket === 'day' || bucket === 'week') return id * DAY;
  return civilUnchecked(Math.floor(id / 12), modulo(id, 12), 1);
}

function step(bucket: Exclude<Bucket, 'hour'>): number {
  return { day: 1, week: 7, month: 1, year: 12 }[bucket];
}

/** The first instant after `low` whose offset differs from that of `low`; at most `high`. */
function changeWithin(zone: Zone, low: number, high: number): number {
  const offset = zone.offsetAt(low);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

function instantOfHourKey(key: string, zone: Zone): number | undefined {
  const match = /^(\d{4,6})-(\d\d)-(\d\d)T(\d\d)([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(key);
  if (match === null) return undefined;
  const [year, month, day, hour] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const size = (Number(match[6]) * 60 + Number(match[7])) * 60_000 + Number(match[8] ?? 0) * 1000;
  const date = civil(year, month, day);
  if (date === undefined) return undefined;
  const nominal = date + hour * HOUR - (match[5] === '+' ? size : -size);
  const offset = match[5] === '+' ? size : -size;
  return zone.offsetAt(nominal) === offset ? nominal : changeWithin(zone, nominal, nominal + HOUR);
}

function startOfDateKey(key: string, calendar: Calendar): number | undefined {
  const match = /^(\d{4,6})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(key);
  if (match === null) return undefined;
  const date = civil(Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1));
  return date === undefined ? undefined : zoneOf(calendar.timeZone).toInstant(date);
}

function civilUnchecked(year: number, monthIndex: number, day: number): number {
  // Date.UTC would map the years 0 to 99 to 1900 to 1999.
  return new Date(0).setUTCFullYear(year, monthIndex, day);
}

function modulo(n: number, by: number): number {
  return ((n % by) + by) % by;
}

function isoDate(local: number): string {
  const date = new Date(local);
  return `${four(date.getUTCFullYear())}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

function isoOffset(offset: number): string {
  const seconds = Math.abs(offset) / 1000;
  const text = `${offset < 0 ? '-' : '+'}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function four(n: number): string {
  return String(n).padStart(4, '0');
}
