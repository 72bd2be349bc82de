import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { SortKey, UsageFilter } from '../../src/usage/query.ts';
import type { UsageInput } from '../../src/usage/record.ts';
import { STORES, type Place } from './stores.ts';
import { call, stored } from './usages.ts';

/** Which records a question is about, and in which order they come: the same for all stores. */

const at = (hour: number, minute = 0): string => new Date(Date.UTC(2026, 10, 1, hour, minute)).toISOString();
const RECORDS: UsageInput[] = [
  call('a', { timestamp: at(1), model: 'Opus', project: 'Site', tags: ['red', 'Blue sky'], cost_usd: 4, user: 'ann' }),
  call('b', {
    timestamp: at(2),
    provider: 'anthropic',
    session_id: 's-1',
    branch: 'main',
    cost_usd: 1,
    charge: 'plan',
  }),
  call('c', {
    timestamp: at(3),
    operation: 'embed',
    input_tokens: 7,
    output_tokens: 0,
    cost_usd: 0,
    tags: ['Red', 'red sky'],
  }),
  call('d', {
    timestamp: at(3),
    model: 'opus',
    machine: 'lap\ntop',
    input_tokens: 5_000,
    output_tokens: 900,
    cost_usd: 2,
  }),
  call('e', {
    timestamp: at(4, 30),
    model: 'unpriced',
    episode_title: 'An episode',
    commit: 'abc123',
    agent: 'codex',
  }),
  call('f', {
    timestamp: at(30),
    project: 'shop',
    account: 'work',
    source: 'import',
    service_tier: 'flex',
    cost_usd: 0.25,
  }),
];
Object.assign(RECORDS[4]!, { cost_usd: 0, cost_known: false });

const ALL = 'abcdef';
const SEARCHES: readonly (readonly [string, string])[] = [
  ['', ALL],
  ['opus', 'ad'],
  ['OPUS site', 'a'],
  ['nowhere', ''],
  ['sky', 'ac'],
  ['s-1', 'b'],
  ['model:opus', 'ad'],
  ['model:"opus"', 'ad'],
  ['model:pus', 'ad'],
  ['model:"pus"', ''],
  ['-model:opus', 'bcef'],
  ['model:opus model:unpriced', 'ade'],
  ['model:opus -model:unpriced', 'ad'],
  ['-model:opus -model:unpriced', 'bcf'],
  ['project:s', 'af'],
  ['project:""', 'bcde'],
  ['-project:""', 'af'],
  ['-project:site', 'bcdef'],
  ['session:s-1', 'b'],
  ['-session:s-1', 'acdef'],
  ['tag:red', 'ac'],
  ['tag:"red"', 'ac'],
  ['tag:"red sky"', 'c'],
  ['tag:sky', 'ac'],
  ['-tag:red', 'bdef'],
  ['tag:""', 'bdef'],
  ['-tag:""', 'ac'],
  ['cost:unpriced', 'e'],
  ['cost:reported', 'abcdf'],
  ['-cost:unpriced', 'abcdf'],
  ['cost>1', 'ad'],
  ['cost>=1', 'abd'],
  ['cost<1', 'cf'],
  ['cost<=1', 'bcf'],
  ['cost=2', 'd'],
  ['cost=0', 'c'],
  ['tokens>1200', 'd'],
  ['tokens>=1200', 'abdef'],
  ['tokens<1200', 'c'],
  ['input=7', 'c'],
  ['input>1k', 'd'],
  ['output=0', 'c'],
  ['output<=200', 'abcef'],
  ['output>200 model:opus', 'd'],
];
const VALUES: readonly (readonly [NonNullable<UsageFilter['values']>, string])[] = [
  [{ provider: ['anthropic'] }, 'b'],
  [{ provider: ['openai', 'anthropic'] }, ALL],
  [{ provider: [] }, ''],
  [{ model: ['opus'] }, 'd'],
  [{ model: ['opus', 'Opus'] }, 'ad'],
  [{ project: [null] }, 'bcde'],
  [{ project: ['shop', null] }, 'bcdef'],
  [{ machine: ['lap\ntop'] }, 'd'],
  [{ session: ['s-1'] }, 'b'],
  [{ session: [null] }, 'acdef'],
  [{ branch: ['main'], provider: ['openai'] }, ''],
  [{ tag: ['red'] }, 'a'],
  [{ tag: ['red', 'Red'] }, 'ac'],
  [{ tag: ['sky'] }, ''],
  [{ tag: ['red sky'] }, 'c'],
  [{ tag: [null] }, 'bdef'],
  [{ tag: [null, 'red'] }, 'abdef'],
  [{ tag: [] }, ''],
  [{ cost: ['unknown'] }, 'e'],
  [{ cost: ['recorded', 'unknown'] }, ALL],
  [{ charge: ['plan'] }, 'b'],
  [{ user: ['ann'], model: ['Opus'] }, 'a'],
  [{ commit: ['abc123'] }, 'e'],
  [{ episode: ['An episode'] }, 'e'],
  [{ tier: ['flex'] }, 'f'],
  [{ agent: ['codex'], account: ['work'] }, ''],
  [{ source: ['import'] }, 'f'],
  [{ ledger: ['elsewhere'] }, ''],
];
const TIMES: readonly (readonly [UsageFilter, string])[] = [
  [{ since: Date.parse(at(3)) }, 'cdef'],
  [{ until: Date.parse(at(3)) }, 'ab'],
  [{ since: Date.parse(at(2)), until: Date.parse(at(4, 30)) }, 'bcd'],
  [{ since: Date.parse(at(4, 30)), until: Date.parse(at(4, 30)) + 1 }, 'e'],
  [{ since: Date.parse(at(4, 30)) + 0.5 }, 'f'],
  [{ since: Date.parse(at(5)), until: Date.parse(at(2)) }, ''],
  [{ since: Date.parse(at(2)), search: 'opus' }, 'd'],
  [{ until: Date.parse(at(24)), values: { project: ['shop'] } }, ''],
];
/** Ascending; records that are equal come in the order of their times and additions. */
const ORDERS: Partial<Record<SortKey, string>> = {
  time: 'abcdef',
  cost: 'ecfbda',
  tokens: 'cabefd',
  input: 'cabefd',
  output: 'cabefd',
  provider: 'bacdef',
  model: 'abcfde',
  project: 'bcdeaf',
};

describe.each(STORES)('a question to a $title ledger', (row) => {
  let place: Place;
  let ledger: Ledger;
  beforeAll(async () => {
    place = row.make();
    ledger = place.open();
    await ledger.adopt(RECORDS.map(stored));
    await ledger.refresh();
  });
  afterAll(async () => {
    await ledger.close();
    place.dispose();
  });

  async function found(filter: UsageFilter, more: { sort?: SortKey; descending?: boolean } = {}): Promise<string> {
    const { total, rows } = await ledger.page({
      filter,
      sort: 'time',
      descending: false,
      offset: 0,
      limit: 10,
      ...more,
    });
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    const [all] = await ledger.aggregate({ filter, groupBy: [], calendar });
    const ids = rows.map(({ record }) => record.usage_id).join('');
    expect([total, all!.totals.records]).toEqual([ids.length, ids.length]);
    for (const groupBy of ['hour', 'session'] as const) {
      const groups = await ledger.aggregate({ filter, groupBy: [groupBy], calendar });
      expect(groups.reduce((sum, { totals }) => sum + totals.records, 0)).toBe(ids.length);
    }
    return ids;
  }

  it('is about the records that the search finds', async () => {
    const all: [string, string][] = [];
    for (const [search] of SEARCHES) all.push([search, await found({ search })]);
    expect(all).toEqual(SEARCHES);
  });

  it('is about the records with the values that it names', async () => {
    const all: [NonNullable<UsageFilter['values']>, string][] = [];
    for (const [values] of VALUES) all.push([values, await found({ values })]);
    expect(all).toEqual(VALUES);
    expect(await found({ values: { ledger: [ledger.path], model: ['opus'] } })).toBe('d');
  });

  it('is about the records of its time', async () => {
    const all: [UsageFilter, string][] = [];
    for (const [filter] of TIMES) all.push([filter, await found(filter)]);
    expect(all).toEqual(TIMES);
  });

  it.each(Object.entries(ORDERS) as [SortKey, string][])(
    'is answered in the order of %s, both ways',
    async (sort, ids) => {
      expect(await found({}, { sort })).toBe(ids);
      expect(await found({}, { sort, descending: true })).toBe(ids.split('').toReversed().join(''));
      expect(await found({ search: 'opus' }, { sort })).toBe(
        ids
          .split('')
          .filter((id) => 'ad'.includes(id))
          .join(''),
      );
    },
  );

  it('is answered page by page', async () => {
    const page = async (offset: number, limit: number): Promise<[number, string]> => {
      const { total, rows } = await ledger.page({ filter: {}, sort: 'cost', descending: true, offset, limit });
      return [total, rows.map(({ record }) => record.usage_id).join('')];
    };
    expect(await page(0, 2)).toEqual([6, 'ad']);
    expect(await page(2, 2)).toEqual([6, 'bf']);
    expect(await page(5, 9)).toEqual([6, 'e']);
    expect(await page(6, 9)).toEqual([6, '']);
    expect(await page(0, 0)).toEqual([6, '']);
  });

  it('with intervals is answered by interval', async () => {
    const groups = await ledger.aggregate({
      filter: {},
      groupBy: ['interval', 'provider'],
      intervals: [Date.parse(at(2)), Date.parse(at(3)), Date.parse(at(10))],
      calendar: { timeZone: 'UTC', firstDayOfWeek: 1 },
    });
    expect(groups.map(({ key, totals }) => [...key, totals.records])).toEqual([
      ['0', 'openai', 1],
      ['1', 'anthropic', 1],
      ['2', 'openai', 3],
      ['3', 'openai', 1],
    ]);
  });

  it('can be about the most expensive or largest groups alone', async () => {
    const top = async (by: 'cost' | 'tokens'): Promise<unknown[]> => {
      const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
      const groups = await ledger.aggregate({ filter: {}, groupBy: ['model'], calendar, top: { count: 1, by } });
      return groups.map(({ key, totals }) => [key[0], totals.records]);
    };
    expect(await top('cost')).toContainEqual(['Opus', 1]);
    expect(await top('tokens')).toContainEqual(['opus', 1]);
    expect((await top('cost')).length).toBe(2);
  });
});
