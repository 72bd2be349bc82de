import { Aggregation } from '../../../columns/aggregation.ts';
import { AnswerCache } from '../../../columns/answerCache.ts';
import { filterKey } from '../../../columns/filter.ts';
import type { AggregateQuery, Group, PageQuery, QueryGrouping } from '../../../usage/query.ts';
import { isBucket } from '../../../usage/query.ts';
import { TableChanged, type ColumnPass } from '../../../columns/columnPass.ts';
import type { Column } from './columnNumbers.ts';
import { SegmentGone } from './columns.ts';
import type { Connection } from '../connection.ts';
import { columnOf, filterColumns, PASS_COLUMNS, SegmentBuffer, SUM_COLUMNS, takesAllTimes } from './pass.ts';
import type { Found } from './paging.ts';
import { findPage, stretchesOf } from './paging.ts';
import type { Snapshot } from './segments.ts';
import { SegmentReader } from './segmentReader.ts';
import { epochOf } from './segments.ts';
import { slicer, steps, type Slice } from '../../../system/slices.ts';

const ATTEMPTS = 20;

interface Answer {
  aggregation: Aggregation;
  epoch: number;
  /** Number of the last record included. */
  upTo: number;
  /** The records that were excluded. */
  hidden: ReadonlySet<number>;
}

/** The subject of queries: an open database and its current content. */
export interface Source {
  connection: Connection;
  snapshot: Snapshot;
}

/** Returns the state found by the last check, or with `again` by a new one. */
export type Current = (again: boolean) => Promise<Source>;

/** Computes sums and pages over the columns of a ledger, in slices. */
export class ColumnQueries {
  readonly #room: SegmentBuffer;
  readonly #reader = new SegmentReader();
  readonly #answers = new AnswerCache<Answer>();
  #deep: { key: string; found: Found } | undefined;

  constructor(label: string) {
    this.#room = new SegmentBuffer(label);
  }

  /** Excludes records, by their numbers, because another ledger counts them. */
  hide(seqs: ReadonlySet<number>): void {
    this.#room.hide(seqs);
    this.#answers.clear();
    this.#deep = undefined;
  }

  /** Totals by group, in the order documented at {@link Aggregation.groups}. @param current returns the current state. */
  async aggregate(query: AggregateQuery, current: Current): Promise<Group[]> {
    return this.#attempt(current, async (source, slice) => {
      const { epoch, sealedUpTo } = source.snapshot;
      const { hidden, store } = this.#room;
      const kept = this.#answers.find(query);
      const holds = kept?.epoch === epoch && kept.upTo >= sealedUpTo && kept.hidden === hidden;
      const answer = holds ? kept : { aggregation: new Aggregation(store, query), epoch, upTo: 0, hidden };
      await this.#sum(answer, source, query, slice);
      this.#answers.keep(query, answer);
      return steps(answer.aggregation.groups(query.top), slice);
    });
  }

  /** The numbers of the records of one page, and the number of matching records. */
  async page(query: PageQuery, current: Current): Promise<{ total: number; seqs: number[] }> {
    return this.#attempt(current, async ({ connection, snapshot }, slice) => {
      this.#bound(snapshot);
      const key = JSON.stringify([
        snapshot.epoch,
        snapshot.tail.lastSeq,
        snapshot.sealedUpTo,
        query.sort,
        filterKey(query.filter),
      ]);
      const found =
        this.#deep?.key === key
          ? this.#deep.found
          : await findPage(
              this.#room,
              stretchesOf(snapshot, (segment) => this.#reader.columnsOf(connection, snapshot.epoch, segment)),
              query,
              slice,
            );
      this.#deep = found.complete ? { key, found } : undefined;
      return { total: found.total, seqs: found.cut(query) };
    });
  }

  /** Hands the columns of all segments to a pass. @param current returns the current state. */
  async pass<T>(pass: ColumnPass<T>, current: Current): Promise<T> {
    const { filter, dimensions } = pass;
    const wanted = new Set<Column>([...PASS_COLUMNS, ...filterColumns(filter), ...dimensions.flatMap(columnOf)]);
    const [since, until] = [filter.since ?? Number.NEGATIVE_INFINITY, filter.until ?? Number.POSITIVE_INFINITY];
    return this.#attempt(current, async ({ connection, snapshot }, slice) => {
      const taker = pass.start(this.#room.store);
      for (const segment of snapshot.segments) {
        if (segment.latest < since || segment.earliest >= until) continue;
        await slice();
        const columns = this.#reader.columnsOf(connection, snapshot.epoch, segment);
        taker.take(this.#room.load(columns, segment, wanted));
      }
      const { tail } = snapshot;
      taker.take(this.#room.load(tail, tail, wanted));
      return taker.result();
    });
  }

  forget(): void {
    this.#reader.forget();
    this.#answers.clear();
    this.#deep = undefined;
  }

  async #sum(
    answer: Answer,
    { connection, snapshot }: Source,
    { filter, groupBy }: AggregateQuery,
    slice: Slice,
  ): Promise<void> {
    const wanted = new Set<Column>([...SUM_COLUMNS, ...filterColumns(filter), ...groupBy.flatMap(groupColumn)]);
    const since = filter.since ?? Number.NEGATIVE_INFINITY;
    const until = filter.until ?? Number.POSITIVE_INFINITY;
    const { aggregation, upTo } = answer;
    const withTime = new Set<Column>([...wanted, 'time']);
    if (upTo === 0) {
      for (const segment of snapshot.segments) {
        if (segment.latest < since || segment.earliest >= until) continue;
        await slice();
        this.#bound(snapshot);
        const columns = this.#reader.columnsOf(connection, snapshot.epoch, segment);
        const needed = takesAllTimes(filter, segment) ? wanted : withTime;
        aggregation.takeSegment(this.#room.load(columns, segment, needed));
      }
    }
    const { tail } = snapshot;
    // Without yielding between reading and updating the answer: another caller may be about to update the same one.
    if (tail.lastSeq > answer.upTo) {
      aggregation.takeSegment(this.#room.load(tail, tail, withTime, answer.upTo));
      answer.upTo = tail.lastSeq;
    }
    answer.upTo = Math.max(answer.upTo, snapshot.sealedUpTo);
  }

  #bound({ earliest, latest }: Snapshot): void {
    this.#room.bound(earliest, latest);
  }

  /** Retries the pass until no record was changed, removed or hidden while it ran. */
  async #attempt<T>(current: Current, pass: (source: Source, slice: Slice) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const source = await current(attempt > 0);
      const { hidden } = this.#room;
      try {
        const result = await pass(source, slicer());
        if (epochOf(source.connection) === source.snapshot.epoch && this.#room.hidden === hidden) return result;
      } catch (error) {
        if (!(error instanceof SegmentGone) && source.connection.isOpen) throw error;
      }
      this.forget();
    }
    throw new TableChanged();
  }
}

function groupColumn(grouping: QueryGrouping): Column[] {
  return grouping === 'interval' || isBucket(grouping) ? ['time'] : columnOf(grouping);
}
