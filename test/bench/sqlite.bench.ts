/**
 * The SQLite ledger at 1,000,000 records: opening, the first totals, every regrouping, a durable record beside a bare
 * insert, and what it all takes of memory: `node --expose-gc test/bench/sqlite.bench.ts [records]`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteLedger } from '../../src/ledger/sqlite/sqliteLedger.ts';
import { BUCKETS, DIMENSIONS, type AggregateQuery, type Calendar, type PageQuery } from '../../src/usage/query.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { sampleRecords, NOW } from './sampleRecords.ts';

const COUNT = Number(process.argv[2] ?? 1_000_000);
const calendar: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const folder = mkdtempSync(join(tmpdir(), 'llm-spend-bench-'));
const path = join(folder, 'costs.db');
const rows: [string, string][] = [];
const row = (name: string, value: string | number): void => {
  const text = typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value;
  rows.push([name, text]);
  console.error(`${name}: ${text}`);
};

/** How long `run` takes, the processor's time in it, and for how long at a time it kept others waiting, ms. */
async function timed<T>(run: () => Promise<T>): Promise<{ ms: number; cpu: number; blocked: number; result: T }> {
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
  const result = await run();
  const ms = performance.now() - start;
  ended = true;
  tick();
  const { user, system } = process.cpuUsage(before);
  return { ms, cpu: (user + system) / 1000, blocked, result };
}

function heap(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return (heapUsed + Math.max(arrayBuffers, external)) / 2 ** 20;
}

const query = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery => ({
  filter,
  groupBy,
  calendar,
});
const both = ({ ms, cpu, blocked }: { ms: number; cpu: number; blocked: number }): string =>
  `${ms.toFixed(0)} / ${cpu.toFixed(0)} / ${blocked.toFixed(0)}`;
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

try {
  const filling = new SqliteLedger({ ledger: path, pricing: false });
  const started = performance.now();
  let batch: UsageRecord[] = [];
  for (const record of sampleRecords(COUNT)) {
    batch.push(record);
    if (batch.length === 5_000) {
      await filling.adopt(batch.map((each) => ({ record: each, text: JSON.stringify(each) })));
      batch = [];
    }
  }
  if (batch.length > 0) await filling.adopt(batch.map((each) => ({ record: each, text: JSON.stringify(each) })));
  row('records', COUNT.toLocaleString('en-US'));
  row('fill it, records a second', Math.round(COUNT / ((performance.now() - started) / 1000)).toLocaleString('en-US'));
  const closing = await timed(() => filling.close());
  row('close, with the copy that is kept, ms', closing.ms);
  row('size, MB', statSync(path).size / 1e6);

  const before = heap();
  const ledger = new SqliteLedger({ ledger: path, pricing: false });
  const today = query([], { since: NOW - 86_400_000 });
  row('open and total of today, ms / processor / longest block', both(await timed(() => ledger.aggregate(today))));
  row('then total of all', both(await timed(() => ledger.aggregate(query([])))));
  // An end that was never asked for before, so that no kept answer is found.
  let asked = 0;
  const fresh = (groupBy: AggregateQuery['groupBy'], filter: AggregateQuery['filter'] = {}): AggregateQuery =>
    query(groupBy, { until: 8e15 - asked++, ...filter });
  const groupings: AggregateQuery['groupBy'][] = [
    ...[...DIMENSIONS, ...BUCKETS].map((each) => [each]),
    ['day', 'model'],
    ['month', 'project', 'model'],
    ['provider', 'model', 'operation'],
  ];
  for (const groupBy of groupings) {
    row(`by ${groupBy.join(' x ')}`, both(await timed(() => ledger.aggregate(fresh(groupBy)))));
  }
  const some = { values: { provider: ['provider-1', 'provider-2'], project: [null, 'project-7'] } };
  row('day x model of some', both(await timed(() => ledger.aggregate(fresh(['day', 'model'], some)))));
  row(
    'day x model of a search',
    both(await timed(() => ledger.aggregate(fresh(['day', 'model'], { search: 'model-1 project-2' })))),
  );
  row(
    'last 30 days, day x model',
    both(await timed(() => ledger.aggregate(fresh(['day', 'model'], { since: NOW - 30 * 86_400_000 })))),
  );
  const page = (sort: PageQuery['sort'], offset: number, filter: PageQuery['filter'] = {}): PageQuery => ({
    filter,
    sort,
    descending: true,
    offset,
    limit: 100,
  });
  for (const sort of ['time', 'cost', 'model'] as const) {
    row(`first page by ${sort}`, both(await timed(() => ledger.page(page(sort, 0)))));
  }
  row('first page of a search by cost', both(await timed(() => ledger.page(page('cost', 0, { search: 'model-3' })))));
  row('page in the middle by cost', both(await timed(() => ledger.page(page('cost', COUNT >> 1)))));
  row('the next one', both(await timed(() => ledger.page(page('cost', (COUNT >> 1) + 100)))));
  row('memory of all that, MB', heap() - before);

  const one = { provider: 'p', model: 'm', operation: 'o', input_tokens: 1000, output_tokens: 200, cost_usd: 0.01 };
  await ledger.aggregate(query(['month', 'model']));
  await ledger.track(one);
  row(
    'total after one new record',
    both(await timed(async () => (await ledger.refresh(), ledger.aggregate(query(['month', 'model']))))),
  );

  const bare = new DatabaseSync(join(folder, 'bare.db'));
  bare.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id TEXT PRIMARY KEY, text TEXT)');
  const insert = bare.prepare('INSERT INTO t VALUES (?, ?)');
  bare.exec('BEGIN');
  for (let i = 0; i < COUNT; i++) insert.run(crypto.randomUUID(), 'x'.repeat(400));
  bare.exec('COMMIT');
  const ours: number[] = [];
  const theirs: number[] = [];
  // The first ones are for the compiler.
  for (let i = -200; i < 600; i++) {
    let start = performance.now();
    insert.run(crypto.randomUUID(), JSON.stringify(one).padEnd(400));
    if (i >= 0) theirs.push(performance.now() - start);
    start = performance.now();
    await ledger.track(one);
    if (i >= 0) ours.push(performance.now() - start);
  }
  bare.close();
  row('a durable record, ms (median of 600)', median(ours));
  row('a bare SQLite insert, as durable, ms', median(theirs));
  row('ratio', median(ours) / median(theirs));
  await ledger.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`| SQLite ledger, ms (all / processor / longest block) | |\n|---|---:|`);
for (const [name, value] of rows) console.log(`| ${name} | ${value} |`);
