import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import * as nodeModule from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli, Sandbox } from './harness.ts';

/** The compiled code that Node keeps for the next run (`module.enableCompileCache`, Node 22.1 and later). */

const run = promisify(execFile);
const isCached = 'enableCompileCache' in nodeModule;

let sandbox: Sandbox;
let cache: string;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  sandbox.env['XDG_CACHE_HOME'] = sandbox.file('cache');
  cache = sandbox.file('cache/llm-spend');
});
afterEach(() => sandbox.dispose());

async function record(env: Record<string, string> = {}): Promise<string> {
  const args = ['record', '--provider=openai', '--model=gpt-5', '--operation=o', '--input-tokens=1000000'];
  const options = { env: { ...sandbox.env, ...env } };
  const { stdout, stderr } = await run(process.execPath, [cli, ...args, '--ledger', sandbox.ledger], options);
  expect(stderr).toBe('');
  return stdout;
}

/** The files in the cache. */
async function entries(): Promise<string[]> {
  const names = await readdir(cache, { recursive: true, withFileTypes: true }).catch(() => []);
  return names.filter((each) => each.isFile()).map((each) => path.join(each.parentPath, each.name));
}

it.runIf(isCached)('is kept by the first run for its owner alone, and used by the next', async () => {
  await record();
  const files = await entries();
  // The bundles of the one-shot record and of the prices.
  expect(files).toHaveLength(2);
  expect((await stat(cache)).mode & 0o077).toBe(0);
  const before = await Promise.all(files.map(async (file) => (await stat(file, { bigint: true })).mtimeNs));
  expect(await record()).toContain('Recorded $1.25');
  const after = await Promise.all(files.map(async (file) => (await stat(file, { bigint: true })).mtimeNs));
  expect(after).toEqual(before);
  expect(await sandbox.stored()).toHaveLength(2);
});

it.runIf(isCached)('does no harm when it is damaged in any place', async () => {
  await record();
  for (let round = 0; round < 10; round++) {
    for (const file of await entries()) {
      const bytes = await readFile(file);
      for (let n = 0; n < 20; n++) {
        const at = (round * 7919 + n * 104_729 + 17) % bytes.length;
        bytes[at] = bytes[at]! ^ (1 << (n % 8));
      }
      await writeFile(file, bytes);
    }
    expect(await record()).toContain('Recorded $1.25');
  }
});

it.runIf(isCached)('is not used where others may write to it', async () => {
  await mkdir(cache, { recursive: true });
  await chmod(cache, 0o777);
  expect(await record()).toContain('Recorded $1.25');
  expect(await entries()).toEqual([]);
});

it('is not needed: the command works where nothing can be kept, and where the cache is switched off', async () => {
  await mkdir(path.dirname(cache));
  await writeFile(cache, 'in the way');
  expect(await record()).toContain('Recorded $1.25');
  const off = { XDG_CACHE_HOME: sandbox.file('other'), NODE_DISABLE_COMPILE_CACHE: '1' };
  expect(await record(off)).toContain('Recorded $1.25');
  expect(await readdir(sandbox.file('other'), { recursive: true })).toEqual(['llm-spend']);
});
