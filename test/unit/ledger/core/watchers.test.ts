import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Watchers } from '../../../../src/ledger/watchers.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-watchers-'));
  file = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('tells all who listen of a change by this process at once, and of one by others soon, until they stop', async () => {
  const watchers = new Watchers(file);
  expect(watchers.areThere).toBe(false);
  watchers.notify();
  const told = [0, 0];
  const first = watchers.add(() => told[0]!++);
  const second = watchers.add(() => told[1]!++);
  expect(watchers.areThere).toBe(true);
  watchers.notify();
  expect(told).toEqual([1, 1]);
  // The first look at the file comes by itself.
  await expect.poll(() => told[0]! > 1 && told[1]! > 1).toBe(true);
  first.dispose();
  const before = [...told];
  watchers.notify();
  expect(told).toEqual([before[0], before[1]! + 1]);
  writeFileSync(file, '[]');
  await expect.poll(() => told[1]! > before[1]! + 1).toBe(true);
  expect(told[0]).toBe(before[0]);
  expect(watchers.areThere).toBe(true);
  second.dispose();
  expect(watchers.areThere).toBe(false);
  const last = [...told];
  watchers.notify();
  writeFileSync(file, '[ ]');
  expect(told).toEqual(last);
});
