import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/ledger/open.ts';
import { LedgerError } from '../../src/ledger/results.ts';
import { CostTracker, type CostTrackerOptions } from '../../src/library/costTracker.ts';
import { withoutPassword } from '../fixtures/postgres.ts';
import { contractPlace, idsIn, STORES } from './stores.ts';
import { call } from './usages.ts';

describe.each(STORES)('tending a $title ledger', (row) => {
  const place = contractPlace(row);

  it('finds nothing wrong in one that does not exist, and makes none', async () => {
    expect(await place.open().refresh()).toMatchObject({ health: 'missing', records: 0, problems: [] });
    expect(await place.open().verify()).toMatchObject({ health: 'missing', records: 0, problems: [], files: [] });
    expect(await place.open().repair()).toEqual({ actions: [], records: 0, recovered: 0, keptIn: undefined });
    expect(await place.open().remove(['a'])).toEqual({ removed: [], missing: ['a'] });
    expect(await place.open().undo()).toBeUndefined();
    expect((await place.open().refresh()).health).toBe('missing');
  });

  it('finds nothing wrong in one that is sound', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b')]);
    await ledger.flush();
    expect(await ledger.verify()).toMatchObject({
      path: withoutPassword(place.name),
      health: 'ok',
      records: 2,
      unreadable: 0,
      problems: [],
    });
    expect(await ledger.repair({ dryRun: true })).toMatchObject({ actions: [] });
    expect(await ledger.repair()).toEqual({ actions: [], records: 2, recovered: 0, keptIn: undefined });
  });

  it.runIf(row.isFile && existsSync('/proc/self/fd'))('leaves nothing open or behind', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    await ledger.flush();
    await ledger.remove(['a']);
    await ledger.undo();
    await ledger.clear();
    await ledger.undo();
    await place.spoil('7');
    await ledger.verify();
    await ledger.repair();
    await ledger.close();
    const damaged = readFileSync(place.name);
    writeFileSync(place.name, damaged.fill('?', 0, 20));
    const other = place.open();
    await other.track(call('d'));
    await other.verify();
    await other.repair();
    await other.close();
    const folder = dirname(place.name);
    const open = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return [];
      }
    });
    expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.lock'))).toEqual([]);
    expect((await idsIn(place)).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('counts what can be read of a damaged one, says what is wrong, and goes on recording', async () => {
    await place
      .open()
      .trackAll([call('a'), call('b')])
      .then(() => place.open().flush());
    await flushed();
    await place.spoil('7');
    const ledger = place.open();
    const state = await ledger.refresh();
    expect(state).toMatchObject({ health: 'damaged', records: 2, unreadable: 1 });
    expect(state.problems).toMatchObject([{ code: 'unreadable-element', severity: 'error' }]);
    expect(await ledger.verify()).toMatchObject({ health: 'damaged', records: 2, unreadable: 1 });
    await ledger.track(call('c'));
    expect(await idsIn(place)).toEqual(['a', 'b', 'c']);
    expect((await place.open().refresh()).unreadable).toBe(1);
  });

  it('repairs a damaged one after it said how, and keeps what it takes out', async () => {
    await place.open().trackAll([call('a'), call('b')]);
    await flushed();
    await place.spoil('7');
    const ledger = place.open();
    const plan = await ledger.repair({ dryRun: true });
    expect(plan.actions.length).toBeGreaterThan(0);
    expect(plan.keptIn).toBeUndefined();
    expect((await place.open().refresh()).health).toBe('damaged');
    const done = await ledger.repair();
    expect(done).toMatchObject({ records: 2, keptIn: expect.any(String) as string });
    expect(done.actions.length).toBeGreaterThan(0);
    const { health, problems } = await place.open().verify();
    expect([health, problems.filter(({ severity }) => severity === 'error')]).toEqual(['ok', []]);
    expect(await idsIn(place)).toEqual(['a', 'b']);
  });

  it('clears and restores one with elements that are no records', async () => {
    await place.open().trackAll([call('a'), call('b')]);
    await flushed();
    await place.spoil('7');
    await place.open().clear();
    expect(await idsIn(place)).toEqual([]);
    expect(await place.open().undo()).toMatchObject({ undone: 'clear' });
    expect((await idsIn(place)).toSorted()).toEqual(['a', 'b']);
  });

  /** Other programs write into the ledger itself, once everything stands in it. */
  async function flushed(): Promise<void> {
    const ledger = place.open();
    await ledger.track(call('flush'));
    expect(await ledger.flush(120_000)).toBe(true);
    await ledger.remove(['flush']);
  }
});

describe('opening a ledger', () => {
  it('throws for an option that does not exist', () => {
    const misspelt = { path: '/tmp/costs.json' } as CostTrackerOptions;
    expect(() => new CostTracker(misspelt)).toThrow(/^CostTracker: unknown option "path"/);
  });

  it('says which addresses it does not know, and repeats no password', () => {
    const open = (): unknown => new CostTracker({ ledger: 'ldap://me:secret@host/costs' });
    expect(open).toThrow(LedgerError);
    expect(open).toThrow('A ledger cannot be at a ldap: address.');
    expect(open).not.toThrow(/secret/);
    expect(() => openStore('costs.txt')).toThrow(expect.objectContaining({ code: 'unsupported' }) as LedgerError);
  });
});
