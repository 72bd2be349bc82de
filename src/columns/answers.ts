import type { AggregateQuery } from '../usage/query.ts';
import type { Aggregation } from './aggregation.ts';
import { AnswerCache } from './answerCache.ts';
import { ROW_MASK } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/** New rows after which summing all of them again is as good. */
const MOST_ROWS = 4096;

/**
 * Aggregations that were asked for, kept up to date: a row that is new is added to them when they are asked again, in the
 * same time however many rows there are. Every other change forgets them.
 */
export class Answers {
  readonly #store: ColumnStore;
  readonly #kept = new AnswerCache<{ aggregation: Aggregation; taken: number }>();
  /** Rows that became visible since the first answer was kept. */
  #added: number[] = [];

  constructor(store: ColumnStore) {
    this.#store = store;
  }

  /** The answer with all rows in it; undefined when it is not kept. */
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

  /** @param aggregation of all rows that there are now. */
  keep(query: AggregateQuery, aggregation: Aggregation): void {
    this.#kept.keep(query, { aggregation, taken: this.#added.length });
  }

  /** A new row became visible, and no other ceased to be. */
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
