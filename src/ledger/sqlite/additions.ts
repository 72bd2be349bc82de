import { nextTurn } from '../../system/turns.ts';
import type { Appended } from '../store.ts';
import type { Access } from './access.ts';
import { appendBatches, type Batch } from './appending.ts';

interface Waiting {
  batch: Batch;
  resolve: (appended: Appended[]) => void;
  reject: (error: unknown) => void;
}

/** Records waiting to be written. Additions that arrive while a transaction is being written share the next one. */
export class Additions {
  readonly #access: Access;
  readonly #onDone: () => void;
  readonly #waiting: Waiting[] = [];
  #pumping: Promise<void> | undefined;

  /** @param onDone called after each transaction. */
  constructor(access: Access, onDone: () => void) {
    this.#access = access;
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

  /** Resolves when no additions are waiting; undefined when none are waiting now. */
  get underWay(): Promise<void> | undefined {
    return this.#pumping;
  }

  async #pump(): Promise<void> {
    // Calls made in the same turn share a transaction. The turn also keeps a loop of additions from blocking the event loop.
    await nextTurn();
    while (this.#waiting.length > 0) {
      let taken: Waiting[] = [];
      try {
        const outcomes = await this.#access.write((connection) => {
          // If the transaction is repeated, it gets the same batches.
          taken = taken.length > 0 ? taken : this.#waiting.splice(0);
          return appendBatches(
            connection,
            taken.map(({ batch }) => batch),
          );
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
