import type { Part } from './readerThread.ts';
import type { SourceFile } from '../source.ts';

/** What came of a file that has not been read to its end, apart from its records. */
export type Told = Pick<Part, 'bytes' | 'seen' | 'skips'>;

/** Who takes what a second reader finds. */
export interface Consumer {
  add(path: string, part: Part, isLast: boolean): void;
  /** Takes back all that came of a file. */
  remove(path: string, told: Told): void;
  /** Whether what came so far is to be stored before more comes. */
  isFull(): boolean;
  store(): Promise<void>;
}

/**
 * Between a second reader, which brings parts of files whenever it has them, and an import, which is at a file of its own
 * meanwhile: holds the reader up while there is no room, and knows what to take back when it does not come to an end.
 */
export class Handover {
  readonly #consumer: Consumer;
  readonly #told = new Map<string, Told>();
  /** Parts that wait for room. */
  readonly #waiting: (() => void)[] = [];
  #onFull = (): void => undefined;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Resolves when there is room for more. */
  async take({ path }: SourceFile, part: Part, isLast: boolean): Promise<void> {
    this.#consumer.add(path, part, isLast);
    if (isLast) this.#told.delete(path);
    else this.#remember(path, part);
    if (!this.#consumer.isFull()) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#onFull();
    });
  }

  /** To be called when there is room again. */
  resume(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Forgets what came of a file that was not read to its end: all of it comes again. */
  takeBack({ path }: SourceFile): void {
    this.#consumer.remove(path, this.#told.get(path) ?? { bytes: 0, seen: 0, skips: [] });
    this.#told.delete(path);
  }

  /** Waits for the reader, and stores what it brings. */
  async until<T>(done: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const full = Symbol('full');
    const stop = (): void => this.#onFull();
    signal?.addEventListener('abort', stop);
    try {
      for (;;) {
        const isFull = new Promise<symbol>((resolve) => (this.#onFull = () => resolve(full)));
        if (this.#consumer.isFull()) this.#onFull();
        const result = await Promise.race([done, isFull]);
        signal?.throwIfAborted();
        if (result !== full) return done;
        await this.#consumer.store();
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #remember(path: string, { bytes, seen, skips }: Part): void {
    const told = this.#told.get(path) ?? { bytes: 0, seen: 0, skips: [] };
    told.bytes += bytes;
    told.seen += seen;
    told.skips.push(...skips);
    this.#told.set(path, told);
  }
}
