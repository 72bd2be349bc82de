import { chmod, cp, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli, Sandbox } from './harness.ts';

/** The code that V8 made of the command's parts, kept for the next run. */

const run = promisify(execFile);

let sandbox: Sandbox;
let command: string;
let cache: string;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  // A copy that a test may change.
  command = sandbox.file('dist/cli.js');
  await cp(path.dirname(cli), path.dirname(command), { recursive: true });
  sandbox.env['XDG_CACHE_HOME'] = sandbox.file('cache');
  cache = sandbox.file('cache/llm-spend');
});
afterEach(() => sandbox.dispose());

async function record(env: Record<string, string> = {}): Promise<string> {
  const args = ['record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=1', '--ledger', sandbox.ledger];
  const { stdout, stderr } = await run(process.execPath, [command, ...args], { env: { ...sandbox.env, ...env } });
  expect(stderr).toBe('');
  return stdout;
}

async function kept(): Promise<string> {
  const [name = ''] = await readdir(cache);
  return path.join(cache, name);
}

const version = async (): Promise<bigint> => (await stat(await kept(), { bigint: true })).mtimeNs;

it('is kept by the first run, for its owner alone, and used by the next', async () => {
  await record();
  const before = await version();
  expect((await stat(await kept())).mode & 0o777).toBe(0o600);
  expect(await record()).toContain('Recorded $1.00');
  expect(await version()).toBe(before);
  expect(await sandbox.stored()).toHaveLength(2);
});

it('is not used for another source of the same length', async () => {
  await record();
  const part = path.join(path.dirname(command), 'record.js');
  const source = await readFile(part, 'utf8');
  await writeFile(part, source.replaceAll('Recorded ', 'Remember '));
  expect(await record()).toContain('Remember $1.00');
});

it.each<[string, (file: string) => Promise<void>]>([
  ['cut off', async (file) => truncate(file, Math.floor((await stat(file)).size * 0.9))],
  ['emptied', (file) => truncate(file, 0)],
  ['something else', (file) => writeFile(file, 'x'.repeat(500_000))],
  ['for others to write', (file) => chmod(file, 0o666)],
])('is made anew when it is %s', async (_, spoil) => {
  await record();
  const before = await version();
  await spoil(await kept());
  expect(await record()).toContain('Recorded $1.00');
  expect(await version()).not.toBe(before);
  expect((await stat(await kept())).mode & 0o777).toBe(0o600);
});

it('is not needed: where nothing can be kept, and where it is switched off, all goes on as ever', async () => {
  await mkdir(path.dirname(cache));
  await writeFile(cache, 'in the way');
  expect(await record()).toContain('Recorded $1.00');
  expect(await record({ XDG_CACHE_HOME: sandbox.file('other'), NODE_DISABLE_COMPILE_CACHE: '1' })).toContain(
    'Recorded',
  );
  expect(await readdir(sandbox.folder)).not.toContain('other');
});

it('of an import with something to read serves every other command, and theirs serves it', async () => {
  let said = 0;
  const log = sandbox.file('agent/projects/p/s.jsonl');
  await mkdir(path.dirname(log), { recursive: true });
  const importNew = async (): Promise<void> => {
    const usage = { input_tokens: 10, output_tokens: 5 };
    const message = { id: `m${++said}`, model: 'claude-sonnet-4-5', usage };
    const line = { timestamp: '2026-11-20T10:00:00.000Z', version: '2.1.0', requestId: 'r', message };
    await writeFile(log, `${JSON.stringify(line)}\n`, { flag: 'a' });
    const env = { ...sandbox.env, CLAUDE_CONFIG_DIR: sandbox.file('agent') };
    const { stdout } = await run(process.execPath, [command, 'import', 'claude-code', '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ added: 1 });
  };
  const versions = async (): Promise<Record<string, bigint>> => {
    const names = await readdir(cache);
    const stats = await Promise.all(names.map((name) => stat(path.join(cache, name), { bigint: true })));
    return Object.fromEntries(names.map((name, i) => [name.replace(/-.*/, ''), stats[i]!.mtimeNs]));
  };
  await importNew();
  const first = await versions();
  expect(Object.keys(first).sort()).toEqual(['commands', 'import', 'prices']);
  await importNew();
  await run(process.execPath, [command, 'costs', '--ledger', sandbox.ledger], { env: sandbox.env });
  await importNew();
  expect(await versions()).toEqual(first);
});
