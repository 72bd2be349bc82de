import { afterEach, beforeEach, describe, expect, it, vi, type Mock } from 'vitest';
import type { ColumnPass } from '../../../../src/columns/columnPass.ts';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { LedgerView } from '../../../../src/ledger/view.ts';
import type { PageQuery } from '../../../../src/usage/query.ts';
import { MemoryContents, MemoryStore } from '../../../contract/memoryStore.ts';
import { call } from '../../../contract/usages.ts';

/** Several ledgers as one: each record counts once, and little is asked to find out which are shared. */

/** A store that can name the ids that were added since a cursor, as those in files can. */
class TellingStore extends MemoryStore {
  readonly #contents: MemoryContents;
  constructor(name: string, contents: MemoryContents) {
    super(name, contents, Date.now);
    this.#contents = contents;
  }

  /** The ids at each version. */
  readonly #at = new Map<string, string[]>();

  override async look() {
    const look = await super.look();
    this.#at.set(look.cursor, [...this.#contents.texts.keys()]);
    return look;
  }

  override async changesSince(cursor: string | undefined) {
    if (cursor === undefined) return super.changesSince(undefined);
    const before = this.#at.get(cursor) ?? [];
    const now = [...this.#contents.texts.keys()];
    if (before.some((id) => !now.includes(id))) return undefined;
    return (async function* () {
      yield now.filter((id) => !before.includes(id));
    })();
  }
}

let ledgers: Ledger[];
let view: LedgerView;
const open = (count: number): void => {
  ledgers = Array.from(
    { length: count },
    (_, i) => new Ledger(new TellingStore(`memory://${i}`, new MemoryContents()), {}),
  );
  view = new LedgerView(ledgers);
};
const add = (at: number, ...ids: string[]): Promise<unknown> => ledgers[at]!.trackAll(ids.map((id) => call(id)));
const PAGE: PageQuery = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 99 };

/** The ids by the ledger that counts them. */
async function counted(): Promise<string[]> {
  const { rows, total } = await view.page(PAGE);
  expect((await view.summary()).records).toBe(total);
  return ledgers.map(({ path }) =>
    rows
      .flatMap(({ ledger, record }) => (ledger === path ? [record.usage_id] : []))
      .sort()
      .join(''),
  );
}

beforeEach(() => open(2));
afterEach(() => view.close());

describe('a record of several ledgers', () => {
  it('counts in the first that has it', async () => {
    open(3);
    await add(0, 'a', 'b', 'c');
    await add(1, 'b', 'd', 'e');
    await add(2, 'c', 'e', 'f', 'b');
    expect((await view.refresh()).map(({ records }) => records)).toEqual([3, 3, 4]);
    expect(await counted()).toEqual(['abc', 'de', 'f']);
    await ledgers[0]!.remove(['c', 'b']);
    await view.refresh();
    expect(await counted()).toEqual(['a', 'bde', 'cf']);
    await add(0, 'f');
    await view.refresh();
    expect(await counted()).toEqual(['af', 'bde', 'c']);
  });

  it('is found when either of them gets it, at once or one by one', async () => {
    await add(0, 'a');
    await view.refresh();
    await add(1, 'b', 'a');
    await view.refresh();
    expect(await counted()).toEqual(['a', 'b']);
    await add(0, 'b', 'c');
    await view.refresh();
    expect(await counted()).toEqual(['abc', '']);
    await Promise.all([add(0, 'd', 'x'), add(1, 'd', 'y')]);
    await view.refresh();
    expect(await counted()).toEqual(['abcdx', 'y']);
    await ledgers[0]!.remove(['d']);
    await view.refresh();
    await add(1, 'e');
    await view.refresh();
    expect(await counted()).toEqual(['abcx', 'dey']);
  });
});

describe('what two ledgers share', () => {
  it('is looked up by the ids of the smaller one, and only of one that has some', async () => {
    const asked = ledgers.map((ledger) => vi.spyOn(ledger, 'addedSince'));
    const held = ledgers.map((ledger) => vi.spyOn(ledger, 'holds'));
    const calls = (): number[] => asked.map(({ mock }) => mock.calls.length);
    await add(0, 'a', 'b');
    await view.refresh();
    expect(calls()).toEqual([0, 0]);
    open(2);
    const again = ledgers.map((ledger) => vi.spyOn(ledger, 'addedSince'));
    await add(0, 'a', 'b', 'c');
    await add(1, 'a');
    await view.refresh();
    expect(again.map(({ mock }) => mock.calls)).toEqual([[], [[undefined]]]);
    open(2);
    const third = ledgers.map((ledger) => vi.spyOn(ledger, 'addedSince'));
    await add(0, 'a');
    await add(1, 'a', 'b', 'c');
    await view.refresh();
    expect(third.map(({ mock }) => mock.calls)).toEqual([[[undefined]], []]);
    expect(held.every(({ mock }) => mock.calls.length === 0)).toBe(true);
  });

  it('is looked up for what came since, and anew after a removal', async () => {
    await add(0, 'a', 'b');
    await add(1, 'b', 'c', 'd');
    await view.refresh();
    const held = ledgers.map((ledger) => vi.spyOn(ledger, 'holds'));
    await add(1, 'e', 'a');
    await view.refresh();
    expect(held.map(({ mock }) => mock.calls)).toEqual([[[['e', 'a']]], []]);
    await add(0, 'c');
    await view.refresh();
    expect(held.map(({ mock }) => mock.calls)).toEqual([[[['e', 'a']]], [[['c']]]]);
    await ledgers[0]!.remove(['b']);
    await view.refresh();
    expect(held[1]!.mock.calls.at(-1)).toEqual([['a', 'c']]);
    expect(await counted()).toEqual(['ac', 'bde']);
  });

  it('is not looked up while nothing changes, nor for a single ledger', async () => {
    await add(0, 'a');
    await add(1, 'a');
    const [first, exclude] = ledgers.map((ledger) => vi.spyOn(ledger, 'exclude')) as [Mock, Mock<Ledger['exclude']>];
    await view.refresh();
    await view.refresh();
    expect(first).not.toHaveBeenCalled();
    expect(exclude.mock.calls.map(([ids]) => [...ids])).toEqual([['a']]);
    await add(1, 'b');
    await view.refresh();
    expect(exclude).toHaveBeenCalledTimes(2);
    open(1);
    const alone = vi.spyOn(ledgers[0]!, 'exclude');
    await add(0, 'a');
    await view.refresh();
    expect(alone).not.toHaveBeenCalled();
    expect(await counted()).toEqual(['a']);
  });

  it('is looked up again after it failed', async () => {
    await add(0, 'a');
    await add(1, 'a', 'b');
    vi.spyOn(ledgers[1]!, 'exclude').mockRejectedValueOnce(new Error('busy'));
    await expect(view.refresh()).rejects.toThrow('busy');
    await view.refresh();
    expect(await counted()).toEqual(['a', 'b']);
  });

  it('is looked up by one call at a time', async () => {
    await add(0, 'a');
    await add(1, 'a', 'b');
    let running = 0;
    const exclude = ledgers[1]!.exclude.bind(ledgers[1]);
    vi.spyOn(ledgers[1]!, 'exclude').mockImplementation(async (ids) => {
      expect(++running).toBe(1);
      await new Promise(setImmediate);
      await exclude(ids);
      running--;
    });
    const first = view.refresh();
    await add(1, 'c');
    await Promise.all([first, view.refresh()]);
    expect(await counted()).toEqual(['a', 'bc']);
  });
});

describe('a view', () => {
  it('tells of a change though the lookup of shared records fails', async () => {
    await view.refresh();
    const told: number[][] = [];
    const watcher = view.watch((states) => told.push(states.map(({ records }) => records)));
    vi.spyOn(ledgers[1]!, 'exclude').mockRejectedValueOnce(new Error('busy'));
    await add(1, 'a');
    await ledgers[1]!.refresh();
    await expect.poll(() => told.at(-1)).toEqual([0, 1]);
    watcher.dispose();
  });

  it('hands over the columns of the ledgers that a filter names', async () => {
    await add(0, 'a');
    await add(1, 'b', 'c');
    await view.refresh();
    const names = (ledger?: string[]): ColumnPass<number> => {
      let rows = 0;
      return {
        filter: ledger ? { values: { ledger } } : {},
        dimensions: [],
        start: () => ({ take: ({ used }) => void (rows += used), result: () => rows }),
      };
    };
    const [first, second] = ledgers.map(({ path }) => path) as [string, string];
    expect(await view.pass(names([second]))).toEqual([2]);
    expect(await view.pass(names([first]))).toEqual([1]);
    expect(await view.pass(names())).toHaveLength(2);
  });

  it('closes all of its ledgers', async () => {
    await view.close();
    for (const ledger of ledgers) await expect(ledger.track(call('a'))).rejects.toMatchObject({ code: 'closed' });
  });

  it('gives the states in the order of its ledgers, and is whole again when all can be read', async () => {
    expect(view.isPartial).toBe(false);
    await add(1, 'a');
    const damaged = vi.spyOn(ledgers[0]!, 'refresh').mockResolvedValueOnce({ ...ledgers[0]!.state, health: 'damaged' });
    expect((await view.refresh()).map(({ health, records }) => `${health} ${records}`)).toEqual(['damaged 0', 'ok 1']);
    expect(view.isPartial).toBe(true);
    damaged.mockRestore();
    expect((await view.refresh()).map(({ health }) => health)).toEqual(['missing', 'ok']);
    expect(view.isPartial).toBe(false);
  });

  it('reads of each ledger only the rows that may be on the page', async () => {
    const at = (id: string, hour: number) => call(id, { timestamp: `2026-11-01T${hour}:00:00Z` });
    await ledgers[0]!.trackAll([at('a', 10), at('b', 11), at('c', 12), at('d', 13)]);
    await ledgers[1]!.trackAll([at('e', 14), at('f', 15)]);
    await view.refresh();
    const pages = ledgers.map((ledger) => vi.spyOn(ledger, 'page'));
    const { rows } = await view.page({ ...PAGE, offset: 3, limit: 2 });
    expect(rows.map(({ record }) => record.usage_id)).toEqual(['d', 'e']);
    expect(pages.map(({ mock }) => mock.calls.map(([{ offset, limit }]) => [offset, limit]))).toEqual([
      [[1, 4]],
      [[0, 5]],
    ]);
  });
});
