import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { openStore } from '../../../src/ledger/open.ts';
import { LedgerView } from '../../../src/ledger/view.ts';
import { SORT_KEYS, type PageQuery } from '../../../src/usage/query.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { STORES } from '../../contract/stores.ts';
import { call, stored } from '../../contract/usages.ts';
import { runs } from '../../long.ts';
import * as naive from '../columns/naive.ts';
import { calendars, filters, groupings, records } from '../usage/records.ts';

/** Several ledgers give the answers of one that has all their records. */

const memory = STORES.find(({ title }) => title === 'memory')!;
let views: LedgerView[] = [];
afterEach(async () => {
  await Promise.all(views.map((view) => view.close()));
  views = [];
});

/** A view of ledgers with these records, and the records by ledger, each id once. */
async function viewOf(...contents: (readonly UsageRecord[])[]) {
  const ledgers: Ledger[] = [];
  const rows = new Map<string, naive.Row>();
  for (const content of contents) {
    const ledger = memory.make().open();
    await ledger.adopt(content.map(stored));
    ledgers.push(ledger);
    for (const usage of content) {
      if (!rows.has(usage.usage_id)) rows.set(usage.usage_id, { ledger: ledger.path, record: stored(usage).record });
    }
  }
  const view = new LedgerView(ledgers);
  views.push(view);
  await view.refresh();
  return { view, ledgers, rows: [...rows.values()] };
}

const some = fc.uniqueArray(records, { selector: ({ usage_id: id }) => id, maxLength: 9 });
const contents = fc.array(some, { minLength: 2, maxLength: 3 });
const page = (more: Partial<PageQuery> = {}): PageQuery => ({
  filter: {},
  sort: 'time',
  descending: false,
  offset: 0,
  limit: 100,
  ...more,
});
const at = (id: string, time: string, more: object = {}): UsageRecord =>
  stored(call(id, { timestamp: `2026-11-01T${time}Z`, ...more })).record;
const idsOf = ({ rows }: { rows: readonly { record: UsageRecord }[] }): string =>
  rows.map(({ record }) => record.usage_id).join('');

/** What the order is by: records that are equal in it may come in any order. */
function keyOf(record: UsageRecord, sort: PageQuery['sort']): unknown[] {
  const fields = { tokens: 'total_tokens', input: 'input_tokens', output: 'output_tokens' } as const;
  const time = Date.parse(record.timestamp);
  if (sort === 'time') return [time];
  if (sort === 'cost') return [record.cost_known ? record.cost_usd : 'unknown', time];
  return [record[sort === 'tokens' || sort === 'input' || sort === 'output' ? fields[sort] : sort] || '', time];
}

describe('a view of several ledgers', () => {
  it('gives the totals of all, each record once, in the order of one ledger', async () => {
    const question = fc.record({ filter: filters, groupBy: groupings, calendar: calendars });
    await fc.assert(
      fc.asyncProperty(contents, fc.array(question, { minLength: 1, maxLength: 4 }), async (given, questions) => {
        const { view, rows } = await viewOf(...given);
        for (const query of questions) expect(await view.aggregate(query)).toEqual(naive.aggregate(rows, query));
      }),
      { numRuns: runs(40) },
    );
  });

  it('gives any page of all, by any key, from either end', async () => {
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.constantFrom(...SORT_KEYS),
        fc.boolean(),
        fc.nat(12),
        fc.nat(8),
        async (given, sort, descending, offset, limit) => {
          const { view, rows } = await viewOf(...given);
          const matching = naive.sorted(rows, sort);
          const expected = (descending ? matching.toReversed() : matching).slice(offset, offset + limit);
          const found = await view.page(page({ sort, descending, offset, limit }));
          expect(found.total).toBe(rows.length);
          const keys = (all: readonly naive.Row[]): unknown[] => all.map(({ record }) => keyOf(record, sort));
          expect(keys(found.rows)).toEqual(keys(expected));
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it('orders equal keys by time, and both the other way round from the other end', async () => {
    const first = [at('a', '10:00:00', { cost_usd: 1, model: 'x' }), at('d', '13:00:00', { cost_usd: 2, model: 'x' })];
    const second = [at('b', '11:00:00', { cost_usd: 1, model: 'y' }), at('c', '12:00:00', { cost_usd: 1, model: 'x' })];
    const unpriced = { ...at('u', '09:00:00'), cost_known: false, cost_usd: 0 };
    const { view } = await viewOf(first, [...second, unpriced]);
    const orders = async (sort: PageQuery['sort']): Promise<string[]> => [
      idsOf(await view.page(page({ sort }))),
      idsOf(await view.page(page({ sort, descending: true }))),
    ];
    expect(await orders('time')).toEqual(['uabcd', 'dcbau']);
    expect(await orders('cost')).toEqual(['uabcd', 'dcbau']);
    expect((await orders('model'))[0]).toMatch(/acdb$/);
    expect((await orders('model'))[1]).toMatch(/^bdca/);
    expect(idsOf(await view.page(page({ offset: 2, limit: 2 })))).toBe('bc');
    expect(idsOf(await view.page(page({ offset: 4 })))).toBe('d');
    expect(idsOf(await view.page(page({ offset: 9 })))).toBe('');
  });

  it.each([
    ['tokens', 'total_tokens'],
    ['input', 'input_tokens'],
    ['output', 'output_tokens'],
    ['provider', 'provider'],
    ['operation', 'operation'],
    ['project', 'project'],
  ] as const)('orders by %s', async (sort, field) => {
    const isText = !field.endsWith('tokens');
    const value = (n: number): object => ({
      total_tokens: 0,
      ...(field === 'total_tokens' ? { input_tokens: n, output_tokens: 1 } : { [field]: isText ? `${n}` : n }),
    });
    const none = sort === 'project' ? [at('0', '23:00:00')] : [];
    const { view } = await viewOf(
      [at('3', '01:00:00', value(3)), at('1', '02:00:00', value(1)), ...none],
      [at('2', '03:00:00', value(2)), at('4', '00:00:00', value(4))],
    );
    const zero = sort === 'project' ? '0' : '';
    expect(idsOf(await view.page(page({ sort })))).toBe(`${zero}1234`);
    expect(idsOf(await view.page(page({ sort, descending: true })))).toBe(`4321${zero}`);
  });

  it('asks the ledgers that a filter names, and none of the others', async () => {
    const { view, ledgers } = await viewOf([at('a', '10:00:00')], [at('b', '11:00:00'), at('a', '10:00:00')]);
    const only = (...names: string[]) => ({ values: { ledger: names } });
    const [first, second] = ledgers.map(({ path }) => path) as [string, string];
    expect(idsOf(await view.page(page({ filter: only(second) })))).toBe('b');
    expect(idsOf(await view.page(page({ filter: only(first, second) })))).toBe('ab');
    expect((await view.summary(only(first))).records).toBe(1);
    expect((await view.summary(only('elsewhere'))).records).toBe(0);
    expect((await view.page(page({ filter: only('elsewhere') }))).total).toBe(0);
  });

  it('adds up the smaller groups of all ledgers, not of each', async () => {
    const of = (model: string, cost: number, id: string): UsageRecord => at(id, '10:00:00', { model, cost_usd: cost });
    const { view } = await viewOf(
      [of('a', 3, '1'), of('b', 2, '2'), of('c', 1, '3')],
      [of('c', 9, '4'), of('b', 1, '5'), of('d', 1, '6')],
    );
    const groups = await view.aggregate({
      filter: {},
      groupBy: ['model'],
      calendar: { timeZone: 'UTC', firstDayOfWeek: 1 },
      top: { by: 'cost', count: 1 },
    });
    expect(groups).toHaveLength(2);
    expect(groups.reduce((sum, { totals }) => sum + totals.recordedNanos, 0n)).toBe(17_000_000_000n);
    expect(groups.find(({ key }) => key[0] === 'c')?.totals.recordedNanos).toBe(10_000_000_000n);
  });

  it('is partial while one of them is damaged', async () => {
    const { view, ledgers } = await viewOf([at('a', '10:00:00')], [at('b', '11:00:00')]);
    expect(view.isPartial).toBe(false);
    const place = memory.make();
    const damaged = place.open();
    await damaged.track(call('c'));
    await place.spoil('7');
    const other = new LedgerView([ledgers[0]!, damaged]);
    expect((await other.refresh()).map(({ health }) => health)).toEqual(['ok', 'damaged']);
    expect(other.isPartial).toBe(true);
    await damaged.close();
  });

  it('is partial while one of them cannot be read at all', async () => {
    const { ledgers } = await viewOf([at('a', '10:00:00')]);
    const folder = mkdtempSync(join(tmpdir(), 'llm-spend-partial-'));
    try {
      mkdirSync(join(folder, 'costs.json'));
      const unreadable = new Ledger(openStore(join(folder, 'costs.json')), {});
      const other = new LedgerView([ledgers[0]!, unreadable]);
      expect((await other.refresh()).map(({ health }) => health)).toEqual(['ok', 'unavailable']);
      expect(other.isPartial).toBe(true);
      await unreadable.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells those who watch of a change in any of them, with the states of all, until they stop', async () => {
    const { view, ledgers } = await viewOf([at('a', '10:00:00')], [at('b', '11:00:00')]);
    const seen: number[][] = [];
    let told: (() => void) | undefined;
    const watcher = view.watch((states) => {
      seen.push(states.map(({ records: count }) => count));
      told?.();
    });
    const next = new Promise<void>((resolve) => (told = resolve));
    await ledgers[1]!.track(call('c'));
    await ledgers[1]!.refresh();
    await next;
    expect(seen.at(-1)).toEqual([1, 2]);
    expect((await view.summary()).records).toBe(3);
    watcher.dispose();
    const before = seen.length;
    await ledgers[0]!.track(call('d'));
    await ledgers[0]!.refresh();
    expect(seen).toHaveLength(before);
  });
});
