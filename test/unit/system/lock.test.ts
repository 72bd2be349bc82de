import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { acquireLock, obstructionOf } from '../../../src/system/lock.ts';

describe('the lock of the commits', () => {
  let folder: string;
  let lock: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-lock-'));
    lock = join(folder, 'costs.json.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const acquire = () => acquireLock(nodeDisk, folder, 'costs.json');
  const obstruction = () => obstructionOf(nodeDisk, folder, 'costs.json');
  /** Makes the lock one that was not refreshed since 1970. */
  const abandon = (): void => utimesSync(lock, 0, 0);

  it('is a folder while it is held', async () => {
    const release = await acquire();
    expect(existsSync(lock)).toBe(true);
    expect(await obstruction()).toBeUndefined();
    await release();
    expect(existsSync(lock)).toBe(false);
  });

  it('is taken over although a desktop left its files in it', async () => {
    mkdirSync(lock);
    for (const name of ['.DS_Store', '._costs.json', 'Thumbs.db', 'desktop.ini']) writeFileSync(join(lock, name), '');
    abandon();
    expect(await obstruction()).toBeUndefined();
    const release = await acquire();
    expect(existsSync(join(lock, '.DS_Store'))).toBe(false);
    await release();
    expect(existsSync(lock)).toBe(false);
  });

  it('is released although a desktop left its file in it', async () => {
    const release = await acquire();
    writeFileSync(join(lock, '.DS_Store'), '');
    await release();
    expect(existsSync(lock)).toBe(false);
  });

  it('is done without where a file of another program is in its place, which stays', async () => {
    writeFileSync(lock, 'pid 7');
    const release = await acquire();
    await release();
    expect(readFileSync(lock, 'utf8')).toBe('pid 7');
    expect(await obstruction()).toBe('costs.json.lock is not a folder of LLM Spend');
  });

  it('is done without where its folder holds a file of another program, which stays', async () => {
    mkdirSync(lock);
    writeFileSync(join(lock, 'host-7'), '');
    abandon();
    await (
      await acquire()
    )();
    expect(existsSync(join(lock, 'host-7'))).toBe(true);
    expect(await obstruction()).toBe('costs.json.lock holds host-7');
  });
});
