import type * as FileSystem from 'node:fs';
import type { PathLike } from 'node:fs';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from '../../../contract/usages.ts';
import { failure, scratch } from './scratch.ts';

/** Why the system refuses a write, with its answers replaced: a real attribute or a full disk needs root (test/process). */

const system = vi.hoisted(() => ({
  /** The code with which the system refuses to write to a path. */
  refused: new Map<string, string>(),
  /** Bytes that are left on the disk, or the code with which the system refuses to tell. */
  left: undefined as number | string | undefined,
}));
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    ...fs,
    accessSync: (path: PathLike, mode?: number) => {
      const code = system.refused.get(String(path));
      if (code !== undefined) fail(code);
      fs.accessSync(path, mode);
    },
    statfsSync: (path: PathLike) => {
      const { left } = system;
      if (typeof left === 'string') return fail(left);
      return left === undefined ? fs.statfsSync(path) : { bavail: left / 512, bsize: 512 };
    },
  };
});

vi.resetModules();
vi.doMock('../../../../src/system/builtinSqlite.ts', () => ({ builtinSqlite: () => undefined }));
const { sqliteEngine } = await import('../../../../src/ledger/sqlite/engine.ts');
vi.doUnmock('../../../../src/system/builtinSqlite.ts');
// Files of tests share a process: modules that another file has loaded would ask the system itself.
vi.resetModules();
const { Access } = await import('../../../../src/ledger/sqlite/access.ts');
const { explainSqlite } = await import('../../../../src/ledger/sqlite/engine.ts');
const { nodeDisk } = await import('../../../../src/system/nodeDisk.ts');

const READONLY = 8;
const FULL = 13;
const IOERR = 10;
const place = scratch();
beforeEach(async () => {
  await place.tracker().track(call('a'));
  await place.close();
});
afterEach(() => {
  system.refused.clear();
  system.left = undefined;
});

/** The error of a write that SQLite refuses. */
async function refused(errcode: number, ledger = place.path): Promise<unknown> {
  const access = new Access(nodeDisk, ledger, Date.now, () => undefined);
  const cause = failure(errcode);
  const thrown: unknown = await access
    .write(() => {
      throw cause;
    })
    .catch((each: unknown) => each);
  await access.release();
  return thrown;
}

describe('a write that SQLite refuses', () => {
  it('because of an attribute of the file says how to remove it', async () => {
    system.refused.set(place.path, 'EPERM');
    expect(await refused(READONLY)).toMatchObject({
      name: 'LedgerError',
      code: 'read-only',
      message: `${place.path} is immutable, append-only or read-only. Remove that attribute (chattr -i -a, attrib -r).`,
      cause: { errcode: READONLY },
    });
  });

  it('names the file itself and not a link to it', async () => {
    const link = join(place.folder, 'link.db');
    symlinkSync(place.path, link);
    system.refused.set(place.path, 'EPERM');
    expect(await refused(READONLY, link)).toMatchObject({
      code: 'read-only',
      message: expect.stringMatching(/costs\.db is immutable/) as string,
    });
  });

  it('without such an attribute speaks of permissions', async () => {
    expect(await refused(READONLY)).toMatchObject({
      code: 'no-access',
      message: `No permission for ${place.path} or its folder. Check who owns them, or name another ledger.`,
    });
  });

  it('in a folder that nobody may write to speaks of permissions', async () => {
    system.refused.set(place.folder, 'EACCES');
    expect(await refused(READONLY)).toMatchObject({ code: 'no-access' });
  });

  it('on a read-only disk says so', async () => {
    system.refused.set(place.folder, 'EROFS');
    expect(await refused(READONLY)).toMatchObject({
      code: 'read-only',
      message: `${place.path} is on a read-only disk. Name a ledger elsewhere (--ledger or the setting).`,
    });
  });

  it('on a read-only disk names the attribute of the file, if it has one', async () => {
    system.refused.set(place.folder, 'EROFS');
    system.refused.set(place.path, 'EPERM');
    expect(await refused(READONLY)).toMatchObject({ message: expect.stringContaining('is immutable') as string });
  });

  it('for another reason keeps that reason, whatever attributes the file has', async () => {
    system.refused.set(place.path, 'EPERM');
    expect(await refused(FULL)).toMatchObject({ code: 'disk-full' });
    expect(await refused(IOERR)).toMatchObject({ code: 'io' });
  });
});

describe('a general error of the disk', () => {
  it.each([
    ['where 64 KB do not fit', 64 * 1024 - 512, 'disk-full'],
    ['where 64 KB fit', 64 * 1024, 'io'],
    ['where the system does not tell how much fits', 'ENOSYS', 'io'],
  ])('%s', (_, left, code) => {
    system.left = left;
    expect(explainSqlite(failure(IOERR), place.path)).toMatchObject({ code });
  });

  it('keeps what SQLite said', () => {
    expect(explainSqlite(failure(IOERR, 'disk I/O error'), place.path).message).toBe(`${place.path}: disk I/O error`);
  });
});

it('a runtime without SQLite is named, with what to do', () => {
  expect(sqliteEngine).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message:
        `A ledger that ends in .db or .sqlite needs SQLite, which Node.js ${process.versions.node} does not include. ` +
        'Run it with Node.js 22.13 or newer, or name a ledger that ends in .json.',
    }) as Error,
  );
});
