import type { AggregateQuery } from '../usage/query.ts';
import type { Aggregation } from './aggregation.ts';
import { filterKey } from './filter.ts';
import { ROW_MASK } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/** Answers that are kept: what a status bar, a tree and a panel ask between two changes. */
const KEPT = 12;
/** Groups above which giving an answer out takes as long as making it anew. */
const MOST_GROUPS = 5000;
/** New rows after which summing anew is as good. */
const MOST_ROWS = 4096;

/**
 * Aggregations that were asked for, kept up to date: a row that is new is added to them when they are asked again, in the
 * same time however many rows there are. Every other change forgets them.
 */
export class Answers {
  readonly #store: ColumnStore;
  readonly #kept = new Map<string, { aggregation: Aggregation; taken: number }>();
  /** Rows that became visible since the first answer was kept. */
  #added: number[] = [];

  constructor(store: ColumnStore) {
    this.#store = store;
  }

  /** The answer with all rows in it; undefined when it is not kept. */
  find(query: AggregateQuery): Aggregation | undefined {
    const key = keyOf(query);
    const answer = this.#kept.get(key);
    if (answer === undefined) return undefined;
    for (; answer.taken < this.#added.length; answer.taken++) {
      const row = this.#added[answer.taken] as number;
      answer.aggregation.takeRow(this.#store.segment(row), row & ROW_MASK);
    }
    // Last in the map is the one asked for last.
    this.#kept.delete(key);
    this.#kept.set(key, answer);
    return answer.aggregation;
  }

  /** @param aggregation of all rows that there are now. */
  keep(query: AggregateQuery, aggregation: Aggregation): void {
    if (aggregation.size > MOST_GROUPS) return;
    this.#kept.set(keyOf(query), { aggregation, taken: this.#added.length });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** A new row became visible, and no other ceased to be. */
  rowAdded(row: number): void {
    if (this.#kept.size === 0) return;
    if (this.#added.length === MOST_ROWS) this.forget();
    else this.#added.push(row);
  }

  forget(): void {
    this.#kept.clear();
    this.#added = [];
  }
}

function keyOf({ filter, groupBy, calendar }: AggregateQuery): string {
  return JSON.stringify([filterKey(filter), groupBy, calendar.timeZone, calendar.firstDayOfWeek]);
}
