import type { Dimension, UsageFilter } from '../usage/query.ts';
import type { ColumnStore } from './columnStore.ts';
import type { Segment } from './segment.ts';

/** A sliced pass met changes in each attempt. Ask again, or use the method without pauses. */
export class TableChanged extends Error {
  override readonly name = 'TableChanged';
  constructor() {
    super('the table changed while it was being read');
  }
}

/** Lets other work run; resolves when the pass may continue. */
export type Yield = () => Promise<void>;

/** Runs a generator to its end without pauses. */
export function finish<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * A question that needs more of each record than the sums of `Sums`: a store hands over its columns segment by segment. Prices
 * are compared this way (`pricing/compare/`), because they depend on the size and the time of each call.
 */
export interface ColumnPass<T> {
  /** Segments without a matching time are left out. The pass itself filters the rows of the others. */
  filter: UsageFilter;
  /** The dimensions that it reads, in addition to the counts, the times, the price terms, and the dimensions of the filter. */
  dimensions: readonly Dimension[];
  /** Begins; called again if the ledger changed during the pass. */
  start(store: ColumnStore): ColumnTaker<T>;
}

export interface ColumnTaker<T> {
  /** @param segment valid only during the call. */
  take(segment: Segment): void;
  result(): T;
}
