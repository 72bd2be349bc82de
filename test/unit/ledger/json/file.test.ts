import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { LedgerFile } from '../../../../src/ledger/json/file.ts';

describe('LedgerFile', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-file-'));
    path = join(folder, 'costs.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const text = (file: LedgerFile): string => file.bytes.buffer.toString('utf8', 0, file.bytes.length);

  it('knows a missing file from an empty one', async () => {
    const file = new LedgerFile(nodeDisk);
    expect((await file.load(path, 0)).change).toBe('replaced');
    expect((await file.load(path, 0)).change).toBe('same');
    expect(file.signature).toBeUndefined();
    writeFileSync(path, '');
    expect((await file.load(path, 0)).change).toBe('replaced');
    expect(file.signature).toBeDefined();
  });

  it('tells what happened to the file', async () => {
    const file = new LedgerFile(nodeDisk);
    writeFileSync(path, '[1');
    expect((await file.load(path, 0)).change).toBe('replaced');
    expect((await file.load(path, 2)).change).toBe('same');
    appendFileSync(path, ',2]');
    expect((await file.load(path, 2)).change).toBe('appended');
    expect(text(file)).toBe('[1,2]');
    writeFileSync(join(folder, 'new'), '[3,2,1]');
    renameSync(join(folder, 'new'), path);
    expect((await file.load(path, 4)).change).toBe('replaced');
    expect(text(file)).toBe('[3,2,1]');
    truncateSync(path, 3);
    expect((await file.load(path, 6)).change).toBe('replaced');
    expect(text(file)).toBe('[3,');
    rmSync(path);
    expect((await file.load(path, 2)).change).toBe('replaced');
    expect(text(file)).toBe('');
  });

  it('leaves the bytes of an earlier version alone while it reads a later one', async () => {
    const file = new LedgerFile(nodeDisk);
    writeFileSync(path, '[1]');
    await file.load(path, 0);
    const before = file.bytes;
    writeFileSync(path, '[2,3]');
    await file.load(path, 2);
    expect(before.buffer.toString('utf8', 0, before.length)).toBe('[1]');
  });

  it('reads again what somebody changed in place meanwhile', async () => {
    let changes = 1;
    const disk: Disk = {
      ...nodeDisk,
      read: async (...args) => {
        const count = await nodeDisk.read(...args);
        if (changes-- > 0) writeFileSync(path, '["the version after it"]');
        return count;
      },
    };
    const file = new LedgerFile(disk);
    writeFileSync(path, '["the version before"]');
    await file.load(path, 0);
    expect(text(file)).toBe('["the version after it"]');
  });
});
