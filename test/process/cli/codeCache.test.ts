import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli, Sandbox } from './harness.ts';

/** The compiled code that is cached for the next run (src/cli/codeCache.ts). */

const run = promisify(execFile);

let sandbox: Sandbox;
let command: string;
let cache: string;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  command = cli;
  sandbox.env['XDG_CACHE_HOME'] = sandbox.file('cache');
  cache = sandbox.file('cache/llm-spend');
});
afterEach(() => sandbox.dispose());

async function record(env: Record<string, string> = {}): Promise<string> {
  const args = ['record', '--provider=openai', '--model=gpt-5', '--operation=o', '--input-tokens=1000000'];
  const options = { env: { ...sandbox.env, ...env } };
  const { stdout, stderr } = await run(process.execPath, [command, ...args, '--ledger', sandbox.ledger], options);
  expect(stderr).toBe('');
  return stdout;
}

/** The files of the cache. */
async function entries(): Promise<string[]> {
  const names = await readdir(cache).catch(() => []);
  return names.map((name) => path.join(cache, name));
}

const versions = async (): Promise<bigint[]> =>
  Promise.all((await entries()).map(async (file) => (await stat(file, { bigint: true })).mtimeNs));

it('is written by the first run for its owner alone, and used by the next', async () => {
  await record();
  const files = await entries();
  // The bundles of the one-shot record and of the prices.
  expect(files.map((file) => path.basename(file).replace(/-.*/, ''))).toEqual(['prices', 'record']);
  for (const file of [cache, ...files]) expect((await stat(file)).mode & 0o077).toBe(0);
  const before = await versions();
  expect(await record()).toContain('Recorded about $1.25');
  expect(await versions()).toEqual(before);
  expect(await sandbox.stored()).toHaveLength(2);
});

it('does no harm when it is damaged in any place, and is written again', async () => {
  await record();
  for (let round = 0; round < 10; round++) {
    const before = await versions();
    for (const file of await entries()) {
      const bytes = await readFile(file);
      for (let n = 0; n < 20; n++) {
        const at = (round * 7919 + n * 104_729 + 17) % bytes.length;
        bytes[at] = bytes[at]! ^ (1 << (n % 8));
      }
      await writeFile(file, round % 3 === 0 ? bytes.subarray(0, bytes.length - 100_000 * round) : bytes);
    }
    expect(await record()).toContain('Recorded about $1.25');
    expect(await versions()).not.toEqual(before);
  }
});

it('is not used for another source of the same length', async () => {
  command = sandbox.file('dist/cli.js');
  await cp(path.dirname(cli), path.dirname(command), { recursive: true });
  await record();
  const bundle = sandbox.file('dist/record.js');
  const source = await readFile(bundle, 'utf8');
  await writeFile(bundle, source.replaceAll('Recorded', 'Remember'));
  expect(await record()).toContain('Remember about $1.25');
});

it('is not used where others may write to it', async () => {
  await record();
  for (const file of await entries()) await chmod(file, 0o666);
  expect(await record()).toContain('Recorded about $1.25');
  for (const file of await entries()) expect((await stat(file)).mode & 0o077).toBe(0);
  await chmod(cache, 0o777);
  const before = await versions();
  expect(await record()).toContain('Recorded about $1.25');
  expect(await versions()).toEqual(before);
});

it('is not needed: the command works where nothing can be cached, and where caches of code are turned off', async () => {
  await mkdir(path.dirname(cache));
  await writeFile(cache, 'in the way');
  expect(await record()).toContain('Recorded about $1.25');
  const off = { XDG_CACHE_HOME: sandbox.file('other'), NODE_DISABLE_COMPILE_CACHE: '1' };
  expect(await record(off)).toContain('Recorded about $1.25');
  expect(existsSync(sandbox.file('other'))).toBe(false);
});
