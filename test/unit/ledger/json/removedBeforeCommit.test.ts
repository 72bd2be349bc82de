import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { JsonStore } from '../../../../src/ledger/json/store.ts';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { call, stored } from '../../../contract/usages.ts';

/** A record may be removed by another process before its own process commits it. Its id is free from then on. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-removed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const changed = call('a', { cost_usd: 7 });

/** A ledger that commits nothing before `release` is called, with one record, which another process then removed. */
async function removedBeforeCommit() {
  const path = join(folder, 'costs.json');
  let release!: () => void;
  const mayCommit = new Promise<void>((resolve) => {
    release = resolve;
  });
  const disk: Disk = {
    ...nodeDisk,
    async mkdirExclusive(lock) {
      await mayCommit;
      return nodeDisk.mkdirExclusive(lock);
    },
  };
  const ledger = new Ledger(new JsonStore({ path, disk }), { pricing: undefined });
  const other = new Ledger(new JsonStore({ path }), { pricing: undefined });
  await ledger.track(call('a'));
  expect((await other.remove(['a'])).removed).toHaveLength(1);
  return { ledger, other, release };
}

it.each([
  ['track', async (ledger: Ledger) => (await ledger.trackWithStatus([changed]))[0]!.status, 'recorded'],
  ['adopt', async (ledger: Ledger) => (await ledger.adopt([stored(changed)])).adopted, 1],
])('%s records an id again that was removed before the commit', async (_, record, expected) => {
  const { ledger, other, release } = await removedBeforeCommit();
  const again = record(ledger);
  release();
  expect(await again).toBe(expected);
  expect((await other.read()).map(({ cost_usd }) => cost_usd)).toEqual([7]);
  await ledger.close();
  expect((await other.read()).map(({ cost_usd }) => cost_usd)).toEqual([7]);
  await other.close();
});

it('settles when nothing is left to commit, and there is no file', async () => {
  const { ledger, other, release } = await removedBeforeCommit();
  release();
  expect(await ledger.flush(120_000)).toBe(true);
  await ledger.close();
  await other.close();
  expect(readdirSync(folder)).toEqual(['costs.json.undo']);
});
