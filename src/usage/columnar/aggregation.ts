import { compareBuckets } from '../calendar.ts';
import {
  BUCKETS,
  costNanos,
  type AggregateQuery,
  type Bucket,
  type Dimension,
  type Group,
  type Grouping,
} from '../query.ts';
import { BucketCoder } from './bucketCoder.ts';
import { Combiner } from './combiner.ts';
import { CompiledFilter } from './filter.ts';
import { CODE_COLUMN, SEGMENT_ROWS, type Segment } from './segment.ts';
import { Sums } from './sums.ts';
import type { ColumnStore } from './store.ts';

/** One distinct grouping of a query, with what numbers its values. */
interface Stage {
  grouping: Grouping;
  /** undefined for a dimension. */
  coder: BucketCoder | undefined;
  combiner: Combiner;
}

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
    const distinct = [...new Set(query.groupBy)];
    // Tags multiply the rows: last, so that the stages before have fewer.
    const ordered = [...distinct.filter((grouping) => grouping !== 'tag'), ...distinct.filter((g) => g === 'tag')];
    const earliest = Math.min(...store.segments.map((segment) => segment.earliest));
    const latest = Math.max(...store.segments.map((segment) => segment.latest));
    this.#stages = ordered.map((grouping) => ({
      grouping,
      coder: isBucket(grouping) ? new BucketCoder(grouping, query.calendar, earliest, latest) : undefined,
      combiner: new Combiner(),
    }));
    // The grand total is there even when nothing matches; groups are only where something does.
    this.#groupCount = ordered.length === 0 ? 1 : 0;
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
   * units), with null last.
   */
  groups(): Group[] {
    if (this.#stages.length === 0) return [{ key: [], totals: this.#sums.totals(0) }];
    const levels = [...new Set(this.#groupBy)].map((grouping) =>
      this.#stages.findIndex((s) => s.grouping === grouping),
    );
    const root: Node = { code: 0, cost: 0n, children: new Map(), group: undefined };
    for (let group = 0; group < this.#groupCount; group++) this.#hang(root, group, levels);
    const groups: Group[] = [];
    this.#walk(root, levels, 0, [], groups);
    return groups;
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

  /** Puts a group into the tree, adding its cost to all nodes above it. */
  #hang(root: Node, group: number, levels: readonly number[]): void {
    const codes: number[] = [];
    let ancestor = group;
    for (let stage = this.#stages.length - 1; stage >= 0; stage--) {
      const { combiner } = this.#stages[stage] as Stage;
      codes[stage] = combiner.codes[ancestor] as number;
      ancestor = combiner.parents[ancestor] as number;
    }
    const cost = costNanos(this.#sums.totals(group));
    let node = root;
    for (const stage of levels) {
      const code = codes[stage] as number;
      let child = node.children.get(code);
      if (child === undefined) {
        child = { code, cost: 0n, children: new Map(), group: undefined };
        node.children.set(code, child);
      }
      child.cost += cost;
      node = child;
    }
    node.group = group;
  }

  #walk(node: Node, levels: readonly number[], depth: number, path: (string | null)[], groups: Group[]): void {
    const level = levels[depth];
    if (level === undefined) {
      const distinct = [...new Set(this.#groupBy)];
      const key = this.#groupBy.map((grouping) => path[distinct.indexOf(grouping)] ?? null);
      groups.push({ key, totals: this.#sums.totals(node.group as number) });
      return;
    }
    const { grouping, coder } = this.#stages[level] as Stage;
    const children = [...node.children.values()];
    if (coder !== undefined) {
      const time = (child: Node): number => coder.buckets[child.code] as number;
      children.sort((a, b) => compareBuckets(time(a), time(b), coder.bucket));
    } else {
      const { values } = this.#store.dictionaries[grouping as Dimension];
      children.sort((a, b) => compareBig(b.cost, a.cost) || compareText(values[a.code], values[b.code]));
    }
    for (const child of children) {
      path[depth] =
        coder?.keyOf(child.code) ?? this.#store.dictionaries[grouping as Dimension].values[child.code] ?? null;
      this.#walk(child, levels, depth + 1, path, groups);
    }
  }
}

interface Node {
  code: number;
  cost: bigint;
  children: Map<number, Node>;
  /** Of a leaf. */
  group: number | undefined;
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

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By UTF-16 units, null last. */
function compareText(a: string | null | undefined, b: string | null | undefined): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return a < b ? -1 : 1;
}
