import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { renameOnto } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { FaultDisk, atticOf } from '../faults/faultDisk.ts';
import { element, usage } from '../faults/world.ts';

/** How long a commit tries when other programs are in its way, by a clock that only these programs advance. */

let root: string;
let ledger: string;
let clock: number;
beforeEach(() => {
  root = mkdtempSync(join(fastFolder(), 'llm-spend-others-'));
  ledger = join(root, 'costs.json');
  writeFileSync(ledger, `[${element('a')},${element('b')}]`);
  clock = 1_000_000;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

function ids(): string[] {
  return (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map(({ usage_id }) => usage_id);
}
/** The files of a commit under way. */
function unfinished(): string[] {
  return readdirSync(root).filter((name) => /\.(tok|tmp|lock)$/.test(name));
}

describe('programs that rewrite the ledger whenever a commit has read it', () => {
  /** For each rewriting a second passes, and the ledger gets another record. */
  function disturbed(times: number): { disk: Disk; saved: () => number } {
    const tokens = new Set<number>();
    let saved = 0;
    const disk: Disk = {
      ...nodeDisk,
      async open(path, flags, mode) {
        const fd = await nodeDisk.open(path, flags, mode);
        if (path.endsWith('.tok')) tokens.add(fd);
        else tokens.delete(fd);
        return fd;
      },
      async fsync(fd) {
        await nodeDisk.fsync(fd);
        if (!tokens.has(fd) || saved === times) return;
        const others = JSON.parse(readFileSync(ledger, 'utf8')) as unknown[];
        const temporary = join(root, 'saving');
        writeFileSync(temporary, JSON.stringify([...others, usage(`other ${++saved}`)]));
        renameSync(temporary, ledger);
        clock += 1_000;
      },
    };
    return { disk, saved: () => saved };
  }

  it('refuse a removal after four seconds, which changes nothing', async () => {
    const { disk, saved } = disturbed(Infinity);
    const tracker = new CostTracker({ ledger, disk });
    await expect(tracker.remove(['a'])).rejects.toMatchObject({
      code: 'busy',
      message: `Other programs keep rewriting ${ledger}. The commit will be retried.`,
    });
    expect(saved()).toBe(4);
    expect(ids()).toEqual(['a', 'b', 'other 1', 'other 2', 'other 3', 'other 4']);
    expect(unfinished()).toEqual([]);
    await tracker.close();
  });

  it('delay a removal that they leave a gap for, and lose none of their records', async () => {
    const { disk } = disturbed(3);
    const tracker = new CostTracker({ ledger, disk });
    expect((await tracker.remove(['a'])).removed.map(({ usage_id }) => usage_id)).toEqual(['a']);
    expect(ids()).toEqual(['b', 'other 1', 'other 2', 'other 3']);
    await tracker.close();
  });

  it('leave a record durable and shown, and it is committed once they pause', async () => {
    const { disk } = disturbed(8);
    const tracker = new CostTracker({ ledger, disk });
    await tracker.track(usage('mine'));
    await expect(tracker.flush()).rejects.toMatchObject({ code: 'busy' });
    expect((await tracker.read()).map(({ usage_id }) => usage_id)).toContain('mine');
    expect(await tracker.flush(600_000)).toBe(true);
    expect(ids().filter((id) => id === 'mine')).toEqual(['mine']);
    expect(ids()).toHaveLength(2 + 8 + 1);
    await tracker.close();
  });
});

describe('a program that holds the ledger open, by the rules of Windows', () => {
  /** Each attempt to replace the ledger takes a second. */
  class HeldDisk extends FaultDisk {
    attempts = 0;
    override renameSync(from: string, to: string): void {
      if (to === ledger) {
        this.attempts++;
        clock += 1_000;
      }
      super.renameSync(from, to);
    }
  }
  let disk: HeldDisk;
  beforeEach(() => {
    disk = new HeldDisk({ kind: 'none' }, 1, atticOf(root), 'windows');
  });
  afterEach(() => disk.dispose());

  it('refuses a removal after ten seconds, and the next one succeeds once the ledger is closed', async () => {
    disk.readersOfOthers = Infinity;
    const tracker = new CostTracker({ ledger, disk });
    await expect(tracker.remove(['a'])).rejects.toMatchObject({
      code: 'busy',
      message: `Another program keeps ${ledger} open, or it is read-only. The commit will be retried.`,
      cause: { code: 'EPERM' },
    });
    expect(disk.attempts).toBe(11);
    expect(ids()).toEqual(['a', 'b']);
    expect(unfinished()).toEqual([]);
    disk.readersOfOthers = 0;
    expect((await tracker.remove(['a'])).removed).toHaveLength(1);
    expect(ids()).toEqual(['b']);
    await tracker.close();
  });

  it('delays a removal that it closes the ledger for within ten seconds', async () => {
    disk.readersOfOthers = 9;
    const tracker = new CostTracker({ ledger, disk });
    expect((await tracker.remove(['a'])).removed).toHaveLength(1);
    expect(disk.attempts).toBe(10);
    expect(ids()).toEqual(['b']);
    await tracker.close();
  });
});

describe('renameOnto, for a file that another program has open', () => {
  /** A disk that refuses so many renames, each of which takes a second. */
  function refusing(code: string, times: number, replacesOpenFiles = false): Disk {
    return {
      ...nodeDisk,
      replacesOpenFiles,
      rename(from, to) {
        clock += 1_000;
        if (times-- > 0) return Promise.reject(Object.assign(new Error('refused'), { code }));
        return nodeDisk.rename(from, to);
      },
    };
  }
  const renamed = (disk: Disk): Promise<void> => {
    writeFileSync(join(root, 'new'), 'new');
    return renameOnto(disk, join(root, 'new'), ledger, 10_000);
  };

  it.each(['EPERM', 'EACCES', 'EBUSY'])('repeats what fails with %s', async (code) => {
    await renamed(refusing(code, 10));
    expect(readFileSync(ledger, 'utf8')).toBe('new');
  });

  it('gives up after its patience, with the reason of the system', async () => {
    await expect(renamed(refusing('EBUSY', 11))).rejects.toMatchObject({ code: 'EBUSY' });
    expect(clock).toBe(1_011_000);
  });

  it.each([
    ['ENOSPC', false],
    ['EPERM', true],
  ])('does not repeat what fails with %s where open files are replaced: %s', async (code, replaces) => {
    await expect(renamed(refusing(code, 1, replaces))).rejects.toMatchObject({ code });
    expect(clock).toBe(1_001_000);
  });
});
