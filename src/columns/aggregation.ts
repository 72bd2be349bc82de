import { foldTop, keptValues } from './foldGroups.ts';
import { compareTexts } from './groupOrder.ts';
import { emptyTotals, isBucket, valueNanos } from '../usage/query.ts';
import type { AggregateQuery, Dimension, Group, QueryGrouping, Top, Totals } from '../usage/query.ts';
import { IntervalCoder, type BucketCoder } from './bucketCoder.ts';
import { Combiner } from './combiner.ts';
import { CompiledFilter } from './filter.ts';
import { Batch } from './batch.ts';
import type { Segment } from './segment.ts';
import { Sums } from './sums.ts';
import type { ColumnStore } from './columnStore.ts';

/** Number of groups created between two pauses. */
const GROUPS_PER_STEP = 4096;

/** One distinct grouping of a query. Its combinations with the earlier groupings are the nodes of one level of a tree. */
interface Stage {
  grouping: QueryGrouping;
  /** undefined for a dimension. */
  coder: BucketCoder | IntervalCoder | undefined;
  combiner: Combiner;
}

/** Costs of a level's nodes, in nano-dollars: bigints where doubles could not represent their sum exactly. */
type Costs = number[] | bigint[];

/** The totals of a query, accumulated by segment or by row, and readable at any time. */
export class Aggregation {
  readonly #store: ColumnStore;
  readonly #filter: CompiledFilter;
  readonly #groupBy: readonly QueryGrouping[];
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
      coder: coderOf(store, grouping, query),
      combiner: new Combiner(),
    }));
    // The grand total exists even when nothing matches; groups exist only for matching records.
    this.#groupCount = this.#stages.length === 0 ? 1 : 0;
  }

  /** Number of groups so far. */
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
   * Groups in the order of a tree: outermost grouping first, and within each group the next one. Buckets ascend by time. The
   * values of a dimension descend by their total cost, then ascend by text (in UTF-16 units), with null last. Yields between
   * steps of a few ms.
   * @param top folds all but the largest values of the last grouping, like {@link foldTop} but without building them first.
   */
  *groups(top?: Top): Generator<void, Group[]> {
    const last = this.#stages.at(-1);
    if (last === undefined) return [{ key: [], totals: this.#sums.totals(0) }];
    yield;
    const costs = this.#costs();
    // A grouping that occurs twice in the query is one level of the tree, so its values are not those of the last key part.
    const foldable = this.#groupBy.length === this.#stages.length;
    const kept = top !== undefined && foldable ? this.#kept(last, top, costs.at(-1) ?? []) : undefined;
    const order = yield* this.#order(costs, kept?.codes);
    const folded = kept && (yield* this.#folded(costs.at(-1)?.length ?? 0, last, kept.codes));
    const keyOf = this.#keys();
    const groups: Group[] = [];
    for (const [i, group] of order.entries()) {
      if (i % GROUPS_PER_STEP === GROUPS_PER_STEP - 1) yield;
      if (kept === undefined || kept.codes.has(last.combiner.codes[group] as number)) {
        groups.push({ key: keyOf(group), totals: this.#sums.totals(group) });
      } else {
        const totals = folded?.(last.combiner.parents[group] as number) ?? emptyTotals();
        groups.push({ key: [...keyOf(group).slice(0, -1), null], totals, rest: kept.rest });
      }
    }
    return top === undefined || foldable ? groups : foldTop(groups, top);
  }

  /** Returns a function that builds the key of a group. */
  #keys(): (group: number) => (string | null)[] {
    /** Names of the buckets so far, by level and code. */
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
   * The codes of the innermost grouping that keep their own groups, and the number of the others; undefined when all do.
   * @param costs the costs of all groups.
   */
  #kept(stage: Stage, { count, by }: Top, costs: Costs): { codes: Set<number>; rest: number } | undefined {
    const size =
      by === 'cost'
        ? costs
        : exactly(
            costs.length,
            (group) => this.#sums.approximateTokens(group),
            (_, group) => BigInt(this.#sums.totals(group).totalTokens),
          );
    const zero = typeof size[0] === 'bigint' ? 0n : 0;
    const sums: Costs = [];
    for (let group = 0; group < size.length; group++) {
      const code = stage.combiner.codes[group] as number;
      // Either all of them are numbers, or all are bigints.
      sums[code] = ((sums[code] ?? zero) as number) + (size[group] as number);
    }
    const codes = [...sums.keys()].filter((code) => sums[code] !== undefined);
    const sizes = codes.map((code) => sums[code]) as Costs;
    const kept = keptValues(codes, sizes, count, (a, b) => compareTexts(this.#text(stage, a), this.#text(stage, b)));
    return kept && { codes: kept, rest: codes.length - count };
  }

  /** Returns the totals of the folded groups, by parent group. @param count number of groups to look at. */
  *#folded(count: number, { combiner }: Stage, kept: ReadonlySet<number>): Generator<void, (parent: number) => Totals> {
    const folding = new Sums(this.#store);
    for (let group = 0; group < count; group++) {
      if (group % GROUPS_PER_STEP === GROUPS_PER_STEP - 1) yield;
      if (!kept.has(combiner.codes[group] as number)) {
        folding.addGroup(this.#sums, group, combiner.parents[group] as number);
      }
    }
    return (parent) => folding.totals(parent);
  }

  #take(segment: Segment, selected: number): void {
    if (selected === 0) return;
    const batch = this.#batch;
    batch.count = selected;
    batch.groups.fill(0, 0, selected);
    for (const { grouping, coder, combiner } of this.#stages) {
      if (coder !== undefined) coder.encode(segment.time, batch.rows, batch.codes, batch.count);
      else if (grouping === 'tag') batch.expandTags(segment, this.#store.tagSets.sets);
      else batch.gather(segment.codes(grouping as Dimension));
      combiner.combine(batch.groups, batch.codes, batch.count);
      this.#groupCount = combiner.parents.length;
    }
    this.#sums.add(segment, batch, this.#groupCount);
  }

  #text({ grouping, coder }: Stage, code: number): string | null {
    if (coder !== undefined) return coder.keyOf(code);
    return this.#store.dictionaries[grouping as Dimension].values[code] ?? null;
  }

  /**
   * The groups in output order: from the outermost level inwards, children grouped by their parent.
   * @param kept codes of the innermost grouping; of the others, only the first of each parent is output, for the folded group.
   */
  *#order(costs: readonly Costs[], kept?: ReadonlySet<number>): Generator<void, readonly number[]> {
    let parents: readonly number[] = [0];
    for (const [level, stage] of this.#stages.entries()) {
      const { combiner } = stage;
      yield;
      const compare = this.#comparing(stage, costs[level] as Costs);
      const children: number[][] = [];
      const firstFolded: number[] = [];
      const folding = level === this.#stages.length - 1 ? kept : undefined;
      // Nodes that existed when the costs were added up: each pause may add more.
      const known = costs[level]?.length ?? 0;
      for (let node = 0; node < known; node++) {
        const parent = combiner.parents[node] as number;
        if (folding === undefined || folding.has(combiner.codes[node] as number)) (children[parent] ??= []).push(node);
        else {
          const first = firstFolded[parent];
          if (first === undefined || compare(node, first) < 0) firstFolded[parent] = node;
        }
      }
      const nodes: number[] = [];
      let sorted = 0;
      for (const parent of parents) {
        const own = children[parent] ?? [];
        const first = firstFolded[parent];
        if (first !== undefined) own.push(first);
        for (const node of own.sort(compare)) nodes.push(node);
        if (nodes.length - sorted < GROUPS_PER_STEP) continue;
        yield;
        sorted = nodes.length;
      }
      parents = nodes;
    }
    return parents;
  }

  /** Compares nodes of a level that have the same parent. */
  #comparing(stage: Stage, cost: Costs): (a: number, b: number) => number {
    const { coder, combiner } = stage;
    const code = (node: number): number => combiner.codes[node] as number;
    if (coder !== undefined) return (a, b) => coder.compare(code(a), code(b));
    return (a, b) =>
      compareNumbers(cost[b] as number, cost[a] as number) ||
      compareTexts(this.#text(stage, code(a)), this.#text(stage, code(b)));
  }

  /** For each level, the cost of each node: the sum over all groups below it. */
  #costs(): Costs[] {
    let costs = exactly(
      this.#groupCount,
      (group) => this.#sums.approximateValue(group),
      (_, group) => valueNanos(this.#sums.totals(group)),
    );
    const exact = typeof costs[0] !== 'bigint';
    const levels = [costs];
    for (let level = this.#stages.length - 1; level > 0; level--) {
      const { codes } = (this.#stages[level - 1] as Stage).combiner;
      const above: Costs = exact ? codes.map(() => 0) : codes.map(() => 0n);
      for (const [node, parent] of (this.#stages[level] as Stage).combiner.parents.entries()) {
        // Both operands have the same type.
        (above[parent] as number) += costs[node] as number;
      }
      levels.unshift(above);
      costs = above;
    }
    return levels;
  }
}

/** undefined for a dimension. */
function coderOf(
  store: ColumnStore,
  grouping: QueryGrouping,
  { calendar, intervals = [] }: AggregateQuery,
): BucketCoder | IntervalCoder | undefined {
  if (grouping === 'interval') return new IntervalCoder(intervals);
  return isBucket(grouping) ? store.bucketCoder(grouping, calendar) : undefined;
}

/** Returns whole numbers whose sum is exact as well: as bigints if doubles could not represent it. */
function exactly(
  count: number,
  approximate: (i: number) => number,
  exact: (value: number, i: number) => bigint,
): Costs {
  const values = Array.from({ length: count }, (_, i) => approximate(i));
  return values.reduce((sum, value) => sum + value, 0) <= Number.MAX_SAFE_INTEGER ? values : values.map(exact);
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
