import type { AggregateQuery } from '../usage/query.ts';
import type { Aggregation } from './aggregation.ts';
import { filterKey } from './filter.ts';

/** Answers that are kept: the queries of a status bar, a tree and a panel between two changes. */
const KEPT = 16;
/** Groups above which giving an answer out takes as long as making it again. */
const MOST_GROUPS = 5000;

/** The aggregations that were asked for last, by their query. */
export class AnswerCache<Answer extends { aggregation: Aggregation }> {
  readonly #kept = new Map<string, Answer>();

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  find(query: AggregateQuery): Answer | undefined {
    return this.#kept.get(keyOf(query));
  }

  /** Keeps an answer as the one that was asked for last. */
  keep(query: AggregateQuery, answer: Answer): void {
    const key = keyOf(query);
    // Last in the map is the one asked for last.
    this.#kept.delete(key);
    if (answer.aggregation.size > MOST_GROUPS) return;
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
