import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AdditionNotes } from '../../../src/ledger/undo/additionNotes.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import type { UsageInput, UsageRecord } from '../../../src/usage/record.ts';

const call = (usage_id: string): UsageInput => ({ usage_id, provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });

const recordOf = (usage: UsageInput): UsageRecord => ({
  ...(usage as UsageRecord),
  timestamp: '2026-01-01T00:00:00Z',
  cost_known: true,
});

let folder: string;
let notes: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-notes-'));
  vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'));
  // Where the system has another place for it, that one is in here, too.
  vi.stubEnv('HOME', folder);
  vi.stubEnv('LOCALAPPDATA', folder);
  notes = join(folder, 'state', 'llm-spend', 'undo');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['costs.json', 'costs.db'])('additions to %s that were noted', (file) => {
  const open = (noteAdditions?: 'each' | 'together'): CostTracker =>
    new CostTracker({ ledger: join(folder, file), pricing: false, noteAdditions });
  /** Runs a process that does one thing. */
  async function process<T>(work: (ledger: CostTracker) => Promise<T>, noting?: 'each' | 'together'): Promise<T> {
    const ledger = open(noting);
    try {
      return await work(ledger);
    } finally {
      await ledger.close();
    }
  }
  const undo = () => process((ledger) => ledger.undo(), 'together');
  const ids = () => process(async (ledger) => (await ledger.read()).map(({ usage_id }) => usage_id).toSorted());

  it.each(['each', 'together'] as const)('are undone by a later process, last first: %s', async (noting) => {
    await process((ledger) => ledger.trackAll([call('a'), call('b')]), noting);
    await process((ledger) => ledger.track(call('c')), noting);
    expect(await process((ledger) => ledger.undo({ dryRun: true }), 'together')).toMatchObject({
      undone: 'add',
      records: 1,
    });
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(await undo()).toMatchObject({ undone: 'add', records: 1 });
    expect(await ids()).toEqual(['a', 'b']);
    expect(await undo()).toMatchObject({ undone: 'add', records: 2 });
    expect(await ids()).toEqual([]);
    expect(await undo()).toBeUndefined();
    expect(readdirSync(notes)).toEqual([]);
  });

  it('make one note of everything that an object added, and none of repetitions', async () => {
    await process(async (ledger) => {
      for (const id of ['a', 'b', 'c']) await ledger.track(call(id));
    }, 'together');
    await process((ledger) => ledger.track(call('a')), 'together');
    expect(readdirSync(notes)).toHaveLength(1);
    expect(await undo()).toMatchObject({ records: 3 });
  });

  it('stay removed, also after a repair', async () => {
    await process((ledger) => ledger.track(call('kept')));
    await process((ledger) => ledger.track(call('a')), 'together');
    await undo();
    await process((ledger) => ledger.repair());
    await process((ledger) => ledger.track(call('b')));
    expect(await ids()).toEqual(['b', 'kept']);
  });

  it('take turns with other changes, by the time', async () => {
    await process((ledger) => ledger.trackAll([call('a'), call('b')]), 'together');
    await process((ledger) => ledger.remove(['a']));
    await process((ledger) => ledger.track(call('c')), 'together');
    const undone = [];
    for (let next = await undo(); next; next = await undo()) undone.push([next.undone, await ids()]);
    expect(undone).toEqual([
      ['add', ['b']],
      ['remove', ['a', 'b']],
      ['add', []],
    ]);
  });

  const stored = (id: string): UsageRecord => recordOf(call(id));

  it('take turns with imports by another process, by the time', async () => {
    const editor = open('each');
    await editor.track(call('own'));
    const recordedAt = Date.now();
    await vi.waitUntil(() => Date.now() > recordedAt, { interval: 1 });
    await process((ledger) => ledger.upsert(() => [stored('a')]), 'together');
    const undone = [await editor.undo(), await editor.undo(), await editor.undo()];
    await editor.close();
    expect(undone.map((step) => step?.undone)).toEqual(['import', 'add', undefined]);
  });

  it('are undone for one import when others came since', async () => {
    const importing = (id: string) =>
      process(async (ledger) => {
        await ledger.upsert(() => [stored(id)]);
        return ledger.noteImport();
      }, 'together');
    const first = await importing('a');
    await vi.waitUntil(() => new Date().toISOString() > first!, { interval: 1 });
    await importing('b');
    expect(await process((ledger) => ledger.undo({ importedAt: first! }))).toMatchObject({
      undone: 'import',
      records: 1,
    });
    expect(await ids()).toEqual(['b']);
    expect(await process((ledger) => ledger.undo({ importedAt: first! }))).toBeUndefined();
  });

  it('stay away when an earlier change of their costs is undone after them', async () => {
    await process((ledger) => ledger.track(call('own')));
    const imported = await process(async (ledger) => {
      await ledger.upsert(() => [stored('a')]);
      return ledger.noteImport();
    }, 'together');
    await process((ledger) => ledger.setCosts(['own', 'a'].map((usageId) => ({ usageId, fields: { cost_usd: 7 } }))));
    expect(await process((ledger) => ledger.undo({ importedAt: imported! }))).toMatchObject({ undone: 'import' });
    expect(await undo()).toMatchObject({ undone: 'replace' });
    expect(await process(async (ledger) => (await ledger.read()).map((r) => [r.usage_id, r.cost_usd]))).toEqual([
      ['own', 1],
    ]);
  });

  it('are not those of programs, of other ledgers, or of a note that was cut off', async () => {
    await process((ledger) => ledger.track(call('of a program')));
    expect(existsSync(notes)).toBe(false);
    await process((ledger) => ledger.track(call('a')), 'together');
    const elsewhere = new CostTracker({ ledger: join(folder, `other-${file}`), noteAdditions: 'each', pricing: false });
    await elsewhere.track(call('elsewhere'));
    await elsewhere.close();
    writeFileSync(join(notes, '20991231235959999-0123456789ab.json'), '{"ledger":');
    expect(await undo()).toMatchObject({ undone: 'add', records: 1 });
    expect(await ids()).toEqual(['of a program']);
    expect(await undo()).toBeUndefined();
  });

  it('do not fail where nothing can be noted', async () => {
    writeFileSync(join(folder, 'state'), 'in the way');
    await process((ledger) => ledger.track(call('a')), 'each');
    expect(await ids()).toEqual(['a']);
    expect(await undo()).toBeUndefined();
  });
});

it('keeps the last hundred notes', async () => {
  const ledger = new CostTracker({ ledger: join(folder, 'costs.json'), noteAdditions: 'each', pricing: false });
  for (let i = 0; i < 105; i++) await ledger.track(call(`${i}`));
  await ledger.close();
  expect(readdirSync(notes)).toHaveLength(100);
});

/** Three notes of 30 MB. */
function largeNotes(): string[] {
  mkdirSync(notes, { recursive: true });
  const names = ['1', '2', '3'].map((day) => `2026010${day}000000000-0123456789ab.json`);
  for (const name of names) {
    writeFileSync(join(notes, name), '');
    truncateSync(join(notes, name), 30 * 2 ** 20);
  }
  return names;
}
const MANY = Array.from({ length: 10_000 }, (_, i) => `${i}`);

it('keeps large notes of at most 64 MB together besides the newest', async () => {
  largeNotes();
  const own = new AdditionNotes('costs.json', nodeDisk);
  await own.add({ at: '2026-01-04T00:00:00.000Z', ids: ['a'] });
  expect(readdirSync(notes)).toHaveLength(4);
  await own.add({ at: '2026-01-05T00:00:00.000Z', ids: MANY });
  expect(readdirSync(notes).map((name) => name.slice(0, 8))).toEqual(['20260102', '20260103', '20260104', '20260105']);
});

it('counts no bytes of a large note that another process drops meanwhile', async () => {
  const [, , dropped] = largeNotes();
  const disk: Disk = {
    ...nodeDisk,
    async readdir(path) {
      const names = await nodeDisk.readdir(path);
      rmSync(join(notes, dropped!), { force: true });
      return names;
    },
  };
  const own = new AdditionNotes('costs.json', disk);
  expect(await own.add({ at: '2026-01-05T00:00:00.000Z', ids: MANY })).toMatchObject({ ids: MANY });
  expect(readdirSync(notes).map((name) => name.slice(0, 8))).toEqual(['20260101', '20260102', '20260105']);
});
