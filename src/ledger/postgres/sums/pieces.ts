import { bucketId, keyOfBucket } from '../../../usage/time/calendar.ts';
import { DAY, HOUR, MINUTE, zoneOf } from '../../../usage/time/zone.ts';
import type { Bucket, Calendar } from '../../../usage/query.ts';

/**
 * Splits time into ranges that each lie in one local bucket, and these into days and hours (UTC), whose sums are stored. A local
 * day is a day with the hours that it has more, and without those that it has fewer: sums are exact, so they can be subtracted.
 */

/** A half-open range, ms since the epoch. */
export interface BucketRange {
  /** Index of its bucket. */
  bucket: number;
  low: number;
  high: number;
}

export interface BucketRanges {
  ranges: BucketRange[];
  /** The keys of each bucket, in the order of the groupings. */
  keys: string[][];
}

/** A day or an hour whose sums are added to those of a bucket (1), or subtracted from them (-1). */
export interface Slot {
  bucket: number;
  sign: 1 | -1;
  /** Days or hours since the epoch. */
  slot: number;
}

export interface Pieces {
  days: Slot[];
  hours: Slot[];
  /** The rest, whose records have to be read. */
  times: (BucketRange & { sign: 1 | -1 })[];
}

/** All times that a record can have lie within this distance from the epoch, ms: a number of whole days. */
const FAR = (1e8 + 2) * DAY;

/** The range of a filter in whole ms. */
export function timeRange(filter: { since?: number | undefined; until?: number | undefined }): {
  low: number;
  high: number;
} {
  const clamp = (ms: number): number => Math.max(-FAR, Math.min(FAR, Math.ceil(ms)));
  return { low: clamp(filter.since ?? -FAR), high: clamp(filter.until ?? FAR) };
}

/**
 * The ranges of a question that groups by time.
 * @param days the days (UTC) that have records, ascending: nothing is asked about the others.
 */
export function bucketRanges(
  buckets: readonly Bucket[],
  calendar: Calendar,
  days: readonly number[],
  { low, high }: { low: number; high: number },
): BucketRanges {
  const ranges: BucketRange[] = [];
  const keys: string[][] = [];
  const indexes = new Map<string, number>();
  const take = (from: number, to: number): void => {
    const ids = buckets.map((bucket) => bucketId(from, bucket, calendar));
    const name = ids.join();
    let bucket = indexes.get(name);
    if (bucket === undefined) {
      bucket = keys.push(ids.map((id, i) => keyOfBucket(id, buckets[i]!))) - 1;
      indexes.set(name, bucket);
    }
    const last = ranges.at(-1);
    // The time between two days that have records is empty.
    if (last?.bucket === bucket) last.high = to;
    else ranges.push({ bucket, low: from, high: to });
  };
  const isUniform = uniformIn(buckets, calendar);
  for (const day of days) {
    const from = Math.max(low, day * DAY);
    const to = Math.min(high, (day + 1) * DAY);
    if (from < to) splitRange(from, to, isUniform, take);
  }
  return { ranges, keys };
}

const STEPS = [HOUR, 15 * MINUTE, MINUTE, 1000, 1];

type Take = (from: number, to: number) => void;

/** Calls `take` with the parts of a range that are uniform, ascending. */
function splitRange(from: number, to: number, isUniform: (first: number, last: number) => boolean, take: Take): void {
  if (isUniform(from, to - 1)) {
    take(from, to);
    return;
  }
  const step = STEPS.find((each) => each < to - from)!;
  for (let start = from; start < to;) {
    const end = Math.min(to, (Math.floor(start / step) + 1) * step);
    splitRange(start, end, isUniform, take);
    start = end;
  }
}

/** Returns whether all times from the first to the last are in one bucket. */
function uniformIn(buckets: readonly Bucket[], calendar: Calendar): (first: number, last: number) => boolean {
  const zone = zoneOf(calendar.timeZone);
  return (first, last) =>
    first === last ||
    (zone.offsetAt(first) === zone.offsetAt(last) &&
      buckets.every((bucket) => bucketId(first, bucket, calendar) === bucketId(last, bucket, calendar)));
}

/** @param days the days (UTC) that have records. */
export function piecesOf(ranges: readonly BucketRange[], days: readonly number[]): Pieces {
  const pieces: Pieces = { days: [], hours: [], times: [] };
  const there = new Set(days);
  for (const range of ranges) addDays(pieces, range, days, there);
  return pieces;
}

function addDays(pieces: Pieces, range: BucketRange, days: readonly number[], there: ReadonlySet<number>): void {
  const { bucket, low, high } = range;
  const [first, end] = [Math.round(low / DAY), Math.round(high / DAY)];
  const addRest = (sign: 1 | -1, from: number, to: number): void => {
    const day = Math.floor(from / DAY);
    if (from < to && there.has(day)) addHours(pieces, { bucket, low: from, high: to }, sign);
  };
  if (first >= end) {
    // At most parts of two days.
    const midnight = Math.min(high, (Math.floor(low / DAY) + 1) * DAY);
    addRest(1, low, midnight);
    addRest(1, midnight, high);
    return;
  }
  addRest(1, low, first * DAY);
  addRest(-1, first * DAY, low);
  for (const slot of between(days, first, end)) pieces.days.push({ bucket, sign: 1, slot });
  addRest(-1, high, end * DAY);
  addRest(1, end * DAY, high);
}

function addHours(pieces: Pieces, { bucket, low, high }: BucketRange, sign: 1 | -1): void {
  const [first, end] = [Math.round(low / HOUR), Math.round(high / HOUR)];
  const addRest = (sign: 1 | -1, from: number, to: number): void => {
    if (from < to) pieces.times.push({ bucket, sign, low: from, high: to });
  };
  const minus = sign === 1 ? -1 : 1;
  if (first >= end) {
    addRest(sign, low, high);
    return;
  }
  addRest(sign, low, first * HOUR);
  addRest(minus, first * HOUR, low);
  for (let slot = first; slot < end; slot++) pieces.hours.push({ bucket, sign, slot });
  addRest(minus, high, end * HOUR);
  addRest(sign, end * HOUR, high);
}

/** The days of an ascending list that lie in [first, end). */
function between(days: readonly number[], first: number, end: number): readonly number[] {
  return days.slice(lowerBound(days, first), lowerBound(days, end));
}

/** The index of the first number that is not less. */
function lowerBound(ascending: readonly number[], least: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
