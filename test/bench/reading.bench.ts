/** Opening a ledger, reading it again after a foreign change, memory, and how long the event loop is blocked. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { CostTracker } from '../../src/library/index.ts';
import { Sample, digits, inTurns, section, table, timed, times } from './lib/measure.ts';
import { benchFolder, benchRecord, distribution, huge, ledgerOf, quick, short } from './lib/place.ts';

const SIZES = quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
/** Larger than the maximum JSON string, which is just under 512 MB. */
const HUGE = 1_500_000;

interface Opened {
  ms: number;
  records: number;
  /** Longest time during which a 1 ms timer did not run. */
  block: number;
  /** Peak of resident memory, bytes, and its value before. */
  peak: number;
  before: number;
  /** Time to the first answer, ms. */
  first: number;
}

const library = createRequire(import.meta.url)(join(distribution, 'index.js')) as { CostTracker: typeof CostTracker };
const self = fileURLToPath(import.meta.url);

/** Runs in a separate process: `reading.bench.ts --open PATH`, or `--parse PATH` for plain `JSON.parse`. */
async function open(path: string): Promise<Opened> {
  const before = process.memoryUsage().rss;
  const ledger = new library.CostTracker({ ledger: path });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.reset();
  const start = performance.now();
  const { records } = await ledger.refresh();
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  const first = await timed(() => ledger.summary());
  return { ms, records, block: delay.max / 1e6, peak: process.resourceUsage().maxRSS * 1024, before, first };
}

async function parse(path: string): Promise<Opened> {
  const before = process.memoryUsage().rss;
  let records = 0;
  const ms = await timed(() => (records = (JSON.parse(readFileSync(path, 'utf8')) as unknown[]).length));
  return { ms, records, block: ms, peak: process.resourceUsage().maxRSS * 1024, before, first: 0 };
}

function inChild(how: '--open' | '--parse', path: string): Opened {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', self, how, path],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (status !== 0) throw new Error(`reading ${path} failed`);
  return JSON.parse(stdout) as Opened;
}

async function opening(folder: string): Promise<void> {
  const rows: string[][] = [];
  for (const size of huge ? [...SIZES, HUGE] : SIZES) {
    const path = await ledgerOf(folder, `open-${short(size)}`, size);
    const bytes = statSync(path).size;
    const opened: Opened[] = [];
    const parses = size < HUGE;
    const turns = quick ? 3 : size > 100_000 ? 5 : 9;
    const at = await inTurns(turns, {
      bytes: () => timed(() => readBytes(path)),
      parse: () => (parses ? inChild('--parse', path).ms : Number.NaN),
      ours: () => {
        opened.push(inChild('--open', path));
        return opened.at(-1)!.ms;
      },
    });
    if (opened.some(({ records }) => records !== size)) throw new Error('not all records were read');
    const middle = (of: (one: Opened) => number): number => {
      const sample = new Sample();
      sample.values.push(...opened.map(of));
      return sample.p50;
    };
    rows.push([
      `${short(size)} (${digits(bytes / 1e6)} MB)`,
      digits(at.bytes.p50),
      parses ? digits(at.parse.p50) : 'cannot',
      digits(at.ours.p50),
      digits(at.ours.p95),
      digits(middle(({ block }) => block)),
      digits(Math.max(...opened.map(({ block }) => block))),
      `${digits(middle(({ peak }) => peak) / bytes)}x`,
      `${digits(middle(({ peak, before }) => peak - before) / bytes)}x`,
      digits(middle(({ first }) => first)),
    ]);
  }
  section(
    'Opening a ledger',
    'Milliseconds until the first `refresh()` has returned, in a new process. Blocked: the longest time for which a timer of 1 ms did not run. Memory: the peak of the resident set, as a multiple of the file; the last but one column excludes Node itself.',
    table(
      [
        'records',
        'reading the bytes',
        '`JSON.parse` of all',
        'refresh(): p50',
        'p95',
        'blocked: p50',
        'longest',
        'memory',
        'without Node',
        'first total',
      ],
      rows,
    ),
  );
}

let scratch = Buffer.alloc(0);

/** Reads into allocated memory, to measure reading and not the zeroing of pages. */
function readBytes(path: string): number {
  const { size } = statSync(path);
  if (scratch.length < size) scratch = Buffer.alloc(size);
  const fd = openSync(path, 'r');
  let at = 0;
  for (let count = -1; count !== 0 && at < size; at += count)
    count = readSync(fd, scratch, at, Math.min(size - at, 1 << 22), at);
  closeSync(fd);
  return at;
}

async function rereading(folder: string): Promise<void> {
  const rows: string[][] = [];
  for (const size of SIZES) {
    const path = await ledgerOf(folder, `again-${short(size)}`, size);
    const ledger = new library.CostTracker({ ledger: path });
    await ledger.refresh();
    let next = size;
    // Like another tool: rewrites the whole file with one more element, and renames it into place.
    const change = (): void => {
      const text = JSON.stringify(benchRecord(next++), undefined, 2).replaceAll('\n', '\n  ');
      const bytes = readFileSync(path);
      const end = bytes.lastIndexOf('\n]');
      writeFileSync(`${path}.new`, Buffer.concat([bytes.subarray(0, end), Buffer.from(`,\n  ${text}\n]`)]));
      renameSync(`${path}.new`, path);
    };
    const at = await inTurns(quick ? 5 : size > 100_000 ? 10 : 25, {
      bytes: () => {
        change();
        return timed(() => readBytes(path));
      },
      ours: async () => {
        change();
        const took = await timed(() => ledger.refresh());
        if (ledger.state.records !== next) throw new Error('the change was not seen');
        return took;
      },
      same: () => timed(() => ledger.refresh()),
    });
    await ledger.close();
    rows.push([
      short(size),
      digits(at.bytes.p50),
      digits(at.ours.p50),
      digits(at.ours.p95),
      times(at.ours, at.bytes),
      digits(at.same.p50),
    ]);
  }
  section(
    'Reading again after one foreign change',
    'Milliseconds of a `refresh()` after another program has rewritten the whole file with one more record, beside reading the bytes into allocated memory.',
    table(['records', 'reading the bytes: p50', 'refresh(): p50', 'p95', 'ratio', 'nothing changed: p50'], rows),
  );
}

const [how, path] = process.argv.slice(2);
if (how === '--open' || how === '--parse') {
  console.log(JSON.stringify(await (how === '--open' ? open : parse)(path!)));
} else {
  const folder = benchFolder('reading');
  await opening(folder);
  await rereading(folder);
}
