import type { AggregateQuery } from '../usage/query.ts';
import type { Aggregation } from './aggregation.ts';
import { AnswerCache } from './answerCache.ts';
import { ROW_MASK } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/** Beyond this many new rows, summing all rows again is just as fast. */
const MOST_ROWS = 4096;

/**
 * Cached aggregations that are kept up to date: rows added since are included on the next request, at a cost that does not
 * depend on the number of existing rows. Any other change clears the cache.
 */
export class Answers {
  readonly #store: ColumnStore;
  readonly #kept = new AnswerCache<{ aggregation: Aggregation; taken: number }>();
  /** Rows that became visible since the first answer was kept. */
  #added: number[] = [];

  constructor(store: ColumnStore) {
    this.#store = store;
  }

  /** Returns the answer, updated with all new rows; undefined when it is not cached. */
  find(query: AggregateQuery): Aggregation | undefined {
    const answer = this.#kept.find(query);
    if (answer === undefined) return undefined;
    for (; answer.taken < this.#added.length; answer.taken++) {
      const row = this.#added[answer.taken] as number;
      answer.aggregation.takeRow(this.#store.segment(row), row & ROW_MASK);
    }
    this.#kept.keep(query, answer);
    return answer.aggregation;
  }

  /** @param aggregation must include all current rows. */
  keep(query: AggregateQuery, aggregation: Aggregation): void {
    this.#kept.keep(query, { aggregation, taken: this.#added.length });
  }

  /** Notes a row that became visible without hiding another. */
  rowAdded(row: number): void {
    if (this.#kept.isEmpty) return;
    if (this.#added.length === MOST_ROWS) this.forget();
    else this.#added.push(row);
  }

  forget(): void {
    this.#kept.clear();
    this.#added = [];
  }
}
