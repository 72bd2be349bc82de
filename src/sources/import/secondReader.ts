import type { Worker } from 'node:worker_threads';
import type { FromThread, Part, ThreadData, ToThread } from './readerThread.ts';
import type { FileState } from './state.ts';
import type { SourceFile } from '../source.ts';

/** Supplies a reader with files and receives its results. */
export interface FileConsumer {
  /** The next file to read; undefined when there is none. */
  next(): { file: SourceFile; known: FileState | undefined; isQuiet: boolean } | undefined;
  /** Takes the results of a file or of part of it. Resolves when there is room for more. */
  take(file: SourceFile, part: Part, isLast: boolean): Promise<void>;
}

/** A young generation the size of a processor cache: nearly everything that is read becomes garbage at once. */
const YOUNG_MB = 8;
/** Number of files sent ahead, so that the thread never waits for the next one. */
const AHEAD = 2;

/** A thread that reads files, see `readerThread.ts`. */
export class SecondReader {
  readonly #worker: Worker;
  readonly #consumer: FileConsumer;
  readonly #given: SourceFile[] = [];
  readonly #ended: Promise<SourceFile[]>;
  /** Whether it has ended or must end: its remaining messages are ignored. */
  #isDead = false;

  /** @param program the thread's program, `readerThread.ts` or its bundle. */
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
        // Other readers read its current files again: no state was saved for them, and nothing counts twice.
        resolve(this.#given.splice(0));
      });
      worker.on('message', (message: FromThread) => {
        this.#hear(message).catch((error: unknown) => {
          reject(error);
          void this.stop();
        });
      });
    });
    // Callers that wait for it receive the error.
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
