import type { UsageRecord } from '../../usage/record.ts';
import type { Access } from './access.ts';
import type { Addition } from './writing.ts';
import { addBatches } from './writing.ts';

interface Waiting {
  batch: readonly Addition[];
  resolve: (records: UsageRecord[]) => void;
  reject: (error: unknown) => void;
}

/** Records on their way into the database: what comes while a transaction is written shares the next one. */
export class Additions {
  readonly #access: Access;
  readonly #onDone: () => void;
  readonly #waiting: Waiting[] = [];
  #pumping: Promise<void> | undefined;

  /** @param onDone is called after each transaction. */
  constructor(access: Access, onDone: () => void) {
    this.#access = access;
    this.#onDone = onDone;
  }

  /** Resolves with what stands in the ledger once it is on the disk. All of the batch or none. */
  add(batch: readonly Addition[]): Promise<UsageRecord[]> {
    if (batch.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined));
    });
  }

  /** Resolves when nothing waits any more; undefined when nothing does now. */
  get underWay(): Promise<void> | undefined {
    return this.#pumping;
  }

  async #pump(): Promise<void> {
    // Calls of one turn go into one transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      let taken: Waiting[] = [];
      try {
        const outcomes = await this.#access.write((connection) => {
          // When it has to be done again, the same ones again.
          taken = taken.length > 0 ? taken : this.#waiting.splice(0);
          return addBatches(
            connection,
            taken.map(({ batch }) => batch),
          );
        });
        for (const [i, outcome] of outcomes.entries()) {
          if ('records' in outcome) taken[i]!.resolve(outcome.records);
          else taken[i]!.reject(outcome.refused);
        }
        this.#onDone();
      } catch (error) {
        for (const { reject } of [...taken, ...this.#waiting.splice(0)]) reject(error);
      }
    }
  }
}
