import { isCovered, type CostKind, type Totals } from '../usage/query.ts';
import { addTokens, tokenSum, type TokenSum } from '../usage/tokenSum.ts';
import type { Batch } from './batch.ts';
import type { ColumnStore } from './columnStore.ts';
import { BIG_COST, COUNT_COLUMNS, SEGMENT_ROWS, type Segment } from './segment.ts';

const FIELDS = 15;
/** The sums of {@link COUNT_COLUMNS}, in their order. */
const FIRST_COUNT = 1;
const TOTAL = 3;
const LAST_COUNT = 6;
const RECORDED = 7;
const ESTIMATED = 8;
const PLAN = 9;
const ESTIMATED_COUNT = 10;
const UNPRICED_COUNT = 11;
const PLAN_COUNT = 12;
/** Collects values that are not included in any sum, so that each row is added by the same branch-free steps. */
const UNSUMMED = 13;
/** Not one of {@link COUNT_COLUMNS}: most segments have no such column. */
const GUESSED = 14;
const SPILL = 2 ** 52;
const COST_FIELD: Record<CostKind, number> = { recorded: RECORDED, estimated: ESTIMATED, unknown: UNSUMMED };
const COUNT_FIELD: Record<CostKind, number> = {
  recorded: UNSUMMED,
  estimated: ESTIMATED_COUNT,
  unknown: UNPRICED_COUNT,
};

/** Upper bound (exclusive) of the counts in a narrow column. */
const NARROW_LIMIT = 2 ** 32;
/** Maximum number of rows of a narrow column whose counts are added unchecked: their sum is at most 2^52. */
const MOST_UNCHECKED = SPILL / NARROW_LIMIT;
/** Replaces a column whose counts are added with checks. */
const NO_COUNTS = new Uint32Array(SEGMENT_ROWS);

/**
 * Totals of many groups side by side in one array. All sums are exact: a double represents whole numbers up to 2^53, and larger
 * sums move to a bigint before precision is lost (see `NanoSum` and `TokenSum`).
 */
export class Sums {
  #sums = new Float64Array(FIELDS * 64);
  readonly #spilled = new Map<number, bigint>();
  readonly #store: ColumnStore;
  /** Upper bound of the sums of counts in {@link #sums}. */
  #largestCount = 0;
  /**
   * By code of the cost kind, and for calls that a plan covers by {@link #kinds} plus that code: the fields for the cost and for the count
   * of such records.
   */
  readonly #costField: Uint8Array;
  readonly #countField: Uint8Array;

  readonly #kinds: number;
  /** By code of the charge: how far the fields of such records are from those of paid ones. */
  #covered = new Uint8Array(0);

  constructor(store: ColumnStore) {
    this.#store = store;
    const { values } = store.dictionaries.cost;
    const kinds = [...values];
    this.#kinds = kinds.length;
    const paid = (fields: Record<CostKind, number>): number[] =>
      kinds.map((kind) => fields[kind as CostKind] ?? UNSUMMED);
    const covered = (field: number, unknown: number): number[] =>
      kinds.map((kind) => (kind === 'unknown' ? unknown : kind === null || !(kind in COST_FIELD) ? UNSUMMED : field));
    this.#costField = Uint8Array.from([...paid(COST_FIELD), ...covered(PLAN, UNSUMMED)]);
    this.#countField = Uint8Array.from([...paid(COUNT_FIELD), ...covered(PLAN_COUNT, UNPRICED_COUNT)]);
  }

  /**
   * Adds rows of the segment to groups.
   * @param batch assigns the rows to groups.
   * @param groupCount one more than the largest group number.
   */
  add(segment: Segment, batch: Batch, groupCount: number): void {
    this.#reserve(groupCount);
    const [input, output, total, cacheRead, cacheWrite, reasoning] = this.#unchecked(segment, batch);
    if (segment.hasGuessed) this.#addChecked(segment.guessed, GUESSED, batch);
    const { rows, groups, count } = batch;
    const sums = this.#sums;
    const { cost, costKind } = segment;
    const charge = segment.codes('charge');
    const covered = this.#coveredCodes();
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
      const kind = (costKind[at] as number) + (covered[charge[at] as number] as number);
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

  /** Adds a group of `other` to a group. */
  addGroup(other: Sums, from: number, to: number): void {
    this.#reserve(to + 1);
    other.#reserve(from + 1);
    for (let field = 0; field < FIELDS; field++) {
      const target = to * FIELDS + field;
      this.#addExactly(target, other.#sums[from * FIELDS + field] as number);
      const spilled = other.#spilled.size === 0 ? undefined : other.#spilled.get(from * FIELDS + field);
      if (spilled !== undefined) this.#spill(target, spilled);
    }
  }

  totals(group: number): Totals {
    this.#reserve(group + 1);
    const base = group * FIELDS;
    const field = (offset: number): number => this.#sums[base + offset] as number;
    return {
      records: field(0),
      inputTokens: this.#tokens(base + 1),
      outputTokens: this.#tokens(base + 2),
      totalTokens: this.#tokens(base + TOTAL),
      cacheReadTokens: this.#tokens(base + 4),
      cacheWriteTokens: this.#tokens(base + 5),
      reasoningTokens: this.#tokens(base + 6),
      guessedTokens: this.#tokens(base + GUESSED),
      recordedNanos: this.#nanos(base + RECORDED),
      estimatedNanos: this.#nanos(base + ESTIMATED),
      estimated: field(ESTIMATED_COUNT),
      planNanos: this.#nanos(base + PLAN),
      plan: field(PLAN_COUNT),
      unpriced: field(UNPRICED_COUNT),
    };
  }

  /** Total tokens: exact while it is a safe integer. */
  approximateTokens(group: number): number {
    this.#reserve(group + 1);
    return this.#approximately(group * FIELDS + TOTAL);
  }

  /** Value of the usage in nano-dollars, paid or covered by a plan: exact while it is a safe integer. */
  approximateValue(group: number): number {
    this.#reserve(group + 1);
    const base = group * FIELDS;
    return [RECORDED, ESTIMATED, PLAN].reduce((sum, field) => sum + this.#approximately(base + field), 0);
  }

  /** The dictionary may have grown since the last pass. */
  #coveredCodes(): Uint8Array {
    const { values } = this.#store.dictionaries.charge;
    if (this.#covered.length < values.length) {
      this.#covered = Uint8Array.from(values, (charge) => (isCovered(charge) ? this.#kinds : 0));
    }
    return this.#covered;
  }

  #approximately(field: number): number {
    const sum = this.#sums[field] as number;
    return this.#spilled.size === 0 ? sum : sum + Number(this.#spilled.get(field) ?? 0n);
  }

  #nanos(field: number): bigint {
    const sum = this.#sums[field] as number;
    const low = sum === 0 ? 0n : BigInt(sum);
    return this.#spilled.size === 0 ? low : low + (this.#spilled.get(field) ?? 0n);
  }

  #tokens(field: number): TokenSum {
    const sum = this.#sums[field] as number;
    const spilled = this.#spilled.size === 0 ? undefined : this.#spilled.get(field);
    return spilled === undefined ? sum : addTokens(sum, tokenSum(spilled));
  }

  /**
   * The columns of {@link COUNT_COLUMNS} whose counts can be added unchecked. The other columns are added here, and replaced by
   * an empty one in the result.
   */
  #unchecked(segment: Segment, batch: Batch): Counts {
    const columns = COUNT_COLUMNS.map((name) => {
      const column = segment[name];
      return column instanceof Uint32Array && batch.count <= MOST_UNCHECKED ? column : undefined;
    });
    for (const [index, column] of columns.entries()) {
      if (column === undefined) {
        this.#addChecked(segment[COUNT_COLUMNS[index]!], FIRST_COUNT + index, batch);
      }
    }
    if (this.#largestCount > SPILL) this.#spillCounts();
    this.#largestCount += batch.count * NARROW_LIMIT;
    return columns.map((column) => column ?? NO_COUNTS) as Counts;
  }

  #addChecked(column: ArrayLike<number>, offset: number, { rows, groups, count }: Batch): void {
    for (let i = 0; i < count; i++) {
      this.#addExactly((groups[i] as number) * FIELDS + offset, column[rows[i] as number] as number);
    }
  }

  /** @param more a safe integer. */
  #addExactly(field: number, more: number): void {
    const sum = (this.#sums[field] as number) + more;
    if (sum <= SPILL) {
      this.#sums[field] = sum;
      if (sum > this.#largestCount) this.#largestCount = sum;
      return;
    }
    this.#spill(field, BigInt(this.#sums[field] as number) + BigInt(more));
    this.#sums[field] = 0;
  }

  /** Moves large sums of counts to bigints, to make room. */
  #spillCounts(): void {
    const sums = this.#sums;
    let largest = 0;
    for (let base = 0; base < sums.length; base += FIELDS) {
      for (let field = base + FIRST_COUNT; field <= base + LAST_COUNT; field++) {
        const sum = sums[field] as number;
        if (sum > SPILL / 2) {
          this.#spill(field, BigInt(sum));
          sums[field] = 0;
        } else if (sum > largest) largest = sum;
      }
    }
    this.#largestCount = largest;
  }

  #spill(field: number, more: bigint): void {
    this.#spilled.set(field, (this.#spilled.get(field) ?? 0n) + more);
  }

  #reserve(groups: number): void {
    if (groups * FIELDS <= this.#sums.length) return;
    const larger = new Float64Array(Math.max(groups * FIELDS, this.#sums.length * 2));
    larger.set(this.#sums);
    this.#sums = larger;
  }
}

type Counts = [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
