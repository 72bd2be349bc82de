import type { PriceEdges } from '../resolver.ts';

const DAY_MS = 86_400_000;

/** Numbers the calls so that two calls of a number have the same prices, as far as time and size decide. */
export class EdgeCoder {
  readonly #dates: readonly number[];
  readonly #times: readonly number[];
  readonly #sizes: readonly number[];
  /** Whether all calls have the same prices. */
  readonly isConstant: boolean;

  /** @param edges of all models that are compared. */
  constructor(edges: readonly PriceEdges[]) {
    this.#dates = ascending(edges.flatMap(({ dates }) => dates));
    this.#times = ascending(edges.flatMap(({ times }) => times));
    this.#sizes = ascending(edges.flatMap(({ sizes }) => sizes));
    this.isConstant = this.#dates.length + this.#times.length + this.#sizes.length === 0;
  }

  /** @param at ms since the epoch. @param input tokens. */
  code(at: number, input: number): number {
    let date = 0;
    while (date < this.#dates.length && at >= this.#dates[date]!) date++;
    let time = 0;
    if (this.#times.length > 0) {
      const now = at - Math.floor(at / DAY_MS) * DAY_MS;
      while (time < this.#times.length && now >= this.#times[time]!) time++;
    }
    let size = 0;
    while (size < this.#sizes.length && input > this.#sizes[size]!) size++;
    return (date * (this.#times.length + 1) + time) * (this.#sizes.length + 1) + size;
  }
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
