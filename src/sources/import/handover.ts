import type { Part } from './readerThread.ts';
import type { SourceFile } from '../source.ts';

/** Results of a file that has not been read to its end, other than its records. */
export type Told = Pick<Part, 'bytes' | 'seen' | 'skips'>;

/** Receives the findings of a second reader. */
export interface Consumer {
  add(path: string, part: Part, isLast: boolean): void;
  /** Takes back all results of a file. */
  remove(path: string, told: Told): void;
  /** Whether the results so far must be stored before more are taken. */
  isFull(): boolean;
  store(): Promise<void>;
}

/**
 * Mediates between a second reader, which delivers parts of files at any time, and an import, which is reading another file:
 * blocks the reader while the import is full, and knows which results to take back if the reader fails.
 */
export class Handover {
  readonly #consumer: Consumer;
  readonly #told = new Map<string, Told>();
  /** Parts waiting for room. */
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

  /** Must be called when there is room again. */
  resume(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Takes back the results of a file that was not read to its end: the whole file will be read again. */
  takeBack({ path }: SourceFile): void {
    this.#consumer.remove(path, this.#told.get(path) ?? { bytes: 0, seen: 0, skips: [] });
    this.#told.delete(path);
  }

  /** Waits for the reader, and stores its results. */
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
