import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeEach, findRecords, undoLatest } from '../../../../src/host/ledger/ownLedgers.ts';
import { planEdit } from '../../../../src/library/edit.ts';
import { openLedger } from '../../../../src/library/index.ts';
import type { Ledger } from '../../../../src/library/index.ts';

let folder: string;
let ledgers: [Ledger, Ledger];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-own-'));
  const open = (name: string): Ledger => openLedger({ ledger: path.join(folder, name), pricing: false });
  ledgers = [open('costs.json'), open('imported.db')];
  for (const [index, ledger] of ledgers.entries()) {
    await ledger.track({ usage_id: `r${index}`, provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });
  }
});
afterEach(async () => {
  for (const ledger of ledgers) await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const notes = async (): Promise<unknown[]> =>
  (await Promise.all(ledgers.map((ledger) => ledger.read()))).flat().map(({ note }) => note ?? null);
const write = (note: string): ReturnType<typeof changeEach> =>
  changeEach(ledgers, async (ledger) =>
    ledger.setCosts((await planEdit(ledger, ['r0', 'r1'], { note }, undefined)).changes),
  );

test('a change of several ledgers is taken back in all of them', async () => {
  const { changed, undo } = await write('new');
  expect(changed.map(({ usage_id }) => usage_id)).toEqual(['r0', 'r1']);
  expect(await notes()).toEqual(['new', 'new']);
  expect(await undo()).toBe(2);
  expect(await notes()).toEqual([null, null]);
});

test('a ledger that was changed since is left alone', async () => {
  const { undo } = await write('new');
  await ledgers[0].remove(['r0']);
  expect(await undo()).toBe(1);
  expect(await notes()).toEqual([null]);
});

test('the latest change of all is taken back first', async () => {
  await write('new');
  await ledgers[0].remove(['r0']);
  expect(await undoLatest(ledgers, { dryRun: true })).toMatchObject({ undone: 'remove', records: 1 });
  expect(await undoLatest(ledgers)).toMatchObject({ undone: 'remove' });
  expect(await notes()).toEqual(['new', 'new']);
});

test('records are found in the ledger that holds them', async () => {
  const found = await findRecords(ledgers, ['r1', 'nowhere']);
  expect(found.map(({ ledger, records }) => [ledger === ledgers[1], records.map(({ usage_id }) => usage_id)])).toEqual([
    [true, ['r1']],
  ]);
});
