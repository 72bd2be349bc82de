import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, Sandbox } from './harness.ts';

/** Runs `llm-spend statusline` like Claude Code: stdin is a pipe that the caller writes to at its own pace. */

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const INPUT = { session_id: 's1', model: { display_name: 'Opus' }, cost: { total_cost_usd: 1.5 } };
const LINE = 'Opus · $1.50 session · $0.00 today\n';

/** Runs it with a stdin that `feed` writes to and ends. */
async function shown(
  feed: (stdin: NodeJS.WritableStream) => void | Promise<void>,
  args: readonly string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cli, 'statusline', ...args], { cwd: sandbox.folder, env: sandbox.env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await feed(child.stdin);
  child.stdin.end();
  return { code: await ended, stdout, stderr };
}

describe('statusline reads a stdin', () => {
  it('that comes late', async () => {
    const result = await shown(async (stdin) => {
      await delay(300);
      stdin.write(JSON.stringify(INPUT).slice(0, 10));
      await delay(50);
      stdin.write(JSON.stringify(INPUT).slice(10));
    });
    expect(result).toEqual({ code: 0, stdout: LINE, stderr: '' });
  });

  it('that is larger than a pipe holds', async () => {
    const large = { ...INPUT, padding: 'x'.repeat(1_000_000) };
    const result = await shown((stdin) => void stdin.write(JSON.stringify(large)));
    expect(result).toEqual({ code: 0, stdout: LINE, stderr: '' });
  });

  it('that is closed at once', async () => {
    const result = await shown(() => undefined);
    expect(result).toEqual({ code: 0, stdout: '$0.00 today\n', stderr: '' });
  });

  it('that is a folder', async () => {
    mkdirSync(sandbox.file('folder'));
    const folder = openSync(sandbox.file('folder'), 'r');
    const child = spawn(process.execPath, [cli, 'statusline'], {
      env: sandbox.env,
      stdio: [folder, 'pipe', 'pipe'],
    });
    closeSync(folder);
    let said = '';
    child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, said }).toEqual({ code: 0, said: '$0.00 today\n' });
  });

  it('but not for its help', async () => {
    const child = spawn(process.execPath, [cli, 'statusline', '--help'], { env: sandbox.env });
    const code = await new Promise((resolve) => child.on('close', resolve));
    child.stdin.destroy();
    expect(code).toBe(0);
  });
});

it('statusline reads no file outside the folder of the logs, however its name is written', async () => {
  const logs = path.join(sandbox.env['HOME'] ?? '', '.claude', 'projects');
  await mkdir(path.join(logs, 'p'), { recursive: true });
  const usage = { input_tokens: 100_000, output_tokens: 0 };
  const message = { id: 'm1', model: 'claude-opus-4-6', usage };
  const line = { timestamp: new Date().toISOString(), sessionId: 's1', requestId: 'r1', message };
  await writeFile(path.join(logs, '../x.jsonl'), `${JSON.stringify(line)}\n`);
  for (const name of [`${logs}/../x.jsonl`, `${logs}/p/../../x.jsonl`]) {
    const input = JSON.stringify({ session_id: 's1', transcript_path: name });
    const { stdout } = await sandbox.run(['statusline'], { input, env: { XDG_RUNTIME_DIR: sandbox.folder } });
    expect(stdout).toBe('$0.00 today\n');
    expect((await sandbox.run(['costs', '--json'])).stdout).toContain('"records":0');
  }
});
