import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CompiledFilter } from '../../../src/columns/filter.ts';
import { firstRows } from '../../../src/columns/firstRows.ts';
import { ROW_MASK, VISIBLE } from '../../../src/columns/segment.ts';
import { ColumnStore } from '../../../src/columns/columnStore.ts';
import { foldTop } from '../../../src/columns/foldGroups.ts';
import {
  costNanos,
  MEASURES,
  SORT_KEYS,
  type AggregateQuery,
  type Calendar,
  type PageQuery,
  type SortKey,
} from '../../../src/usage/query.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { TableChanged } from '../../../src/columns/columnPass.ts';
import { UsageTable } from '../../../src/columns/table.ts';
import * as naive from './naive.ts';
import { calendars, filters, groupings, records, usage } from '../usage/records.ts';
import { runs } from '../../long.ts';

// Thousands of random tables take a while on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const berlin: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const everything: AggregateQuery = { filter: {}, groupBy: [], calendar: berlin };
const byTime: PageQuery = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 1000 };
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function tableOf(...all: UsageRecord[]): UsageTable {
  const table = new UsageTable();
  const ledger = table.addLedger('first');
  for (const [i, record] of all.entries()) table.add(ledger, record, i);
  return table;
}

/** The rows that a table counts for one ledger: the first of each id. */
function rowsOf(all: readonly UsageRecord[]): naive.Row[] {
  const seen = new Set<string>();
  return all
    .filter(({ usage_id }) => !seen.has(usage_id) && seen.add(usage_id))
    .map((record) => ({ ledger: 'first', record }));
}

const ids = (table: UsageTable, query: PageQuery): string[] => table.select(query).rows.map((row) => row.usageId);

describe('an empty table', () => {
  const table = new UsageTable();

  it('has a grand total of nothing, and no groups', () => {
    expect(table.size).toBe(0);
    expect(table.aggregate(everything)).toEqual([{ key: [], totals: naive.sum([]) }]);
    expect(table.aggregate({ ...everything, groupBy: ['day', 'model', 'tag'] })).toEqual([]);
  });

  it('has no pages, values, bounds or ids', () => {
    expect(table.select(byTime)).toEqual({ total: 0, rows: [] });
    expect(table.distinct('model')).toEqual([]);
    expect(table.bounds()).toBeUndefined();
    expect([...table.ids()]).toEqual([]);
    expect(table.has(0, 'a')).toBe(false);
    expect(table.count(0)).toBe(0);
  });
});

describe('identity', () => {
  it('ignores an id that the ledger already has', () => {
    const table = tableOf(usage());
    expect(table.add(0, usage({ cost_usd: 9 }), 7)).toBe(false);
    expect(table.select(byTime).rows).toEqual([{ ledger: 0, locator: 0, usageId: 'id-1' }]);
  });

  it('counts two equal calls with different ids twice', () => {
    expect(tableOf(usage({ usage_id: 'a' }), usage({ usage_id: 'b' })).size).toBe(2);
  });

  it('shows the ledger with the smaller index, whichever came first', () => {
    const table = new UsageTable();
    const [ours, theirs] = [table.addLedger('ours'), table.addLedger('theirs')];
    table.add(theirs, usage({ cost_usd: 2 }), 20);
    table.add(ours, usage({ cost_usd: 1 }), 10);
    expect(table.size).toBe(1);
    expect(table.select(byTime).rows).toEqual([{ ledger: ours, locator: 10, usageId: 'id-1' }]);
    expect(table.distinct('ledger')).toEqual([{ value: 'ours', records: 1 }]);
    expect(table.remove(ours, 'id-1')).toBe(true);
    expect(table.select(byTime).rows).toEqual([{ ledger: theirs, locator: 20, usageId: 'id-1' }]);
    expect(table.remove(ours, 'id-1')).toBe(false);
  });

  it('finds a ledger again by its label, and wants one', () => {
    const table = new UsageTable();
    expect([table.addLedger('a'), table.addLedger('b'), table.addLedger('a')]).toEqual([0, 1, 0]);
    expect(() => table.addLedger('')).toThrow(RangeError);
  });

  it('follows any sequence of adding, removing and clearing as the model does', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), ledger: fc.nat(2), record: records }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('remove' as const), ledger: fc.nat(2), record: records }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), ledger: fc.nat(2), record: records }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), calendars, (steps, calendar) => {
        const table = new UsageTable();
        const labels = ['first', 'second', 'third'];
        for (const label of labels) table.addLedger(label);
        // Per ledger, in insertion order.
        const model = labels.map(() => new Map<string, { record: UsageRecord; at: number }>());
        for (const [at, { do: action, ledger, record }] of steps.entries()) {
          const rows = model[ledger] as Map<string, { record: UsageRecord; at: number }>;
          const known = rows.has(record.usage_id);
          if (action === 'add') {
            expect(table.add(ledger, record, at)).toBe(!known);
            if (!known) rows.set(record.usage_id, { record, at });
          } else if (action === 'remove') {
            expect(table.remove(ledger, record.usage_id)).toBe(known);
            rows.delete(record.usage_id);
          } else {
            table.clear(ledger);
            rows.clear();
          }
        }
        const visible = new Map<string, { record: UsageRecord; at: number; ledger: number }>();
        for (const [ledger, rows] of model.entries()) {
          expect(table.count(ledger)).toBe(rows.size);
          expect(new Set(table.ids(ledger))).toEqual(new Set(rows.keys()));
          for (const [id, row] of rows) if (!visible.has(id)) visible.set(id, { ...row, ledger });
        }
        expect(table.size).toBe(visible.size);
        expect(new Set(table.ids())).toEqual(new Set(visible.keys()));
        const inOrder = [...visible.values()]
          .sort((a, b) => a.at - b.at)
          .map(({ ledger, record }) => ({ ledger: labels[ledger] as string, record }));
        const query: AggregateQuery = { filter: {}, groupBy: ['ledger', 'tag', 'day'], calendar };
        expect(table.aggregate(query)).toEqual(naive.aggregate(inOrder, query));
        for (const sort of SORT_KEYS) {
          expect(ids(table, { ...byTime, sort })).toEqual(
            naive.sorted(inOrder, sort).map(({ record }) => record.usage_id),
          );
        }
      }),
      { numRuns: runs(35) },
    );
  });
});

describe('totals', () => {
  it('keep recorded, estimated and unknown costs apart', () => {
    const table = tableOf(
      usage({ usage_id: 'a', cost_usd: 1 }),
      usage({ usage_id: 'b', cost_usd: 2, billing_mode: 'estimated' }),
      usage({ usage_id: 'c', cost_usd: 4, cost_known: false }),
    );
    expect(table.aggregate(everything)[0]?.totals).toMatchObject({
      records: 3,
      recordedNanos: 1_000_000_000n,
      estimatedNanos: 2_000_000_000n,
      estimated: 1,
      unpriced: 1,
    });
  });

  it('stay exact where doubles are not', () => {
    const cents = Array.from({ length: 1000 }, (_, i) => usage({ usage_id: `c${i}`, cost_usd: 0.1 }));
    const big = Array.from({ length: 10 }, (_, i) => usage({ usage_id: `b${i}`, cost_usd: 4_000_000.000000001 }));
    const huge = usage({ usage_id: 'h', cost_usd: 9_000_000 });
    expect(tableOf(...cents, ...big, huge).aggregate(everything)[0]?.totals.recordedNanos).toBe(
      100_000_000_000n + 40_000_000_000_000_010n + 9_000_000_000_000_000n,
    );
  });

  it('count a record in each of its tags, and once in all', () => {
    const table = tableOf(usage({ usage_id: 'a', tags: ['x', 'y', 'x'] }), usage({ usage_id: 'b' }));
    expect(table.distinct('tag')).toEqual([
      { value: 'x', records: 1 },
      { value: 'y', records: 1 },
      { value: null, records: 1 },
    ]);
    expect(table.aggregate(everything)[0]?.totals.records).toBe(2);
    expect(table.size).toBe(2);
  });

  it('repeat a key that is asked for twice', () => {
    const query: AggregateQuery = { ...everything, groupBy: ['tag', 'model', 'tag'] };
    expect(
      tableOf(usage({ tags: ['x', 'y'] }))
        .aggregate(query)
        .map(({ key }) => key),
    ).toEqual([
      ['x', 'opus', 'x'],
      ['y', 'opus', 'y'],
    ]);
  });

  it('tell the two hours of an autumn night apart', () => {
    const table = tableOf(
      usage({ usage_id: 'a', timestamp: '2026-10-25T00:30:00Z' }),
      usage({ usage_id: 'b', timestamp: '2026-10-25T01:30:00Z' }),
    );
    expect(table.aggregate({ ...everything, groupBy: ['hour'] }).map(({ key }) => key[0])).toEqual([
      '2026-10-25T02+02:00',
      '2026-10-25T02+01:00',
    ]);
  });

  it('are those of the plain model, for any records, filter, grouping and zone', () => {
    fc.assert(
      fc.property(
        fc.array(records, { maxLength: 40 }),
        filters,
        groupings,
        calendars,
        (all, filter, groupBy, calendar) => {
          const query = { filter, groupBy, calendar };
          expect(tableOf(...all).aggregate(query)).toEqual(naive.aggregate(rowsOf(all), query));
        },
      ),
      { numRuns: runs(80) },
    );
  });

  it('are folded where they are small as if all had been made first', () => {
    const tops = fc.record({ count: fc.integer({ min: 1, max: 4 }), by: fc.constantFrom(...MEASURES) });
    let folded = 0;
    fc.assert(
      fc.property(
        fc.array(records, { minLength: 10, maxLength: 40 }),
        fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, filters),
        groupings,
        calendars,
        tops,
        (all, filter, groupBy, calendar, top) => {
          const table = tableOf(...all);
          const query = { filter, groupBy, calendar };
          const groups = table.aggregate({ ...query, top });
          expect(groups).toEqual(foldTop(table.aggregate(query), top));
          if (groups.some(({ rest }) => rest !== undefined)) folded += 1;
        },
      ),
      { numRuns: runs(80) },
    );
    expect(folded).toBeGreaterThan(runs(10, 100));
  });

  it('of all groups are the grand total, unless by tag', () => {
    const untagged = groupings.map((all) => all.filter((grouping) => grouping !== 'tag'));
    fc.assert(
      fc.property(fc.array(records), filters, untagged, calendars, (all, filter, groupBy, calendar) => {
        const table = tableOf(...all);
        const [total] = table.aggregate({ filter, groupBy: [], calendar });
        const groups = table.aggregate({ filter, groupBy, calendar });
        expect(groups.reduce((sum, { totals }) => sum + costNanos(totals), 0n)).toBe(
          total === undefined ? 0n : costNanos(total.totals),
        );
        expect(groups.reduce((sum, { totals }) => sum + totals.records, 0)).toBe(total?.totals.records);
      }),
    );
  });

  it('of a kept answer are not taken for those of another', () => {
    const table = tableOf(usage());
    const since = (ms: number): number | undefined =>
      table.aggregate({ ...everything, filter: { since: ms } })[0]?.totals.records;
    expect([since(Number.NEGATIVE_INFINITY), since(Number.POSITIVE_INFINITY)]).toEqual([1, 0]);
  });

  it('take in what came after an answer was given', () => {
    fc.assert(
      fc.property(
        fc.array(records, { maxLength: 20 }),
        fc.array(records, { maxLength: 20 }),
        filters,
        groupings,
        calendars,
        (before, after, filter, groupBy, calendar) => {
          const table = tableOf(...before);
          const query = { filter, groupBy, calendar };
          table.aggregate(query);
          for (const [i, record] of after.entries()) {
            table.add(0, record, i);
            expect(table.aggregate(query)).toEqual(
              naive.aggregate(rowsOf([...before, ...after.slice(0, i + 1)]), query),
            );
          }
        },
      ),
    );
  });
});

describe('pages', () => {
  it('concatenate to the sorted whole, and descend as its reverse', () => {
    fc.assert(
      fc.property(
        fc.array(records, { maxLength: 40 }),
        filters,
        fc.constantFrom(...SORT_KEYS),
        fc.integer({ min: 1, max: 7 }),
        (all, filter, sort, limit) => {
          const table = tableOf(...all);
          const whole = naive
            .sorted(
              rowsOf(all).filter((row) => naive.matches(row, filter)),
              sort,
            )
            .map(({ record }) => record.usage_id);
          for (const descending of [false, true]) {
            const paged: string[] = [];
            for (let offset = 0; offset <= whole.length; offset += limit) {
              const page = table.select({ filter, sort, descending, offset, limit });
              expect(page.total).toBe(whole.length);
              paged.push(...page.rows.map((row) => row.usageId));
            }
            expect(paged).toEqual(descending ? whole.toReversed() : whole);
          }
        },
      ),
      { numRuns: runs(35) },
    );
  });

  it('at the start are the same, found without sorting all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 9 }), { maxLength: 60 }),
        fc.constantFrom<SortKey>('time', 'cost', 'model'),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (numbers, sort, descending, count) => {
          const store = new ColumnStore();
          const rows = numbers.map((number, i) => {
            const timestamp = new Date(Date.UTC(2026, 0, 1 + (number % 4))).toISOString();
            return usage({ usage_id: `${i}`, cost_usd: number % 3, model: `m${number % 2}`, timestamp });
          });
          for (const record of rows) {
            const row = store.write(1, record, 0);
            store.segment(row).state[row & ROW_MASK] = VISIBLE;
          }
          const ascending = naive.sorted(rowsOf(rows), sort).map(({ record }) => Number(record.usage_id));
          const whole = descending ? ascending.toReversed() : ascending;
          const steps = firstRows(store, new CompiledFilter(store, {}), { sort, descending }, count);
          let step = steps.next();
          while (step.done !== true) step = steps.next();
          expect(step.value).toEqual({ total: whole.length, rows: Uint32Array.from(whole.slice(0, count)) });
        },
      ),
    );
  });

  it('beyond the end are empty', () => {
    expect(tableOf(usage()).select({ ...byTime, offset: 5 })).toEqual({ total: 1, rows: [] });
  });

  it('put an unknown cost before $0', () => {
    const table = tableOf(
      usage({ usage_id: 'free', cost_usd: 0 }),
      usage({ usage_id: 'unknown', cost_usd: 5, cost_known: false }),
      usage({ usage_id: 'vast', cost_usd: 5e8 }),
      usage({ usage_id: 'vaster', cost_usd: 5e8 + 1 }),
    );
    expect(ids(table, { ...byTime, sort: 'cost' })).toEqual(['unknown', 'free', 'vast', 'vaster']);
  });
});

describe('over many segments', () => {
  const table = new UsageTable();
  const ledger = table.addLedger('first');
  const count = 70_000;
  for (let i = 0; i < count; i++) {
    const timestamp = new Date(Date.UTC(2026, 0, 1) + (i % 1000) * 3_600_000).toISOString();
    table.add(ledger, usage({ usage_id: `${i}`, model: `m${i % 7}`, session_id: `s${i % 30_000}`, timestamp }), i);
  }
  const query: AggregateQuery = { ...everything, groupBy: ['session', 'day', 'model'] };

  it('sums and sorts all of them', () => {
    const groups = table.aggregate(query);
    expect(groups.reduce((sum, { totals }) => sum + totals.records, 0)).toBe(count);
    const { total, rows } = table.select({ ...byTime, descending: true, limit: 2 });
    expect([total, ...rows.map((row) => row.locator)]).toEqual([count, 69_999, 68_999]);
    expect(table.bounds()).toEqual({ first: Date.UTC(2026, 0, 1), last: Date.UTC(2026, 0, 1) + 999 * 3_600_000 });
  });

  it('gives the same answers in slices', async () => {
    expect(await table.aggregateSliced({ ...query, filter: { search: 'm3' } }, pause)).toEqual(
      table.aggregate({ ...query, filter: { search: 'm3' } }),
    );
    const page: PageQuery = { ...byTime, sort: 'model', offset: 30_000, limit: 5 };
    expect(await table.selectSliced(page, pause)).toEqual(table.select(page));
  });

  it('finds the first rows as sorting all does', () => {
    for (const sort of SORT_KEYS) {
      for (const descending of [false, true]) {
        const start = ids(table, { ...byTime, sort, descending, limit: 500 });
        // Another search with the same answer, to bypass the cache; more rows than are found without sorting.
        const whole = ids(table, { ...byTime, filter: { search: 'm' }, sort, descending, limit: 1000 });
        expect(start).toEqual(whole.slice(0, 500));
      }
    }
  });

  it('starts anew after a change in between, and gives up when changes do not end', async () => {
    const asked: AggregateQuery = { ...everything, filter: { search: 'opus-new' } };
    let changes = 0;
    const changeOnce = async (): Promise<void> => {
      if (changes++ === 0) table.add(ledger, usage({ usage_id: 'new', model: 'opus-new' }), 0);
      await pause();
    };
    expect((await table.aggregateSliced(asked, changeOnce))[0]?.totals.records).toBe(1);
    const changeAlways = async (): Promise<void> => {
      table.remove(ledger, `${changes++}`);
      await pause();
    };
    const restless: AggregateQuery = { ...everything, filter: { search: 'anthropic' } };
    await expect(table.aggregateSliced(restless, changeAlways)).rejects.toBeInstanceOf(TableChanged);
  });
});
