import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stateFolder } from '../../../src/system/paths.ts';
import { Sandbox, type Result } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const budget = (...args: string[]): Promise<Result> => sandbox.run(['budget', ...args]);
const spend = (cost: string): Promise<Result> =>
  sandbox.run(['record', '--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', '--cost-usd', cost]);
const hook = (): Promise<Result> =>
  sandbox.run(['budget', 'hook', 'claude-code'], { input: '{"hook_event_name":"PreToolUse","tool_name":"Bash"}' });

test('check exits with 4 at the limit, and the JSON is exact', async () => {
  expect((await budget('check')).code).toBe(0);
  expect((await budget('set', 'all', '--amount', '10')).code).toBe(0);
  await spend('9.999999999');
  const below = await budget('check', 'all', '--json');
  expect(below.code).toBe(0);
  expect(JSON.parse(below.stdout)).toMatchObject({
    budgets: [{ name: 'all', spent: '9.999999999', left: '0.000000001', percent: 99.99, level: 80, over: false }],
  });
  await spend('0.000000001');
  const reached = await budget('check');
  expect([reached.code, reached.stdout]).toEqual([4, 'all: $10.00 of $10.00 this month (100 %)\n']);
});

test('an agent is told to finish near the limit, stopped at it, and may go on once', async () => {
  await budget('set', 'all', '--amount', '10');
  await spend('5');
  expect(await hook()).toMatchObject({ code: 0, stdout: '' });
  await spend('4');
  expect(JSON.parse((await hook()).stdout)).toMatchObject({
    systemMessage: expect.stringContaining('nearly used up') as string,
  });
  await spend('1');
  const denied = { hookSpecificOutput: { permissionDecision: 'deny' } };
  expect(JSON.parse((await hook()).stdout)).toMatchObject(denied);
  expect((await budget('allow', '--once')).code).toBe(0);
  expect(await hook()).toMatchObject({ code: 0, stdout: '' });
  expect(JSON.parse((await hook()).stdout)).toMatchObject(denied);
});

test('an answer that is repeated from the last hook is that of a full look', async () => {
  await budget('set', 'all', '--amount', '10');
  const kept = path.join(
    stateFolder({ platform: process.platform, env: sandbox.env, home: sandbox.env['HOME']! }),
    'budget-headroom.json',
  );
  const imported = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend', 'imported.db');
  for (const cost of ['8.5', '0.3', '1.2', '1']) {
    const usage = `--provider openai --model gpt-5 --operation chat --cost-usd ${cost}`.split(' ');
    await sandbox.run(['record', '--ledger', imported, ...usage]);
    const first = await hook();
    const inode = (await stat(kept)).ino;
    expect(await hook()).toEqual(first);
    // The file of a full look is a new one.
    expect((await stat(kept)).ino).toBe(inode);
    await rm(kept);
    expect(await hook()).toEqual(first);
  }
  expect((await hook()).stdout).toContain('$11.00 of $10.00');
  await budget('allow', '--once');
  expect(await hook()).toMatchObject({ code: 0, stdout: '' });
  expect((await hook()).stdout).toContain('"permissionDecision":"deny"');
});

test('an error of ours never stops an agent, and says so', async () => {
  await budget('set', 'all', '--amount', '10');
  await spend('20');
  await writeFile(path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend', 'budgets.json'), '{');
  expect(await hook()).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('nothing is stopped') as string,
  });
  expect(await budget('check')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not valid JSON') as string,
  });
});

test.each([
  [['set', 'x'], '--amount: is needed'],
  [['set', 'x', '--amount', '1,5'], '--amount: must be'],
  [
    ['set', 'x', '--amount', '5', '--period', 'once'],
    '--since: must be given with until for the period once, and for no other period.',
  ],
  [['set', 'x', '--amount', '5', '--levels', '50,x'], '--levels: must be percentages'],
  [['set'], 'needs the name'],
  [['explode'], 'is no action'],
  [['hook', 'vim'], 'needs an agent'],
  [['allow'], 'needs --once or --today'],
])('budget %j is refused', async (args, reason) => {
  const { code, stderr } = await budget(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
});

test('a permission that cannot be stored is refused with the reason', async () => {
  await budget('set', 'all', '--amount', '10');
  const config = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend');
  // A file in place of the folder: root may write into any folder.
  await writeFile(path.join(config, 'alerts'), '');
  expect(await budget('allow', '--once')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^llm-spend: The permission cannot be stored: E/) as string,
  });
  expect(await budget('check')).toMatchObject({ code: 0, stdout: 'all: $0.00 of $10.00 this month (0 %)\n' });
});

test('an entry that cannot be used is named by the hook and by costs', async () => {
  await spend('1');
  const file = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend', 'budgets.json');
  await writeFile(file, '[\n{"name":"all","amount":"ten","period":"day"}\n]');
  const named = expect.stringMatching(/budgets\.json, line 2: amount: must be an amount such as 50/) as string;
  expect(await hook()).toMatchObject({ code: 0, stdout: '', stderr: named });
  expect(await sandbox.run(['costs'])).toMatchObject({ code: 0, stdout: named });
});

test('costs and the status line say when a budget has reached a level', async () => {
  const statusline = async (): Promise<string> => (await sandbox.run(['statusline'], { input: '{}' })).stdout;
  await budget('set', 'far', '--amount', '1000');
  await budget('set', 'near', '--amount', '10');
  await spend('4');
  expect((await sandbox.run(['costs'])).stdout).not.toContain('Budget');
  expect(await statusline()).toBe('$4.00 today\n');
  await spend('4.50');
  expect((await sandbox.run(['costs'])).stdout).toContain('\n\nBudget near: $8.50 of $10.00 this month (85 %).\n\n');
  // A line is kept for a second, whatever changes.
  await expect.poll(statusline).toBe('$8.50 today · budget near 85 %\n');
  // A change of the budgets changes the line, although no record was added.
  await budget('set', 'near', '--amount', '8');
  await expect.poll(statusline).toBe('$8.50 today · budget near used up\n');
  expect((await sandbox.run(['costs'])).stdout).toContain('Budget near is used up: $8.50 of $8.00 this month (106 %).');
  const json = JSON.parse((await sandbox.run(['statusline', '--json'], { input: '{}' })).stdout) as object;
  expect(json).toMatchObject({ budget: { name: 'near', percent: 106.25, over: true } });
  // Budgets do not count a ledger that is named.
  expect((await sandbox.run(['costs', '--ledger', sandbox.file('other.json')])).stdout).not.toContain('Budget');
});

test('a damaged ledger makes sums a lower bound, and the hook says that it is damaged', async () => {
  await budget('set', 'all', '--amount', '10');
  await spend('6');
  await spend('6');
  const ledger = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend', 'costs.json');
  const { size } = await stat(ledger);
  await truncate(ledger, size - 40);
  const check = await budget('check');
  expect([check.code, check.stdout]).toEqual([3, 'all: at least $6.00 of $10.00 this month (60 %)\n']);
  expect(JSON.parse((await budget('check', '--json')).stdout)).toMatchObject({ budgets: [{ at_least: true }] });
  expect(await hook()).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('is damaged') as string });
});

test('an empty file of budgets is no file without budgets', async () => {
  await budget('set', 'all', '--amount', '10');
  const file = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend', 'budgets.json');
  await truncate(file, 0);
  for (const args of [['check'], ['set', 'all', '--amount', '20']]) {
    expect(await budget(...args)).toMatchObject({
      code: 1,
      stderr: `llm-spend: ${file} is empty. Correct it, or delete it.\n`,
    });
  }
});
