/**
 * Compares both stores: opening, first totals, regroupings, pages, a durable record compared with a bare SQLite insert, and
 * memory. Each ledger runs in a separate process.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { MAX_ROWS, MAX_SERIES } from '../../media/model/questions.ts';
import type { CostTracker } from '../../src/library/index.ts';
import { DIMENSIONS } from '../../src/usage/dimensions.ts';
import { BUCKETS, type AggregateQuery, type Calendar, type PageQuery } from '../../src/usage/query.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { Sample, digits, section, table, times } from './lib/measure.ts';
import { benchFolder, builds, distribution, quick, short, usage } from './lib/place.ts';
import { NOW, sampleRecords } from './sampleRecords.ts';

const SIZES = quick ? [20_000] : [100_000, 1_000_000];
/** In the child: the measurement to run. */
const [, , mode, path = '', sizeText = '', from = distribution] = process.argv;
/** `total / CPU / longest block`, or a single figure, per measurement. */
type Figures = [name: string, value: string][];

const calendar: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const library = createRequire(import.meta.url)(join(from, 'index.js')) as { CostTracker: typeof CostTracker };

/** Duration of `run`, its CPU time, and its longest block of the event loop, ms. */
async function timed(run: () => Promise<unknown>): Promise<string> {
  const before = process.cpuUsage();
  let last = performance.now();
  let blocked = 0;
  let ended = false;
  const tick = (): void => {
    const now = performance.now();
    blocked = Math.max(blocked, now - last);
    last = now;
    if (!ended) setImmediate(tick);
  };
  setImmediate(tick);
  const start = performance.now();
  await run();
  const ms = performance.now() - start;
  ended = true;
  tick();
  const { user, system } = process.cpuUsage(before);
  return [ms, (user + system) / 1000, blocked].map((each) => each.toFixed(0)).join(' / ');
}

/** Retained memory in MB. Memory outside the heap is freed only after the collection that finds it unused. */
async function held(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return (heapUsed + Math.max(arrayBuffers, external)) / 2 ** 20;
}

const query = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery => ({
  filter,
  groupBy,
  calendar,
});

/** Like the panel: limits the rows of a table and the series of a chart, and folds the others into one. */
const asShown = (asked: AggregateQuery): AggregateQuery => ({
  ...asked,
  top: { count: asked.groupBy.length === 1 ? MAX_ROWS : MAX_SERIES, by: 'cost' },
});

/** A JSON ledger as other programs write it; a database as a migration fills it. */
async function fillLedger(count: number): Promise<Figures> {
  const start = performance.now();
  const figures: Figures = [];
  if (path.endsWith('.json')) {
    await writeArray(count);
  } else {
    const ledger = new library.CostTracker({ ledger: path, pricing: false });
    const batch: UsageRecord[] = [];
    const adopt = (): Promise<unknown> =>
      ledger.adopt(batch.splice(0).map((record) => ({ record, text: JSON.stringify(record) })));
    for (const record of sampleRecords(count)) {
      batch.push(record);
      if (batch.length === 5_000) await adopt();
    }
    await adopt();
    figures.push(['records taken over a second', digits(count / ((performance.now() - start) / 1000))]);
    figures.push(['close, with the copy that is kept', await timed(() => ledger.close())]);
  }
  figures.push(['size, MB', digits(statSync(path).size / 1e6)]);
  return figures;
}

async function writeArray(count: number): Promise<void> {
  const file = await open(path, 'w');
  let text = '';
  let before = '[\n';
  for (const record of sampleRecords(count)) {
    text += before + JSON.stringify(record);
    before = ',\n';
    if (text.length < 1 << 20) continue;
    await file.write(text);
    text = '';
  }
  await file.write(`${text}\n]\n`);
  await file.close();
}

async function measure(count: number): Promise<Figures> {
  const figures: Figures = [];
  const add = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    figures.push([name, await timed(run)]);
  };
  const before = await held();
  const ledger = new library.CostTracker({ ledger: path, pricing: false });
  await add('open, total of today', () => ledger.aggregate(query([], { since: NOW - 86_400_000 })));
  await add('then the total of all', () => ledger.aggregate(query([])));

  // An end time that was never used before, so that no cached answer is found.
  let asked = 0;
  const fresh = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery =>
    asShown(query(groupBy, { until: 8e15 - asked++, ...filter }));
  const groupings: AggregateQuery['groupBy'][] = [
    ...[...DIMENSIONS, ...BUCKETS].map((each) => [each]),
    ['day', 'model'],
    ['month', 'project', 'model'],
    ['provider', 'model', 'operation'],
  ];
  for (const groupBy of groupings) {
    await add(`by ${groupBy.join(' x ')}`, () => ledger.aggregate(fresh(groupBy)));
  }
  const dayByModel = (filter: AggregateQuery['filter']) => () => ledger.aggregate(fresh(['day', 'model'], filter));
  const some = { values: { provider: ['provider-1', 'provider-2'], project: [null, 'project-7'] } };
  await add('day x model of some', dayByModel(some));
  await add('day x model of a search', dayByModel({ search: 'model-1 project-2' }));
  await add('day x model of 30 days', dayByModel({ since: NOW - 30 * 86_400_000 }));

  const page = (sort: PageQuery['sort'], offset: number, filter: PageQuery['filter'] = {}) => {
    return () => ledger.page({ filter, sort, descending: true, offset, limit: 100 });
  };
  for (const sort of ['time', 'cost', 'model'] as const) await add(`first page by ${sort}`, page(sort, 0));
  await add('first page of a search by cost', page('cost', 0, { search: 'model-3' }));
  await add('page in the middle by cost', page('cost', count >> 1));
  await add('the next one', page('cost', (count >> 1) + 100));
  figures.push(['memory of all that, MB', digits((await held()) - before)]);

  await ledger.aggregate(query(['month', 'model']));
  await ledger.track(usage);
  await add('total after one new record', async () => {
    await ledger.refresh();
    await ledger.aggregate(query(['month', 'model']));
  });
  figures.push(...(await durable(ledger, count)));
  await ledger.close();
  return figures;
}

/** Compares a record with a bare insert, as durable, into a database of the same size, alternately. */
async function durable(ledger: CostTracker, count: number): Promise<Figures> {
  const settings = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL';
  const filled = new DatabaseSync(`${path}.bare`);
  filled.exec(`${settings}; CREATE TABLE t (id TEXT PRIMARY KEY, text TEXT); BEGIN`);
  const fill = filled.prepare('INSERT INTO t VALUES (?, ?)');
  for (let i = 0; i < count; i++) fill.run(crypto.randomUUID(), 'x'.repeat(400));
  filled.exec('COMMIT');
  // Reopened like ours: otherwise the log of the large transaction would have preallocated space for everything that follows.
  filled.close();
  const bare = new DatabaseSync(`${path}.bare`);
  bare.exec(settings);
  const insert = bare.prepare('INSERT INTO t VALUES (?, ?)');
  const ours = new Sample();
  const theirs = new Sample();
  // The first iterations let the compiler optimise.
  for (let i = -200; i < 600; i++) {
    let start = performance.now();
    insert.run(crypto.randomUUID(), JSON.stringify(usage).padEnd(400));
    if (i >= 0) theirs.values.push(performance.now() - start);
    start = performance.now();
    await ledger.track(usage);
    if (i >= 0) ours.values.push(performance.now() - start);
  }
  bare.close();
  return [
    ['a durable record, p50', digits(ours.p50)],
    ['a bare SQLite insert, p50', digits(theirs.p50)],
    ['**ratio**', `**${times(ours, theirs)}**`],
  ];
}

interface Measured {
  ledger: string;
  size: number;
  distribution: string;
}

const self = fileURLToPath(import.meta.url);

function inChild(how: 'fill' | 'measure', { ledger, size, distribution: dist }: Measured): Figures {
  const quiet = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];
  const { stdout, status } = spawnSync(
    process.execPath,
    [...quiet, '--expose-gc', '--max-old-space-size=8192', self, how, ledger, String(size), dist],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${how} ${ledger} failed`);
  return JSON.parse(stdout) as Figures;
}

if (mode === 'fill' || mode === 'measure') {
  const size = Number(sizeText);
  console.log(JSON.stringify(await (mode === 'fill' ? fillLedger(size) : measure(size))));
} else {
  const folder = benchFolder('stores');
  const columns = SIZES.flatMap((size) =>
    ['SQLite', 'JSON'].flatMap((store) => builds.map((build) => ({ size, store, ...build }))),
  );
  const ledgers = columns.map(({ size, store, suffix, distribution: dist }): Measured => {
    const ledger = join(folder, `${store}-${size}${suffix}`, store === 'JSON' ? 'costs.json' : 'costs.db');
    mkdirSync(dirname(ledger));
    return { ledger, size, distribution: dist };
  });
  const measured = ledgers.map((each) => new Map([...inChild('fill', each), ...inChild('measure', each)]));
  const names = new Set(measured.flatMap((figures) => [...figures.keys()]));
  section(
    'Both stores',
    'Milliseconds: in all / of the processor / the longest time for which nothing else could run. Each ledger in a new ' +
      'process; memory is what it holds on to after a garbage collection.',
    table(
      ['records', ...columns.map(({ size, store, suffix }) => `${short(size)}, ${store}${suffix}`)],
      [...names].map((name) => [name, ...measured.map((figures) => figures.get(name) ?? '')]),
    ),
  );
}
