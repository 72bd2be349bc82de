import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cli, Running, Sandbox, type Result } from './harness.ts';

const agent = fileURLToPath(new URL('fakeAgent.mjs', import.meta.url));

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const agentWords = (options: object): string[] => [process.execPath, agent, JSON.stringify(options)];
const run = (flags: readonly string[], options: object, more?: Parameters<Sandbox['run']>[1]): Promise<Result> =>
  sandbox.run(['run', ...flags, '--', ...agentWords(options)], more);
const recorded = async (): Promise<Record<string, unknown>[]> => {
  const { stdout } = await sandbox.run(['export', '--format', 'json']);
  return JSON.parse(stdout) as Record<string, unknown>[];
};
const receipt = ({ stderr }: Result): Record<string, unknown> =>
  JSON.parse(stderr.trim().split('\n').at(-1)!) as Record<string, unknown>;
const logged = async (): Promise<string[]> => (await readFile(sandbox.file('log'), 'utf8')).trim().split('\n');

/** Whether a process runs. Where process 1 is no init, a process that has ended stays as a zombie. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('without reaching a limit', () => {
  test('the calls are recorded, and the receipt is one line on stderr', async () => {
    const result = await run([], { calls: 3 });
    expect(result).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^llm-spend: ~\$0\.30 \(3 calls, 67,998 tokens, [\d.]+ s\)\.\n$/) as string,
    });
    expect(await recorded()).toHaveLength(3);
  });

  test('stdin, stdout and the exit code are those of the command', async () => {
    const result = await run(['--budget', '1'], { stdin: true, exit: 42 }, { input: 'hello\n' });
    expect([result.code, result.stdout]).toEqual([42, 'hello\n']);
    expect(result.stderr).toMatch(/~\$0\.10 \(1 call, .*\); limit \$1\.00, \$0\.90 left\.\n$/);
  });

  test('a command that a signal ended is reported as shells do', async () => {
    expect((await run([], { kill: 'SIGKILL' })).code).toBe(137);
  });

  test('options behind the command belong to the command', async () => {
    const words = [process.execPath, '-e', 'console.log(process.argv.slice(1).join())', 'x', '--json', '--budget', '1'];
    expect(await sandbox.run(['run', ...words])).toMatchObject({ code: 0, stdout: 'x,--json,--budget,1\n' });
  });

  test('a run that reports nothing says so instead of $0.00', async () => {
    const { stderr, code } = await sandbox.run(['run', '--', process.execPath, '-e', '']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('No model call was reported')]);
  });

  test('with --json the receipt is JSON', async () => {
    const result = await run(['--json', '--budget', '1'], { calls: 2 });
    expect(receipt(result)).toMatchObject({
      command: 'run',
      exit_code: 0,
      signal: null,
      stopped: false,
      limit_reached: false,
      limit_nanos: '1000000000',
      spent_nanos: '199980000',
      unrecorded: 0,
      totals: { records: 2, cost_nanos: '199980000' },
    });
  });
});

describe('at the limit', () => {
  test('the command is ended with exit code 4, and at most the call in flight is over it', async () => {
    const result = await run(['--budget', '0.24'], { calls: 50, ms: 1500, log: sandbox.file('log') });
    expect(result.code).toBe(4);
    expect(result.stderr).toMatch(/warning: This run is near its limit: \$0\.20 of \$0\.24/);
    expect(result.stderr).toMatch(/~\$0\.30 \(3 calls, .*\); stopped at the limit of \$0\.24\.\n$/);
    // The third call reached the limit, so the fourth one was in flight.
    expect(await logged()).toEqual(['call 1', 'call 2', 'call 3', 'call 4', 'SIGTERM']);
    expect(await recorded()).toHaveLength(3);
  });

  test('processes that ignore SIGTERM are killed after the grace, those that the command started too', async () => {
    const options = { calls: 50, ms: 300, log: sandbox.file('log'), ignoresTerm: true, child: sandbox.file('child') };
    const before = performance.now();
    const result = await run(['--budget', '0.05', '--grace', '1', '--json'], options);
    expect(performance.now() - before).toBeGreaterThan(1_000);
    expect([result.code, receipt(result)]).toMatchObject([
      4,
      { signal: 'SIGKILL', stopped: true, limit_reached: true },
    ]);
    expect(await logged()).toContain('SIGTERM');
    const child = Number(await readFile(sandbox.file('child'), 'utf8'));
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  test('a call of unknown price is named, because the limit does not count it', async () => {
    const result = await run(['--budget', '0.05'], { model: 'no-such-model-1' });
    expect([result.code, result.stderr]).toEqual([0, expect.stringContaining('calls of unknown cost')]);
    expect(result.stderr).toContain('1 unpriced');
  });
});

test('signals are passed on', async () => {
  const child = spawn(
    process.execPath,
    [cli, 'run', '--', ...agentWords({ calls: 90, ms: 200, log: sandbox.file('log') })],
    {
      cwd: sandbox.folder,
      env: sandbox.env,
    },
  );
  const running = new Running(child);
  await expect.poll(() => existsSync(sandbox.file('log'))).toBe(true);
  child.kill('SIGINT');
  expect(await running.ended).toEqual({ code: 7, signal: null });
  expect(await logged()).toContain('SIGINT');
});

describe('a command that cannot run', () => {
  test.each([
    [['run'], 2, /missing required argument/i],
    [['run', '--', 'no-such-command-1'], 1, /There is no command "no-such-command-1"/],
    [['run', '--', '/'], 1, /cannot be started/],
    [['run', '--budget', 'two', '--', 'true'], 2, /--budget: must be a non-negative amount/],
    [['run', '--budget', '0', '--', 'true'], 2, /--budget: must be above 0/],
    [['run', '--grace', '-1', '--', 'true'], 2, /--grace/],
  ])('%j', async (args, code, reason) => {
    const result = await sandbox.run(args);
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(reason)]);
  });
});

describe('when something of ours fails', () => {
  test('a ledger that cannot be written: the command runs, the limit holds, and no call is lost', async () => {
    const ledger = path.join(sandbox.folder, 'sub', 'live.db');
    await mkdir(ledger, { recursive: true });
    const result = await run(['--budget', '0.15', '--ledger', ledger], {
      calls: 20,
      ms: 1500,
      log: sandbox.file('log'),
    });
    expect(result.code).toBe(4);
    const [, file = ''] = /could not be recorded \(.*\)\. Record them with: .* < (\S+)\n/.exec(result.stderr) ?? [];
    expect(await logged()).toEqual(['call 1', 'call 2', 'call 3', 'SIGTERM']);
    const again = await sandbox.run(['record', '--stdin'], { input: await readFile(file, 'utf8') });
    expect(again.code).toBe(0);
    expect((await recorded()).map(({ cost_usd: cost }) => cost)).toEqual([0.09999, 0.09999]);
  });

  test('a ledger that is locked for a while: the calls are in it in the end, and no file is left', async () => {
    const ledger = sandbox.file('live.db');
    await run(['--ledger', ledger], { calls: 1 });
    const lock = new DatabaseSync(ledger);
    lock.exec('BEGIN EXCLUSIVE');
    const running = run(['--ledger', ledger], { calls: 1, ms: 100, log: sandbox.file('log'), stdin: true });
    const kept = async (): Promise<string[]> =>
      (await readdir(sandbox.folder)).filter((name) => name.startsWith('unrecorded'));
    await expect.poll(kept).toHaveLength(1);
    lock.exec('ROLLBACK');
    lock.close();
    expect(await running).toMatchObject({ code: 0, stderr: expect.stringContaining('(1 call') as string });
    expect(await kept()).toEqual([]);
    const { stdout } = await sandbox.run(['export', '--format', 'json', '--ledger', ledger]);
    expect(JSON.parse(stdout)).toHaveLength(2);
  });
});

describe("the user's own settings", () => {
  test('Claude Code gets its exporter as settings too, because its own ones would win over the environment', async () => {
    const bin = sandbox.file('bin');
    await mkdir(bin);
    const script = `#!/bin/sh\necho "$1"; cat "$2"; ls -l "$2" | cut -c1-10; echo; echo "$3 $OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"\n`;
    await writeFile(path.join(bin, 'claude'), script);
    await chmod(path.join(bin, 'claude'), 0o755);
    const env = { PATH: `${bin}:${sandbox.env['PATH']}`, TMPDIR: sandbox.folder };
    const { stdout } = await sandbox.run(['run', '--', 'claude', 'hello'], { env });
    const [flag, settings = ''] = stdout.split('\n');
    const [, json = '', mode] = /^(\{.*\})(-\S+)$/.exec(settings) ?? [];
    const parsed = JSON.parse(json) as { env: Record<string, string> };
    expect([flag, mode]).toEqual(['--settings', '-rw-------']);
    expect(parsed.env['OTEL_LOGS_EXPORTER']).toBe('otlp');
    expect(stdout).toContain(`hello ${parsed.env['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT']}`);
    expect((await readdir(sandbox.folder)).filter((name) => name.startsWith('llm-spend-run-'))).toEqual([]);
  });

  test("the user's own collector receives everything too", async () => {
    const seen: string[] = [];
    const collector = createServer((request, response) => {
      seen.push(`${request.url} ${String(request.headers['x-key'])}`);
      request.resume().on('end', () => response.end());
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
    };
    await run([], { calls: 1 }, { env });
    await new Promise((resolve) => collector.close(resolve));
    expect(seen).toEqual(['/v1/logs a b']);
    expect(await recorded()).toHaveLength(1);
  });
});
