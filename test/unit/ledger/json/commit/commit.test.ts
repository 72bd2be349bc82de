import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commit, type Change } from '../../../../../src/ledger/json/commit/commit.ts';
import { commitUntil } from '../../../../../src/ledger/json/commit/commitUntil.ts';
import { tailOf } from '../../../../../src/ledger/json/recover.ts';
import { LedgerVersions, type LedgerBasis } from '../../../../../src/ledger/json/versions.ts';
import { placeOf } from '../../../../../src/ledger/place.ts';
import type { Operation } from '../../faults/faultDisk.ts';
import { FaultDisk, atticOf } from '../../faults/faultDisk.ts';
import { fastFolder } from '../../../../fixtures/fastFolder.mts';
import { element } from '../../faults/world.ts';

/** The steps of a commit, and that nothing stays open or behind, whatever fails. */

let root: string;
let folder: string;
let path: string;
let disk: FailingDisk;
let store: LedgerVersions;

/** Fails calls that a test names. */
class FailingDisk extends FaultDisk {
  /** Whether the call fails. */
  fails: (operation: Operation, name: string) => boolean = () => false;
  readonly #names = new Map<number, string>();

  #refuse(operation: Operation, name: string): Promise<void> {
    if (!this.fails(operation, name)) return Promise.resolve();
    return Promise.reject(Object.assign(new Error(`${operation} fails`), { code: 'EIO' }));
  }
  override async open(name: string, flags: string, mode?: number): Promise<number> {
    const fd = await super.open(name, flags, mode);
    this.#names.set(fd, name);
    return fd;
  }
  override async fsync(fd: number): Promise<void> {
    await this.#refuse('fsync', this.#names.get(fd)!);
    return super.fsync(fd);
  }
  override async close(fd: number): Promise<void> {
    await super.close(fd);
    await this.#refuse('close', '');
  }
  override async unlink(name: string): Promise<void> {
    await this.#refuse('unlink', name);
    return super.unlink(name);
  }
}

beforeEach(() => {
  root = mkdtempSync(join(fastFolder(), 'llm-spend-commit-'));
  folder = mkdtempSync(join(root, 'ledger-'));
  path = join(folder, 'costs.json');
  disk = new FailingDisk({ kind: 'none' }, 1, atticOf(root), 'macOS');
  store = new LedgerVersions(disk, placeOf(folder, 'costs.json'), 'costs.json');
});
afterEach(() => {
  expect(disk.descriptors).toEqual([]);
  disk.dispose();
  rmSync(root, { recursive: true, force: true });
});

const names = (): string[] => readdirSync(folder).toSorted();
const text = (): string => readFileSync(path, 'utf8');
const adding = (id: string): Change => ({
  plan: async ({ index }: LedgerBasis) => ({
    kept: [{ start: 0, end: index.contentEnd }],
    tail: tailOf(index.elements, [element(id)]),
  }),
  holds: async (index) => index.has(id),
});

describe('a commit', () => {
  it('puts a new version in place of the file, keeps the one before, and makes its name durable', async () => {
    writeFileSync(path, `[${element('a')}]`);
    const bases: (number | undefined)[] = [];
    const applied = async (basis: LedgerBasis): Promise<void> => {
      bases.push(basis.index.elements);
      expect(JSON.parse(text())).toHaveLength(2);
    };
    expect(await commit(store, { ...adding('b'), applied }, 100)).toBe('settled');
    expect(bases).toHaveLength(1);
    expect(JSON.parse(text())).toMatchObject([{ usage_id: 'a' }, { usage_id: 'b' }]);
    expect(names()).toEqual(['costs.json', 'costs.json.prev']);
    expect(readFileSync(`${path}.prev`, 'utf8')).toBe(`[${element('a')}]`);
    const after = disk.trace.slice(disk.trace.indexOf('renameSync') + 1);
    expect(after).toContain('fsync');
    // It knows what it wrote, without reading it.
    expect(after.filter((operation) => operation === 'read')).toEqual([]);
  });

  it('without anything to write leaves the file alone, and says whether it has what is wanted', async () => {
    writeFileSync(path, `[${element('a')}]`);
    const nothing = { plan: async () => undefined, applied: () => Promise.reject(new Error('nothing was applied')) };
    expect(await commit(store, { ...nothing, holds: adding('a').holds }, 100)).toBe('settled');
    expect(await commit(store, { ...nothing, holds: adding('b').holds }, 100)).toBe('lost');
    expect(text()).toBe(`[${element('a')}]`);
    expect(names()).toEqual(['costs.json']);
    expect(disk.trace).not.toContain('renameSync');
  });

  it('whose plan fails changes nothing, and the next one succeeds', async () => {
    writeFileSync(path, '[]');
    const plan = () => Promise.reject(new Error('no plan'));
    await expect(commit(store, { ...adding('a'), plan }, 100)).rejects.toThrow('no plan');
    expect([text(), names()]).toEqual(['[]', ['costs.json']]);
    expect(await commit(store, adding('a'), 100)).toBe('settled');
    expect(JSON.parse(text())).toMatchObject([{ usage_id: 'a' }]);
  });

  it('whose work after the rename fails says so, with the version in place', async () => {
    const applied = () => Promise.reject(new Error('not applied'));
    await expect(commit(store, { ...adding('a'), applied }, 100)).rejects.toThrow('not applied');
    expect(JSON.parse(text())).toMatchObject([{ usage_id: 'a' }]);
    expect(names()).toEqual(['costs.json']);
    disk.fails = (operation) => operation === 'close' && disk.trace.lastIndexOf('renameSync') > before;
    const before = disk.trace.length;
    // The first failure is said, not that of the descriptor.
    await expect(commit(store, { ...adding('b'), applied }, 100)).rejects.toThrow('not applied');
  });

  it('is not acknowledged before the name is durable', async () => {
    writeFileSync(path, '[]');
    let asked = 0;
    disk.fails = (operation, name) => operation === 'fsync' && name === folder;
    const holds: Change['holds'] = async () => {
      asked++;
      return true;
    };
    await expect(commit(store, { ...adding('a'), holds }, 100)).rejects.toThrow('fsync fails');
    expect(asked).toBe(0);
    expect(names()).toEqual(['costs.json', 'costs.json.prev']);
  });

  it('that cannot make its content durable leaves the file as it was', async () => {
    writeFileSync(path, '[]');
    disk.fails = (operation, name) => operation === 'fsync' && name.endsWith('.tok');
    await expect(commit(store, adding('a'), 100)).rejects.toThrow('fsync fails');
    expect([text(), names()]).toEqual(['[]', ['costs.json']]);
  });

  it('whose token the system keeps waits, and the next one removes that token', async () => {
    writeFileSync(path, '[]');
    disk.fails = (operation, name) => operation === 'unlink' && name.endsWith('.tok');
    const nothing = { plan: async () => undefined, holds: async () => true };
    expect(await commit(store, nothing, 20)).toBe('waiting');
    expect(names()).toHaveLength(2);
    disk.fails = () => false;
    expect(await commit(store, adding('a'), 100)).toBe('settled');
    expect(names()).toEqual(['costs.json', 'costs.json.prev']);
  });
});

describe('a commit that is repeated until it lasts', () => {
  it('plans again when another program put back what it had read', async () => {
    writeFileSync(path, '[]');
    let plans = 0;
    const plan: Change['plan'] = (basis) => {
      plans++;
      return adding('a').plan(basis);
    };
    let isLate = true;
    disk.after = (operation, [, to]) => {
      if (operation !== 'renameSync' || to !== path || !isLate) return;
      isLate = false;
      disk.saveByOthers(join(folder, 'saving'), path, Buffer.from('[]'));
    };
    const bases: number[] = [];
    await commitUntil(store, plan, adding('a').holds, async ({ index }) => void bases.push(index.elements));
    expect([plans, bases.length]).toEqual([2, 2]);
    expect(JSON.parse(text())).toMatchObject([{ usage_id: 'a' }]);
  });

  it('refuses a file that was never a ledger', async () => {
    writeFileSync(path, '{"name":"something","version":"1.0.0"}');
    const plan = () => Promise.reject(new Error('it was planned'));
    await expect(commitUntil(store, plan, async () => true)).rejects.toMatchObject({ code: 'unsupported' });
    expect(names()).toEqual(['costs.json']);
  });
});
