import type { Totals } from '../query.ts';
import { BIG_COST, type Segment } from './segment.ts';
import type { ColumnStore } from './store.ts';

const FIELDS = 11;
const RECORDED = 7;
const ESTIMATED = 8;
const SPILL = 2 ** 52;

/**
 * Totals of many groups side by side in one array. Money is exact by the rule of `NanoSum`: a double takes whole
 * nano-dollars up to 2^52, and what is more goes to a bigint before a unit could be lost.
 */
export class Sums {
  #sums = new Float64Array(FIELDS * 64);
  readonly #spilled = new Map<number, bigint>();
  readonly #store: ColumnStore;
  readonly #estimatedCode: number;
  readonly #unknownCode: number;

  constructor(store: ColumnStore) {
    this.#store = store;
    this.#estimatedCode = store.dictionaries.cost.find('estimated') ?? 0;
    this.#unknownCode = store.dictionaries.cost.find('unknown') ?? 0;
  }

  /** Adds row `rows[i]` of the segment to group `groups[i]`. */
  add(segment: Segment, rows: Uint32Array, groups: Uint32Array, count: number, groupCount: number): void {
    this.#reserve(groupCount);
    const sums = this.#sums;
    const { input, output, total, cacheRead, cacheWrite, reasoning, cost, costKind } = segment;
    const estimatedCode = this.#estimatedCode;
    const unknownCode = this.#unknownCode;
    for (let i = 0; i < count; i++) {
      const at = rows[i] as number;
      const base = (groups[i] as number) * FIELDS;
      (sums[base] as number)++;
      (sums[base + 1] as number) += input[at] as number;
      (sums[base + 2] as number) += output[at] as number;
      (sums[base + 3] as number) += total[at] as number;
      (sums[base + 4] as number) += cacheRead[at] as number;
      (sums[base + 5] as number) += cacheWrite[at] as number;
      (sums[base + 6] as number) += reasoning[at] as number;
      const kind = costKind[at];
      if (kind === unknownCode) {
        (sums[base + 10] as number)++;
        continue;
      }
      if (kind === estimatedCode) (sums[base + 9] as number)++;
      const field = base + (kind === estimatedCode ? ESTIMATED : RECORDED);
      const nanos = cost[at] as number;
      if (nanos === BIG_COST) {
        this.#spill(field, this.#store.bigCosts.get(segment.base + at) ?? 0n);
        continue;
      }
      const sum = (sums[field] as number) + nanos;
      if (sum <= SPILL) {
        sums[field] = sum;
      } else {
        this.#spill(field, BigInt(sum));
        sums[field] = 0;
      }
    }
  }

  totals(group: number): Totals {
    this.#reserve(group + 1);
    const base = group * FIELDS;
    const field = (offset: number): number => this.#sums[base + offset] as number;
    return {
      records: field(0),
      inputTokens: field(1),
      outputTokens: field(2),
      totalTokens: field(3),
      cacheReadTokens: field(4),
      cacheWriteTokens: field(5),
      reasoningTokens: field(6),
      recordedNanos: this.#nanos(base + RECORDED),
      estimatedNanos: this.#nanos(base + ESTIMATED),
      estimated: field(9),
      unpriced: field(10),
    };
  }

  /** Known cost in nano-dollars: exact while it is a safe integer. */
  approximateCost(group: number): number {
    this.#reserve(group + 1);
    const field = group * FIELDS + RECORDED;
    const cost = (this.#sums[field] as number) + (this.#sums[field + 1] as number);
    if (this.#spilled.size === 0) return cost;
    return cost + Number(this.#spilled.get(field) ?? 0n) + Number(this.#spilled.get(field + 1) ?? 0n);
  }

  #nanos(field: number): bigint {
    const sum = this.#sums[field] as number;
    const low = sum === 0 ? 0n : BigInt(sum);
    return this.#spilled.size === 0 ? low : low + (this.#spilled.get(field) ?? 0n);
  }

  #spill(field: number, nanos: bigint): void {
    this.#spilled.set(field, (this.#spilled.get(field) ?? 0n) + nanos);
  }

  #reserve(groups: number): void {
    if (groups * FIELDS <= this.#sums.length) return;
    const larger = new Float64Array(Math.max(groups * FIELDS, this.#sums.length * 2));
    larger.set(this.#sums);
    this.#sums = larger;
  }
}
