/** A whole number: a bigint only where a double would not hold it exactly. */
export type Whole = number | bigint;

/** The sums of so many small amounts are exact. */
const LARGEST = 2 ** 52;
const FIRST_ROWS = 16;

/**
 * A table of exact sums that grows by rows. Nearly all sums are small, and adding a bigint takes many times as long as adding a
 * double, so only large sums are bigints.
 */
export class ExactSums {
  readonly width: number;
  /** The sums, row by row, without those in {@link #large}. {@link reserve} replaces the array. */
  values: Float64Array;
  readonly #large = new Map<number, bigint>();

  constructor(width: number, rows = FIRST_ROWS) {
    this.width = width;
    this.values = new Float64Array(width * rows);
  }

  reserve(rows: number): void {
    const length = rows * this.width;
    if (length <= this.values.length) return;
    const larger = new Float64Array(Math.max(length, this.values.length * 2));
    larger.set(this.values);
    this.values = larger;
  }

  add(row: number, field: number, more: Whole): void {
    this.reserve(row + 1);
    const at = row * this.width + field;
    if (typeof more === 'number') {
      const sum = this.values[at]! + more;
      if (sum <= LARGEST && sum >= -LARGEST) {
        this.values[at] = sum;
        return;
      }
    }
    this.#large.set(at, (this.#large.get(at) ?? 0n) + BigInt(this.values[at]!) + BigInt(more));
    this.values[at] = 0;
  }

  get(row: number, field: number): Whole {
    const at = row * this.width + field;
    const large = this.#large.size === 0 ? undefined : this.#large.get(at);
    const small = this.values[at] ?? 0;
    return large === undefined ? small : large + BigInt(small);
  }

  /** Moves all sums to bigints, so that as much as a double holds can be added to {@link values} unchecked. */
  spill(): void {
    for (const [at, sum] of this.values.entries()) {
      if (sum !== 0) this.#large.set(at, (this.#large.get(at) ?? 0n) + BigInt(sum));
    }
    this.values.fill(0);
  }
}

export function plus(a: Whole, b: Whole): Whole {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= LARGEST && sum >= -LARGEST) return sum;
  }
  return BigInt(a) + BigInt(b);
}

export function minus(a: Whole, b: Whole): Whole {
  return plus(a, -b);
}
