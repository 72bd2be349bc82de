import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fastFolder } from '../fixtures/fastFolder.mts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { LedgerError } from '../../src/ledger/results.ts';
import { LONG } from '../long.ts';
import { atticOf, FaultDisk, type Fault } from '../unit/ledger/faults/faultDisk.ts';
import { STORES, type Place } from './stores.ts';
import { call } from './usages.ts';

/**
 * What a caller may rely on when the disk fails under a store: an answer is true. The faults strike each call of the store to
 * its disk in turn. What SQLite itself writes is struck by real full disks in `test/process/ledger/environments.test.ts`.
 */

const MAX_STEPS = 400;
const AT_ONCE = 12;
/** Each second call in the quick form. */
const STEP = LONG ? 1 : 2;

const FAULTS: Record<string, Fault> = {
  'a call that fails, an fsync among them': { kind: 'error', code: 'EIO' },
  'a full disk': { kind: 'full' },
  'a write of the half, then ENOSPC': { kind: 'half-error', code: 'ENOSPC' },
};

/** Ids by what the ledger answered. */
interface Answers {
  there: Set<string>;
  /** Refused, or removed. */
  gone: Set<string>;
}

/** The result, or undefined when it failed. A failure must explain itself. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    expect(error).toBeInstanceOf(LedgerError);
    expect((error as LedgerError).message).not.toMatch(/undefined|\[object/);
    return undefined;
  }
}

async function use(ledger: Ledger): Promise<Answers> {
  const answers: Answers = { there: new Set(), gone: new Set() };
  const track = async (...ids: string[]): Promise<void> => {
    const tracked = await attempt(() => ledger.trackAll(ids.map((id) => call(id))));
    for (const id of ids) answers[tracked ? 'there' : 'gone'].add(id);
  };
  await track('a');
  await track('b', 'c');
  await attempt(() => ledger.flush());
  if (await attempt(() => ledger.remove(['b']))) {
    answers.there.delete('b');
    answers.gone.add('b');
  } else {
    // A removal that ends with an error may have taken effect: undo brings the record back then, too.
    answers.there.delete('b');
  }
  await track('d');
  return answers;
}

describe.each(STORES.filter(({ isFile }) => isFile))('a $title ledger on a disk that fails', (row) => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(fastFolder(), 'llm-spend-contract-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** @returns whether the fault struck. */
  async function strike(fault: Fault, at: number): Promise<boolean> {
    const place = row.make();
    const disk = new FaultDisk(fault, at, atticOf(mkdtempSync(join(root, 'step-'))));
    try {
      const ledger = place.open({ disk });
      const answers = await use(ledger);
      disk.free();
      await attempt(() => ledger.close());
      disk.dispose();
      if (disk.struck) await hold(place, answers, `step ${at}: ${disk.trace.slice(-4).join(' ')}`);
      return disk.struck;
    } finally {
      disk.dispose();
      place.dispose();
    }
  }

  it.each(Object.entries(FAULTS))('keeps what it acknowledged, and not what it refused: %s', async (_, fault) => {
    let next = 1 - STEP;
    let struck = 0;
    const worker = async (): Promise<void> => {
      while (next < MAX_STEPS && (await strike(fault, (next += STEP)))) struck++;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (row.writesThroughDisk || fault.kind !== 'half-error') expect(struck).toBeGreaterThan(3 / STEP);
    expect(next).toBeLessThan(MAX_STEPS);
  });
});

/** Holds the answers against what another instance finds. */
async function hold(place: Place, { there, gone }: Answers, when: string): Promise<void> {
  const other = place.open();
  try {
    await other.track(call('next'));
    const ids = (await other.read()).map(({ usage_id: id }) => id);
    for (const id of [...there, 'next'])
      expect([id, ids.filter((each) => each === id).length, when]).toEqual([id, 1, when]);
    expect([ids.filter((id) => gone.has(id)), when]).toEqual([[], when]);
    const { problems } = await other.verify();
    expect([problems.filter(({ severity }) => severity === 'error'), when]).toEqual([[], when]);
  } finally {
    await other.close();
  }
}
