import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { element, usage } from '../faults/world.ts';

/** A program that read the ledger before a change of ours, and saves after it, does not take the change back. */

let folder: string;
let ledger: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-late-'));
  ledger = join(folder, 'costs.json');
  writeFileSync(ledger, `[${element('a')},${element('b')},${element('c')}]`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `work`, in which the first version that we put in place is replaced at once by the one before. */
async function displaced<T>(work: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const temporary = join(folder, '.tmp_costs_1.json');
  writeFileSync(temporary, readFileSync(ledger));
  // So old that no commit waits for it, and open, so that it is not taken for abandoned.
  const past = Date.now() / 1000 - 7;
  utimesSync(temporary, past, past);
  const fd = openSync(temporary, 'r');
  let isLate = true;
  const replace = (from: string, to: string): void => {
    nodeDisk.renameSync(from, to);
    if (isLate && to === ledger) renameSync(temporary, ledger);
    isLate &&= to !== ledger;
  };
  const tracker = new CostTracker({ ledger, disk: { ...nodeDisk, renameSync: replace } });
  try {
    return await work(tracker);
  } finally {
    closeSync(fd);
    await tracker.close();
    expect(isLate, 'the other program saved').toBe(false);
  }
}
async function calmly<T>(work: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger });
  try {
    return await work(tracker);
  } finally {
    await tracker.close();
  }
}
const stored = (): string[] =>
  (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string; cost_usd: number }[])
    .map(({ usage_id: id, cost_usd: cost }) => `${id}=${cost}`)
    .toSorted();
const before = ['a=0.0125', 'b=0.0125', 'c=0.0125'];
const price = (usageId: string, cost: number) => ({ usageId, fields: { cost_usd: cost, cost_known: true } });

it('a record', async () => {
  await displaced(async (tracker) => {
    await tracker.track(usage('d'));
    await tracker.flush();
  });
  expect(stored()).toEqual([...before, 'd=0.0125']);
});

it('a removal, of which undo brings everything back', async () => {
  const { removed } = await displaced((tracker) => tracker.remove(['a', 'c', 'never']));
  expect(removed.map(({ usage_id: id }) => id)).toEqual(['a', 'c']);
  expect(stored()).toEqual(['b=0.0125']);
  expect(await calmly((tracker) => tracker.undo())).toMatchObject({ undone: 'remove', records: 2 });
  expect(stored()).toEqual(before);
});

it('a clear, of which undo brings everything back once', async () => {
  expect((await displaced((tracker) => tracker.clear())).removed).toBe(3);
  expect(stored()).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.includes('.cleared.'))).toHaveLength(1);
  expect(await calmly((tracker) => tracker.undo())).toMatchObject({ undone: 'clear', records: 3 });
  expect(stored()).toEqual(before);
  expect(await calmly((tracker) => tracker.undo())).toBeUndefined();
});

it('other costs, of which undo brings the old ones back', async () => {
  const { changed } = await displaced((tracker) => tracker.setCosts([price('a', 3), price('b', 4)]));
  expect(changed).toHaveLength(2);
  expect(stored()).toEqual(['a=3', 'b=4', 'c=0.0125']);
  expect(readdirSync(folder).filter((name) => name.includes('.replaced.'))).toHaveLength(1);
  expect(await calmly((tracker) => tracker.undo())).toMatchObject({ undone: 'replace', records: 2 });
  expect(stored()).toEqual(before);
  expect(await calmly((tracker) => tracker.undo())).toBeUndefined();
});

it('an undo of a removal, a clear or other costs', async () => {
  await calmly((tracker) => tracker.remove(['a']));
  expect(await displaced((tracker) => tracker.undo())).toMatchObject({ undone: 'remove', records: 1 });
  expect(stored()).toEqual(before);
  await calmly((tracker) => tracker.clear());
  expect(await displaced((tracker) => tracker.undo())).toMatchObject({ undone: 'clear', records: 3 });
  expect(stored()).toEqual(before);
  await calmly((tracker) => tracker.setCosts([price('b', 4)]));
  expect(await displaced((tracker) => tracker.undo())).toMatchObject({ undone: 'replace', records: 1 });
  expect(stored()).toEqual(before);
  expect(await calmly((tracker) => tracker.undo())).toBeUndefined();
});
