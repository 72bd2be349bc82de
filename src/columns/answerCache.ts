import type { AggregateQuery } from '../usage/query.ts';
import type { Aggregation } from './aggregation.ts';
import { filterKey } from './filter.ts';

/** Maximum number of cached answers: the queries of a status bar, a tree and a panel between two changes. */
const KEPT = 16;
/** Answers with more groups are not cached: returning them takes as long as computing them. */
const MOST_GROUPS = 5000;

/** A cache of the most recently requested aggregations, by query. */
export class AnswerCache<Answer extends { aggregation: Aggregation }> {
  readonly #kept = new Map<string, Answer>();

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  find(query: AggregateQuery): Answer | undefined {
    return query.intervals === undefined ? this.#kept.get(keyOf(query)) : undefined;
  }

  /** Caches an answer as the most recent one. */
  keep(query: AggregateQuery, answer: Answer): void {
    const key = keyOf(query);
    // A map iterates in insertion order, so the most recent answer must be last.
    this.#kept.delete(key);
    if (answer.aggregation.size > MOST_GROUPS || query.intervals !== undefined) return;
    this.#kept.set(key, answer);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  clear(): void {
    this.#kept.clear();
  }
}

function keyOf({ filter, groupBy, calendar }: AggregateQuery): string {
  return JSON.stringify([filterKey(filter), groupBy, calendar.timeZone, calendar.firstDayOfWeek]);
}
