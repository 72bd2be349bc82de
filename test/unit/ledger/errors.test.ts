import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explain } from '../../../src/ledger/errors.ts';
import { resolvePlace } from '../../../src/ledger/place.ts';
import { LedgerError } from '../../../src/ledger/results.ts';
import { SideFileError } from '../../../src/system/beside.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';

describe('an error of the system is explained, with the file and a remedy', () => {
  it.each([
    ['ENOSPC', 'disk-full', 'The disk of /x/costs.json is full. Free some space and try again.'],
    ['EDQUOT', 'disk-full', 'The disk of /x/costs.json is full. Free some space and try again.'],
    ['EROFS', 'read-only', '/x/costs.json is on a read-only disk. Name a ledger elsewhere'],
    ['EACCES', 'no-access', 'No permission for /x/costs.json or its folder. Check who owns them'],
    ['EPERM', 'no-access', 'No permission for /x/costs.json or its folder. Check who owns them'],
    ['EISDIR', 'not-a-file', '/x/costs.json is a folder. Name a file in it, for example /x/costs.json/costs.json.'],
    ['ENOTDIR', 'no-folder', 'Part of the path /x/costs.json is a file and not a folder. Check the path.'],
    ['ELOOP', 'dangling-link', '/x/costs.json is a link that leads back to itself. Correct or remove the link.'],
    ['ENAMETOOLONG', 'no-folder', 'The path /x/costs.json is too long for this system. Name a shorter one.'],
    ['EIO', 'io', '/x/costs.json: as the system says it'],
  ])('%s', (code, expected, text) => {
    const cause = Object.assign(new Error('as the system says it'), { code });
    const explained = explain(cause, '/x/costs.json');
    expect(explained).toBeInstanceOf(LedgerError);
    expect(explained).toMatchObject({ code: expected, cause, message: expect.stringContaining(text) as string });
  });

  it('and stays as it is once it is explained', () => {
    const ours = new LedgerError('closed', 'It is closed.');
    expect(explain(ours, '/x')).toBe(ours);
    expect(explain('thrown', '/x')).toMatchObject({ code: 'io', message: '/x: thrown' });
    const beside = new SideFileError('/x/costs.json.undo', '/x/costs.json.undo is a link.');
    expect(explain(beside, '/x/costs.json')).toMatchObject({
      code: 'not-a-file',
      cause: beside,
      message: '/x/costs.json.undo is a link. Remove or rename it; LLM Spend creates a new one.',
    });
  });
});

describe.skipIf(process.platform === 'win32')('the place of a ledger', () => {
  let folder: string;
  beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'llm-spend-place-')))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const placeOf = (name: string) => resolvePlace(nodeDisk, join(folder, name));

  it('is where all links lead, also those of its folder', async () => {
    mkdirSync(join(folder, 'real'));
    writeFileSync(join(folder, 'real', 'mine.json'), '[]');
    symlinkSync('real', join(folder, 'alias'));
    symlinkSync(join('alias', 'mine.json'), join(folder, 'costs.json'));
    const real = { folder: join(folder, 'real'), base: 'mine.json', path: join(folder, 'real', 'mine.json') };
    expect(await placeOf('costs.json')).toEqual(real);
    expect(await placeOf('alias/mine.json')).toEqual(real);
    expect(await placeOf('alias/new.json')).toMatchObject({ path: join(folder, 'real', 'new.json') });
    expect(await placeOf('none/new.json')).toMatchObject({ path: join(folder, 'none', 'new.json') });
  });

  it('is no folder, no device, and no link without an end', async () => {
    mkdirSync(join(folder, 'sub'));
    symlinkSync('sub', join(folder, 'to-folder'));
    symlinkSync('/dev/null', join(folder, 'to-device'));
    symlinkSync('nowhere.json', join(folder, 'to-nothing'));
    symlinkSync('loop', join(folder, 'loop'));
    const failed = (name: string) => placeOf(name).catch((error: unknown) => error);
    expect(await failed('sub')).toMatchObject({ code: 'not-a-file', message: expect.stringContaining('is a folder') });
    expect(await failed('to-folder')).toMatchObject({ code: 'not-a-file' });
    expect(await resolvePlace(nodeDisk, '/dev/null').catch((error: unknown) => error)).toMatchObject({
      code: 'not-a-file',
      message: '/dev/null is not an ordinary file. Name a file for the ledger.',
    });
    expect(await failed('to-device')).toMatchObject({
      code: 'not-a-file',
      message: `${join(folder, 'to-device')} is not an ordinary file. Name a file for the ledger.`,
    });
    expect(await failed('to-nothing')).toMatchObject({
      code: 'dangling-link',
      cause: { code: 'ENOENT' },
      message: `${join(folder, 'to-nothing')} is a link to nowhere.json, which does not exist. Create that file (containing []), or remove the link.`,
    });
    expect(await failed('loop')).toMatchObject({ code: 'dangling-link', message: expect.stringContaining('itself') });
    writeFileSync(join(folder, 'file'), '');
    expect(await failed('file/costs.json')).toMatchObject({ code: 'no-folder' });
  });

  it('cannot be told where the system does not say it, for a reason that is explained', async () => {
    const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
    const failed = (name: string, disk: Partial<Disk>): Promise<unknown> =>
      resolvePlace({ ...nodeDisk, ...disk }, join(folder, name)).catch((error: unknown) => error);
    symlinkSync('nowhere.json', join(folder, 'link.json'));
    const noAccess = (name: string) => ({
      name: 'LedgerError',
      code: 'no-access',
      message: `No permission for ${join(folder, name)} or its folder. Check who owns them, or name another ledger.`,
    });
    expect(await failed('costs.json', { lstat: failing('EACCES') })).toMatchObject(noAccess('costs.json'));
    expect(await failed('costs.json', { realpath: failing('EACCES') })).toMatchObject(noAccess('costs.json'));
    expect(await failed('link.json', { realpath: failing('EACCES') })).toMatchObject(noAccess('link.json'));
    expect(await failed('link.json', { readlink: failing('EIO') })).toMatchObject({ code: 'io' });
  });
});

describe('a ledger of another user, with a backup beside it', () => {
  it('is said to be not readable, and neither gone nor damaged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llm-spend-unreadable-'));
    const ledger = join(folder, 'costs.json');
    const owner = new CostTracker({ ledger, pricing: false });
    const usage = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };
    await owner.track(usage);
    await owner.close();
    writeFileSync(
      `${ledger}.prev`,
      `[${JSON.stringify({ usage_id: 'a', timestamp: '2026-01-01T00:00:00Z', ...usage })}]`,
    );
    const disk = refusing(ledger);
    const other = new CostTracker({ ledger, pricing: false, disk });
    const { health, problems } = await other.verify();
    expect(problems.map(({ code }) => code)).toEqual(['unavailable']);
    expect(problems[0]!.message).toContain(`No permission for ${ledger}`);
    expect(health).toBe('unavailable');
    await other.close();
    rmSync(folder, { recursive: true });
  });
});

/** A disk that gives no access to this file. */
function refusing(refused: string): Disk {
  const open: Disk['open'] = async (path, flags, mode) => {
    if (path === refused) throw Object.assign(new Error('refused'), { code: 'EACCES' });
    return nodeDisk.open(path, flags, mode);
  };
  return { ...nodeDisk, open };
}
