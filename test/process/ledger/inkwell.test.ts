import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LONG } from '../../long.ts';
import { MS, Writer, llmSpend, temporaryFolder, toll } from './harness.ts';
import { hasPython } from './python.ts';

const FIXTURE = fileURLToPath(new URL('./inkwell_writer.py', import.meta.url));

/** In the long form alone: its installation costs a quarter of the CPU time of all proofs of the ledger. */
const inkwellPython = LONG ? (await import('./inkwellInstall.ts')).inkwellPython : undefined;

/** The real inkwell, through its public class, with one process per twenty records: importing it takes longer than they do. */
const REAL = `
import sys
from pathlib import Path
from inkwell.utils.costs import CostTracker
tracker = CostTracker(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    tracker.add_cost("gemini", "gemini-2.5-flash", "transcription", 10000, 2000)
    print(tracker.usage_history[-1].usage_id, flush=True)
`;

/** How much longer the proof may take on a busy machine. */
const PATIENCE_MS = 60_000;

describe.skipIf(!hasPython)('beside programs that write the ledger in their own way', () => {
  let place: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (place = temporaryFolder('costs.json')));
  afterEach(() => place.dispose());

  it("loses nothing of ours beside four writers with inkwell's protocol", async () => {
    await beside(['python3', FIXTURE], 'fixture');
  });

  it.runIf(inkwellPython)('loses nothing of ours beside four real inkwell writers', async () => {
    await beside([inkwellPython!, '-c', REAL], 'inkwell-cli');
  });

  async function beside(foreign: string[], name: string): Promise<void> {
    writeFileSync(place.ledger, '[]');
    const acknowledged = new Set<string>();
    const theirs = new Set<string>();
    const stop = new AbortController();
    const foreigners = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) for (const id of await run(foreign, place.ledger, 20)) theirs.add(id);
    });
    const ours = Array.from({ length: 4 }, () => new Writer(place.ledger, acknowledged));
    const until = performance.now() + MS;
    // On a busy machine the proof runs longer: few records would prove nothing.
    const isShort = (): boolean => Math.min(acknowledged.size, theirs.size) <= 20;
    while (performance.now() < until || (isShort() && performance.now() < until + PATIENCE_MS)) await wait(50);
    await Promise.all(ours.map((writer) => writer.finish()));
    stop.abort();
    await Promise.all(foreigners);
    // Records displaced by a foreign writer in flight are still in a journal; the next commit restores them.
    expect(llmSpend(place.ledger, 'record', '--provider=claude', '--model=m', '--operation=extraction').code).toBe(0);
    const result = toll(place.ledger, acknowledged);
    const lost = toll(place.ledger, theirs).missing.length;
    console.log(`${name}: ${result.acknowledged} of ours, 0 expected missing; ${theirs.size} of theirs, ${lost} lost`);
    expect(result.acknowledged).toBeGreaterThan(20);
    expect(theirs.size).toBeGreaterThan(20);
    expect(result.missing).toEqual([]);
    expect(result.twice).toEqual([]);
    expect(readdirSync(place.folder).filter((file) => file.includes('.corrupt'))).toEqual([]);
    expect(llmSpend(place.ledger, 'verify').code).toBe(0);
    // inkwell can read the resulting file.
    execFileSync(foreign[0]!, [...foreign.slice(1), place.ledger, '1']);
    expect(toll(place.ledger, acknowledged).missing).toEqual([]);
    expect(readdirSync(place.folder).filter((file) => file.includes('.corrupt'))).toEqual([]);
    expect(join(place.folder, 'costs.json')).toBe(place.ledger);
  }
});

function run(command: string[], ledger: string, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, [...command.slice(1), ledger, String(count)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.on('close', () => resolve(output.split('\n').filter((line) => line !== '')));
  });
}
