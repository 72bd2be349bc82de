import { bucketId, keyOfBucket, type BucketId } from '../calendar.ts';
import type { Bucket, Calendar } from '../query.ts';
import { MINUTE } from '../zone.ts';

const QUARTER = 15 * MINUTE;
/** Quarter hours of a hundred years: 14 MB, and only when a table's times really span them. */
const WIDEST_WINDOW = 3_500_000;

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
    this.#windowStart = Number.isFinite(earliest) ? Math.floor(earliest / QUARTER) : 0;
    const width = Number.isFinite(latest) ? Math.floor(latest / QUARTER) - this.#windowStart + 1 : 0;
    this.#window = new Int32Array(Math.min(Math.max(width, 0), WIDEST_WINDOW));
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
    const first = bucketId(quarter * QUARTER, this.bucket, this.#calendar);
    if (first !== bucketId((quarter + 1) * QUARTER - 1, this.bucket, this.#calendar)) {
      return this.#code(bucketId(ms, this.bucket, this.#calendar));
    }
    const code = this.#code(first);
    const at = quarter - this.#windowStart;
    if (at >= 0 && at < this.#window.length) this.#window[at] = code + 1;
    else this.#outside.set(quarter, code);
    return code;
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
