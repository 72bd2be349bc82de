import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldVersion } from '../../../../../src/ledger/json/commit/heldVersion.ts';
import { releaseVersion } from '../../../../../src/ledger/json/commit/heldVersion.ts';
import type { Outcome } from '../../../../../src/ledger/json/commit/settle.ts';
import { settle } from '../../../../../src/ledger/json/commit/settle.ts';
import type { LedgerIndex } from '../../../../../src/ledger/json/index.ts';
import { LedgerVersions } from '../../../../../src/ledger/json/versions.ts';
import { placeOf } from '../../../../../src/ledger/place.ts';
import { sideFileName } from '../../../../../src/system/sideFiles.ts';
import { fastFolder } from '../../../../fixtures/fastFolder.mts';
import { FaultDisk, atticOf, type Rules } from '../../faults/faultDisk.ts';
import { element, sideFileOfDead } from '../../faults/world.ts';

/** When a version counts as settled, and what is read and made durable before that. */

const FOREIGN = '.tmp_costs_ab.json';
const WITH_A = `[${element('a')}]`;

let root: string;
let folder: string;
let path: string;
let disk: FaultDisk;
let store: LedgerVersions;
let clock: number;
/** The number of times that a version was asked whether it has the record. */
let asked: number;

function begin(rules: Rules = 'macOS'): void {
  disk = new FaultDisk({ kind: 'none' }, 1, join(root, 'attic'), rules);
  store = new LedgerVersions(disk, placeOf(folder, 'costs.json'), 'costs.json');
}

beforeEach(() => {
  root = mkdtempSync(join(fastFolder(), 'llm-spend-settle-'));
  folder = mkdtempSync(join(root, 'ledger-'));
  path = join(folder, 'costs.json');
  atticOf(root);
  asked = 0;
  clock = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  begin();
});
afterEach(() => {
  vi.restoreAllMocks();
  // Whatever the outcome, no version stays open.
  expect(disk.descriptors).toEqual([]);
  disk.dispose();
  rmSync(root, { recursive: true, force: true });
});

const hasA = async (index: LedgerIndex): Promise<boolean> => {
  asked++;
  return index.has('a');
};
const put = (text: string): void => {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), path);
};
/** A temporary file that no commit takes for fresh or abandoned. */
const putForeign = (): void => {
  writeFileSync(join(folder, FOREIGN), '[]');
  const then = Date.now() / 1000 - 7;
  utimesSync(join(folder, FOREIGN), then, then);
};
/** The version at the ledger's path, as a commit holds the one that it wrote. */
async function written(): Promise<HeldVersion> {
  return (await store.alone(() => store.heldVersion()))!;
}
async function settled(version: HeldVersion | undefined, holds = hasA, budgetMs = 1_000): Promise<Outcome> {
  try {
    return await settle(store, version, holds, budgetMs);
  } finally {
    await releaseVersion(disk, version);
  }
}
/** From now on, each listing of the folder takes so long. */
const listingsTake = (ms: number, then: (count: number) => void = () => undefined): void => {
  let count = 0;
  disk.after = (operation) => {
    if (operation !== 'readdirSync') return;
    clock += ms;
    then(++count);
  };
};

describe('a version that we wrote', () => {
  beforeEach(() => put(WITH_A));

  it('is settled at once when no other program is about to save', async () => {
    const version = await written();
    writeFileSync(join(folder, sideFileName('costs.json', 'tok')), '');
    const before = disk.trace.length;
    expect(await settled(version)).toBe('settled');
    expect(asked).toBe(0);
    // Its writer made it durable: it is not read and not synced again.
    expect(disk.trace.slice(before)).toEqual(['readdirSync', 'statSync', 'close']);
  });

  it('waits for another program until its time is over, and looks every few ms', async () => {
    const version = await written();
    putForeign();
    listingsTake(100);
    expect(await settled(version)).toBe('waiting');
    expect(asked).toBe(1);
    expect(disk.trace.filter((operation) => operation === 'readdirSync')).toHaveLength(11);
  });

  it('is settled once the other program has gone', async () => {
    const version = await written();
    putForeign();
    listingsTake(1, (count) => count === 4 && rmSync(join(folder, FOREIGN)));
    expect(await settled(version)).toBe('settled');
    expect(asked).toBe(1);
  });

  it('waits for no program that came later than the one that it waited for', async () => {
    const version = await written();
    putForeign();
    listingsTake(1, (count) => {
      if (count === 3) renameSync(join(folder, FOREIGN), join(folder, '.tmp_costs_cd.json'));
      if (count === 6) rmSync(join(folder, '.tmp_costs_cd.json'));
    });
    expect(await settled(version)).toBe('settled');
    // The second program read a version with the record, which was looked at before and after its file was listed.
    expect(asked).toBe(2);
  });

  it('is lost when another program replaced it by what it had read before', async () => {
    const version = await written();
    put('[]');
    expect(await settled(version)).toBe('lost');
    expect(asked).toBe(1);
  });

  it('is lost when the ledger is gone', async () => {
    const version = await written();
    rmSync(path);
    expect(await settled(version)).toBe('lost');
    expect(asked).toBe(0);
  });

  it('is lost when what replaced it is damaged, whatever is in it', async () => {
    const version = await written();
    put(`${WITH_A.slice(0, -1)},{"usage_id`);
    expect(await settled(version, async () => true)).toBe('lost');
  });
});

describe('a version that another process wrote', () => {
  const calls = (): string => disk.trace.join(' ');

  it.each<Rules>(['macOS', 'windows'])('is made durable with its name, then it is settled (%s)', async (rules) => {
    begin(rules);
    put(WITH_A);
    const synced: string[] = [];
    const open = disk.descriptors.length;
    disk.after = (operation) => operation === 'fsync' && synced.push(...disk.descriptors);
    expect(await settled(undefined)).toBe('settled');
    expect(asked).toBe(1);
    expect(open).toBe(0);
    expect(synced.filter((name) => name === path)).not.toEqual([]);
    expect(synced.at(-1)).toBe(folder);
    expect(calls().match(/fsync/g)).toHaveLength(2);
  });

  it('is lost without the record, and nothing is made durable', async () => {
    put('[]');
    expect(await settled(undefined)).toBe('lost');
    expect(calls()).not.toContain('fsync');
  });

  it('waits for a process of ours that holds a token, since that may have read an older version', async () => {
    put(WITH_A);
    const token = join(folder, sideFileName('costs.json', 'tok'));
    writeFileSync(token, '');
    listingsTake(100);
    expect(await settled(undefined)).toBe('waiting');
    expect(calls()).not.toContain('fsync');
    listingsTake(1, (count) => count === 3 && rmSync(token));
    expect(await settled(undefined)).toBe('settled');
  });

  it('waits for no token of a dead process', async () => {
    put(WITH_A);
    writeFileSync(join(folder, sideFileOfDead('aa', 'tok')), '');
    expect(await settled(undefined)).toBe('settled');
  });

  it('is looked at again when it was replaced before the second listing', async () => {
    put(WITH_A);
    listingsTake(1, (count) => count === 2 && put(`[${element('b')},${element('a')}]`));
    expect(await settled(undefined)).toBe('settled');
    expect(asked).toBe(2);
    put(WITH_A);
    listingsTake(1, (count) => count === 2 && put('[]'));
    expect(await settled(undefined)).toBe('lost');
  });

  it('is looked at again when it was replaced while it was made durable, where it could not be kept open', async () => {
    begin('windows');
    put(WITH_A);
    let syncs = 0;
    disk.after = (operation) => operation === 'fsync' && ++syncs === 2 && put('[]');
    expect(await settled(undefined)).toBe('lost');
    expect(asked).toBe(2);
  });
});

describe('a change that needs no file', () => {
  const needsNothing = async (): Promise<boolean> => {
    asked++;
    return true;
  };

  it('is settled where there is none, and makes none', async () => {
    expect(await settled(undefined, needsNothing)).toBe('settled');
    expect(asked).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    expect(disk.trace).not.toContain('fsync');
  });

  it('is lost where it needs one', async () => {
    expect(await settled(undefined)).toBe('lost');
  });

  it('waits for other programs, too', async () => {
    putForeign();
    listingsTake(100);
    expect(await settled(undefined, needsNothing)).toBe('waiting');
  });

  it('is looked at again when a file appears', async () => {
    listingsTake(1, (count) => count === 2 && put(WITH_A));
    expect(await settled(undefined, needsNothing)).toBe('settled');
    expect(asked).toBe(2);
    expect(disk.trace).toContain('fsync');
  });
});
