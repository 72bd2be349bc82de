import { nextTurn } from '../system/turns.ts';
import { withTimeout } from '../system/withTimeout.ts';
import type { Addition, Appended, AppendMode } from './store.ts';

/** The additions of one caller. */
export interface Batch {
  additions: readonly Addition[];
  mode: AppendMode;
}

export type Outcome = { appended: Appended[] } | { refused: unknown };

/** Writes batches in one transaction. `take` returns them, and returns the same ones if the transaction is repeated. */
export type WriteBatches = (take: () => readonly Batch[]) => Promise<Outcome[]>;

interface Waiting {
  batch: Batch;
  resolve: (appended: Appended[]) => void;
  reject: (error: unknown) => void;
}

/** Records waiting to be written. Additions that arrive while a transaction is being written share the next one. */
export class Additions {
  readonly #write: WriteBatches;
  readonly #onDone: () => void;
  readonly #waiting: Waiting[] = [];
  #pumping: Promise<void> | undefined;

  /** @param onDone called after each transaction. */
  constructor(write: WriteBatches, onDone: () => void) {
    this.#write = write;
    this.#onDone = onDone;
  }

  /** Resolves once the batch is on disk: see {@link Store.append}. */
  add(batch: Batch): Promise<Appended[]> {
    if (batch.additions.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined));
    });
  }

  /** Waits until no additions are waiting. Resolves with false after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#pumping) await withTimeout(this.#pumping, timeoutMs);
    return this.#pumping === undefined;
  }

  async #pump(): Promise<void> {
    // Calls made in the same turn share a transaction. The turn also keeps a loop of additions from blocking the event loop.
    await nextTurn();
    while (this.#waiting.length > 0) {
      let taken: Waiting[] = [];
      try {
        const outcomes = await this.#write(() => {
          if (taken.length === 0) taken = this.#waiting.splice(0);
          return taken.map(({ batch }) => batch);
        });
        for (const [i, outcome] of outcomes.entries()) {
          if ('appended' in outcome) taken[i]!.resolve(outcome.appended);
          else taken[i]!.reject(outcome.refused);
        }
        this.#onDone();
      } catch (error) {
        for (const { reject } of [...taken, ...this.#waiting.splice(0)]) reject(error);
      }
    }
  }
}
