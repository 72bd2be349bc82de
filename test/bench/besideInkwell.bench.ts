/**
 * Four real inkwell processes writing to one ledger, alone and beside four of ours: what inkwell loses, and how long ours wait.
 * Ours also make the machine busier and the ledger larger, which lengthens the moments in which inkwell overwrites itself. So
 * in a control ours are as busy in a ledger of their own, and inkwell's begins with half as many of ours as it had in the end.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { inkwellPython } from '../process/ledger/inkwellInstall.ts';
import { Writer, llmSpend } from '../process/ledger/harness.ts';
import { section, table } from './lib/measure.ts';
import { benchFolder, quick } from './lib/place.ts';

const WRITERS = 4;
const ROUNDS = quick ? 1 : 4;
const ROUND_MS = quick ? 4_000 : 12_000;
const POLL_MS = 25;

/** Each process adds five records, as a command of inkwell that makes several calls does, and prints their ids. */
const INKWELL = `
import sys
from pathlib import Path
from inkwell.utils.costs import CostTracker
tracker = CostTracker(Path(sys.argv[1]))
for _ in range(5):
    tracker.add_cost("gemini", "gemini-2.5-flash", "transcription", 10000, 2000)
    print(tracker.usage_history[-1].usage_id, flush=True)
`;

interface Round {
  theirs: number;
  lost: number;
  ours: number;
  oursMissing: number;
  /** ms from the acknowledgement until the record is in the file. */
  delays: number[];
}

const folder = benchFolder('beside-inkwell');

interface Setup {
  inkwells: number;
  writers: number;
  /** The content that inkwell's ledger begins with. */
  content?: string;
  /** Whether ours write to another ledger. */
  isApart?: boolean;
}

async function round(name: string, { inkwells, writers, content = '[]', isApart = false }: Setup): Promise<Round> {
  const ledger = join(folder, `${name}.json`);
  writeFileSync(ledger, content);
  const ownLedger = isApart ? join(folder, `${name}-own.json`) : ledger;
  if (isApart) writeFileSync(ownLedger, '[]');
  const theirs = new Set<string>();
  const acknowledged = new Set<string>();
  const waiting = new Map<string, number>();
  const delays: number[] = [];
  const stop = new AbortController();
  const foreign = Array.from({ length: inkwells }, async () => {
    while (!stop.signal.aborted) for (const id of await inkwell(ledger)) theirs.add(id);
  });
  const own = Array.from({ length: writers }, () => new Writer(ownLedger, acknowledged));
  const known = new Set<string>();
  const look = (): void => {
    const now = performance.now();
    for (const id of acknowledged) if (!known.has(id)) waiting.set(id, now);
    for (const id of waiting.keys()) known.add(id);
    const text = readFileSync(ownLedger, 'latin1');
    for (const [id, since] of waiting) {
      if (!text.includes(id)) continue;
      delays.push(now - since);
      waiting.delete(id);
    }
  };
  for (const until = performance.now() + ROUND_MS; performance.now() < until; await wait(POLL_MS)) look();
  await Promise.all(own.map((writer) => writer.finish()));
  stop.abort();
  await Promise.all(foreign);
  // Restores records that the last foreign writer displaced.
  if (writers > 0) llmSpend(ownLedger, 'record', '--provider=claude', '--model=m', '--operation=extraction');
  const text = readFileSync(ledger, 'latin1');
  const ownText = readFileSync(ownLedger, 'latin1');
  const missing = (ids: Iterable<string>, where: string): number => [...ids].filter((id) => !where.includes(id)).length;
  return {
    theirs: theirs.size,
    lost: missing(theirs, text),
    ours: acknowledged.size,
    oursMissing: missing(acknowledged, ownText),
    delays,
  };
}

/** A ledger with every second record of ours in another one. */
function halfOfOurs(name: string): string {
  const records = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as { provider: string }[];
  return JSON.stringify(
    records.filter(({ provider }) => provider !== 'gemini').filter((_, i) => i % 2 === 0),
    undefined,
    2,
  );
}

function inkwell(ledger: string): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn(inkwellPython!, ['-c', INKWELL, ledger], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.on('close', () => resolve(output.split('\n').filter((line) => line !== '')));
  });
}

function together(rounds: readonly Round[]): Round {
  return {
    theirs: rounds.reduce((sum, each) => sum + each.theirs, 0),
    lost: rounds.reduce((sum, each) => sum + each.lost, 0),
    ours: rounds.reduce((sum, each) => sum + each.ours, 0),
    oursMissing: rounds.reduce((sum, each) => sum + each.oursMissing, 0),
    delays: rounds.flatMap(({ delays }) => delays),
  };
}

function row(name: string, rounds: readonly Round[]): string[] {
  const { theirs, lost, ours, oursMissing, delays } = together(rounds);
  const shares = rounds.map((each) => (100 * each.lost) / each.theirs);
  const sorted = delays.sort((a, b) => a - b);
  const at = (part: number): string => {
    const delay = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    return delay === undefined ? '' : `${Math.round(delay)}`;
  };
  return [
    name,
    theirs === 0 ? '' : `${theirs}`,
    theirs === 0 ? '' : `${((100 * lost) / theirs).toFixed(0)} %`,
    theirs === 0 ? '' : `${Math.min(...shares).toFixed(0)} to ${Math.max(...shares).toFixed(0)} %`,
    ours === 0 ? '' : `${ours}`,
    ours === 0 ? '' : `${oursMissing}`,
    at(0.5),
    at(0.95),
  ];
}

if (inkwellPython === undefined) {
  section('Beside inkwell', 'Not measured: inkwell could not be installed.');
} else {
  const alone: Round[] = [];
  const beside: Round[] = [];
  const control: Round[] = [];
  const own: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    alone.push(await round(`alone-${i}`, { inkwells: WRITERS, writers: 0 }));
    beside.push(await round(`beside-${i}`, { inkwells: WRITERS, writers: WRITERS }));
    const content = halfOfOurs(`beside-${i}`);
    control.push(await round(`control-${i}`, { inkwells: WRITERS, writers: WRITERS, content, isApart: true }));
    own.push(await round(`own-${i}`, { inkwells: 0, writers: WRITERS }));
    process.stderr.write(`round ${i + 1} of ${ROUNDS}\n`);
  }
  section(
    'Beside inkwell',
    `${WRITERS} processes of inkwell write to a ledger, each in turn starting, adding five records and ending, alone and beside ` +
      `${WRITERS} of ours (\`record --stdin\`, each record after the acknowledgement of the one before), in turns of ` +
      `${ROUND_MS / 1000} s, ${ROUNDS} of each. A record of ours is durable when it is acknowledged; the delay, ms, is until it is in ` +
      'the file, too. In their own: ours are as busy in another ledger, and that of inkwell begins with half as many of ours.',
    table(
      ['', 'of inkwell', 'lost', 'by round', 'of ours', 'missing', 'delay p50', 'p95'],
      [row('inkwell alone', alone), row('both', beside), row('each in its own', control), row('ours alone', own)],
    ),
  );
}
