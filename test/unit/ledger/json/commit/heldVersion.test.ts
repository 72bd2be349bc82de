import { closeSync, fstatSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  holdVersion,
  isVersionAt,
  releaseVersion,
  syncVersion,
  versionAt,
} from '../../../../../src/ledger/json/commit/heldVersion.ts';
import type { Disk } from '../../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { fastFolder } from '../../../../fixtures/fastFolder.mts';

/** Versions of a file that are recognised later: by an open descriptor, or by size and time where files must be closed. */

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-held-'));
  path = join(folder, 'costs.json');
  writeFileSync(path, '[1]');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const posix: Disk = { ...nodeDisk, replacesOpenFiles: true };
const windows: Disk = { ...nodeDisk, replacesOpenFiles: false };
const isOpen = (fd: number): boolean => {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
};
const replace = (text: string): void => {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), path);
};

describe('where a rename replaces open files', () => {
  it('a version stays open until it is released, and is the same while its inode is', async () => {
    const fd = openSync(path, 'r');
    const held = await holdVersion(posix, path, fd);
    expect(held).toMatchObject({ fd, signature: { size: 3n } });
    expect(isVersionAt(posix, path, held)).toBe(true);
    writeFileSync(path, '[1,2]');
    expect(isVersionAt(posix, path, held)).toBe(true);
    replace('[1]');
    expect(isVersionAt(posix, path, held)).toBe(false);
    rmSync(path);
    expect(isVersionAt(posix, path, held)).toBe(false);
    expect(isOpen(fd)).toBe(true);
    await releaseVersion(posix, held);
    expect(isOpen(fd)).toBe(false);
    await releaseVersion(posix, undefined);
  });

  it('a version of which nothing can be known is closed, and the reason is that of the system', async () => {
    const fd = openSync(path, 'r');
    const fstat = () => Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
    await expect(holdVersion({ ...posix, fstat }, path, fd)).rejects.toThrow('broken');
    expect(isOpen(fd)).toBe(false);
    const close = () => Promise.reject(new Error('also broken'));
    await expect(holdVersion({ ...posix, fstat, close }, path, fd)).rejects.toThrow(/^broken/);
  });

  it('a version of others is made durable by its descriptor, and nothing is opened', async () => {
    const calls: unknown[] = [];
    const disk: Disk = {
      ...posix,
      open: (...args) => (calls.push(['open', ...args]), nodeDisk.open(...args)),
      fsync: (fd) => (calls.push(['fsync', fd]), nodeDisk.fsync(fd)),
      close: (fd) => (calls.push(['close', fd]), nodeDisk.close(fd)),
    };
    const fd = openSync(path, 'r');
    await syncVersion(disk, path, await holdVersion(disk, path, fd));
    expect(calls).toEqual([['fsync', fd]]);
    closeSync(fd);
  });
});

describe('where open files cannot be replaced', () => {
  it('a version is closed at once, and known by its size and time', async () => {
    const fd = openSync(path, 'r');
    const held = await holdVersion(windows, path, fd);
    expect(isOpen(fd)).toBe(false);
    expect(held).toMatchObject({ fd: undefined, signature: { size: 3n } });
    expect(isVersionAt(windows, path, held)).toBe(true);
    await releaseVersion(windows, held);
    writeFileSync(path, '[1,2]');
    expect(isVersionAt(windows, path, held)).toBe(false);
  });

  it('a version that is gone is an error', async () => {
    const fd = openSync(path, 'r');
    rmSync(path);
    await expect(holdVersion(windows, path, fd)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(isOpen(fd)).toBe(false);
  });

  it('a version of others is opened for writing to make it durable, and closed, also when that fails', async () => {
    const calls: unknown[] = [];
    const disk: Disk = {
      ...windows,
      open: async (name, flags) => (calls.push([name, flags]), 77),
      fsync: async (fd) => void calls.push(['fsync', fd]),
      close: async (fd) => void calls.push(['close', fd]),
    };
    const held = await holdVersion(windows, path, openSync(path, 'r'));
    await syncVersion(disk, path, held);
    const expected = [
      [path, 'r+'],
      ['fsync', 77],
      ['close', 77],
    ];
    expect(calls).toEqual(expected);
    calls.length = 0;
    const fsync = async (fd: number): Promise<void> => {
      calls.push(['fsync', fd]);
      throw new Error('no room');
    };
    await expect(syncVersion({ ...disk, fsync }, path, held)).rejects.toThrow('no room');
    expect(calls).toEqual(expected);
  });
});

it('no version is at a path that is free, and a path that cannot be looked at is an error', () => {
  expect(versionAt(nodeDisk, join(folder, 'nothing'))).toBeUndefined();
  expect(versionAt(nodeDisk, path)).toMatchObject({ size: 3n });
  expect(() => versionAt(nodeDisk, join(path, 'within'))).toThrow(/ENOTDIR/);
});
