import { execFileSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Sandbox, type Result } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

/** Minutes after the start of the history. */
function git(minute: number, ...args: string[]): void {
  const date = `${Date.UTC(2026, 5, 1) / 1000 + minute * 60} +0000`;
  const env = { ...sandbox.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  execFileSync('git', ['-c', 'user.email=me@example.com', '-c', 'user.name=Me', ...args], {
    cwd: sandbox.folder,
    env,
    stdio: 'pipe',
  });
}

function use(minute: number, cost: string, branch: string): Promise<Result> {
  const time = new Date(Date.UTC(2026, 5, 1) + minute * 60_000).toISOString();
  const call = ['--provider', 'anthropic', '--model', 'claude-opus-5', '--operation', 'agent', '--cost-usd', cost];
  const place = ['--timestamp', time, '--project', path.basename(sandbox.folder), '--branch', branch];
  return sandbox.run(['record', ...call, ...place]);
}

async function history(): Promise<void> {
  git(0, 'init', '-q', '-b', 'main');
  git(0, 'commit', '-q', '--allow-empty', '-m', 'Start');
  git(1, 'checkout', '-q', '-b', 'ABC-7-cart');
  await use(5, '0.5', 'ABC-7-cart');
  await use(6, '1.25', 'ABC-7-cart');
  await appendFile(sandbox.file('work.txt'), 'work');
  git(10, 'add', 'work.txt');
  git(10, 'commit', '-q', '-m', 'Add the cart');
}

test('costs by commit and ticket, and their JSON', async () => {
  await history();
  const text = await sandbox.run(['costs', '--by', 'commit']);
  expect(text.stdout).toMatch(/^[0-9a-f]{10} Add the cart +2 .*\$1\.75$/m);
  const json = JSON.parse((await sandbox.run(['costs', '--by', 'commit,ticket', '--json'])).stdout) as object;
  expect(json).toMatchObject({
    by: ['commit', 'ticket'],
    groups: [
      {
        key: { commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string, ticket: 'ABC-7' },
        commit: { subject: 'Add the cart', author: 'Me', authored_at: '2026-06-01T00:10:00.000Z' },
        cost_nanos: '1750000000',
      },
    ],
  });
});

test('a receipt of the branch, as Markdown, and above a limit', async () => {
  await history();
  const markdown = await sandbox.run(['receipt', '--pr', '--format', 'markdown']);
  expect(markdown.code).toBe(0);
  expect(markdown.stdout).toContain('<!-- llm-spend receipt -->\n\n### LLM cost of `main..HEAD`: $1.75\n');
  const above = await sandbox.run(['receipt', '--max', '1.749999999', '--json']);
  expect([above.code, JSON.parse(above.stdout)]).toMatchObject([4, { over_max: true, range: 'main..HEAD' }]);
  expect((await sandbox.run(['receipt', '--max', '1.75'])).code).toBe(0);
});

test('wrong ranges, patterns and folders are refused with the reason', async () => {
  const outside = await sandbox.run(['receipt'], { env: { GIT_CEILING_DIRECTORIES: path.dirname(sandbox.folder) } });
  expect([outside.code, outside.stderr]).toEqual([1, expect.stringContaining('is not in a git repository')]);
  await history();
  expect((await sandbox.run(['receipt', 'nowhere'])).code).toBe(2);
  expect((await sandbox.run(['receipt', '--', '--output=x'])).code).toBe(2);
  expect((await sandbox.run(['costs', '--by', 'ticket', '--ticket-pattern', '('])).code).toBe(2);
  expect((await sandbox.run(['costs', '--by', 'block,commit'])).code).toBe(2);
});
