/**
 * Reads a ledger repeatedly until its stdin ends, both like any other program (`plainly.ts`) and with our tracker. Prints its
 * observations as JSON.
 *
 *     node reader.ts <ledger>
 */
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { countIn } from './plainly.ts';

export interface Sightings {
  /** Reads of the file without our code, and reads of the ledger with the tracker. */
  reads: [number, number];
  /** Failed reads, with the reason. */
  torn: string[];
  /** `reader: before > after`. */
  shrunk: string[];
}

/** Between two reads: without a pause the reader would keep a core of the machine from the writers. */
const PAUSE_MS = 4;

const ledger = process.argv[2]!;
const sightings: Sightings = { reads: [0, 0], torn: [], shrunk: [] };
const most = [0, 0];
const told = new AbortController();
process.stdin.resume().on('end', () => told.abort());

function saw(reader: 0 | 1, count: number): void {
  sightings.reads[reader]++;
  if (count < most[reader]!) sightings.shrunk.push(`${reader === 0 ? 'file' : 'tracker'}: ${most[reader]} > ${count}`);
  most[reader] = Math.max(most[reader]!, count);
}

const tracker = new CostTracker({ ledger });
while (!told.signal.aborted) {
  // Once the file exists, it must never disappear.
  if (existsSync(ledger) || most[0]! > 0) {
    try {
      saw(0, countIn(ledger));
    } catch (error) {
      sightings.torn.push(String(error));
    }
  }
  const records = await tracker.read();
  if (tracker.state.health !== 'ok' && most[0]! > 0) sightings.torn.push(`tracker: ${tracker.state.health}`);
  saw(1, records.length);
  await wait(PAUSE_MS);
}
await tracker.close();
console.log(JSON.stringify(sightings));
