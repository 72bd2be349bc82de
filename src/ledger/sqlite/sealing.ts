import { nextTurn } from '../../system/turns.ts';
import type { Access } from './access.ts';
import { sealOne } from './columns/segments.ts';

const SEAL_MS = 60_000;

/** Seals the segments that need it, one after another, in the background. */
export class Sealing {
  readonly #access: Access;
  readonly #onSealed: () => void;
  readonly #onDone: () => void;
  #running: Promise<void> | undefined;

  /**
   * @param onSealed called after each segment.
   * @param onDone called when none needs it any more.
   */
  constructor(access: Access, onSealed: () => void, onDone: () => void) {
    this.#access = access;
    this.#onSealed = onSealed;
    this.#onDone = onDone;
  }

  /** The sealing that is under way. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  start(): void {
    this.#running ??= this.#sealAll()
      .catch(() => undefined)
      .finally(() => (this.#running = undefined));
  }

  async #sealAll(): Promise<void> {
    const giveUp = performance.now() + SEAL_MS;
    // Lets the change that made them stale be displayed first.
    await nextTurn();
    for (;;) {
      const connection = this.#access.current;
      if (!connection || performance.now() > giveUp) return;
      if (!(await connection.write(() => sealOne(connection)))) break;
      this.#onSealed();
      await nextTurn();
    }
    this.#onDone();
  }
}
