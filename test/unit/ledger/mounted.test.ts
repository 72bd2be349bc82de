import type * as FileSystem from 'node:fs';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from '../../contract/usages.ts';

/** A ledger mounted as a single file, with the system's table of mounts replaced: a real mount needs root (test/process). */

const system = vi.hoisted(() => ({ mounts: '', refusal: '' }));
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  return {
    ...fs,
    readFileSync: (...args: Parameters<typeof fs.readFileSync>) =>
      args[0] === '/proc/self/mountinfo' ? system.mounts : fs.readFileSync(...args),
    accessSync: (...args: Parameters<typeof fs.accessSync>) => {
      if (system.refusal) throw Object.assign(new Error(system.refusal), { code: system.refusal });
      fs.accessSync(...args);
    },
  };
});

// Files of tests share a process: modules that another file has loaded would have the system's own table.
vi.resetModules();
const { CostTracker } = await import('../../../src/library/costTracker.ts');
const { whyNotReplaceable } = await import('../../../src/ledger/place.ts');
const { isMountPoint } = await import('../../../src/system/obstacles.ts');
const { nodeDisk } = await import('../../../src/system/nodeDisk.ts');

const ROOT = '21 1 254:1 / / rw,relatime - ext4 /dev/vda rw';
/** The line of a mount, whose source also stands in it. */
const mountOf = (at: string, source = '/data/costs'): string =>
  `36 35 98:0 ${source} ${at} rw,noatime master:1 - ext4 /dev/vdb rw`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-mounted-'));
});
afterEach(() => {
  system.mounts = system.refusal = '';
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(process.platform !== 'linux').each(['costs.json', 'costs.db'])('%s', (file) => {
  function mounted(): { path: string; message: string } {
    const path = join(folder, file);
    writeFileSync(path, file.endsWith('.json') ? '[]' : '');
    system.mounts = [ROOT, mountOf(path), ''].join('\n');
    const message =
      `${path} is mounted as a single file, so it cannot be replaced, and the files beside it are lost with the container. ` +
      `Mount its folder ${folder} instead.`;
    return { path, message };
  }

  it('mounted as a file refuses a record, names the folder to mount, and nothing is written', async () => {
    const { path, message } = mounted();
    const content = readFileSync(path);
    const tracker = new CostTracker({ ledger: path });
    await expect(tracker.track(call('a'))).rejects.toMatchObject({ code: 'mounted', message });
    await tracker.close();
    expect(readdirSync(folder)).toEqual([file]);
    expect(readFileSync(path)).toEqual(content);
  });

  it('mounted as a file and named by a link names the folder of the mount', async () => {
    const { path, message } = mounted();
    mkdirSync(join(folder, 'links'));
    const link = join(folder, 'links', file);
    symlinkSync(path, link);
    const tracker = new CostTracker({ ledger: link });
    await expect(tracker.track(call('a'))).rejects.toMatchObject({ code: 'mounted', message });
    await tracker.close();
    expect(readdirSync(join(folder, 'links'))).toEqual([file]);
  });

  it('that was mounted as a file is a warning of verify', async () => {
    const path = join(folder, file);
    const before = new CostTracker({ ledger: path });
    await before.track(call('a'));
    await before.close();
    system.mounts = mountOf(path);
    const tracker = new CostTracker({ ledger: path });
    expect((await tracker.verify()).problems).toMatchObject([
      {
        code: 'not-committed',
        severity: 'warning',
        message: expect.stringContaining(`Mount its folder ${folder} instead.`) as string,
        file: path,
      },
    ]);
    await tracker.close();
  });

  it.runIf(file.endsWith('.json'))(
    'mounted as a file after a record was accepted names the folder to mount',
    async () => {
      const path = join(folder, file);
      writeFileSync(path, '[]');
      const renameSync = (): void => {
        system.mounts = mountOf(path);
        throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      };
      const tracker = new CostTracker({ ledger: path, disk: { ...nodeDisk, renameSync } });
      await tracker.track(call('a'));
      await expect(tracker.flush()).rejects.toMatchObject({
        code: 'read-only',
        message: expect.stringContaining(`Mount its folder ${folder} instead.`) as string,
        cause: { code: 'EBUSY' },
      });
      await tracker.close();
    },
  );

  it('in a mounted folder takes records', async () => {
    system.mounts = [ROOT, mountOf(folder)].join('\n');
    const tracker = new CostTracker({ ledger: join(folder, file) });
    await tracker.track(call('a'));
    expect((await tracker.read()).map(({ usage_id }) => usage_id)).toEqual(['a']);
    await tracker.close();
  });
});

describe.skipIf(process.platform !== 'linux')('a mount point', () => {
  it.each([
    ['of the very name', '/data/costs.db', mountOf('/data/costs.db'), true],
    ['with a blank in its name', '/my data/costs.db', mountOf('/my\\040data/costs.db'), true],
    ['with a backslash', '/a\\b/costs.db', mountOf('/a\\134b/costs.db'), true],
    ['of a longer name', '/data/costs.db', mountOf('/data/costs.db-wal'), false],
    ['whose source alone has the name', '/data/costs.db', mountOf('/other', '/data/costs.db'), false],
    ['of the folder', '/data/costs.db', mountOf('/data'), false],
  ])('%s', (_, path, line, expected) => {
    system.mounts = [ROOT, line, ''].join('\n');
    expect(isMountPoint(path)).toBe(expected);
  });
});

describe.skipIf(process.platform !== 'linux')('a ledger whose file cannot be replaced', () => {
  const why = (): string | undefined => {
    const path = join(folder, 'costs.json');
    writeFileSync(path, '[]');
    return whyNotReplaceable(path)?.replaceAll(folder, '.');
  };

  it('says why, with the remedy', () => {
    expect(why()).toBeUndefined();
    // A rename needs no permission for the file.
    system.refusal = 'EACCES';
    expect(why()).toBeUndefined();
    system.refusal = 'EROFS';
    expect(why()).toBe('./costs.json is on a read-only disk. Name a ledger elsewhere (--ledger or the setting).');
    system.refusal = 'EPERM';
    expect(why()).toBe(
      './costs.json is immutable, append-only or read-only. Remove that attribute (chattr -i -a, attrib -r).',
    );
    system.mounts = mountOf(join(folder, 'costs.json'));
    expect(why()).toMatch(/^\.\/costs\.json is mounted as a single file, .* Mount its folder \. instead\.$/);
  });

  it('says that only its owner may replace it, where the folder has the sticky bit', () => {
    const user = vi.spyOn(process as { geteuid(): number }, 'geteuid').mockReturnValue(statSync(folder).uid + 1);
    try {
      expect(why()).toBeUndefined();
      chmodSync(folder, 0o1777);
      expect(why()).toBe(
        './costs.json belongs to another user, and only its owner may replace it, because its folder has the sticky bit. ' +
          'Share a ledger in a folder without that bit, or use a SQLite ledger (.db).',
      );
      user.mockReturnValue(statSync(folder).uid);
      expect(why()).toBeUndefined();
    } finally {
      user.mockRestore();
    }
  });
});
