import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { UsageInput } from '../../../src/usage/record.ts';

const call = (usage_id: string): UsageInput => ({ usage_id, provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });

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
