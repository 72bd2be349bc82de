import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AtomicFile, updateFile, writeFileAtomically } from '../../../src/system/atomicFile.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { FaultDisk, type Fault } from '../ledger/faults/faultDisk.ts';

let root: string;
let folder: string;
let target: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), 'llm-spend-atomic-'));
  folder = path.join(root, 'folder');
  fs.mkdirSync(folder);
  target = path.join(folder, 'prices.json');
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const OLD = 'old '.repeat(1000);
const NEW = 'new '.repeat(2000);
const content = (): string | undefined => (fs.existsSync(target) ? fs.readFileSync(target, 'utf8') : undefined);

describe('a file is replaced whole or not at all', () => {
  const faults: Fault[] = [
    { kind: 'kill' },
    { kind: 'half-kill' },
    { kind: 'power', names: 'all' },
    { kind: 'power', names: 'new' },
    { kind: 'power', names: 'none' },
    { kind: 'error', code: 'EIO' },
    { kind: 'half-error', code: 'ENOSPC' },
    { kind: 'short' },
    { kind: 'full' },
  ];
  it.each(faults)('at every call, by $kind $names', async (fault) => {
    let strikes = 0;
    for (let at = 1; ; at++) {
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
      fs.writeFileSync(target, OLD);
      const disk = new FaultDisk(fault, at, fs.mkdtempSync(path.join(root, 'attic-')));
      const written = writeFileAtomically(target, NEW, { disk }).then(
        () => 'written' as const,
        () => 'failed' as const,
      );
      const end = await Promise.race([written, disk.died.then(() => 'died' as const)]);
      // Whatever failed, a process that lives on keeps no descriptor.
      if (end !== 'died') expect(disk.descriptors).toEqual([]);
      disk.dispose();
      if (end === 'written') expect(content()).toBe(NEW);
      // After the rename the new content may already be there.
      else expect([OLD, NEW]).toContain(content());
      // A process that lives on leaves nothing behind.
      if (end !== 'died') expect(fs.readdirSync(folder)).toEqual(['prices.json']);
      if (!disk.struck) break;
      strikes++;
    }
    expect(strikes).toBeGreaterThan(0);
  });

  it('and stays after a power cut once it was acknowledged', async () => {
    fs.writeFileSync(target, OLD);
    const disk = new FaultDisk({ kind: 'none' }, Infinity, fs.mkdtempSync(path.join(root, 'attic-')));
    await writeFileAtomically(target, NEW, { disk });
    disk.cutPower('all');
    disk.dispose();
    expect(content()).toBe(NEW);
  });
});

describe('what stood there', () => {
  it('gives its permissions and its owner to the new file', async () => {
    fs.writeFileSync(target, OLD);
    fs.chmodSync(target, 0o664);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) fs.chownSync(target, 1234, 5678);
    await writeFileAtomically(target, NEW);
    const { mode, uid, gid } = fs.statSync(target);
    expect(mode & 0o777).toBe(0o664);
    if (isRoot) expect([uid, gid]).toEqual([1234, 5678]);
  });

  it('is not needed: a new file is for its owner alone', async () => {
    const deep = path.join(folder, 'a', 'b', 'c.json');
    await writeFileAtomically(deep, NEW);
    expect(fs.statSync(deep).mode & 0o777).toBe(0o600);
  });

  it('is neither followed nor replaced when it is a link, and a folder is named', async () => {
    const victim = path.join(root, 'victim');
    fs.writeFileSync(victim, OLD);
    fs.symlinkSync(victim, target);
    await expect(writeFileAtomically(target, NEW)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(fs.readFileSync(victim, 'utf8')).toBe(OLD);
    expect(fs.readdirSync(folder)).toEqual(['prices.json']);
    const other = path.join(folder, 'sub');
    fs.mkdirSync(other);
    await expect(writeFileAtomically(other, NEW)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('is not replaced unless that is wanted, also when it appeared only since', async () => {
    const file = await AtomicFile.create(target, { replace: false });
    await file.write(NEW);
    fs.writeFileSync(target, OLD);
    await expect(file.commit()).rejects.toMatchObject({ code: 'EEXIST' });
    await file.discard();
    await expect(AtomicFile.create(target, { replace: false })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(content()).toBe(OLD);
    expect(fs.readdirSync(folder)).toEqual(['prices.json']);
  });
});

describe('updateFile', () => {
  it('does not wait where no lock can be made, for example in a read-only folder', async () => {
    // The name of its lock is too long for the file system.
    const name = path.join(folder, 'n'.repeat(252));
    await expect(updateFile(name, () => 'x')).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });

  const append = (word: string) => (before: Buffer | undefined) => `${before?.toString() ?? ''}${word}`;

  it('loses no change of many at once, and leaves no lock', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => updateFile(target, append(`${i} `))));
    const words = (content() ?? '').trim().split(' ');
    expect(words.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(fs.readdirSync(folder)).toEqual(['prices.json']);
  });

  it("takes over an abandoned lock in which a desktop left its files, and names another program's at once", async () => {
    const lock = `${target}.lock`;
    fs.mkdirSync(lock);
    fs.writeFileSync(path.join(lock, '.DS_Store'), '');
    fs.utimesSync(lock, 0, 0);
    await updateFile(target, append('a'));
    expect([content(), fs.readdirSync(folder)]).toEqual(['a', ['prices.json']]);
    fs.mkdirSync(lock);
    fs.writeFileSync(path.join(lock, 'host-7'), '');
    await expect(updateFile(target, append('b'))).rejects.toThrow(
      'is locked: prices.json.lock holds host-7. Remove it if no program uses it',
    );
    expect(content()).toBe('a');
  });

  it('starts again when it slept and lost its lock, and keeps what another process wrote meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stat = vi.spyOn(nodeDisk, 'stat');
    try {
      let isFirst = true;
      const readdir = async (of: string): Promise<string[]> => {
        if (isFirst) {
          isFirst = false;
          fs.rmdirSync(`${target}.lock`);
          fs.writeFileSync(target, 'other ');
          stat.mockClear();
          // The library looks at its lock every five seconds, and says that it is compromised.
          await vi.advanceTimersByTimeAsync(6_000);
          await expect(stat.mock.results[0]!.value).rejects.toThrow('ENOENT');
          await new Promise(setImmediate);
        }
        return nodeDisk.readdir(of);
      };
      await updateFile(target, append('mine'), { disk: { ...nodeDisk, readdir } });
    } finally {
      vi.useRealTimers();
      stat.mockRestore();
    }
    expect([content(), fs.readdirSync(folder)]).toEqual(['other mine', ['prices.json']]);
  });

  it('writes nothing when there is nothing to change, and after a change that throws', async () => {
    await updateFile(target, () => undefined);
    const failing = (): never => {
      throw new Error('no list');
    };
    await expect(updateFile(target, failing)).rejects.toThrow('no list');
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
