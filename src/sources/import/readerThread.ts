import { parentPort, workerData } from 'node:worker_threads';
import type { UsageRecord } from '../../usage/record.ts';
import { agentOf } from '../agents.ts';
import { pricingOf, type FoundPricing } from './costs.ts';
import { readLog, readWholeFile, type Receiver } from '../reading/fileReader.ts';
import { Intake, type IntakeRules } from './intake.ts';
import type { Repeat } from './repeats.ts';
import type { FileState } from './state.ts';
import type { FoundUsage, Skip, SourceFile } from '../source.ts';

/**
 * The second thread of a large import: reads the files that it is given, and passes on their usages. In parallel, the first
 * thread (`secondReader.ts`) reads other files, and does everything that involves the ledger.
 */

/** The other bundles load this one for the list of agents, and for files: then there is no thread, and no port to listen at. */
export { AGENTS, agentOf } from '../agents.ts';
export { sourceOfFile } from '../reading/files.ts';

export interface ThreadData {
  /** The id of an agent's source. */
  source: string;
  rules: IntakeRules;
}

/** Messages to the thread: a file to read, or a notice that there is room for more results. */
export type ToThread = FileToRead | { kind: 'room' };
interface FileToRead {
  kind: 'read';
  file: SourceFile;
  known: FileState | undefined;
  isQuiet: boolean;
}

export type SentRecord = [record: UsageRecord, pricing: FoundPricing | undefined];

/** The results of a file, or of part of it. Sent as JSON text, which takes half the time of a structured clone. */
export interface Part {
  records: SentRecord[];
  repeats: Repeat[];
  skips: Skip[];
  seen: number;
  /** Number of bytes read. */
  bytes: number;
  /** State to remember for the file once these results are stored; null: none. Absent: unchanged. */
  state?: FileState | null;
}

/** A part, and whether it is the last one of its file. */
export interface FromThread {
  part: string;
  isLast: boolean;
}

/** Maximum number of records or skips in one part. */
const MOST = 500;
/** Maximum number of parts sent before the first is acknowledged. */
const AHEAD = 6;

class Sender implements Receiver {
  readonly #file: SourceFile;
  readonly #isQuiet: boolean;
  readonly #intake: Intake;
  #skips: Skip[] = [];
  #seen = 0;
  #bytes = 0;
  /** The latest part, which is sent once it is known that the file was read to this point. */
  #made: Part | undefined;

  constructor(file: SourceFile, isQuiet: boolean, { source, rules }: ThreadData) {
    this.#file = file;
    this.#isQuiet = isQuiet;
    this.#intake = new Intake(agentOf(source)!, rules, (skip) => this.skip(skip));
  }

  usage(found: FoundUsage, line?: number): void {
    this.#intake.add(found, this.#file.path, line);
  }

  skip(skip: Skip): void {
    this.#skips.push(skip);
  }

  isQuiet(): boolean {
    return this.#isQuiet;
  }

  isFull(): boolean {
    return this.#intake.size >= MOST || this.#skips.length >= MOST;
  }

  async store(state: FileState | undefined): Promise<void> {
    if (this.#made !== undefined) await send(this.#made, false);
    this.#made = { ...this.#part(), state: state ?? null };
  }

  progress(bytes: number): void {
    this.#bytes += bytes;
  }

  /** For a file that could not be opened no part was stored, but the skip must be reported. */
  async finish(): Promise<void> {
    if (this.#made !== undefined) await send(this.#made, false);
    await send(this.#part(), true);
  }

  #part(): Part {
    const records = this.#intake.take().map((record): SentRecord => [record, pricingOf(record)]);
    const part = {
      records,
      repeats: this.#intake.takeRepeats(),
      skips: this.#skips,
      seen: this.#intake.seen - this.#seen,
      bytes: this.#bytes,
    };
    this.#skips = [];
    this.#seen = this.#intake.seen;
    this.#bytes = 0;
    return part;
  }
}

const room = { underWay: 0, wake: (): void => undefined };

async function send(part: Part, isLast: boolean): Promise<void> {
  const message: FromThread = { part: JSON.stringify(part), isLast };
  parentPort!.postMessage(message);
  room.underWay++;
  while (room.underWay >= AHEAD) await new Promise<void>((resolve) => (room.wake = resolve));
}

async function read({ file, known, isQuiet }: Extract<ToThread, { kind: 'read' }>): Promise<void> {
  const data = workerData as ThreadData;
  const sender = new Sender(file, isQuiet, data);
  const reading = agentOf(data.source)!.reading(file);
  if (reading.kind === 'lines') await readLog(file, reading, known, sender);
  else await readWholeFile(file, reading, sender);
  await sender.finish();
}

/** One file after another. */
let work = Promise.resolve();

/** Ends the thread, regardless of Node's setting for unhandled rejections. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'read') {
    work = work.then(() => read(message));
    work.catch(fail);
    return;
  }
  room.underWay--;
  room.wake();
});
