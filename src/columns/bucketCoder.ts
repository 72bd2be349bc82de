import { bucketId, compareBuckets, keyOfBucket, type BucketId } from '../usage/time/calendar.ts';
import type { Bucket, Calendar } from '../usage/query.ts';
import { DAY, MINUTE, zoneOf } from '../usage/time/zone.ts';

const QUARTER = 15 * MINUTE;
/** Spans that are coded at once if they lie in one bucket, largest first: six hours, one hour, a quarter. */
const SPANS = [24, 4, 1];
/** Quarter hours of a hundred years: 14 MB, allocated only when a table's times really span them. */
const WIDEST_WINDOW = 3_500_000;
/** Number of quarter hours outside the window from which a new window is worth building. */
const OUTSIDE = 5000;

/**
 * Encodes times as dense codes of their buckets. Each quarter hour is computed once, because clock changes and buckets start on
 * quarter hours; where they do not (the local mean times of the distant past), each time is computed separately.
 */
export class BucketCoder {
  readonly bucket: Bucket;
  /** Buckets by code. */
  readonly buckets: BucketId[] = [];
  readonly #calendar: Calendar;
  readonly #codes = new Map<BucketId, number>();
  /** Code + 1 by quarter hour, 0 where not computed yet. */
  readonly #window: Int32Array;
  readonly #windowStart: number;
  readonly #outside = new Map<number, number>();

  /** @param earliest, latest bounds of most times, ms. Other times are encoded correctly, but more slowly. */
  constructor(bucket: Bucket, calendar: Calendar, earliest: number, latest: number) {
    this.bucket = bucket;
    this.#calendar = calendar;
    // A margin of a day before and a month after, so that upcoming records fall within the window for a while.
    this.#windowStart = Number.isFinite(earliest) ? Math.floor((earliest - DAY) / QUARTER) : 0;
    const width = Number.isFinite(latest) ? Math.ceil((latest + 31 * DAY) / QUARTER) - this.#windowStart : 0;
    this.#window = new Int32Array(Math.min(width, WIDEST_WINDOW));
  }

  /** Whether so many times lie outside the window that a new one would be faster. */
  get isTight(): boolean {
    return this.#window.length < WIDEST_WINDOW && this.#outside.size > OUTSIDE;
  }

  encode(times: Float64Array, rows: Uint32Array, codes: Uint32Array, count: number): void {
    const window = this.#window;
    const start = this.#windowStart;
    for (let i = 0; i < count; i++) {
      const ms = times[rows[i] as number] as number;
      const quarter = Math.floor(ms / QUARTER);
      const known = window[quarter - start];
      codes[i] = known === undefined || known === 0 ? this.#encodeOne(ms, quarter) : known - 1;
    }
  }

  keyOf(code: number): string {
    return keyOfBucket(this.buckets[code] as BucketId, this.bucket);
  }

  /** Orders two codes by time. */
  compare(a: number, b: number): number {
    return compareBuckets(this.buckets[a] as BucketId, this.buckets[b] as BucketId, this.bucket);
  }

  #encodeOne(ms: number, quarter: number): number {
    const known = this.#outside.get(quarter);
    if (known !== undefined) return known;
    for (const quarters of SPANS) {
      const first = quarter - (((quarter % quarters) + quarters) % quarters);
      const code = this.#codeOfSpan(first * QUARTER, (first + quarters) * QUARTER - 1);
      if (code === undefined) continue;
      const at = first - this.#windowStart;
      if (at >= 0 && at + quarters <= this.#window.length) this.#window.fill(code + 1, at, at + quarters);
      else this.#outside.set(quarter, code);
      return code;
    }
    return this.#code(bucketId(ms, this.bucket, this.#calendar));
  }

  /** The code of the bucket that contains the whole span; undefined when the clock or the bucket changes within it. */
  #codeOfSpan(first: number, last: number): number | undefined {
    const zone = zoneOf(this.#calendar.timeZone);
    if (zone.offsetAt(first) !== zone.offsetAt(last)) return undefined;
    const id = bucketId(first, this.bucket, this.#calendar);
    return id === bucketId(last, this.bucket, this.#calendar) ? this.#code(id) : undefined;
  }

  #code(id: BucketId): number {
    const known = this.#codes.get(id);
    if (known !== undefined) return known;
    const code = this.buckets.length;
    this.buckets.push(id);
    this.#codes.set(id, code);
    return code;
  }
}

/**
 * Encodes times by the interval that contains them. Interval 0 ends before the first bound, interval `n` begins at the nth bound
 * and is half-open.
 */
export class IntervalCoder {
  readonly #bounds: Float64Array;

  /** @param bounds ascending, ms. */
  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
  }

  encode(times: Float64Array, rows: Uint32Array, codes: Uint32Array, count: number): void {
    const bounds = this.#bounds;
    let code = 0;
    for (let i = 0; i < count; i++) {
      const ms = times[rows[i] as number] as number;
      // Records are mostly stored in the order of time, so the last interval is usually right.
      const isSame = (code === 0 || ms >= bounds[code - 1]!) && (code === bounds.length || ms < bounds[code]!);
      if (!isSame) code = this.#find(ms);
      codes[i] = code;
    }
  }

  keyOf(code: number): string {
    return String(code);
  }

  compare(a: number, b: number): number {
    return a - b;
  }

  /** Number of bounds up to `ms`. */
  #find(ms: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ms < this.#bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
