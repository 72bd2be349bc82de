import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CostTracker, type BudgetStatus } from '../../../src/library/index.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');

let folder: string;
let config: string;
let tracker: CostTracker;
const opened: CostTracker[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-tracker-'));
  config = path.join(folder, 'llm-spend');
  mkdirSync(config);
  for (const name of ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'HOME']) vi.stubEnv(name, folder);
  vi.stubEnv('LLM_SPEND_LEDGER', undefined);
  vi.stubEnv('TZ', 'UTC');
  tracker = open();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function open(ledger = path.join(config, 'costs.json')): CostTracker {
  const made = new CostTracker({ ledger, pricing: false, now: () => NOW });
  opened.push(made);
  return made;
}

const budgets = (...entries: object[]): void =>
  writeFileSync(path.join(config, 'budgets.json'), JSON.stringify(entries));
const spend = (cost: number | undefined, by = tracker): Promise<{ usage_id: string }> =>
  by.track({
    provider: 'a',
    model: 'b',
    operation: 'c',
    timestamp: '2026-11-20T11:00:00Z',
    ...(cost === undefined ? {} : { cost_usd: cost }),
  });

/** Follows the budgets, and resolves with the given number of events. */
function following(by = tracker): {
  reached: [string, number | undefined][];
  errors: string[];
  until: () => Promise<void>;
} {
  const reached: [string, number | undefined][] = [];
  const errors: string[] = [];
  let changed = (): void => undefined;
  by.onBudget(
    ({ name, level }) => {
      reached.push([name, level]);
      changed();
    },
    ({ message }) => {
      errors.push(message);
      changed();
    },
  );
  const until = (): Promise<void> => new Promise((resolve) => (changed = resolve));
  return { reached, errors, until };
}

it('without budgets there are none', async () => {
  expect(await tracker.budgets()).toEqual({ budgets: [], problems: [] });
});

it('tells the state to the nano-dollar, over this ledger and the imported one', async () => {
  budgets(
    { name: 'all', amount: '10', period: 'month' },
    { name: 'euro', amount: '5', period: 'day', currency: { currency: 'EUR', rate: '0.5' } },
  );
  await spend(1.000000001);
  await spend(7, open(path.join(config, 'imported.db')));
  await spend(undefined);
  expect(await tracker.budgets()).toEqual({
    problems: [],
    budgets: [
      {
        name: 'all',
        currency: 'USD',
        limit: '10',
        spent: '8.000000001',
        left: '1.999999999',
        percent: 80,
        level: 80,
        isOver: false,
        isAtLeast: true,
        scope: 'machine',
        asOf: undefined,
        since: '2026-11-01T00:00:00.000Z',
        until: '2026-12-01T00:00:00.000Z',
      } satisfies BudgetStatus,
      expect.objectContaining({ currency: 'EUR', limit: '5', spent: '4.0000000005', level: 80 }),
    ],
  });
});

it('names entries that cannot be used, and rejects for a file that is no list', async () => {
  writeFileSync(path.join(config, 'budgets.json'), '[\n  {"name": "all", "amount": "no", "period": "day"}\n]');
  const { problems } = await tracker.budgets();
  expect(problems).toEqual([expect.stringMatching(/budgets\.json, line 2: amount: must be an amount/)]);
  writeFileSync(path.join(config, 'budgets.json'), '[\n');
  await expect(tracker.budgets()).rejects.toThrow(/budgets\.json, line \d: this is not valid JSON/);
});

it('names a ledger that cannot be read in full, because a budget may be worse than it looks', async () => {
  budgets({ name: 'all', amount: '10', period: 'month' });
  writeFileSync(path.join(config, 'costs.json'), '[{"usage_id": ');
  const { problems } = await tracker.budgets();
  expect(problems).toEqual([expect.stringMatching(/costs\.json is damaged: /)]);
});

it('calls the listener once for each level, whichever tracker recorded, in every tracker', async () => {
  budgets({ name: 'all', amount: '10', period: 'month' });
  await spend(5);
  const other = open();
  const [one, two] = [following(), following(other)];
  await Promise.all([one.until(), two.until()]);
  const next = Promise.all([one.until(), two.until()]);
  const { usage_id } = await spend(4);
  await next;
  await tracker.flush();
  await tracker.remove([usage_id]);
  await spend(3, other);
  const last = Promise.all([one.until(), two.until()]);
  await spend(3);
  await last;
  const levels = [50, 80, 100].map((level) => ['all', level]);
  expect([one.reached, two.reached, one.errors]).toEqual([levels, levels, []]);
});

it('tells once why budgets cannot be checked, and goes on', async () => {
  writeFileSync(path.join(config, 'budgets.json'), '{');
  const { reached, errors, until } = following();
  await until();
  expect(errors).toEqual([expect.stringContaining('this is not valid JSON')]);
  budgets({ name: 'all', amount: '10', period: 'month' });
  const event = until();
  await spend(20);
  await event;
  expect([reached, errors.length]).toEqual([[['all', 100]], 1]);
});

it('an event that was disposed of is not called, and a closed tracker has no budgets', async () => {
  budgets({ name: 'all', amount: '10', period: 'month' });
  const called: string[] = [];
  tracker.onBudget(({ name }) => called.push(name)).dispose();
  const { until } = following();
  const seen = until();
  await spend(10);
  await seen;
  expect(called).toEqual([]);
  await tracker.close();
  await expect(tracker.budgets()).rejects.toThrow('This tracker is closed.');
});
