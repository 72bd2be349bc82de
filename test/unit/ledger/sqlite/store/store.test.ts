import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Look } from '../../../../../src/ledger/store.ts';
import type { SqliteStore } from '../../../../../src/ledger/sqlite/store.ts';
import type { AggregateQuery, PageQuery } from '../../../../../src/usage/query.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const place = scratch();
const SUM: AggregateQuery = { filter: {}, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
const PAGE: PageQuery = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 10 };

const append = (store: SqliteStore, ...ids: string[]): Promise<unknown> =>
  store.append(
    ids.map((id) => stored(call(id))),
    'each',
  );
const count = async (store: SqliteStore): Promise<number> => (await store.aggregate(SUM))[0]?.totals.records ?? 0;
async function collected<T>(batches: AsyncIterable<readonly T[]> | undefined): Promise<T[] | undefined> {
  if (!batches) return undefined;
  const all: T[] = [];
  for await (const some of batches) all.push(...some);
  return all;
}
const since = async (store: SqliteStore, cursor: string): Promise<string[] | undefined> =>
  (await collected(store.elementsSince(cursor)))?.map(({ record }) => record.usage_id);

describe('a look', () => {
  it('has a cursor that changes with the contents alone', async () => {
    const store = place.store();
    expect((await store.look()).cursor).toBe('');
    await append(store, 'a');
    const first = await store.look();
    expect(await store.look()).toEqual(first);
    const cursors = [first.cursor];
    const changed = async (): Promise<void> => {
      const { cursor } = await store.look();
      expect(cursors).not.toContain(cursor);
      cursors.push(cursor);
    };
    await append(store, 'b');
    await changed();
    await store.remove(['b'], true);
    await changed();
    await store.undo(false);
    await changed();
    await append(place.store(), 'c');
    await changed();
    await store.clear();
    await changed();
  });

  it('finds what others wrote, and nothing before it', async () => {
    const [one, other] = [place.store(), place.store()];
    await append(one, 'a');
    await one.look();
    await append(other, 'b');
    expect(await count(one)).toBe(1);
    expect((await one.page(PAGE)).total).toBe(1);
    await one.look();
    expect(await count(one)).toBe(2);
  });

  it('is made by the first question, if nobody looked', async () => {
    await append(place.store(), 'a');
    expect(await count(place.store())).toBe(1);
    expect((await place.store().page(PAGE)).rows.map(({ ledger, record }) => [ledger, record.usage_id])).toEqual([
      [place.path, 'a'],
    ]);
    expect((await collected(place.store().elements()))?.map(({ record }) => record.usage_id)).toEqual(['a']);
  });

  it('of a place that cannot be a ledger says why, and so does each question', async () => {
    mkdirSync(place.path);
    const store = place.store();
    const { state, cursor } = await store.look();
    expect([state.health, cursor, state.problems.map(({ code }) => code)]).toEqual([
      'unavailable',
      '',
      ['unavailable'],
    ]);
    await expect(store.aggregate(SUM)).rejects.toMatchObject({ code: 'io', message: state.problems[0]!.message });
    await expect(store.page(PAGE)).rejects.toMatchObject({ code: 'io' });
    rmSync(place.path, { recursive: true });
    // The next look finds that it is gone.
    expect((await store.look()).state.health).toBe('missing');
    expect(await store.aggregate(SUM)).toHaveLength(1);
  });

  it('of a damaged database lets go of it, so that it can be replaced', async () => {
    const store = place.store();
    await append(store, 'a');
    await store.look();
    await store.close();
    const bytes = statSync(place.path).size;
    writeFileSync(place.path, Buffer.alloc(bytes, 0xa5));
    const damaged = place.store();
    expect((await damaged.look()).state).toMatchObject({ health: 'damaged', bytes });
    await damaged.repair(false);
    expect((await damaged.look()).state).toMatchObject({ health: 'ok', records: 1 });
  });
});

describe('without a database', () => {
  it('questions are answered as of an empty one, and none is made', async () => {
    const store = place.store();
    expect(await count(store)).toBe(0);
    expect(await store.aggregate(SUM)).toMatchObject([{ totals: { records: 0, recordedNanos: 0n } }]);
    expect(await store.page(PAGE)).toEqual({ total: 0, rows: [] });
    expect(await collected(store.elements())).toEqual([]);
    expect(await store.holds(['a'])).toEqual(new Set());
    expect(await collected(await store.changesSince(undefined))).toEqual([]);
    const taken = await store.pass({
      filter: {},
      dimensions: [],
      start: () => ({ take: () => expect.unreachable(), result: () => 'nothing' }),
    });
    expect(taken).toBe('nothing');
    expect(place.files()).toEqual([]);
  });

  it('changes of what is not there make none', async () => {
    const store = place.store();
    expect(await store.remove(['a', 'b', 'a'], true)).toEqual({ removed: [], missing: ['a', 'b'] });
    expect(await store.drop(['a'])).toBe(0);
    expect(await store.clear()).toEqual({ removed: 0, keptIn: undefined });
    expect(await store.undo(false)).toBeUndefined();
    expect(await store.replace(() => [], true)).toEqual({ added: 0, replaced: 0 });
    expect(place.files()).toEqual([]);
    expect(await store.replace(() => [stored(call('a'))], true)).toEqual({ added: 1, replaced: 0 });
    expect((await store.look()).state.records).toBe(1);
  });
});

describe('what was added since a cursor', () => {
  it('is told with its text and by its ids', async () => {
    const store = place.store();
    await append(store, 'a');
    const { cursor } = await store.look();
    expect(await since(store, cursor)).toEqual([]);
    await append(place.store(), 'b', 'c');
    await store.look();
    expect(await since(store, cursor)).toEqual(['b', 'c']);
    expect(await collected(await store.changesSince(cursor))).toEqual(['b', 'c']);
    expect(await collected(await store.changesSince(undefined))).toEqual(['a', 'b', 'c']);
    expect(await store.holds(['b', 'x'])).toEqual(new Set(['b']));
  });

  it.each<[string, (store: SqliteStore) => Promise<unknown>]>([
    ['a removal', (store) => store.remove(['a'], true)],
    ['a removal for good', (store) => store.drop(['a'])],
    ['a replacement', (store) => store.replace(() => [stored(call('a', { cost_usd: 3 }))], true)],
    ['a clear', (store) => store.clear()],
  ])('cannot be told after %s', async (_, change) => {
    const store = place.store();
    await append(store, 'a', 'b');
    const { cursor } = await store.look();
    await change(store);
    await store.look();
    expect(store.elementsSince(cursor)).toBeUndefined();
    expect(await store.changesSince(cursor)).toBeUndefined();
  });
});

describe('those who watch', () => {
  /** Resolves with each change that is told. */
  const told = (store: SqliteStore): { changes: number } => {
    const seen = { changes: 0 };
    store.watch(() => seen.changes++);
    return seen;
  };

  it.each<[string, (store: SqliteStore) => Promise<unknown>, boolean]>([
    ['an addition', (store) => append(store, 'new'), true],
    ['a removal', (store) => store.remove(['a'], true), true],
    ['a removal for good', (store) => store.drop(['a']), true],
    ['a replacement', (store) => store.replace(() => [stored(call('a', { cost_usd: 3 }))], true), true],
    ['a clear', (store) => store.clear(), true],
    ['nothing to drop', (store) => store.drop(['x']), false],
    ['nothing to undo', (store) => store.undo(false), false],
    ['an undo that only asks', (store) => store.undo(true), false],
  ])('are told at once of %s', async (_, change, expected) => {
    const store = place.store();
    await append(store, 'a');
    await store.look();
    const seen = told(store);
    await change(store);
    expect(seen.changes > 0).toBe(expected);
  });

  it('see a change in the very next look', async () => {
    const store = place.store();
    await append(store, 'a', 'b');
    await store.look();
    const records: number[] = [];
    store.watch(() => void store.look().then(({ state }: Look) => records.push(state.records)));
    await store.remove(['a'], true);
    await vi.waitFor(() => expect(records.at(-1)).toBe(1), { timeout: 60_000 });
    await store.undo(false);
    await vi.waitFor(() => expect(records.at(-1)).toBe(2), { timeout: 60_000 });
  });
});

describe('an undo', () => {
  it('that only asks says what would be undone, and undoes nothing', async () => {
    const store = place.store({ now: () => Date.parse('2026-11-03T00:00:00Z') });
    await append(store, 'a', 'b');
    await store.remove(['a'], true);
    const expected = { undone: 'remove', at: '2026-11-03T00:00:00.000Z', records: 1 };
    expect(await store.undo(true)).toEqual(expected);
    expect((await store.look()).state.records).toBe(1);
    expect(await store.undo(false)).toEqual(expected);
    expect((await store.look()).state.records).toBe(2);
    expect(await store.undo(false)).toBeUndefined();
  });

  it('covers replaced records if the caller says so', async () => {
    const store = place.store({ now: () => Date.parse('2026-11-03T00:00:00Z') });
    await append(store, 'a');
    const cost = async (): Promise<unknown> =>
      (await collected(store.elements()))?.map(({ record }) => record.cost_usd);
    const to = (usd: number) => () => [stored(call('a', { cost_usd: usd })), stored(call(`new-${usd}`))];
    expect(await store.replace(to(3), true)).toEqual({ added: 1, replaced: 1 });
    expect(await store.replace(to(4), false)).toEqual({ added: 1, replaced: 1 });
    expect(await cost()).toEqual([4, 0.5, 0.5]);
    expect(await store.undo(false)).toEqual({ undone: 'replace', at: '2026-11-03T00:00:00.000Z', records: 1 });
    expect(await cost()).toEqual([0.5, 0.5, 0.5]);
    expect(await store.undo(false)).toBeUndefined();
  });

  it('does not cover what was removed for good', async () => {
    const store = place.store();
    await append(store, 'a', 'b', 'c');
    await store.remove(['a'], false);
    expect(await store.drop(['b'])).toBe(1);
    expect(await store.undo(false)).toBeUndefined();
    expect((await collected(store.elements()))?.map(({ record }) => record.usage_id)).toEqual(['c']);
  });
});

describe('what is being added', () => {
  it('is cleared with the rest', async () => {
    const store = place.store();
    await append(store, 'a');
    const adding = append(store, 'b');
    expect(await store.clear()).toMatchObject({ removed: 2 });
    await adding;
    expect((await store.look()).state.records).toBe(0);
  });

  it('is there before a repair begins', async () => {
    const store = place.store();
    await append(store, 'a');
    const adding = append(store, 'b');
    expect(await store.repair(false)).toMatchObject({ records: 2 });
    await adding;
    expect(await store.flush(1)).toBe(true);
  });
});

describe('closing', () => {
  it('copies what this object wrote, and not what it only read', async () => {
    const store = place.store();
    await append(store, 'a');
    await store.close();
    const copy = `${place.path}.prev`;
    const first = statSync(copy).mtimeMs;
    rmSync(copy);
    const reader = place.store();
    await reader.look();
    await reader.close();
    expect(place.files('.prev')).toEqual([]);
    expect(first).toBeGreaterThan(0);
  });

  it('waits for what was being added', async () => {
    const store = place.store();
    const adding = append(store, 'a', 'b');
    await Promise.all([store.close(), adding]);
    expect(place.files('-wal')).toEqual([]);
    expect((await place.store().look()).state.records).toBe(2);
  });
});

it('a name is an absolute path, whatever it was given as', () => {
  expect(place.store().name).toBe(place.path);
  expect(join(place.folder, 'costs.db')).toBe(place.path);
});
