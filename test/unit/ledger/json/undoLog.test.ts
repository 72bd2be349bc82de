import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { UndoLog } from '../../../../src/ledger/json/undoLog.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';

let folder: string;
let ledger: string;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-undo-'));
  ledger = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const usage = (id: number, more: object = {}): UsageInput => ({
  usage_id: `id-${id}`,
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: 0.5,
  timestamp: '2026-11-01T00:00:00Z',
  ...more,
});

async function withTracker<T>(use: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger });
  try {
    return await use(tracker);
  } finally {
    await tracker.close();
  }
}

const idsIn = (): Promise<string[]> =>
  withTracker(async (tracker) => (await tracker.read()).map(({ usage_id }) => usage_id).sort());

test('what was removed long ago stays removed when a kept damaged file is mended from', async () => {
  const all = Array.from({ length: 460 }, (_, i) => usage(i));
  await withTracker((tracker) => tracker.trackAll(all));
  // An earlier damaged version, which contains all records, including removed ones.
  writeFileSync(`${ledger}.corrupt.1-abc`, readFileSync(ledger, 'utf8').slice(0, -1));
  // The log after this many removals; the last one is real and compacts it.
  const at = '2026-11-02T00:00:00Z';
  const elements = (JSON.parse(readFileSync(ledger, 'utf8')) as object[]).map((element) => JSON.stringify(element));
  const log = elements
    .slice(0, 449)
    .map((text, i) => ({ seq: i + 1, op: 'remove', at, ids: [`id-${i}`], elements: [text] }));
  writeFileSync(`${ledger}.undo`, log.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(ledger, `[${elements.slice(449).join(',')}]`);
  await withTracker(async (tracker) => expect((await tracker.remove(['id-449'])).missing).toEqual([]));
  await withTracker(async (tracker) => {
    const { problems } = await tracker.verify();
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    writeFileSync(ledger, `${readFileSync(ledger, 'utf8').slice(0, -1)},{`);
    await tracker.repair();
  });
  expect(await idsIn()).toEqual(all.slice(450).map(({ usage_id }) => usage_id));
  const left = readFileSync(`${ledger}.undo`, 'utf8').trim().split('\n');
  expect(left.filter((line) => !line.includes('"elements":[]'))).toHaveLength(100);
  expect(left).toHaveLength(450);
  // The last hundred can be undone.
  await withTracker(async (tracker) => {
    let undone = 0;
    for (; undone < 3; undone++) expect(await tracker.undo()).toMatchObject({ undone: 'remove', records: 1 });
    expect((await tracker.summary()).records).toBe(13);
  });
});

test('a compacted log has the same last number and the same removals as before', async () => {
  const at = '2026-11-02T00:00:00Z';
  const removals = Array.from({ length: 401 }, (_, i) => ({
    seq: i + 1,
    op: 'remove',
    at,
    ids: [`id-${i + 1}`],
    elements: [JSON.stringify(usage(i + 1))],
  }));
  const lines = [...removals, { seq: 402, op: 'undo', at, of: 401 }];
  writeFileSync(`${ledger}.undo`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await new UndoLog(nodeDisk, folder, 'costs.json').append({ op: 'undo', at, of: 400 });
  const log = new UndoLog(nodeDisk, folder, 'costs.json');
  expect(await log.lastSeq()).toBe(403);
  expect(await log.last()).toMatchObject({ seq: 399, ids: ['id-399'], elements: [JSON.stringify(usage(399))] });
  const removed = await Promise.all([1, 300, 399, 400, 401].map((id) => log.removedSince(`id-${id}`, 0)));
  expect(removed).toEqual([true, true, true, false, false]);
  // The next number is above all others.
  await log.append({ op: 'undo', at, of: 399 });
  expect(await log.last()).toMatchObject({ seq: 398 });
  const kept = readFileSync(`${ledger}.undo`, 'utf8').trim().split('\n');
  expect(kept.filter((line) => line.includes('"elements":[]'))).toHaveLength(299);
});

test.each([
  ['{"seq":9,"op":"remove","at":"x","ids":"a","elements":[]}'],
  ['{"seq":9,"op":"remove","at":"x","ids":["a",1],"elements":["{}","{}"]}'],
  ['{"seq":9,"op":"remove","at":"x","ids":["a"],"elements":["{}",{}]}'],
  ['{"seq":9,"op":"remove","at":"x","ids":["a"]}'],
  ['{"seq":9,"op":"remove","at":"x","ids":{"length":0},"elements":[]}'],
  ['{"seq":"9","op":"remove","at":"x","ids":["a"],"elements":["{}"]}'],
  ['{"seq":9.5,"op":"remove","at":"x","ids":["a"],"elements":["{}"]}'],
  ['{"seq":9,"op":"clear","at":"x","records":1}'],
  ['{"seq":9,"op":"replace","at":"x","records":1,"file":7}'],
  ['{"seq":9,"op":"undo","at":"x","of":"4"}'],
  ['{"seq":9,"op":"polish","at":"x"}'],
  ['null'],
  ['9'],
  ['{"seq":9,"op":"remove","at":"x","ids":["a"],"elem'],
])('a damaged line counts as none, and the lines around it as they are: %s', async (damaged) => {
  const line = (seq: number, ids: string[]): string =>
    JSON.stringify({ seq, op: 'remove', at: '2026-11-02T00:00:00Z', ids, elements: ids.map(() => '{}') });
  writeFileSync(`${ledger}.undo`, `${line(4, ['b', 'c'])}\n${damaged}\n${line(5, ['d'])}\n`);
  const log = new UndoLog(nodeDisk, folder, 'costs.json');
  expect(await log.lastSeq()).toBe(5);
  expect(await log.last()).toMatchObject({ seq: 5, ids: ['d'] });
  const removed = await Promise.all(['a', 'b', 'c', 'd'].map((id) => log.removedSince(id, 3)));
  expect(removed).toEqual([false, true, true, true]);
  await log.append({ op: 'undo', at: '2026-11-03T00:00:00Z', of: 5 });
  expect(await new UndoLog(nodeDisk, folder, 'costs.json').last()).toMatchObject({ seq: 4, ids: ['b', 'c'] });
});

test('a large removal leaves the log small, stays removed, and is undone as a removal', async () => {
  const all = Array.from({ length: 3000 }, (_, i) => usage(i, { note: 'x'.repeat(200) }));
  await withTracker((tracker) => tracker.trackAll(all));
  writeFileSync(`${ledger}.corrupt.1-abc`, readFileSync(ledger, 'utf8').slice(0, -1));
  const ids = all.slice(0, 2999).map(({ usage_id }) => usage_id!);
  await withTracker((tracker) => tracker.remove(ids));
  expect(statSync(`${ledger}.undo`).size).toBeLessThan(1000);
  writeFileSync(ledger, `${readFileSync(ledger, 'utf8').slice(0, -1)},{`);
  await withTracker((tracker) => tracker.repair());
  expect(await idsIn()).toEqual(['id-2999']);
  expect(await withTracker((tracker) => tracker.undo())).toMatchObject({ undone: 'remove', records: 2999 });
  expect(await idsIn()).toEqual(all.map(({ usage_id }) => usage_id!).sort());
  expect(readdirSync(folder).filter((name) => name.includes('.cleared.'))).toEqual([]);
});

test('records in arrays within the array are brought back by a repair, and only then may their file go', async () => {
  const text = (id: number): string => JSON.stringify({ ...usage(id), cost_known: true });
  const nested = `[${text(1)},[${text(2)},[${text(3)}]],${text(4)}]`;
  writeFileSync(ledger, nested);
  await withTracker(async (tracker) => {
    expect((await tracker.verify()).health).toBe('damaged');
    const repaired = await tracker.repair();
    expect(repaired).toMatchObject({ records: 4, recovered: 2 });
    expect(readFileSync(repaired.keptIn!, 'utf8')).toBe(nested);
    const { problems } = await tracker.verify();
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['kept-aside', 'warning']]);
  });
  expect(await idsIn()).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
  // The same bytes beside a ledger that lacks one of them.
  writeFileSync(ledger, `[${text(1)},${text(2)},${text(4)}]`);
  await withTracker(async (tracker) => {
    const kept = (await tracker.verify()).problems.find(({ code }) => code === 'kept-aside');
    expect(kept?.severity).toBe('error');
    expect(kept?.message).toMatch(/holds 1 records? that/);
  });
});
