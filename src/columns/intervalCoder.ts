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
