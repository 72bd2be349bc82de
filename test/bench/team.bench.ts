/**
 * The first synchronisation with a team's ledger in PostgreSQL on this machine, compared with `COPY` of the rows that it makes into
 * equal tables: the least that a server can do with them.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CostTracker } from '../../src/library/index.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { query, TestServer } from '../fixtures/postgres.ts';
import { digits, section, table, timed } from './lib/measure.ts';
import { benchFolder, distribution, quick, short } from './lib/place.ts';
import { teamRecords } from './teamRecords.ts';

const COUNT = Number(process.env['LLM_SPEND_BENCH_RECORDS'] ?? (quick ? 20_000 : 1_000_000));
const folder = benchFolder('team');
const library = createRequire(import.meta.url)(join(distribution, 'index.js')) as { CostTracker: typeof CostTracker };

/** Wall clock and CPU time, s. The CPU time of the server's ended processes is included. */
interface Cost {
  wall: number;
  client: number;
  server: number;
}

/** CPU time of a process and of its children that have ended, s. */
function cpuOf(pid: number | 'self'): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

const TICKS_PER_SECOND = 100;

async function costOf(run: () => unknown): Promise<Cost> {
  const before = [cpuOf('self'), cpuOf(server.pid!)] as const;
  const wall = (await timed(run)) / 1000;
  // Until the server has noticed that its processes ended.
  await wait(300);
  const cost = { wall, client: cpuOf('self') - before[0], server: cpuOf(server.pid!) - before[1] };
  console.error(cost);
  return cost;
}

/** Runs `llm-spend sync` with a home folder of its own. */
function sync(ledger: string, args: readonly string[]): void {
  const env = {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    LLM_SPEND_LEDGER: ledger,
  };
  const { status, stderr } = spawnSync(process.execPath, [join(distribution, 'cli.js'), 'sync', ...args], { env });
  if (status !== 0) throw new Error(`sync ${args.join(' ')}: ${String(stderr)}`);
}

async function fill(ledger: string): Promise<void> {
  const tracker = new library.CostTracker({ ledger, pricing: false });
  const batch: UsageRecord[] = [];
  const adopt = (): Promise<unknown> =>
    tracker.adopt(batch.splice(0).map((record) => ({ record, text: JSON.stringify(record) })));
  for (const record of teamRecords(COUNT)) {
    batch.push(record);
    if (batch.length === 5_000) await adopt();
  }
  await adopt();
  await tracker.close();
}

const TABLES = ['series', 'rollup', 'summary_day', 'summary_hour', 'usage_key', 'record'];

/** Copies all rows of the team's ledger into equal tables of another database. @returns what COPY took. */
async function copyRows(name: string): Promise<Cost> {
  await server.query(`CREATE DATABASE ${name}`);
  const url = server.url(name);
  // The first record makes the tables.
  const empty = new library.CostTracker({ ledger: url, pricing: false });
  await empty.track({ provider: 'p', model: 'm', operation: 'o', cost_usd: 0 });
  await empty.close();
  for (const each of TABLES) await query(url, `DELETE FROM llm_spend.${each}`);
  const file = (each: string): string => join(server.folder, `${each}.copy`);
  for (const each of TABLES) await server.query(`COPY (SELECT * FROM llm_spend.${each}) TO '${file(each)}'`);
  return costOf(async () => {
    for (const each of TABLES) await query(url, `COPY llm_spend.${each} FROM '${file(each)}'`);
  });
}

const server = TestServer.make({ durable: true, settings: ['max_wal_size=4GB'] });
try {
  await server.start();
  const ledger = join(folder, 'costs.db');
  await fill(ledger);
  const first = await costOf(() => sync(ledger, ['--to', server.url()]));
  const copy = await copyRows('copied');
  const again = await costOf(() => sync(ledger, ['--full']));
  const nothing = await costOf(() => sync(ledger, []));
  const row = (name: string, { wall, client, server: served }: Cost): string[] => [
    name,
    ...[wall, client, served].map(digits),
    digits(wall / copy.wall),
  ];
  section(
    `A team: ${short(COUNT)} records sent to PostgreSQL on this machine`,
    'COPY reads the rows that the synchronisation made from files of the server, into tables with the same keys and indexes.',
    table(
      ['', 'seconds', 'CPU of the client', 'CPU of the server', 'x COPY'],
      [
        row('COPY of the same rows', copy),
        row('first `llm-spend sync`', first),
        row('comparing everything again (`sync --full`)', again),
        row('`sync` when nothing has changed', nothing),
      ],
    ),
  );
} finally {
  server.dispose();
}
