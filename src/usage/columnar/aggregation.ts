import { compareBuckets } from '../calendar.ts';
import { foldTop, keptValues } from '../foldGroups.ts';
import { BUCKETS, costNanos, emptyTotals } from '../query.ts';
import type { AggregateQuery, Bucket, Dimension, Group, Grouping, Top } from '../query.ts';
import type { BucketCoder } from './bucketCoder.ts';
import { Combiner } from './combiner.ts';
import { CompiledFilter } from './filter.ts';
import { CODE_COLUMN, SEGMENT_ROWS, type Segment } from './segment.ts';
import { Sums } from './sums.ts';
import type { ColumnStore } from './store.ts';

/** Groups that are made between two pauses. */
const GROUPS_PER_STEP = 4096;

/** One distinct grouping of a query. Its combinations with the groupings before it are the nodes of one level of a tree. */
interface Stage {
  grouping: Grouping;
  /** undefined for a dimension. */
  coder: BucketCoder | undefined;
  combiner: Combiner;
}

/** By node of a level, in nano-dollars: bigints where doubles could not hold their sum. */
type Costs = number[] | bigint[];

/** Scratch space for the rows of one segment; grows where records have several tags. */
class Batch {
  rows: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  groups: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  codes: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  count = 0;

  reserve(size: number): void {
    if (size <= this.rows.length) return;
    this.rows = grown(this.rows, size);
    this.groups = grown(this.groups, size);
    this.codes = grown(this.codes, size);
  }
}

/** The totals of a query, taken in segment by segment or row by row, and read at any time. */
export class Aggregation {
  readonly #store: ColumnStore;
  readonly #filter: CompiledFilter;
  readonly #groupBy: readonly Grouping[];
  readonly #stages: Stage[];
  readonly #sums: Sums;
  readonly #batch = new Batch();
  #groupCount: number;

  constructor(store: ColumnStore, query: AggregateQuery) {
    this.#store = store;
    this.#filter = new CompiledFilter(store, query.filter);
    this.#groupBy = query.groupBy;
    this.#sums = new Sums(store);
    this.#stages = [...new Set(query.groupBy)].map((grouping) => ({
      grouping,
      coder: isBucket(grouping) ? store.bucketCoder(grouping, query.calendar) : undefined,
      combiner: new Combiner(),
    }));
    // The grand total is there even when nothing matches; groups are only where something does.
    this.#groupCount = this.#stages.length === 0 ? 1 : 0;
  }

  /** How many groups there are so far. */
  get size(): number {
    return this.#groupCount;
  }

  takeSegment(segment: Segment): void {
    this.#filter.extend();
    this.#take(segment, this.#filter.select(segment, this.#batch.rows));
  }

  takeRow(segment: Segment, at: number): void {
    this.#filter.extend();
    this.#take(segment, this.#filter.selectRow(segment, at, this.#batch.rows));
  }

  /**
   * Groups as a tree would show them: outermost grouping first, and within each group the next one. Buckets ascend in
   * time. The values of a dimension descend by the cost of all that is under them, then ascend by their text (by UTF-16
   * units), with null last. Yields between steps of some ms.
   * @param top folds all but the largest values of the last grouping: what {@link foldTop} does, without making them first.
   */
  *groups(top?: Top): Generator<void, Group[]> {
    const last = this.#stages.at(-1);
    if (last === undefined) return [{ key: [], totals: this.#sums.totals(0) }];
    yield;
    const costs = this.#costs();
    const order = yield* this.#order(costs);
    const keyOf = this.#keys();
    // A grouping that is asked for twice is one level of the tree, whose values are not those of the last key part.
    const foldable = this.#groupBy.length === this.#stages.length;
    const kept = top !== undefined && foldable ? this.#kept(order, last, top, costs.at(-1) ?? []) : undefined;
    const folding = new Sums(this.#store);
    /** By the group around them, those that were folded. */
    const folded = new Map<number, { group: Group; sum: number }>();
    const groups: Group[] = [];
    let steps = 0;
    for (const group of order) {
      if (++steps % GROUPS_PER_STEP === 0) yield;
      if (kept === undefined || kept.codes.has(last.combiner.codes[group] as number)) {
        groups.push({ key: keyOf(group), totals: this.#sums.totals(group) });
        continue;
      }
      const outer = last.combiner.parents[group] as number;
      let fold = folded.get(outer);
      if (fold === undefined) {
        const key = keyOf(group).with(-1, null);
        fold = { group: { key, totals: emptyTotals(), rest: kept.rest }, sum: folded.size };
        folded.set(outer, fold);
        groups.push(fold.group);
      }
      folding.addGroup(this.#sums, group, fold.sum);
    }
    for (const { group, sum } of folded.values()) group.totals = folding.totals(sum);
    return top === undefined || foldable ? groups : foldTop(groups, top);
  }

  /** What gives a group its key. */
  #keys(): (group: number) => (string | null)[] {
    /** Of the buckets that were met, by level and code. */
    const names: string[][] = this.#stages.map(() => []);
    const levels = this.#groupBy.map((grouping) => this.#stages.findIndex((stage) => stage.grouping === grouping));
    const path: (string | null)[] = [];
    return (group) => {
      let node = group;
      for (let level = this.#stages.length - 1; level >= 0; level--) {
        const stage = this.#stages[level] as Stage;
        const { combiner, coder } = stage;
        const code = combiner.codes[node] as number;
        path[level] =
          coder === undefined ? this.#text(stage, code) : ((names[level] as string[])[code] ??= coder.keyOf(code));
        node = combiner.parents[node] as number;
      }
      return levels.map((level) => path[level] ?? null);
    };
  }

  /**
   * The codes of the innermost grouping that keep their groups, and how many do not; undefined when all do.
   * @param costs of all groups.
   */
  #kept(
    order: Iterable<number>,
    { combiner }: Stage,
    { count, by }: Top,
    costs: Costs,
  ): { codes: Set<number>; rest: number } | undefined {
    const size = by === 'cost' ? costs : exactly(this.#groupCount, (group) => this.#sums.tokens(group), BigInt);
    const sizes = new Map<number, number | bigint>();
    for (const group of order) {
      const code = combiner.codes[group] as number;
      const sum = sizes.get(code);
      // All of them are numbers, or all are bigints.
      sizes.set(code, sum === undefined ? (size[group] as number) : (sum as number) + (size[group] as number));
    }
    const codes = keptValues(sizes, count);
    return codes && { codes, rest: sizes.size - count };
  }

  #take(segment: Segment, selected: number): void {
    if (selected === 0) return;
    const batch = this.#batch;
    batch.count = selected;
    batch.groups.fill(0, 0, selected);
    for (const { grouping, coder, combiner } of this.#stages) {
      if (coder !== undefined) coder.encode(segment.time, batch.rows, batch.codes, batch.count);
      else if (grouping === 'tag') this.#expandTags(segment);
      else gather(segment[CODE_COLUMN[grouping as Dimension]], batch);
      combiner.combine(batch.groups, batch.codes, batch.count);
      this.#groupCount = combiner.parents.length;
    }
    this.#sums.add(segment, batch.rows, batch.groups, batch.count, this.#groupCount);
  }

  /** One entry for each tag of each row, with the tag as its code. */
  #expandTags(segment: Segment): void {
    const batch = this.#batch;
    const { sets } = this.#store.tagSets;
    const count = batch.count;
    const rows = batch.rows.slice(0, count);
    const groups = batch.groups.slice(0, count);
    let size = 0;
    for (let i = 0; i < count; i++) size += sets[segment.tags[rows[i] as number] as number]?.length ?? 0;
    batch.reserve(size);
    let next = 0;
    for (let i = 0; i < count; i++) {
      for (const tag of sets[segment.tags[rows[i] as number] as number] ?? []) {
        batch.rows[next] = rows[i] as number;
        batch.groups[next] = groups[i] as number;
        batch.codes[next++] = tag;
      }
    }
    batch.count = size;
  }

  #text({ grouping }: Stage, code: number): string | null {
    return this.#store.dictionaries[grouping as Dimension].values[code] ?? null;
  }

  /** The groups in the order in which they are given out: from the outermost level inwards, children by their parent. */
  *#order(costs: readonly Costs[]): Generator<void, ArrayLike<number> & Iterable<number>> {
    let parents: ArrayLike<number> & Iterable<number> = [0];
    for (const [level, stage] of this.#stages.entries()) {
      const { coder, combiner } = stage;
      yield;
      const children: number[][] = [];
      // Those that there were when the costs were added up: more may come with each pause.
      const known = combiner.parents.slice(0, costs[level]?.length);
      for (const [node, parent] of known.entries()) (children[parent] ??= []).push(node);
      const code = (node: number): number => combiner.codes[node] as number;
      const cost = costs[level] as ArrayLike<number | bigint>;
      const compare =
        coder === undefined
          ? (a: number, b: number): number =>
              compareNumbers(cost[b] as number, cost[a] as number) ||
              compareText(this.#text(stage, code(a)), this.#text(stage, code(b)))
          : (a: number, b: number): number =>
              compareBuckets(coder.buckets[code(a)] as number, coder.buckets[code(b)] as number, coder.bucket);
      const nodes: number[] = [];
      let sorted = 0;
      for (const parent of parents) {
        for (const node of (children[parent] ?? []).sort(compare)) nodes.push(node);
        if (nodes.length - sorted < GROUPS_PER_STEP) continue;
        yield;
        sorted = nodes.length;
      }
      parents = nodes;
    }
    return parents;
  }

  /** For each level the cost of each of its nodes: that of all groups under it. */
  #costs(): Costs[] {
    let costs = exactly(
      this.#groupCount,
      (group) => this.#sums.approximateCost(group),
      (_, group) => costNanos(this.#sums.totals(group)),
    );
    const exact = typeof costs[0] !== 'bigint';
    const levels = [costs];
    for (let level = this.#stages.length - 1; level > 0; level--) {
      const { codes } = (this.#stages[level - 1] as Stage).combiner;
      const above: Costs = exact ? codes.map(() => 0) : codes.map(() => 0n);
      for (const [node, parent] of (this.#stages[level] as Stage).combiner.parents.entries()) {
        // Of the same kind as all others.
        (above[parent] as number) += costs[node] as number;
      }
      levels.unshift(above);
      costs = above;
    }
    return levels;
  }
}

/** Whole numbers whose sum is exact too: where doubles could not hold it, as bigints. */
function exactly(
  count: number,
  approximate: (i: number) => number,
  exact: (value: number, i: number) => bigint,
): Costs {
  const values = Array.from({ length: count }, (_, i) => approximate(i));
  return values.reduce((sum, value) => sum + value, 0) <= Number.MAX_SAFE_INTEGER ? values : values.map(exact);
}

function isBucket(grouping: Grouping): grouping is Bucket {
  return (BUCKETS as readonly string[]).includes(grouping);
}

function gather(column: ArrayLike<number>, { rows, codes, count }: Batch): void {
  for (let i = 0; i < count; i++) codes[i] = column[rows[i] as number] as number;
}

function grown(from: Uint32Array, size: number): Uint32Array {
  const into = new Uint32Array(Math.max(size, from.length * 2));
  into.set(from);
  return into;
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By UTF-16 units, null last. */
function compareText(a: string | null | undefined, b: string | null | undefined): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return a < b ? -1 : 1;
}
