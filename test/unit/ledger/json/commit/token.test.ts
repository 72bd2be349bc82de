import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseVersion } from '../../../../../src/ledger/json/commit/heldVersion.ts';
import { Token } from '../../../../../src/ledger/json/commit/token.ts';
import type { Content } from '../../../../../src/ledger/json/file.ts';
import { LedgerVersions, type LedgerBasis } from '../../../../../src/ledger/json/versions.ts';
import { placeOf, type Place } from '../../../../../src/ledger/place.ts';
import type { Disk } from '../../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { sideFileName } from '../../../../../src/system/sideFiles.ts';
import { fastFolder } from '../../../../fixtures/fastFolder.mts';
import { sideFileOfDead } from '../../faults/world.ts';
import { failure } from '../../faults/faultDisk.ts';

/** A token: it keeps others out, becomes the ledger with all that belongs to the ledger's file, or leaves nothing. */

let folder: string;
let place: Place;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-token-'));
  place = placeOf(folder, 'costs.json');
  path = place.path;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = (): string[] => readdirSync(folder).toSorted();
const tokens = (): string[] => names().filter((name) => name.endsWith('.tok'));
const text = (name = 'costs.json'): string => readFileSync(join(folder, name), 'utf8');
const all = (bytes: string): Content => ({ kept: [], tail: Buffer.from(bytes) });

interface Choice {
  content?: Content;
  change?: (basis: LedgerBasis) => void;
  /** Runs between the reading and the writing. */
  meanwhile?: () => void;
}

/** Publishes a token and replaces the ledger. @returns whether a version was put in place. */
async function replaced(disk: Disk, { content = all('[2]'), change, meanwhile }: Choice = {}): Promise<boolean> {
  const store = new LedgerVersions(disk, place, 'costs.json');
  const token = await Token.publish(disk, place);
  let basis: LedgerBasis | undefined;
  try {
    basis = await store.alone(() => store.basis());
    change?.(basis);
    meanwhile?.();
    const version = await token.replaceLedger(basis, content);
    await releaseVersion(disk, version);
    return version !== undefined;
  } finally {
    await releaseVersion(disk, basis?.held);
    await token.withdraw();
  }
}

describe('a token that is published', () => {
  it('is a file of the user alone, and removes those of all others and what dead processes left', async () => {
    const others = [sideFileOfDead('aa', 'tok'), '.costs.json.4194305-1-abc-1-00.tok', sideFileOfDead('aa', 'tmp')];
    const kept = [sideFileName('costs.json', 'tmp'), sideFileOfDead('aa', 'journal'), 'other.txt'];
    kept.push(sideFileOfDead('bb', 'tok').replace('costs.json', 'other.json'));
    for (const name of [...others, ...kept]) writeFileSync(join(folder, name), '');
    const token = await Token.publish(nodeDisk, place);
    const own = names().filter((name) => !kept.includes(name));
    expect(own).toHaveLength(1);
    expect(own[0]).toMatch(/^\.costs\.json\..*\.tok$/);
    expect(statSync(join(folder, own[0]!)).mode & 0o777).toBe(0o600);
    await token.withdraw();
    expect(names()).toEqual(kept.toSorted());
  });

  it('goes again when the folder cannot be read, and its descriptor with it', async () => {
    const closed: number[] = [];
    const disk: Disk = {
      ...nodeDisk,
      readdir: () => Promise.reject(failure('EACCES')),
      close: (fd) => (closed.push(fd), nodeDisk.close(fd)),
    };
    await expect(Token.publish(disk, place)).rejects.toMatchObject({ code: 'EACCES' });
    expect(names()).toEqual([]);
    expect(closed).toHaveLength(1);
  });
});

describe('the new version', () => {
  it.each([0o600, 0o640, 0o664])('has the mode of the file that it replaces: %i', async (mode) => {
    writeFileSync(path, '[1]');
    chmodSync(path, mode);
    expect(await replaced(nodeDisk)).toBe(true);
    expect(text()).toBe('[2]');
    expect(statSync(path).mode & 0o777).toBe(mode);
    expect(text('costs.json.prev')).toBe('[1]');
    expect(names()).toEqual(['costs.json', 'costs.json.prev']);
  });

  it('of a missing ledger has the mode of the version before, or is for the user alone', async () => {
    writeFileSync(`${path}.prev`, '[]');
    chmodSync(`${path}.prev`, 0o664);
    expect(await replaced(nodeDisk)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o664);
    rmSync(path);
    rmSync(`${path}.prev`);
    expect(await replaced(nodeDisk)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(names()).toEqual(['costs.json']);
  });

  it('is refused when the mode cannot be read', async () => {
    writeFileSync(path, '[1]');
    const stat = () => Promise.reject(failure('EIO'));
    await expect(replaced({ ...nodeDisk, stat })).rejects.toMatchObject({ code: 'EIO' });
    expect([text(), names()]).toEqual(['[1]', ['costs.json']]);
  });

  it('asks for no mode and no owner that it has already', async () => {
    writeFileSync(path, '[1]');
    chmodSync(path, 0o600);
    const asked = () => Promise.reject(failure('EPERM'));
    expect(await replaced({ ...nodeDisk, fchmod: asked, fchown: asked })).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0)('has the owner and group of the file, as far as the system lets', async () => {
    writeFileSync(path, '[1]');
    chownSync(path, 65_534, 65_533);
    expect(await replaced(nodeDisk)).toBe(true);
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_533 });
    const refusing = (code: string): Disk => ({ ...nodeDisk, fchown: () => Promise.reject(failure(code)) });
    // A user who may not give it away owns it.
    expect(await replaced(refusing('EPERM'))).toBe(true);
    expect(statSync(path)).toMatchObject({ uid: 0, gid: 0 });
    chownSync(path, 65_534, 0);
    await expect(replaced(refusing('EIO'))).rejects.toMatchObject({ code: 'EIO' });
    chownSync(path, 0, 65_533);
    expect(await replaced(nodeDisk)).toBe(true);
    expect(statSync(path)).toMatchObject({ uid: 0, gid: 65_533 });
  });

  it('consists of all ranges that are kept, in order, and what follows, also where they are large', async () => {
    const bytes = Buffer.alloc(17 * 1024 * 1024, 'abcdefghijklm');
    const at = 8 * 1024 * 1024;
    const kept = [
      { start: 3, end: at + 9 },
      { start: at + 9, end: at + 9 },
      { start: at, end: bytes.length },
    ];
    const change = (basis: LedgerBasis): void => {
      basis.bytes = { buffer: bytes, length: bytes.length };
    };
    expect(await replaced(nodeDisk, { content: { kept, tail: Buffer.from('the end') }, change })).toBe(true);
    const expected = Buffer.concat([bytes.subarray(3, at + 9), bytes.subarray(at), Buffer.from('the end')]);
    expect(readFileSync(path).equals(expected)).toBe(true);
  });
});

describe('the version before', () => {
  beforeEach(() => writeFileSync(path, '[1]'));
  const inode = (name: string): number => statSync(join(folder, name)).ino;

  it('is a second name of the replaced file', async () => {
    const before = inode('costs.json');
    expect(await replaced(nodeDisk)).toBe(true);
    expect(inode('costs.json.prev')).toBe(before);
  });

  it.each(['EPERM', 'ENOTSUP', 'EMLINK'])('is a copy where links fail with %s, of the same mode', async (code) => {
    chmodSync(path, 0o644);
    const before = inode('costs.json');
    const synced: string[] = [];
    const opened = new Map<number, string>();
    const disk: Disk = {
      ...nodeDisk,
      link: () => Promise.reject(failure(code)),
      open: async (name, flags, mode) => {
        const fd = await nodeDisk.open(name, flags, mode);
        opened.set(fd, name);
        return fd;
      },
      fsync: (fd) => (synced.push(opened.get(fd)!), nodeDisk.fsync(fd)),
    };
    expect(await replaced(disk)).toBe(true);
    expect(text('costs.json.prev')).toBe('[1]');
    expect(inode('costs.json.prev')).not.toBe(before);
    expect(statSync(`${path}.prev`).mode & 0o777).toBe(0o644);
    expect(synced.filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
    expect(names()).toEqual(['costs.json', 'costs.json.prev']);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'])('that fails with %s ends the commit', async (code) => {
    await expect(replaced({ ...nodeDisk, link: () => Promise.reject(failure(code)) })).rejects.toMatchObject({ code });
    expect([text(), names()]).toEqual(['[1]', ['costs.json']]);
  });

  it("is a copy of another user's file, whose second name only that user could remove", async () => {
    const before = inode('costs.json');
    const asUser = (uid: bigint, ledgerUid: bigint): Disk => ({
      ...nodeDisk,
      fstat: async (fd) => Object.assign(await nodeDisk.fstat(fd), { uid }),
      stat: async (name) => Object.assign(await nodeDisk.stat(name), { uid: ledgerUid }),
      fchown: async () => undefined,
    });
    expect(await replaced(asUser(1_000n, 1_001n))).toBe(true);
    expect(inode('costs.json.prev')).not.toBe(before);
    expect(text('costs.json.prev')).toBe('[1]');
    for (const [user, owner] of [
      [1_000n, 1_000n],
      [0n, 1_001n],
    ] as const) {
      const own = inode('costs.json');
      expect(await replaced(asUser(user, owner))).toBe(true);
      expect(inode('costs.json.prev')).toBe(own);
    }
  });

  it('is not replaced by a damaged version', async () => {
    writeFileSync(`${path}.prev`, '[0]');
    const change = (basis: LedgerBasis): void => {
      basis.skipBackup = true;
    };
    expect(await replaced(nodeDisk, { change })).toBe(true);
    expect([text(), text('costs.json.prev')]).toEqual(['[2]', '[0]']);
  });

  it('is refused by name where a folder is in its place', async () => {
    mkdirSync(`${path}.prev`);
    await expect(replaced(nodeDisk)).rejects.toThrow(/costs\.json\.prev is a folder/);
    expect([text(), names()]).toEqual(['[1]', ['costs.json', 'costs.json.prev']]);
  });
});

describe('the rename', () => {
  beforeEach(() => writeFileSync(path, '[1]'));

  it.each(['macOS', 'windows'])(
    'does not happen when the ledger was replaced since it was read (%s)',
    async (rules) => {
      const disk = { ...nodeDisk, replacesOpenFiles: rules === 'macOS' };
      const meanwhile = (): void => {
        writeFileSync(join(folder, 'saving'), '[3]');
        renameSync(join(folder, 'saving'), path);
      };
      expect(await replaced(disk, { meanwhile })).toBe(false);
      expect(text()).toBe('[3]');
      expect(tokens()).toEqual([]);
      expect(await replaced(disk, { meanwhile: () => rmSync(path) })).toBe(false);
      expect(names()).toEqual(['costs.json.prev']);
    },
  );

  it.each(['macOS', 'windows'])('does not happen when another process removed the token (%s)', async (rules) => {
    const disk = { ...nodeDisk, replacesOpenFiles: rules === 'macOS' };
    const meanwhile = (): void => {
      for (const name of tokens()) rmSync(join(folder, name));
    };
    expect(await replaced(disk, { meanwhile })).toBe(false);
    expect(text()).toBe('[1]');
  });

  it('whose answer was lost is found to have happened', async () => {
    const renameSync = (from: string, to: string): void => {
      nodeDisk.renameSync(from, to);
      throw failure('ENOENT');
    };
    expect(await replaced({ ...nodeDisk, renameSync })).toBe(true);
    expect([text(), names()]).toEqual(['[2]', ['costs.json', 'costs.json.prev']]);
  });

  it.each([
    ['EIO', false],
    ['EPERM', true],
  ])('that fails with %s is not tried again (open files are replaced: %s)', async (code, replacesOpenFiles) => {
    let tries = 0;
    const renameSync = (): void => {
      tries++;
      throw failure(code);
    };
    await expect(replaced({ ...nodeDisk, replacesOpenFiles, renameSync })).rejects.toMatchObject({ code });
    expect(tries).toBe(1);
    expect(text()).toBe('[1]');
    expect(tokens()).toEqual([]);
  });
});
