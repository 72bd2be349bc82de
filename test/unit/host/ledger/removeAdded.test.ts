import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeAdded } from '../../../../src/host/ledger/removeAdded.ts';
import { openLedger } from '../../../../src/library/index.ts';
import type { Ledger, UsageInput } from '../../../../src/library/index.ts';

let folder: string;
let ledger: Ledger;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-remove-'));
  ledger = openLedger({ ledger: path.join(folder, 'imported.db') });
});
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const usage = (id: string): UsageInput => ({ usage_id: id, provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });
const ids = async (): Promise<string[]> => (await ledger.read()).map(({ usage_id }) => usage_id);

test('removes what was added since, and undo brings it back', async () => {
  await ledger.track(usage('before'));
  await ledger.refresh();
  const { cursor } = ledger;
  await ledger.trackAll([usage('one'), usage('two')]);
  expect(await removeAdded(ledger, cursor)).toBe(2);
  expect(await ids()).toEqual(['before']);
  await ledger.undo();
  expect((await ids()).toSorted()).toEqual(['before', 'one', 'two']);
});

test('removes everything without a moment', async () => {
  await ledger.trackAll([usage('one'), usage('two')]);
  expect(await removeAdded(ledger, undefined)).toBe(2);
  expect(await ids()).toEqual([]);
});

test('removes nothing when records were changed too', async () => {
  await ledger.trackAll([usage('one'), usage('two')]);
  await ledger.refresh();
  const { cursor } = ledger;
  await ledger.remove(['one']);
  await ledger.track(usage('three'));
  expect(await removeAdded(ledger, cursor)).toBeUndefined();
  expect(await ids()).toEqual(['two', 'three']);
});
