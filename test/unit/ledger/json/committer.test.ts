import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Committer } from '../../../../src/ledger/json/committer.ts';
import { Journal } from '../../../../src/ledger/json/journal.ts';
import type { Entry } from '../../../../src/ledger/json/journalContent.ts';
import { LedgerVersions } from '../../../../src/ledger/json/versions.ts';
import { placeOf } from '../../../../src/ledger/place.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { element, sideFileOfDead } from '../faults/world.ts';
import { failure } from '../faults/faultDisk.ts';

/** When pending records are committed, what a commit puts into the file, and when a record leaves its journal. */

let folder: string;
let path: string;
let clock: number;
/** How much time passes with each look at the clock, in tests that wait for something that does not come. */
let tick: number;
let disk: Disk;
/** Runs before a commit puts its version in place. */
let atRename: () => void;
let unavailable: Error | undefined;
let isWatched: boolean;
let isOnlyOpened: boolean;
let store: LedgerVersions;
let journal: Journal;
let committer: Committer;
/** The delays that the committer asked for, and whether the process waits for them. */
let delays: { ms: number; keepsAlive: boolean }[];
let timers: NodeJS.Timeout[];

beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-committer-'));
  path = join(folder, 'costs.json');
  clock = 50_000;
  tick = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += tick));
  atRename = () => undefined;
  unavailable = undefined;
  isWatched = false;
  isOnlyOpened = false;
  disk = {
    ...nodeDisk,
    renameSync(from, to) {
      atRename();
      nodeDisk.renameSync(from, to);
    },
  };
  store = new LedgerVersions(disk, placeOf(folder, 'costs.json'), path);
  journal = new Journal(disk, folder, 'costs.json');
  committer = new Committer({
    path,
    store: async () => {
      if (unavailable) throw unavailable;
      return store;
    },
    isOwn: (name) => isOnlyOpened || journal.isOwn(name),
    isWatched: () => isWatched,
  });
  delays = [];
  timers = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const timer of timers) clearTimeout(timer);
  committer.stop();
  await committer.finish();
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

const entry = (id: string): Entry => {
  const text = element(id);
  return { record: JSON.parse(text) as UsageRecord, text, seen: 0 };
};
async function accept(...ids: string[]): Promise<void> {
  const entries = ids.map(entry);
  committer.accept(entries, journal, await journal.append(entries));
}
const ids = (): string[] =>
  (JSON.parse(readFileSync(path, 'utf8')) as { usage_id: string }[]).map(({ usage_id: id }) => id);
const journals = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.journal'));
/** The ids in the journals, as another process would find them. */
const inJournals = async (): Promise<string[]> => [...(await store.journals.entries(() => false)).keys()].toSorted();
/** From now on the timers of the committer do not run, and their delays are noted. */
function noteDelays(): void {
  if (vi.isMockFunction(globalThis.setTimeout)) return;
  const real = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((work: () => void, ms?: number) => {
    // The pauses of a commit are shorter than every delay of the committer.
    if ((ms ?? 0) < 40) return real(work, ms);
    const timer = real(() => undefined, 1e9);
    timers.push(timer);
    delays.push({ ms: ms!, keepsAlive: true });
    const noted = delays.at(-1)!;
    const unref = timer.unref.bind(timer);
    timer.unref = () => {
      noted.keepsAlive = false;
      return unref();
    };
    return timer;
  });
}
/** The delay of the commit that is scheduled for a record that comes now. */
async function nextDelay(id: string): Promise<{ ms: number; keepsAlive: boolean } | undefined> {
  noteDelays();
  delays = [];
  await accept(id);
  return delays.at(-1);
}

describe('the time of the next commit', () => {
  it('is 50 ms after one that took no time', async () => {
    await accept('a');
    expect(await committer.flush(Infinity)).toBe(true);
    expect(await nextDelay('b')).toEqual({ ms: 50, keepsAlive: true });
  });

  it('is less if some of it is over, and never negative', async () => {
    await accept('a');
    await committer.flush(Infinity);
    clock += 8;
    expect(await nextDelay('b')).toEqual({ ms: 42, keepsAlive: true });
  });

  it('is nine times as long after a commit as it took: commits take a tenth of the time', async () => {
    atRename = () => (clock += 100);
    await accept('a');
    await committer.flush(Infinity);
    expect((await nextDelay('b'))?.ms).toBe(900);
  });

  it('is three to five seconds later while inkwell saves', async () => {
    await accept('a');
    writeFileSync(join(folder, 'costs.json.bak'), '[]');
    await committer.flush(Infinity);
    const { ms } = (await nextDelay('b'))!;
    expect(ms).toBeGreaterThanOrEqual(3_000);
    expect(ms).toBeLessThanOrEqual(5_000);
  });

  it('is 400 ms after one that could not settle because of another program', async () => {
    writeFileSync(join(folder, '.tmp_costs_ab.json'), '[]');
    const then = Date.now() / 1000 - 7;
    utimesSync(join(folder, '.tmp_costs_ab.json'), then, then);
    await accept('a');
    noteDelays();
    tick = 1;
    expect(await committer.flush(20)).toBe(false);
    await committer.finish();
    tick = 0;
    expect(ids()).toEqual(['a']);
    expect(await inJournals()).toEqual(['a']);
    const { ms } = delays.at(-1)!;
    expect(ms).toBeGreaterThan(380);
    expect(ms).toBeLessThanOrEqual(400);
  });

  it('grows with each failure up to ten seconds, and does not keep the process alive', async () => {
    await accept('a');
    noteDelays();
    unavailable = failure('ENOSPC');
    for (let i = 0; i < 7; i++) await expect(committer.commitFirst()).rejects.toThrow('ENOSPC');
    expect(delays.slice(-7).map(({ ms }) => ms)).toEqual([250, 500, 1_000, 2_000, 5_000, 10_000, 10_000]);
    expect(delays.slice(-7).some(({ keepsAlive }) => keepsAlive)).toBe(false);
    expect(committer.problem).toMatchObject({ code: 'disk-full' });
    unavailable = undefined;
    await committer.commitFirst();
    expect(committer.problem).toBeUndefined();
    expect(ids()).toEqual(['a']);
    expect(await nextDelay('b')).toEqual({ ms: 50, keepsAlive: true });
  });

  it('comes by itself, once for all records that wait', async () => {
    let commits = 0;
    atRename = () => commits++;
    await accept('a');
    await accept('b');
    await expect.poll(() => readdirSync(folder)).toContain('costs.json');
    await expect.poll(() => committer.pending.size).toBe(0);
    expect([ids(), commits]).toEqual([['a', 'b'], 1]);
  });

  it('never comes after a stop', async () => {
    committer.stop();
    noteDelays();
    await accept('a');
    isWatched = true;
    committer.orphans = true;
    committer.schedule();
    expect(delays).toEqual([]);
  });
});

describe('the journals of the dead', () => {
  const putJournal = (random: string, ...entries: string[]): void =>
    writeFileSync(
      join(folder, sideFileOfDead(random, 'journal')),
      entries.map((id) => `{"seen":0,"record":${element(id)}}\n`).join(''),
    );

  it.each([
    [true, true, [{ ms: 1_000, keepsAlive: false }]],
    [true, false, []],
    [false, true, []],
  ])('are looked for every second by a process that watches (%s), where there are some (%s)', (watches, are, asked) => {
    noteDelays();
    isWatched = watches;
    committer.orphans = are;
    committer.schedule();
    committer.schedule();
    expect(delays).toEqual(asked);
  });

  it('are committed and removed, also where several have the same record', async () => {
    putJournal('aa', 'a', 'b');
    putJournal('bb', 'b', 'c');
    await committer.commitFirst();
    expect(ids().toSorted()).toEqual(['a', 'b', 'c']);
    expect([journals(), committer.pending.size]).toEqual([[], 0]);
  });

  it('stay until all of their records are settled', async () => {
    putJournal('aa', 'a', 'b');
    const then = Date.now() / 1000 - 7;
    writeFileSync(join(folder, '.tmp_costs_ab.json'), '[]');
    utimesSync(join(folder, '.tmp_costs_ab.json'), then, then);
    expect(await committer.flush(0)).toBe(true);
    await accept('c');
    tick = 1;
    await committer.flush(20);
    expect(await inJournals()).toEqual(['a', 'b', 'c']);
    rmSync(join(folder, '.tmp_costs_ab.json'));
    await committer.flush(Infinity);
    expect(await inJournals()).toEqual([]);
    expect(ids().toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('that are empty go without a commit', async () => {
    putJournal('aa');
    const lock = vi.spyOn(disk, 'mkdirExclusive');
    await committer.commitFirst();
    expect(readdirSync(folder)).toEqual([]);
    expect(lock).not.toHaveBeenCalled();
  });

  it('include our own that was carried away: its record is committed once, and it is removed', async () => {
    await accept('a');
    renameSync(join(folder, journals()[0]!), join(folder, sideFileOfDead('aa', 'journal')));
    await committer.flush(Infinity);
    expect(ids()).toEqual(['a']);
    expect(journals()).toEqual([]);
  });

  it('of this process are left to it', async () => {
    putJournal('aa', 'b');
    isOnlyOpened = true;
    await accept('a');
    await committer.flush(Infinity);
    expect(ids()).toEqual(['a']);
    expect(journals()).toContain(sideFileOfDead('aa', 'journal'));
  });
});

describe('waiting for the commit', () => {
  it('ends at once when nothing waits', async () => {
    expect(await committer.flush(Infinity)).toBe(true);
    expect(await committer.flush(0)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends when its time is over, and the record stays in the journal', async () => {
    await accept('a');
    expect(await committer.flush(0)).toBe(false);
    unavailable = failure('ENOSPC');
    tick = 10;
    expect(await committer.flush(200)).toBe(false);
    expect(await inJournals()).toEqual(['a']);
    expect(committer.problem?.code).toBe('disk-full');
  });

  it('without a limit fails with the explained reason, at the first failure', async () => {
    await accept('a');
    let tries = 0;
    vi.spyOn(store.journals, 'adopt').mockImplementation(() => {
      tries++;
      return Promise.reject(failure('EACCES'));
    });
    await expect(committer.flush(Infinity)).rejects.toMatchObject({
      code: 'no-access',
      message: `No permission for ${path} or its folder. Check who owns them, or name another ledger.`,
    });
    expect(tries).toBe(1);
  });

  it('within a limit tries again after a failure that passes', async () => {
    await accept('a');
    let tries = 0;
    const adopt = store.journals.adopt.bind(store.journals);
    vi.spyOn(store.journals, 'adopt').mockImplementation((isOwn) =>
      ++tries < 3 ? Promise.reject(failure('EBUSY')) : adopt(isOwn),
    );
    expect(await committer.flush(60_000)).toBe(true);
    expect(tries).toBe(3);
    expect(ids()).toEqual(['a']);
    expect(committer.problem).toBeUndefined();
  });

  it('within a limit ends at once where nobody can write', async () => {
    await accept('a');
    let tries = 0;
    vi.spyOn(store.journals, 'adopt').mockImplementation(() => {
      tries++;
      return Promise.reject(new LedgerError('read-only', 'nobody can write'));
    });
    tick = 100;
    expect(await committer.flush(60_000)).toBe(false);
    expect(tries).toBe(1);
    await expect(committer.flush(Infinity)).rejects.toThrow('nobody can write');
    expect(tries).toBe(2);
  });

  it('is shared by all who wait at the same time', async () => {
    let commits = 0;
    atRename = () => commits++;
    await accept('a');
    const flushes = [committer.flush(Infinity), committer.flush(Infinity), committer.commitFirst()];
    expect(await Promise.all(flushes)).toEqual([true, true, undefined]);
    expect(commits).toBe(1);
  });

  it('before a removal ends after ten seconds beside a program that never saves', async () => {
    writeFileSync(join(folder, '.tmp_costs_ab.json'), '[]');
    const then = Date.now() / 1000 - 7;
    utimesSync(join(folder, '.tmp_costs_ab.json'), then, then);
    await accept('a');
    const start = clock;
    let commits = 0;
    tick = 100;
    vi.spyOn(store.journals, 'adopt').mockImplementation(async () => {
      commits++;
      return [];
    });
    await committer.commitFirst();
    expect(committer.pending.size).toBe(1);
    expect(clock - start).toBeGreaterThan(10_000);
    expect(clock - start).toBeLessThan(13_000);
    expect(commits).toBeGreaterThan(3);
  });
});

describe('a commit of pending records', () => {
  it('adds those that the file lacks, in the order in which they came', async () => {
    writeFileSync(path, `[${element('b')}]`);
    await accept('c', 'b', 'a');
    await committer.flush(Infinity);
    expect(ids()).toEqual(['b', 'c', 'a']);
    expect(await inJournals()).toEqual([]);
  });

  it('writes nothing when the file has them all', async () => {
    writeFileSync(path, `[${element('a')}]`);
    let commits = 0;
    atRename = () => commits++;
    await accept('a');
    expect(await committer.flush(Infinity)).toBe(true);
    expect(commits).toBe(0);
    expect(await inJournals()).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(`[${element('a')}]`);
  });

  it('writes a damaged file anew, also when no record is new', async () => {
    writeFileSync(path, `[${element('a')},`);
    await accept('a');
    expect(await committer.flush(Infinity)).toBe(true);
    expect(ids()).toEqual(['a']);
  });

  it('leaves out what was removed since it was accepted, and settles it', async () => {
    writeFileSync(path, '[]');
    await accept('a', 'b');
    vi.spyOn(store.undoLog, 'removedAmong').mockImplementation(
      async (entries) => new Set([...entries].map(({ record }) => record.usage_id).filter((id) => id === 'a')),
    );
    expect(await committer.flush(Infinity)).toBe(true);
    expect(ids()).toEqual(['b']);
    expect(await inJournals()).toEqual([]);
  });

  it('that is refused has the reason of the system, and the record stays in its journal', async () => {
    await accept('a');
    atRename = () => {
      throw failure('EPERM');
    };
    await expect(committer.flush(Infinity)).rejects.toMatchObject({ code: 'no-access' });
    expect(await inJournals()).toEqual(['a']);
  });
});
