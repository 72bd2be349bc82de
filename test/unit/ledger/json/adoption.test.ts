import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';
import { stored } from '../../../contract/usages.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { element, sideFileOfDead, usage } from '../faults/world.ts';

let folder: string;
let ledger: string;
let open: CostTracker[];
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-adoption-'));
  ledger = join(folder, 'costs.json');
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function tracker(disk = nodeDisk): CostTracker {
  const one = new CostTracker({ ledger, disk });
  open.push(one);
  return one;
}
const putJournal = (...ids: string[]): void =>
  writeFileSync(
    join(folder, sideFileOfDead('aa', 'journal')),
    ids.map((id) => `{"seen":0,"record":${element(id)}}\n`).join(''),
  );
const ids = (): string[] =>
  existsSync(ledger) ? (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map((r) => r.usage_id) : [];
const journals = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.journal'));

it('is done by a process that watches, though it records nothing itself', async () => {
  putJournal('left');
  const watching = tracker();
  watching.watch(() => undefined);
  await watching.refresh();
  await expect.poll(() => [ids(), journals()]).toEqual([['left'], []]);
});

it('is not done by a process that reads and does not watch', async () => {
  putJournal('left');
  const reading = tracker();
  expect((await reading.refresh()).records).toBe(1);
  await reading.close();
  expect([ids(), journals().length]).toEqual([[], 1]);
});

it('of a journal that cannot be removed is repeated, and its record stands in the ledger once', async () => {
  putJournal('left');
  let refusals = 0;
  const unlink = async (path: string): Promise<void> => {
    if (path.endsWith('.journal') && refusals++ === 0) throw Object.assign(new Error('not now'), { code: 'EPERM' });
    await nodeDisk.unlink(path);
  };
  const one = tracker({ ...nodeDisk, unlink });
  await one.track(usage('a'));
  await one.flush();
  await one.track(usage('b'));
  await one.flush();
  await one.close();
  expect(refusals).toBeGreaterThan(0);
  expect([ids().toSorted(), journals()]).toEqual([['a', 'b', 'left'], []]);
});

it('of a record whose text has several lines makes one line of it, which other processes read', async () => {
  const { promise: unlocked, resolve: unlock } = Promise.withResolvers<void>();
  const mkdirExclusive = async (path: string): Promise<void> => {
    await unlocked;
    await nodeDisk.mkdirExclusive(path);
  };
  const one = tracker({ ...nodeDisk, mkdirExclusive });
  const line = element('a', { model: 'two  words' }).replace('0.0125', '1.250');
  const text = line.replaceAll(',"', ',\r\n  "');
  const { record } = stored(JSON.parse(text) as UsageInput);
  expect(await one.adopt([{ record, text }])).toMatchObject({ adopted: 1 });
  const seen = await tracker().read();
  unlock();
  await one.close();
  expect(seen.map(({ model, cost_usd }) => [model, cost_usd])).toEqual([['two  words', 1.25]]);
  expect(readFileSync(ledger, 'utf8')).toContain(line);
});
