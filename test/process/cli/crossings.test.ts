import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeBudgets } from '../../../src/budgets/budgetFile.ts';
import { openLedger } from '../../../src/library/index.ts';
import path from 'node:path';
import { PROGRAM_CACHE } from '../../fixtures/programCache.ts';
import { LONG } from '../../long.ts';
import { cli, Sandbox } from './harness.ts';

/** Many windows and commands reach a level together. Also part of the soak, with more rounds. */
const ROUNDS = Number(process.env['LLM_SPEND_SOAK_CROSSINGS'] ?? (LONG ? 60 : 5));
const WINDOWS = 8;
const COMMANDS = 4;
/** Of a window in this test; a minute in the product. */
const LEASE_MS = 600;
/** A window is killed this often, in a third of the rounds right after its claim. */
const KILLS_EACH = 3;

const windowScript = fileURLToPath(new URL('budgetWindow.ts', import.meta.url));

interface Message {
  budget: string;
  level: number;
  /** `window` or `command`. */
  from: string;
}

let sandbox: Sandbox;
const running = new Set<ChildProcess>();
const messages: Message[] = [];
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(async () => {
  await Promise.all([...running].map(end));
  await sandbox.dispose();
});

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });
}

/** Starts a process, and resolves when it follows the ledger. */
async function start(args: readonly string[], from: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, {
    env: { ...sandbox.env, ...PROGRAM_CACHE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  await new Promise<void>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const { budget, level, ready, event } = JSON.parse(line) as Record<string, unknown>;
      if (ready === true || event === 'start') resolve();
      if (typeof budget === 'string' && typeof level === 'number') messages.push({ budget, level, from });
    });
    child.once('close', () => resolve());
  });
  return child;
}

const startWindow = (): Promise<ChildProcess> =>
  start(['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', windowScript, String(LEASE_MS), '40'], 'window');
const startCommand = (): Promise<ChildProcess> => start([cli, 'watch', '--json'], 'command');

test(`${WINDOWS} windows and ${COMMANDS} commands reach a level together ${ROUNDS} times, with kills: one message each`, async () => {
  const config = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend');
  const ledger = openLedger({ ledger: path.join(config, 'costs.json'), pricing: false });
  const spend = (cost: number): Promise<unknown> =>
    ledger.track({ provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: cost });
  await spend(1);
  const windows = await Promise.all(Array.from({ length: WINDOWS }, startWindow));
  await Promise.all(Array.from({ length: COMMANDS }, startCommand));
  let killed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const name = `round-${round}`;
    const ofRound = (): Message[] => messages.filter(({ budget }) => budget === name);
    // Another name and amount each time: the crossing of this round has not happened before.
    await changeBudgets(
      () => [{ name, amount: String(round + 2), period: 'month', levels: [100] }],
      path.join(config, 'budgets.json'),
    );
    await spend(1);
    if (round % KILLS_EACH === 0) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      const victim = Math.floor(Math.random() * WINDOWS);
      await end(windows[victim]!);
      killed++;
      windows[victim] = await startWindow();
    }
    await expect.poll(ofRound, { interval: 10 }).not.toEqual([]);
    // Time for another message, which must not come: longer than the lease of a window that was killed.
    await new Promise((resolve) => setTimeout(resolve, round % KILLS_EACH === 0 ? LEASE_MS + 200 : 50));
    expect(ofRound().length, JSON.stringify(ofRound())).toBeLessThanOrEqual(round % KILLS_EACH === 0 ? 2 : 1);
  }
  await ledger.close();
  const once = Array.from(
    { length: ROUNDS },
    (_, round) => messages.filter(({ budget }) => budget === `round-${round}`).length,
  );
  console.log(
    `crossings: ${ROUNDS} rounds, ${killed} kills, ${messages.length} messages, ` +
      `${once.filter((count) => count === 2).length} twice, ${messages.filter(({ from }) => from === 'command').length} by commands`,
  );
  expect(once.every((count) => count >= 1)).toBe(true);
}, 3_600_000);
