import { bucketId, keyOfBucket, type BucketId } from '../usage/time/calendar.ts';
import type { Bucket, Calendar } from '../usage/query.ts';
import { DAY, MINUTE, zoneOf } from '../usage/time/zone.ts';

const QUARTER = 15 * MINUTE;
/** Quarter hours that are tried to be worked out at once: six hours, one, a quarter. */
const SPANS = [24, 4, 1];
/** Quarter hours of a hundred years: 14 MB, and only when a table's times really span them. */
const WIDEST_WINDOW = 3_500_000;
/** Quarter hours outside of the window before a new one is due. */
const OUTSIDE = 5000;

/**
 * Times as dense codes of their buckets. Each quarter hour is worked out once, as clocks change and buckets begin on one;
 * where they don't (the local mean times of long ago) each time is worked out by itself.
 */
export class BucketCoder {
  readonly bucket: Bucket;
  /** The bucket of each code. */
  readonly buckets: BucketId[] = [];
  readonly #calendar: Calendar;
  readonly #codes = new Map<BucketId, number>();
  /** Code + 1 by quarter hour, 0 where not worked out yet. */
  readonly #window: Int32Array;
  readonly #windowStart: number;
  readonly #outside = new Map<number, number>();

  /** @param earliest, latest where most times lie, ms; others are right too, but slower. */
  constructor(bucket: Bucket, calendar: Calendar, earliest: number, latest: number) {
    this.bucket = bucket;
    this.#calendar = calendar;
    // A day before and a month ahead, so that the records to come are inside for a while.
    this.#windowStart = Number.isFinite(earliest) ? Math.floor((earliest - DAY) / QUARTER) : 0;
    const width = Number.isFinite(latest) ? Math.ceil((latest + 31 * DAY) / QUARTER) - this.#windowStart : 0;
    this.#window = new Int32Array(Math.min(width, WIDEST_WINDOW));
  }

  /** Whether so many times lie outside of the window that a new one would serve better. */
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

  /** The bucket that holds the whole span; undefined when the clock or the bucket changes within. */
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
