import { parentPort, workerData } from 'node:worker_threads';
import type { UsageRecord } from '../../usage/record.ts';
import { agentOf } from '../agents.ts';
import { pricingOf, type FoundPricing } from './costs.ts';
import { readLog, readWholeFile, type Receiver } from '../reading/fileReader.ts';
import { Intake, type IntakeRules } from './intake.ts';
import type { FileState } from './state.ts';
import type { FoundUsage, Skip, SourceFile } from '../source.ts';

/**
 * The second thread of a big import: reads the files that it is given, and hands on what it finds in them. The first one
 * (`secondReader.ts`) reads others meanwhile, and does all that concerns the ledger.
 */

export interface ThreadData {
  /** Of one of the agents. */
  source: string;
  rules: IntakeRules;
}

/** What the thread hears: a file to read, or that there is room for more of it. */
export type ToThread =
  { kind: 'read'; file: SourceFile; known: FileState | undefined; isQuiet: boolean } | { kind: 'room' };

export type SentRecord = [record: UsageRecord, pricing: FoundPricing | undefined];

/** What came of a file, or of a part of it. As JSON text: that takes half the time of a structured clone. */
export interface Part {
  records: SentRecord[];
  skips: Skip[];
  seen: number;
  /** That were read. */
  bytes: number;
  /** What is to be remembered of the file once these are stored; null: nothing. Absent: what is known of it still holds. */
  state?: FileState | null;
}

/** A part, and whether the file ends with it. */
export interface FromThread {
  part: string;
  isLast: boolean;
}

/** Records or skips in one part. */
const MOST = 500;
/** Parts that may be on their way before one of them was taken. */
const AHEAD = 6;

class Sender implements Receiver {
  readonly #file: SourceFile;
  readonly #isQuiet: boolean;
  readonly #intake: Intake;
  #skips: Skip[] = [];
  #seen = 0;
  #bytes = 0;
  /** What was made last: sent when it is known that the file was read so far. */
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

  /** Of a file that could not be opened nothing was stored, but that it was skipped counts. */
  async finish(): Promise<void> {
    if (this.#made !== undefined) await send(this.#made, false);
    await send(this.#part(), true);
  }

  #part(): Part {
    const records = this.#intake.take().map((record): SentRecord => [record, pricingOf(record)]);
    const part = { records, skips: this.#skips, seen: this.#intake.seen - this.#seen, bytes: this.#bytes };
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

/** One file after the other. */
let work = Promise.resolve();

/** Ends the thread, whatever Node is told to do about promises that nobody waits for. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

parentPort!.on('message', (message: ToThread) => {
  if (message.kind === 'read') {
    work = work.then(() => read(message));
    work.catch(fail);
    return;
  }
  room.underWay--;
  room.wake();
});
