import { CompiledFilter } from '../../../columns/filter.ts';
import { gathered, sortBy, sortValue } from '../../../columns/ordering.ts';
import { SEGMENT_ROWS, type Segment } from '../../../columns/segment.ts';
import type { PageQuery, SortKey, UsageFilter } from '../../../usage/query.ts';
import { numberAt } from './columnBlob.ts';
import type { Column, TextColumn } from './columnNumbers.ts';
import type { Columns } from './columns.ts';
import type { SegmentBuffer } from './pass.ts';
import { filterColumns, takesAllTimes } from './pass.ts';
import type { SegmentInfo, Snapshot } from './segments.ts';
import { steps, type Slice } from '../../../system/slices.ts';

/** Pages that end within this many rows are found while keeping at most twice as many. */
const SHALLOW = 10_000;
/** Sorting is not worthwhile for fewer new rows. */
const LEAST_SORTED = 1024;

/** The rows of a page query in order: all of them, or for a shallow page those up to its end. */
export interface Found {
  total: number;
  /** Whether all matching rows were kept, so that any page can be cut from them. */
  complete: boolean;
  cut(query: Pick<PageQuery, 'offset' | 'limit' | 'descending'>): number[];
}

/**
 * Finds the first rows of an order. Ties ascend by time, then by row number; descending is the exact reverse.
 *
 * Processes segments from the end where the page begins, and does not read segments whose records all come after those found:
 * the newest records of a million cost no more than those of a thousand.
 * @param stretches the whole ledger, see {@link stretchesOf}.
 */
export async function findPage(
  room: SegmentBuffer,
  stretches: readonly Stretch[],
  query: PageQuery,
  slice: Slice,
): Promise<Found> {
  const { filter, sort, descending } = query;
  const reach = Math.max(query.offset, 0) + Math.max(query.limit, 0);
  const complete = reach > SHALLOW;
  const ordered = descending ? stretches.toReversed() : stretches;
  const text = textColumn(sort);
  if (text !== undefined) {
    for (const stretch of ordered) {
      await slice();
      room.meet(stretch.columns(), text);
    }
  }
  const wanted = new Set<Column>(['time', ...filterColumns(filter), 'seq', ...sortColumns(sort)]);
  const compiled = new CompiledFilter(room.store, filter);
  const candidates = new Candidates(complete ? Number.POSITIVE_INFINITY : reach, descending);
  const matches = new Uint32Array(SEGMENT_ROWS);
  let valueOf: ((segment: Segment, at: number) => number) | undefined;
  let total = 0;
  for (const stretch of ordered) {
    if (stretch.latest < (filter.since ?? Number.NEGATIVE_INFINITY) || stretch.earliest >= (filter.until ?? Infinity))
      continue;
    if (room.hidden.size === 0 && sort === 'time' && takesAll(filter, stretch) && candidates.areBeyond(stretch)) {
      total += stretch.records;
      continue;
    }
    await slice();
    const columns = stretch.columns();
    const segment = room.load(columns, stretch, wanted);
    compiled.extend();
    valueOf ??= sortValue(room.store, sort);
    const count = compiled.select(segment, matches);
    total += count;
    const seqs = columns.numbers('seq');
    for (let i = 0; i < count; i++) {
      const at = matches[i] as number;
      candidates.offer(valueOf(segment, at), segment.time[at] as number, numberAt(seqs, at));
    }
    if (candidates.isFull) await candidates.settle(slice);
  }
  await candidates.settle(slice);
  const { seqs } = candidates;
  return {
    total,
    complete,
    cut: ({ offset, limit }) => {
      const from = Math.max(offset, 0);
      const to = Math.min(offset + limit, seqs.length);
      const rows: number[] = [];
      for (let i = from; i < to; i++) rows.push(seqs[descending ? seqs.length - 1 - i : i] as number);
      return rows;
    },
  };
}

/** A stretch of the ledger: a segment, or the tail. */
export interface Stretch {
  records: number;
  earliest: number;
  latest: number;
  columns: () => Columns;
}

/** All stretches of a ledger, in the order of the records' numbers. */
export function stretchesOf({ segments, tail }: Snapshot, columnsOf: (segment: SegmentInfo) => Columns): Stretch[] {
  const stretches: Stretch[] = segments.map((segment) => ({
    records: segment.records,
    earliest: segment.earliest,
    latest: segment.latest,
    columns: () => columnsOf(segment),
  }));
  // The tail may grow during the pass.
  const head = tail.first(tail.records);
  stretches.push({ records: head.records, earliest: tail.earliest, latest: tail.latest, columns: () => head });
  return stretches;
}

/** Whether all records of a stretch certainly match. */
function takesAll(filter: UsageFilter, stretch: Stretch): boolean {
  const anyValue = Object.values(filter.values ?? {}).every((each) => each === undefined);
  return anyValue && (filter.search ?? '').trim() === '' && takesAllTimes(filter, stretch);
}

/** The best rows so far: three columns of numbers, and a threshold that excludes most rows. */
class Candidates {
  /** Ascending after {@link settle}. */
  seqs = new Float64Array(1024);
  #keys = new Float64Array(1024);
  #times = new Float64Array(1024);
  #count = 0;
  #settled = 0;
  readonly #most: number;
  readonly #descending: boolean;
  /** Rows beyond it are not among the best. */
  #threshold: number | undefined;

  constructor(most: number, descending: boolean) {
    this.#most = most;
    this.#descending = descending;
  }

  offer(key: number, time: number, seq: number): void {
    if (this.#threshold !== undefined && (this.#descending ? key < this.#threshold : key > this.#threshold)) return;
    if (this.#count === this.seqs.length) this.#grow();
    this.#keys[this.#count] = key;
    this.#times[this.#count] = time;
    this.seqs[this.#count++] = seq;
  }

  /** Whether all keys of a stretch are beyond the threshold, when sorting by time. */
  areBeyond({ earliest, latest }: Stretch): boolean {
    if (this.#threshold === undefined) return false;
    return this.#descending ? latest < this.#threshold : earliest > this.#threshold;
  }

  /** Whether there are more candidates than needed. */
  get isFull(): boolean {
    return this.#count > this.#most && this.#count - this.#settled >= Math.max(this.#most, LEAST_SORTED);
  }

  /** Sorts the candidates and drops those that are not among the best. */
  async settle(slice: Slice): Promise<void> {
    const count = this.#count;
    let order: Uint32Array = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    for (const column of [this.seqs, this.#times, this.#keys]) {
      order = await steps(sortBy(order, await steps(gathered(column, order), slice)), slice);
    }
    if (count > this.#most)
      order = this.#descending ? order.subarray(count - this.#most) : order.subarray(0, this.#most);
    this.seqs = await steps(gathered(this.seqs, order), slice);
    this.#times = await steps(gathered(this.#times, order), slice);
    this.#keys = await steps(gathered(this.#keys, order), slice);
    this.#count = this.#settled = order.length;
    if (this.#count === this.#most) this.#threshold = this.#keys[this.#descending ? 0 : this.#count - 1];
  }

  #grow(): void {
    this.seqs = doubled(this.seqs);
    this.#keys = doubled(this.#keys);
    this.#times = doubled(this.#times);
  }
}

function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const into = new Float64Array(Math.max(1024, from.length * 2));
  into.set(from);
  return into;
}

function sortColumns(sort: SortKey): Column[] {
  switch (sort) {
    case 'time':
      return ['time'];
    case 'cost':
      return ['cost', 'costKind'];
    case 'tokens':
      return ['total'];
    case 'input':
    case 'output':
    case 'provider':
    case 'model':
    case 'operation':
    case 'project':
      return [sort];
  }
}

function textColumn(sort: SortKey): TextColumn | undefined {
  return sort === 'provider' || sort === 'model' || sort === 'operation' || sort === 'project' ? sort : undefined;
}
