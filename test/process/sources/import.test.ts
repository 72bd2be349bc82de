import { spawn } from 'node:child_process';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeClaudeTree } from '../../fixtures/claudeTree.ts';
import { cli, Sandbox } from '../cli/harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  writeClaudeTree(sandbox.env['HOME']!, { entries: 20_000, files: 20, text: 300 });
});
afterEach(() => sandbox.dispose());

interface Report {
  added: number;
  updated: number;
  sources: { files: number; unchanged: number }[];
}

async function imported(): Promise<Report> {
  const { stdout, code } = await sandbox.run(['import', 'claude-code', '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

/** The contents of the ledger: all sums, by model. */
async function sums(): Promise<unknown> {
  const { stdout } = await sandbox.run(['costs', '--by', 'month,model,project', '--json']);
  return (JSON.parse(stdout) as { groups: unknown }).groups;
}

/** Runs an import and kills it once it has stored something, or some time later. */
async function killedImport(afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [cli, 'import', 'claude-code', '--json', '--progress'], {
    env: sandbox.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stderr.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs));
  await ended;
}

test('two at once, and again, are one', async () => {
  const reports = await Promise.all([imported(), imported(), imported()]);
  expect(reports.reduce((sum, { added }) => sum + added, 0)).toBe(10_000);
  const before = await sums();
  const again = await imported();
  expect(again).toMatchObject({ added: 0, updated: 0 });
  // Of several that save how far they read, the last one wins: a file may be read once more, but then no more.
  expect((await imported()).sources[0]).toMatchObject({ files: 20, unchanged: 20 });
  expect(await sums()).toEqual(before);
});

test('killed at any moment, the next one does the rest, and nothing twice', async () => {
  for (const afterMs of [0, 30, 100, 250]) await killedImport(afterMs);
  await imported();
  const after = await sums();
  const config = path.join(sandbox.env['XDG_CONFIG_HOME']!, 'llm-spend');
  await rm(config, { recursive: true, force: true });
  expect(await imported()).toMatchObject({ added: 10_000 });
  expect(await sums()).toEqual(after);
});

test('a copy of the logs from another machine adds nothing, and costs say where they come from', async () => {
  await imported();
  const copy = sandbox.file('backup');
  writeClaudeTree(copy, { entries: 20_000, files: 20, text: 10 });
  const place = `claude-code=${path.join(copy, '.claude', 'projects')}`;
  const { stdout } = await sandbox.run(['import', place, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ added: 0, updated: 0 });
  const { stdout: recent } = await sandbox.run(['costs', '--recent', '1', '--json']);
  const [row] = (JSON.parse(recent) as { recent: { record: Record<string, unknown> }[] }).recent;
  expect(row!.record).toMatchObject({ billing_mode: 'estimated', source: 'claude-code-log', tool_version: '2.1.3' });
  expect(row!.record['price_source']).toMatch(/^genai-prices /);
});

test('the status line follows its session, and is shown again without opening a ledger', async () => {
  const log = path.join(sandbox.env['HOME']!, '.claude', 'projects', '-home-me-live', 'live.jsonl');
  await mkdir(path.dirname(log), { recursive: true });
  const line = (n: number): string =>
    `${JSON.stringify({
      timestamp: new Date().toISOString(),
      sessionId: 'live',
      requestId: `r${n}`,
      message: { id: `live_${n}`, model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } },
    })}\n`;
  await appendFile(log, line(1));
  const input = JSON.stringify({ session_id: 'live', transcript_path: log, model: { display_name: 'Opus\u001B[31m' } });
  const env = { XDG_RUNTIME_DIR: sandbox.folder };
  const show = async (): Promise<string> => (await sandbox.run(['statusline'], { input, env })).stdout;
  expect(await show()).toMatch(
    /^Opus␛\[31m · \$0\.50 session · \$0\.50 today · \$0\.50 block, \d(h \d\d)?m? ?.*left, \$[\d.,]+\/h\n$/,
  );
  await appendFile(log, line(2));
  const { stdout } = await sandbox.run(['statusline', '--json'], { input, env });
  expect(JSON.parse(stdout)).toMatchObject({ session: { records: 2, cost_usd: 1 } });
});

test('all names the tools that were used here and leave no counts', async () => {
  await mkdir(path.join(sandbox.env['HOME']!, '.codeium', 'windsurf'), { recursive: true });
  const said = 'Windsurf leaves no token counts on this machine. The plan page at windsurf.com shows its usage.';
  expect((await sandbox.run(['import', 'all', '--dry-run'])).stderr).toContain(said);
  expect((await sandbox.run(['import', 'all', '--dry-run', '--json'])).stderr).toBe('');
  expect((await sandbox.run(['import', 'claude-code', '--dry-run'])).stderr).not.toContain('Windsurf');
});
