import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ColumnPass } from '../../../../src/columns/columnPass.ts';
import { VISIBLE } from '../../../../src/columns/segment.ts';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import type { LedgerOptions } from '../../../../src/ledger/options.ts';
import type { CostChange } from '../../../../src/ledger/results.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';
import { openStore } from '../../../../src/ledger/open.ts';
import type { CostSource } from '../../../../src/pricing/costSource.ts';
import { inkwellDefaultPath } from '../../../../src/system/paths.ts';
import type { UsageInput, UsageRecord } from '../../../../src/usage/record.ts';
import { MemoryContents, MemoryStore } from '../../../contract/memoryStore.ts';
import { call, stored } from '../../../contract/usages.ts';

/** The part of a ledger that is not its store, which here is in memory. */

let contents: MemoryContents;
beforeEach(() => {
  contents = new MemoryContents();
});

function open(options: LedgerOptions = {}, name = 'memory://ledger'): Ledger {
  return new Ledger(new MemoryStore(name, contents, Date.now), options);
}
const unpriced = (id: string, more: Partial<UsageInput> = {}): UsageInput => {
  const { cost_usd: _, ...usage } = call(id, more);
  return usage;
};
/** Counts the rows that a store hands over. */
const count: ColumnPass<number> = {
  filter: {},
  dimensions: [],
  start: () => {
    let rows = 0;
    return {
      take: ({ state, used }) => {
        rows += state.subarray(0, used).filter((each) => each === VISIBLE).length;
      },
      result: () => rows,
    };
  },
};
const texts = (): string[] => [...contents.texts.values()];
const ids = (): string => [...contents.texts.keys()].join('');

describe('a ledger that is closed', () => {
  it.each<[string, (ledger: Ledger) => Promise<unknown>]>([
    ['track', (ledger) => ledger.track(call('b'))],
    ['trackAll', (ledger) => ledger.trackAll([])],
    ['adopt', (ledger) => ledger.adopt([])],
    ['remove', (ledger) => ledger.remove(['a'])],
    ['clear', (ledger) => ledger.clear()],
    ['setCosts', (ledger) => ledger.setCosts([{ usageId: 'a', fields: { cost_usd: 7 } }])],
    ['upsert', (ledger) => ledger.upsert(() => [])],
    ['undo', (ledger) => ledger.undo()],
    ['repair', (ledger) => ledger.repair()],
  ])('refuses %s, and changes nothing', async (_, work) => {
    const ledger = open();
    await ledger.track(call('a'));
    await ledger.close();
    await ledger.close();
    const before = texts();
    await expect(work(ledger)).rejects.toMatchObject({ code: 'closed', message: 'This tracker is closed.' });
    expect(texts()).toEqual(before);
  });

  it('closes its store once, however often it is told', async () => {
    const close = vi.spyOn(MemoryStore.prototype, 'close');
    const ledger = open();
    await Promise.all([ledger.close(), ledger.close()]);
    await ledger.close();
    expect(close).toHaveBeenCalledOnce();
    close.mockRestore();
  });

  it('refuses a usage whose price came too late', async () => {
    const pricing: CostSource = {
      costsOf: async (records) => {
        await ledger.close();
        return records.map(() => undefined);
      },
    };
    const ledger = open({ pricing });
    await expect(ledger.track(unpriced('a'))).rejects.toMatchObject({ code: 'closed' });
    expect(ids()).toBe('');
  });
});

describe('a ledger', () => {
  it('has refreshed itself after each change that it makes', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    await ledger.remove(['a']);
    expect(ledger.state).toMatchObject({ health: 'ok', records: 2 });
    const { version } = ledger.state;
    await ledger.setCosts([{ usageId: 'b', fields: { cost_usd: 7 } }]);
    expect(ledger.state.version).toBe(version + 1);
    expect((await ledger.summary()).recordedNanos).toBe(7_500_000_000n);
    await ledger.undo();
    expect((await ledger.summary()).recordedNanos).toBe(1_000_000_000n);
    await ledger.clear();
    expect(ledger.state.records).toBe(0);
    contents.foreign.push('7');
    contents.changed();
    expect(await ledger.verify()).toMatchObject({ unreadable: 1 });
    expect(ledger.state).toMatchObject({ health: 'damaged', unreadable: 1 });
    contents.foreign.push('8');
    contents.changed();
    expect(await ledger.repair({ dryRun: true })).toMatchObject({ actions: ['2 elements are taken out'] });
    expect(ledger.state.unreadable).toBe(2);
    await ledger.repair();
    expect(ledger.state).toMatchObject({ health: 'ok', unreadable: 0 });
  });

  it('looks at its store before the first answer, whatever is asked first', async () => {
    await open().trackAll([call('a'), call('b')]);
    expect((await open().summary()).records).toBe(2);
    expect(await open().has('a')).toBe(true);
    expect(await open().has('c')).toBe(false);
    expect(await open().holds(['b', 'c'])).toEqual(new Set(['b']));
    expect((await open().read()).map(({ usage_id: id }) => id)).toEqual(['a', 'b']);
    const added: string[] = [];
    for await (const batch of (await open().addedSince(undefined))!) added.push(...batch);
    expect(added).toEqual(['a', 'b']);
    const page = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 9 } as const;
    expect((await open().page(page)).total).toBe(2);
    expect(await open().pass(count)).toBe(2);
  });

  it('gives the records that came since, where the store can tell', async () => {
    const contentsSince = new MemoryContents();
    const since = async function* () {
      yield [stored(call('new'))];
    };
    const store = Object.assign(new MemoryStore('memory://since', contentsSince, Date.now), {
      elementsSince: (cursor: string) => (cursor === 'known' ? since() : undefined),
    });
    const ledger = new Ledger(store);
    expect(ledger.storedSince('unknown')).toBeUndefined();
    expect(open().storedSince('known')).toBeUndefined();
    const found: unknown[] = [];
    for await (const elements of ledger.storedSince('known')!) found.push(...elements);
    expect(found).toEqual([stored(call('new'))]);
  });

  it('gives the newest records first, as many as asked', async () => {
    const ledger = open();
    const at = (id: string, day: number): UsageInput => call(id, { timestamp: `2026-11-0${day}T00:00:00Z` });
    await ledger.trackAll([at('b', 2), at('d', 4), at('a', 1), at('c', 3)]);
    expect((await ledger.recent(3)).map(({ usage_id: id }) => id)).toEqual(['d', 'c', 'b']);
    expect((await ledger.recent(9)).map(({ usage_id: id }) => id)).toEqual(['d', 'c', 'b', 'a']);
  });

  it('sums up what a filter takes', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b', { model: 'other' })]);
    expect((await ledger.summary()).records).toBe(2);
    expect((await ledger.summary({ values: { model: ['other'] } })).records).toBe(1);
  });

  it('leaves records that another ledger counts out of passes, too', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b')]);
    expect(await ledger.pass(count)).toBe(2);
    await ledger.exclude(new Set(['b']));
    expect(await ledger.pass(count)).toBe(1);
    expect((await ledger.summary()).records).toBe(1);
  });

  it('adopts nothing from nothing, and does not even look', async () => {
    const look = vi.spyOn(MemoryStore.prototype, 'append');
    expect(await open().adopt([])).toEqual({ adopted: 0, present: 0, differing: [], refused: [] });
    expect(await open({ assign: () => Promise.reject(new Error('asked')) }).trackAll([])).toEqual([]);
    expect(look).not.toHaveBeenCalled();
    look.mockRestore();
  });

  it('says why a store could not take over a record', async () => {
    const append = vi
      .spyOn(MemoryStore.prototype, 'append')
      .mockImplementation(async (additions) =>
        additions.map(({ record }, i) =>
          i === 0 ? { status: 'refused', record, reason: 'too large' } : { status: 'recorded', record },
        ),
      );
    expect(await open().adopt([stored(call('a')), stored(call('b'))])).toEqual({
      adopted: 1,
      present: 0,
      differing: [],
      refused: [{ usageId: 'a', reason: 'too large' }],
    });
    append.mockRestore();
  });

  it("fills in fields by the user's rules before it prices a usage", async () => {
    const seen: unknown[] = [];
    const pricing: CostSource = {
      costsOf: async (records) => {
        seen.push(...records.map(({ project }) => project));
        return records.map(() => undefined);
      },
    };
    const assign = async (records: readonly UsageRecord[]): Promise<void> => {
      for (const record of records) record.project = 'by a rule';
    };
    expect(await open({ assign, pricing }).track(unpriced('a'))).toMatchObject({ project: 'by a rule' });
    expect(seen).toEqual(['by a rule']);
  });

  it('prices the usages without a cost alone, each by its own price, and asks for none if none has tokens', async () => {
    const asked: string[][] = [];
    const pricing: CostSource = {
      costsOf: async (records) => {
        asked.push(records.map(({ usage_id: id }) => id));
        return records.map(({ input_tokens: input }) => ({
          cost_usd: input,
          cost_known: true,
          billing_mode: 'estimated' as const,
          price_source: 'custom: x',
        }));
      },
    };
    const ledger = open({ pricing });
    const none = { input_tokens: 0, output_tokens: 0 };
    const records = await ledger.trackAll([
      call('a', { cost_usd: 9 }),
      unpriced('b', { input_tokens: 3, output_tokens: 0 }),
      unpriced('c', none),
      unpriced('d', { input_tokens: 0, output_tokens: 1 }),
      unpriced('e', { input_tokens: 1, output_tokens: 0 }),
    ]);
    expect(asked).toEqual([['b', 'd', 'e']]);
    expect(records.map(({ cost_usd: cost, cost_known: known }) => [cost, known])).toEqual([
      [9, true],
      [3, true],
      [0, false],
      [0, true],
      [1, true],
    ]);
    await ledger.trackAll([call('f'), unpriced('g', none)]);
    expect(asked).toHaveLength(1);
  });
});

describe("a ledger of inkwell's", () => {
  const usage = (id: string, more: Partial<UsageInput> = {}): UsageInput =>
    call(id, { provider: 'claude', operation: 'extraction', ...more });

  it('is known by its name, unless the program says otherwise', () => {
    const name = inkwellDefaultPath();
    expect(open({}, name).strict).toBe(true);
    expect(open({ strict: false }, name).strict).toBe(false);
    expect(open().strict).toBe(false);
    expect(open({ strict: true }).strict).toBe(true);
    expect([open({}, name).ledger, open({}, name).path]).toEqual([name, name]);
  });

  it('takes no imports, no fields by rules, and no program or price that inkwell would drop', async () => {
    const assign = vi.fn(() => Promise.resolve());
    const priced = { cost_usd: 3, cost_known: true, billing_mode: 'estimated', price_source: 'custom: x' } as const;
    const pricing: CostSource = { costsOf: async (records) => records.map(() => priced) };
    const ledger = open({ strict: true, source: 'library', assign, pricing });
    const records = await ledger.trackAll([usage('a'), unpriced('b', { provider: 'claude', operation: 'interview' })]);
    expect(records.map(({ cost_usd: cost }) => cost)).toEqual([0.5, 3]);
    expect(texts().join()).not.toMatch(/"(price_)?source"/);
    await ledger.remove(['b']);
    expect(assign).not.toHaveBeenCalled();
    await expect(ledger.upsert(() => [stored(usage('b')).record])).rejects.toMatchObject({
      code: 'strict',
      message: "memory://ledger is inkwell's: records are not imported into it.",
    });
    const change = { cost_usd: 7, price_source: 'custom: x' };
    await ledger.setCosts([{ usageId: 'a', fields: change, before: { cost_usd: 0.5, cost_known: true } }]);
    expect(texts()).toEqual([expect.not.stringContaining('price_source') as string]);
    expect(texts()[0]).toContain('"cost_usd":7');
  });

  it('copies a record that it holds already, though inkwell could not read it', async () => {
    const foreign = stored(call('there'));
    contents.texts.set('there', foreign.text);
    contents.changed();
    const ledger = open({ strict: true });
    const { refused, ...rest } = await ledger.adopt([foreign, stored(call('new')), stored(usage('good'))]);
    expect(rest).toEqual({ adopted: 1, present: 1, differing: [] });
    expect(refused.map(({ usageId }) => usageId)).toEqual(['new']);
    expect(ids()).toBe('theregood');
  });
});

describe('setting costs', () => {
  const change = (usageId: string, fields: CostChange['fields']): CostChange => ({ usageId, fields });

  it('writes nothing where the record says so already: what is absent and what is null are no value, both', async () => {
    const ledger = open();
    await ledger.track(call('a', { tags: ['x'] }));
    const before = texts();
    const same = { cost_usd: 0.5, project: null, tags: ['x'], model: undefined } as unknown as CostChange['fields'];
    for (const fields of [same, { project: null }, { session_id: null }, { cost_known: true }]) {
      const { changed, differing } = await ledger.setCosts([change('a', fields)]);
      expect([changed.map(({ usage_id: id }) => id), differing]).toEqual([['a'], []]);
    }
    expect(texts()).toEqual(before);
    expect(contents.changes).toEqual([]);
  });

  it('writes lists and texts that differ', async () => {
    const ledger = open();
    await ledger.track(call('a', { tags: ['x', 'y'] }));
    await ledger.setCosts([change('a', { tags: ['y', 'x'], project: 'p' })]);
    expect(await ledger.read()).toMatchObject([{ tags: ['y', 'x'], project: 'p', cost_usd: 0.5 }]);
    await ledger.setCosts([change('a', { tags: [], project: null })]);
    const [record] = await ledger.read();
    expect([record!.tags, record!.project ?? null]).toEqual([[], null]);
    expect(contents.changes).toHaveLength(2);
  });

  it('takes no tags and an empty list of them for the same', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    await ledger.setCosts([change('a', { tags: [] })]);
    expect(contents.changes).toEqual([]);
  });

  it('goes by the cost that was expected, by the last change of a record, and by what the store says at last', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b'), call('c', { cost_usd: 3 })]);
    const before = { cost_usd: 0.5, cost_known: true };
    const result = await ledger.setCosts([
      { ...change('a', { cost_usd: 1 }), before },
      { ...change('c', { cost_usd: 1 }), before },
      change('b', { cost_usd: 8 }),
      change('b', { cost_usd: 9 }),
      change('never', { cost_usd: 1 }),
    ]);
    expect(result).toMatchObject({
      changed: [
        { usage_id: 'a', cost_usd: 1 },
        { usage_id: 'b', cost_usd: 9 },
      ],
      missing: ['never'],
      differing: ['c'],
    });
    expect((await ledger.read()).map(({ cost_usd: cost }) => cost)).toEqual([1, 9, 3]);
  });

  it('refuses a cost that no ledger holds, naming the record, and changes nothing', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    const before = texts();
    await expect(ledger.setCosts([change('a', { cost_usd: -1 })])).rejects.toThrow(
      'the record a cost_usd is not an amount',
    );
    expect(texts()).toEqual(before);
  });
});

describe('an error of a ledger', () => {
  it('is known in each bundle, which has its own copy of the class', () => {
    const other = Object.assign(new Error('from another bundle'), { name: 'LedgerError' });
    expect(other instanceof LedgerError).toBe(true);
    expect(new LedgerError('io', 'x') instanceof LedgerError).toBe(true);
    expect((new Error('LedgerError') as unknown) instanceof LedgerError).toBe(false);
    expect(({ name: 'LedgerError' } as unknown) instanceof LedgerError).toBe(false);
  });
});

describe('the store of a ledger', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-open-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const refusal = (name: string): unknown => {
    try {
      return openStore(name);
    } catch (error) {
      return error;
    }
  };

  it('is that of its name, or is refused with the names that there are', async () => {
    const names = [join(folder, 'a.JSON'), join(folder, 'a.db'), join(folder, 'a.sqlite')];
    const stores = names.map((name) => openStore(name));
    expect(stores.map(({ constructor, name }) => [constructor.name, name])).toEqual([
      ['JsonStore', names[0]],
      ['SqliteStore', names[1]],
      ['SqliteStore', names[2]],
    ]);
    for (const store of stores) await store.close();
    const postgres = openStore('postgres://me:secret@localhost/costs');
    expect(postgres.name).toMatch(/^postgres:\/\/.*localhost/);
    expect(postgres.name).not.toContain('secret');
    expect(refusal('ldap://me:secret@host/costs.json')).toMatchObject({
      code: 'unsupported',
      message:
        'A ledger cannot be at a ldap: address. Name a file that ends in .json, .db or .sqlite, or a postgres: URL.',
    });
    expect(refusal('costs.txt')).toMatchObject({
      code: 'unsupported',
      message:
        "costs.txt: a ledger's file ends in .json (which any program can read), or in .db or .sqlite (SQLite, for big histories).",
    });
  });

  it('is loaded for a database only when it is asked, and says why the server does not answer', async () => {
    const store = openStore('postgres://me:secret@127.0.0.1:1/costs?connect_timeout=5');
    const { state } = await store.look();
    expect(state).toMatchObject({ health: 'unavailable', records: 0 });
    expect(state.problems).toHaveLength(1);
    expect(state.problems[0]!.message).toContain('127.0.0.1:1');
    expect(state.problems[0]!.message).not.toContain('secret');
    await store.close();
  });
});
