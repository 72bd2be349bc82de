import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import type { NoteAdditions } from '../../../../src/ledger/options.ts';
import type { ReplacePlan } from '../../../../src/ledger/store.ts';
import { Undoing } from '../../../../src/ledger/undo/undoing.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { MemoryContents, MemoryStore } from '../../../contract/memoryStore.ts';
import { call, stored } from '../../../contract/usages.ts';
import { ownState } from './ownState.ts';

/** Which change an undo takes back, with a clock that the test sets. */

const NAME = 'memory://undo';
const state = ownState();
let contents: MemoryContents;
let now: number;
beforeEach(() => {
  contents = new MemoryContents();
  now = Date.UTC(2026, 10, 1);
});

/** Each look at the clock is a second later, unless the test holds it. */
let isHeld = false;
const clock = (): number => (isHeld ? now : (now += 1_000));
const open = (noteAdditions?: NoteAdditions): Ledger =>
  new Ledger(new MemoryStore(NAME, contents, clock), { noteAdditions, now: clock });
const ids = (): string => [...contents.texts.keys()].sort().join('');
const recordOf = (id: string, cost_usd = 0.5): UsageRecord => stored(call(id, { cost_usd })).record;

async function imported(...added: string[]): Promise<string> {
  const other = open('together');
  await other.upsert(() => added.map((id) => recordOf(id)));
  return (await other.noteImport())!;
}

/** The kinds of the changes taken back, in order, each with the ids that are left. */
async function undoAll(ledger: Ledger): Promise<string[]> {
  const steps: string[] = [];
  for (let step = await ledger.undo(); step; step = await ledger.undo()) steps.push(`${step.undone}: ${ids()}`);
  return steps;
}

describe('undo of what this object did', () => {
  it('goes back a hundred additions', async () => {
    const ledger = open();
    for (let i = 0; i < 102; i++) await ledger.track(call(`${i}`));
    expect(await undoAll(ledger)).toHaveLength(100);
    expect([...contents.texts.keys()]).toEqual(['0', '1']);
  });

  it('says when the addition was made, and of which record', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    isHeld = true;
    expect(await ledger.undo()).toEqual({ undone: 'add', at: new Date(now).toISOString(), usageId: 'a', records: 1 });
    isHeld = false;
  });

  it('takes nothing for a change that changed nothing', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    await ledger.remove(['never']);
    await ledger.setCosts([{ usageId: 'a', fields: { cost_usd: 0.5 } }]);
    await ledger.setCosts([{ usageId: 'never', fields: { cost_usd: 7 } }]);
    await ledger.track(call('a'));
    expect(await undoAll(ledger)).toEqual(['add: ']);
    await ledger.clear();
    await ledger.track(call('b'));
    await ledger.clear();
    await ledger.undo();
    expect(await undoAll(ledger)).toEqual(['add: ']);
  });

  it('leaves out an addition whose records are gone, also when it only asks', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    await ledger.track(call('b'));
    await open().remove(['b'], { undoable: false });
    expect(await ledger.undo({ dryRun: true })).toMatchObject({ undone: 'add', records: 1 });
    expect(ids()).toBe('a');
    expect(await undoAll(ledger)).toEqual(['add: ']);
  });

  it('counts the records of an addition that are still there', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    await open().remove(['b'], { undoable: false });
    expect(await ledger.undo({ dryRun: true })).toMatchObject({ records: 2 });
    expect(await ledger.undo()).toMatchObject({ records: 2 });
  });

  it('gives a removal that cannot be undone no step', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b')]);
    await ledger.remove(['a'], { undoable: false });
    expect(await undoAll(ledger)).toEqual(['add: ']);
  });

  it('asks as often as one likes, and then takes the same change back', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    await ledger.remove(['a']);
    for (let i = 0; i < 3; i++) expect(await ledger.undo({ dryRun: true })).toMatchObject({ undone: 'remove' });
    expect(await undoAll(ledger)).toEqual(['remove: a', 'add: ']);
  });

  it('can be tried again after a removal that failed', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    const remove = vi.spyOn(MemoryStore.prototype, 'remove').mockRejectedValueOnce(new Error('the disk is full'));
    await expect(ledger.undo()).rejects.toThrow('the disk is full');
    remove.mockRestore();
    expect(await undoAll(ledger)).toEqual(['add: ']);
  });
});

describe('undo beside what others did', () => {
  it('takes back their later removal first, and their earlier one last', async () => {
    const ledger = open();
    await open().trackAll([call('x'), call('y')]);
    await open().remove(['x']);
    await ledger.track(call('a'));
    await open().remove(['y']);
    expect(await undoAll(ledger)).toEqual(['remove: ay', 'add: y', 'remove: xy']);
  });

  it('takes back its own addition before a removal of the same moment', async () => {
    const ledger = open();
    await open().track(call('x'));
    isHeld = true;
    await open().remove(['x']);
    await ledger.track(call('a'));
    isHeld = false;
    expect(await undoAll(ledger)).toEqual(['add: ', 'remove: x']);
  });

  it('never takes back their additions after its own change, though they came later', async () => {
    const ledger = open('each');
    await open().track(call('x'));
    await ledger.remove(['x']);
    await open('each').track(call('y'));
    expect((await ledger.undo())?.undone).toBe('remove');
    expect(ids()).toBe('xy');
  });

  it('takes back an import of another process that came after its own change or addition, and none before', async () => {
    const ledger = open('each');
    await imported('1');
    await ledger.track(call('a'));
    await imported('2');
    await ledger.remove(['a']);
    await imported('3');
    expect(await undoAll(ledger)).toEqual(['import: 12', 'remove: 12a', 'import: 1a', 'add: 1', 'import: ']);
  });

  it('takes back its own addition before an import of the same moment, and after a later one', async () => {
    const ledger = open('together');
    isHeld = true;
    await ledger.track(call('a'));
    await imported('1');
    isHeld = false;
    expect(await undoAll(ledger)).toEqual(['add: 1', 'import: ']);
    await ledger.track(call('b'));
    await imported('2');
    expect(await undoAll(ledger)).toEqual(['import: b', 'add: ']);
  });

  it('looks at no notes when it notes nothing itself', async () => {
    await imported('1');
    expect(await open().undo()).toBeUndefined();
    expect(ids()).toBe('1');
  });

  it('takes back one import alone when it is told which', async () => {
    const first = await imported('1', '2');
    await imported('3');
    const ledger = open('each');
    await ledger.track(call('a'));
    const asked = await ledger.undo({ importedAt: first, dryRun: true });
    expect(asked).toEqual({ undone: 'import', at: first, records: 2 });
    expect(ids()).toBe('123a');
    expect(await ledger.undo({ importedAt: first })).toEqual(asked);
    expect(ids()).toBe('3a');
    expect(await ledger.undo({ importedAt: first })).toBeUndefined();
    expect(await ledger.undo({ importedAt: new Date(now).toISOString() })).toBeUndefined();
    expect(await undoAll(ledger)).toEqual(['add: 3', 'import: ']);
  });

  it('takes no addition for the import of the same moment', async () => {
    isHeld = true;
    const ledger = open('each');
    await ledger.track(call('a'));
    isHeld = false;
    expect(await ledger.undo({ importedAt: new Date(now).toISOString() })).toBeUndefined();
    expect(ids()).toBe('a');
  });
});

describe('the note of an import', () => {
  it('is of what was imported since the last one', async () => {
    const ledger = open('together');
    expect(await ledger.noteImport()).toBeUndefined();
    await ledger.upsert(() => [recordOf('1')]);
    await ledger.upsert(() => [recordOf('1', 2), recordOf('2')]);
    const at = await ledger.noteImport();
    expect(at).toBe(new Date(now).toISOString());
    expect(await ledger.noteImport()).toBeUndefined();
    await ledger.upsert(() => [recordOf('3')]);
    const later = await ledger.noteImport();
    const other = open('together');
    expect(await other.undo()).toEqual({ undone: 'import', at: later, records: 1 });
    expect(await other.undo()).toEqual({ undone: 'import', at, records: 2, updated: 1 });
    expect(ids()).toBe('');
  });

  it('is made by closing, apart from that of the usages that were recorded', async () => {
    const ledger = open('together');
    await ledger.upsert(() => [recordOf('1')]);
    await ledger.track(call('a'));
    await ledger.close();
    expect(await undoAll(open('together'))).toEqual(['add: 1', 'import: ']);
  });

  it('is not made by a ledger that notes each addition, nor of an import that only updates', async () => {
    await open().track(call('a'));
    const each = open('each');
    await each.upsert(() => [recordOf('1')]);
    expect(await each.noteImport()).toBeUndefined();
    const together = open('together');
    await together.upsert(() => [recordOf('a', 7)]);
    expect(await together.noteImport()).toBeUndefined();
    expect(readdirSync(state.folder)).toEqual([]);
    await together.upsert(() => [recordOf('2')]);
    const at = await together.noteImport();
    expect(await together.undo()).toEqual({ undone: 'import', at, records: 1 });
  });

  it('covers a record that a repeated plan finds, and none that was there', async () => {
    await open().trackAll([call('asked'), call('not asked')]);
    // As when another program writes at the same moment.
    class Twice extends MemoryStore {
      override async replace(plan: ReplacePlan, undoable: boolean) {
        await super.replace(plan, undoable);
        return super.replace(plan, undoable);
      }
    }
    const ledger = new Ledger(new Twice(NAME, contents, clock), { noteAdditions: 'together', now: clock });
    let runs = 0;
    await ledger.upsert((get) => {
      runs++;
      return [...(get('asked') ? [recordOf('asked', 3)] : []), recordOf('not asked', 3), recordOf('new')];
    });
    expect(runs).toBe(2);
    await ledger.noteImport();
    expect(await open('together').undo()).toMatchObject({ undone: 'import', records: 1 });
    expect(ids()).toBe('askednot asked');
  });

  it('asks the store once for each record that the plan asked for', async () => {
    const asked: string[] = [];
    const get = vi.spyOn(MemoryStore.prototype, 'replace').mockImplementation(async (plan) => {
      const elements = plan((id) => void asked.push(id));
      return { added: elements.length, replaced: 0 };
    });
    await open('together').upsert((find) => ['a', 'b'].filter((id) => !find(id)).map((id) => recordOf(id)));
    get.mockRestore();
    expect(asked).toEqual(['a', 'b']);
  });
});

describe('the note of what an object recorded', () => {
  const noted = (): string[] =>
    readdirSync(state.notes).map((name) =>
      (JSON.parse(readFileSync(join(state.notes, name), 'utf8')) as { ids: string[] }).ids.join(''),
    );

  it('leaves out what the object took back itself', async () => {
    const ledger = open('together');
    await ledger.track(call('a'));
    await ledger.trackAll([call('b'), call('c')]);
    await ledger.undo();
    await ledger.close();
    // Another process may record a usage with the same id again, which is not ours to take back.
    await open().track(call('b'));
    expect(noted()).toEqual(['a']);
    expect(await open('together').undo()).toMatchObject({ undone: 'add', records: 1 });
    expect(ids()).toBe('b');
  });

  it('is there at once if each addition is noted, and goes with it', async () => {
    const ledger = open('each');
    await ledger.trackAll([call('a'), call('b')]);
    await ledger.track(call('c'));
    expect(noted()).toEqual(['ab', 'c']);
    await ledger.undo();
    expect(noted()).toEqual(['ab']);
    await ledger.close();
    expect(noted()).toEqual(['ab']);
  });
});

it('removes a large addition in parts, if the store can', async () => {
  const parts: number[] = [];
  const store = Object.assign(new MemoryStore(NAME, contents, clock), {
    drop: async (dropped: readonly string[]) => {
      parts.push(dropped.length);
      return new Set(dropped).size;
    },
  });
  const undoing = new Undoing(store, { noteAdditions: 'together', now: clock });
  undoing.imported(
    Array.from({ length: 250_000 }, (_, i) => `${i}`),
    0,
  );
  await undoing.noteImport();
  expect(await undoing.undo({})).toMatchObject({ undone: 'import', records: 250_000 });
  expect(parts).toEqual([100_000, 100_000, 50_000]);
  expect(readdirSync(state.notes)).toEqual([]);
});
