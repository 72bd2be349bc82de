import { bucketId, keyOfBucket } from '../../../usage/time/calendar.ts';
import { DAY, HOUR, MINUTE, zoneOf } from '../../../usage/time/zone.ts';
import type { Bucket, Calendar } from '../../../usage/query.ts';

/** Splits time into pieces that each lie in one local bucket, and that rollups by day and by hour can answer where possible. */

/** A half-open range. The unit is that of its list in {@link Pieces}. */
export interface TimePiece {
  /** Index of its bucket. */
  bucket: number;
  low: number;
  high: number;
}

export interface Pieces {
  /** In days since the epoch (UTC). */
  days: TimePiece[];
  /** In hours since the epoch. */
  hours: TimePiece[];
  /** In ms since the epoch. */
  times: TimePiece[];
  /** The keys of each bucket, in the order of the groupings. */
  keys: string[][];
}

/** All times that a record can have lie within this distance from the epoch, ms. */
const FAR = 9e15;

/** The range of a filter in whole ms. */
export function timeRange(filter: { since?: number | undefined; until?: number | undefined }): {
  low: number;
  high: number;
} {
  const clamp = (ms: number): number => Math.max(-FAR, Math.min(FAR, Math.ceil(ms)));
  return { low: clamp(filter.since ?? -FAR), high: clamp(filter.until ?? FAR) };
}

/** The pieces of a question that does not group by time. */
export function wholeRange(low: number, high: number): Pieces {
  const pieces: Pieces = { days: [], hours: [], times: [], keys: [[]] };
  if (low < high) addRange(pieces, 0, low, high);
  return pieces;
}

/**
 * The pieces of a question that groups by time.
 * @param days the days (UTC) that have records, ascending: nothing is asked about the others.
 */
export function bucketPieces(
  buckets: readonly Bucket[],
  calendar: Calendar,
  days: readonly number[],
  { low, high }: { low: number; high: number },
): Pieces {
  const pieces: Pieces = { days: [], hours: [], times: [], keys: [] };
  const indexes = new Map<string, number>();
  let open: { bucket: number; low: number; high: number } | undefined;
  const close = (): void => {
    if (open) addRange(pieces, open.bucket, open.low, open.high);
  };
  const take = (from: number, to: number): void => {
    const ids = buckets.map((bucket) => bucketId(from, bucket, calendar));
    const name = ids.join();
    let bucket = indexes.get(name);
    if (bucket === undefined) {
      bucket = pieces.keys.push(ids.map((id, i) => keyOfBucket(id, buckets[i]!))) - 1;
      indexes.set(name, bucket);
    }
    // The time between two days that have records is empty.
    if (open?.bucket === bucket) open.high = to;
    else {
      close();
      open = { bucket, low: from, high: to };
    }
  };
  const isUniform = uniformIn(buckets, calendar);
  for (const day of days) {
    const from = Math.max(low, day * DAY);
    const to = Math.min(high, (day + 1) * DAY);
    if (from < to) splitRange(from, to, isUniform, take);
  }
  close();
  return pieces;
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

/** Divides a range into whole days, whole hours and the rest. */
function addRange(pieces: Pieces, bucket: number, low: number, high: number): void {
  const days = whole(low, high, DAY);
  if (days === undefined) {
    addHours(pieces, bucket, low, high);
    return;
  }
  addHours(pieces, bucket, low, days.low * DAY);
  pieces.days.push({ bucket, ...days });
  addHours(pieces, bucket, days.high * DAY, high);
}

function addHours(pieces: Pieces, bucket: number, low: number, high: number): void {
  const hours = whole(low, high, HOUR);
  if (hours === undefined) {
    addTimes(pieces, bucket, low, high);
    return;
  }
  addTimes(pieces, bucket, low, hours.low * HOUR);
  pieces.hours.push({ bucket, ...hours });
  addTimes(pieces, bucket, hours.high * HOUR, high);
}

function addTimes(pieces: Pieces, bucket: number, low: number, high: number): void {
  if (low < high) pieces.times.push({ bucket, low, high });
}

/** The whole units within a range; undefined if there are none. */
function whole(low: number, high: number, unit: number): { low: number; high: number } | undefined {
  const first = Math.ceil(low / unit);
  const end = Math.floor(high / unit);
  return first < end ? { low: first, high: end } : undefined;
}

/** All pieces in ms, for questions that rollups cannot answer. */
export function asTimes({ days, hours, times, keys }: Pieces): Pieces {
  const scaled = (pieces: readonly TimePiece[], unit: number): TimePiece[] =>
    pieces.map(({ bucket, low, high }) => ({ bucket, low: low * unit, high: high * unit }));
  return { days: [], hours: [], times: [...scaled(days, DAY), ...scaled(hours, HOUR), ...times], keys };
}
