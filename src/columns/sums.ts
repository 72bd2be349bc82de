import type { CostKind, Totals } from '../usage/query.ts';
import { BIG_COST, type Segment } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

const FIELDS = 12;
const TOTAL = 3;
const RECORDED = 7;
const ESTIMATED = 8;
const ESTIMATED_COUNT = 9;
const UNPRICED_COUNT = 10;
/** Takes what is in no sum, so that each row is added up by the same steps, without a branch to be guessed wrong. */
const NOWHERE = 11;
const SPILL = 2 ** 52;
const COST_FIELD: Record<CostKind, number> = { recorded: RECORDED, estimated: ESTIMATED, unknown: NOWHERE };
const COUNT_FIELD: Record<CostKind, number> = {
  recorded: NOWHERE,
  estimated: ESTIMATED_COUNT,
  unknown: UNPRICED_COUNT,
};

/**
 * Totals of many groups side by side in one array. Money is exact by the rule of `NanoSum`: a double takes whole
 * nano-dollars up to 2^52, and what is more goes to a bigint before a unit could be lost.
 */
export class Sums {
  #sums = new Float64Array(FIELDS * 64);
  readonly #spilled = new Map<number, bigint>();
  readonly #store: ColumnStore;
  /** By the code of the cost kind: where the cost goes, and what is counted beside it. */
  readonly #costField: Uint8Array;
  readonly #countField: Uint8Array;

  constructor(store: ColumnStore) {
    this.#store = store;
    const { values } = store.dictionaries.cost;
    this.#costField = Uint8Array.from(values, (kind) => COST_FIELD[kind as CostKind] ?? NOWHERE);
    this.#countField = Uint8Array.from(values, (kind) => COUNT_FIELD[kind as CostKind] ?? NOWHERE);
  }

  /** Adds row `rows[i]` of the segment to group `groups[i]`. */
  add(segment: Segment, rows: Uint32Array, groups: Uint32Array, count: number, groupCount: number): void {
    this.#reserve(groupCount);
    const sums = this.#sums;
    const { input, output, total, cacheRead, cacheWrite, reasoning, cost, costKind } = segment;
    const costField = this.#costField;
    const countField = this.#countField;
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
      const kind = costKind[at] as number;
      (sums[base + (countField[kind] as number)] as number)++;
      const field = base + (costField[kind] as number);
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

  /** Adds all of a group of `other` to a group. */
  addGroup(other: Sums, from: number, to: number): void {
    this.#reserve(to + 1);
    other.#reserve(from + 1);
    const sums = this.#sums;
    const added = other.#sums;
    for (let field = 0; field < FIELDS; field++) {
      (sums[to * FIELDS + field] as number) += added[from * FIELDS + field] as number;
    }
    // Two of at most 2^52 each, whose sum is exact still.
    for (const field of [RECORDED, ESTIMATED]) {
      const target = to * FIELDS + field;
      if ((sums[target] as number) > SPILL) {
        this.#spill(target, BigInt(sums[target] as number));
        sums[target] = 0;
      }
      const spilled = other.#spilled.size === 0 ? undefined : other.#spilled.get(from * FIELDS + field);
      if (spilled !== undefined) this.#spill(target, spilled);
    }
  }

  tokens(group: number): number {
    this.#reserve(group + 1);
    return this.#sums[group * FIELDS + TOTAL] as number;
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
      estimated: field(ESTIMATED_COUNT),
      unpriced: field(UNPRICED_COUNT),
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
