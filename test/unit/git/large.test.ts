import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageTable } from '../../../src/columns/table.ts';
import { gitGroups, NOT_ATTRIBUTED, type GitAnswers } from '../../../src/git/gitGroups.ts';
import { GitRepositories } from '../../../src/git/repositories.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { LONG } from '../../long.ts';
import { makeHistory } from '../../fixtures/gitHistory.ts';
import { quietGit, World } from './world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** CPU time of this thread, ms: other processes do not affect it. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The most CPU time, ms, that `work` used without letting the event loop turn. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = cpu();
  let isDone = false;
  const tick = (): void => {
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  isDone = true;
  return longest;
}

test.each(LONG ? [10_000, 100_000] : [10_000])('%i commits are read once, then only new ones', async (count) => {
  makeHistory(world.path('site'), count, quietGit(world.folder));
  const folder = world.path('site');
  const options = { keptIn: world.path('kept') };
  const now = Date.UTC(2024, 0, 1) + count * 600_000;
  const table = new UsageTable();
  const ledger = table.addLedger('costs');
  for (let i = 0; i < 5000; i++) {
    const at = Date.UTC(2024, 0, 1) + Math.floor((i / 5000) * count) * 600_000 - 1000;
    const record = { usage_id: `u${i}`, provider: 'a', model: 'm', operation: 'o', cost_usd: 0.01, cost_known: true };
    const time = {
      timestamp: new Date(at).toISOString(),
      project: 'site',
      branch: i % 2 === 0 ? null : 'ABC-7-topic',
    };
    table.add(ledger, { ...record, ...time, input_tokens: 1, output_tokens: 1, total_tokens: 2 } as UsageRecord, i);
  }
  const answer = async (repositories: GitRepositories): Promise<Awaited<ReturnType<typeof gitGroups>>> => {
    const { repositories: read } = await repositories.read([folder]);
    const query = { filter: {}, groupBy: ['commit' as const], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
    const answers: GitAnswers = {
      aggregate: (asked) => table.aggregateSliced(asked, () => new Promise(setImmediate)),
      page: async () => ({ total: 0, rows: [] }),
    };
    return gitGroups(answers, read, query, now);
  };
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = cpu();
    await work();
    return cpu() - start;
  };

  const repositories = new GitRepositories(options);
  const first = await timed(() => answer(repositories));
  const groups = await answer(repositories);
  expect(groups.reduce((sum, { totals }) => sum + totals.records, 0)).toBe(5000);
  expect(groups.at(-1)?.key).toEqual([NOT_ATTRIBUTED]);
  await repositories.settle();
  const again = await timed(() => repositories.read([folder]));
  const other = new GitRepositories(options);
  const kept = await timed(() => other.read([folder]));
  appendFileSync(path.join(folder, 'new.txt'), 'new');
  world.now = now;
  world.git('site', 'read-tree', 'HEAD');
  world.git('site', 'add', 'new.txt');
  world.git('site', 'commit', '-q', '-m', 'new');
  const fresh = await timed(() => repositories.read([folder]));
  const blocked = await longestBlock(() => answer(new GitRepositories(options)));
  const figures = { first, again, kept, fresh, blocked };
  console.log(count, Object.fromEntries(Object.entries(figures).map(([name, ms]) => [name, Math.round(ms)])));
  expect(again).toBeLessThan(first / 3);
  // CPU time, which a busy machine can double. Measured at load: 590, 18, 285, 255 and 37 ms.
  const scale = count / 10_000;
  expect(first).toBeLessThan(2_000 * scale);
  expect(again).toBeLessThan(100 * scale);
  expect(kept).toBeLessThan(1_000 * scale);
  expect(fresh).toBeLessThan(1_000 * scale);
  expect(blocked).toBeLessThan(150 * scale);
});
