import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watchLedger } from '../../../src/system/watch.ts';

let folder: string;
let looks: number;
let watching: { dispose(): void } | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-watch-'));
  looks = 0;
});
afterEach(async () => {
  watching?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Watches, and resolves after the look that every watcher begins with. Polls so rarely that only events lead to more. */
async function start(file: string, pollMs = 3_600_000): Promise<void> {
  watching = watchLedger(file, () => Promise.resolve((looks += 1)), { pollMs });
  await looked();
  looks = 0;
}
const looked = (): Promise<boolean> => vi.waitUntil(() => looks > 0, { timeout: 60_000 });

describe('a watched ledger', () => {
  test.each(['costs.json', '.costs.json.7.journal', 'costs.json-wal'])(
    'is looked at after %s was written',
    async (name) => {
      await start(path.join(folder, 'costs.json'));
      await writeFile(path.join(folder, name), '[]');
      await looked();
    },
  );

  test('is looked at after its file was replaced', async () => {
    const file = path.join(folder, 'costs.json');
    await writeFile(file, '[]');
    await start(file);
    await writeFile(path.join(folder, 'another'), '[{}]');
    await rename(path.join(folder, 'another'), file);
    await looked();
  });

  test('is looked at after the file that it links to changed', async () => {
    const target = path.join(folder, 'elsewhere', 'real.json');
    await mkdir(path.dirname(target));
    await writeFile(target, '[]');
    await mkdir(path.join(folder, 'here'));
    const link = path.join(folder, 'here', 'costs.json');
    await symlink(target, link);
    await start(link);
    await writeFile(target, '[1]');
    await looked();
    expect(looks).toBeGreaterThan(0);
  });

  test('is found by polling once its folder is made, made again, and from then on by events', async () => {
    const file = path.join(folder, 'later', 'costs.json');
    await start(file, 20);
    for (let time = 0; time < 2; time += 1) {
      await mkdir(path.dirname(file));
      await writeFile(file, '[]');
      looks = 0;
      await looked();
      await rm(path.dirname(file), { recursive: true });
    }
  });

  test('is not looked at for files of others, and not after the end', async () => {
    await start(path.join(folder, 'costs.json'));
    await writeFile(path.join(folder, 'costs.json.lock'), '');
    await writeFile(path.join(folder, 'notes.txt'), '');
    // Events come in order: the one that counts is the last.
    await writeFile(path.join(folder, 'costs.json'), '[]');
    await looked();
    expect(looks).toBe(1);
    watching?.dispose();
    await writeFile(path.join(folder, 'costs.json'), '[1]');
    await new Promise((resolve) => setImmediate(resolve));
    expect(looks).toBe(1);
  });
});
