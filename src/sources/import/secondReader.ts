import type { Worker } from 'node:worker_threads';
import type { FromThread, Part, ThreadData, ToThread } from './readerThread.ts';
import type { FileState } from './state.ts';
import type { SourceFile } from '../source.ts';

/** What a reader works for. */
export interface FileConsumer {
  /** The next file to read; undefined when there is none. */
  next(): { file: SourceFile; known: FileState | undefined; isQuiet: boolean } | undefined;
  /** What came of a file or of a part of it. Resolves when there is room for more. */
  take(file: SourceFile, part: Part, isLast: boolean): Promise<void>;
}

/** A young generation of the size of a processor's cache: nearly all that is read is garbage at once. */
const YOUNG_MB = 8;
/** Files that are given ahead, so that the thread never waits for the next one. */
const AHEAD = 2;

/** Another thread that reads files, see `readerThread.ts`. */
export class SecondReader {
  readonly #worker: Worker;
  readonly #consumer: FileConsumer;
  readonly #given: SourceFile[] = [];
  readonly #ended: Promise<SourceFile[]>;
  /** It ended, or is to: what it still says is not heard. */
  #isDead = false;

  /** @param program the thread's, `readerThread.ts` or the bundle of it. */
  static async start(program: string, data: ThreadData, consumer: FileConsumer): Promise<SecondReader> {
    const { Worker: Thread } = await import('node:worker_threads');
    const worker = new Thread(program, { workerData: data, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    return new SecondReader(worker, consumer);
  }

  private constructor(worker: Worker, consumer: FileConsumer) {
    this.#worker = worker;
    this.#consumer = consumer;
    this.#ended = new Promise((resolve, reject) => {
      worker.on('error', () => (this.#isDead = true));
      worker.on('exit', () => {
        this.#isDead = true;
        // What it was reading is read again by others: nothing was remembered of it, and nothing counts twice.
        resolve(this.#given.splice(0));
      });
      worker.on('message', (message: FromThread) => {
        this.#hear(message).catch((error: unknown) => {
          reject(error);
          void this.stop();
        });
      });
    });
    // Whoever waits for it hears of it.
    this.#ended.catch(() => undefined);
    if (!this.#give()) void this.stop();
  }

  /** Resolves once there is nothing more to read, with the files that it could not read to their end. */
  get ended(): Promise<SourceFile[]> {
    return this.#ended;
  }

  async stop(): Promise<void> {
    this.#isDead = true;
    await this.#worker.terminate();
  }

  #give(): boolean {
    const next = this.#consumer.next();
    if (next === undefined) return false;
    this.#given.push(next.file);
    this.#post({ kind: 'read', ...next });
    return true;
  }

  async #hear({ part, isLast }: FromThread): Promise<void> {
    if (this.#isDead) return;
    const file = isLast ? this.#given.shift()! : this.#given[0]!;
    if (isLast) while (this.#given.length < AHEAD && this.#give());
    await this.#consumer.take(file, JSON.parse(part) as Part, isLast);
    if (this.#given.length > 0) this.#post({ kind: 'room' });
    else await this.stop();
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}
