import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageTable } from '../../../../../src/columns/table.ts';
import { GrowingColumns } from '../../../../../src/ledger/sqlite/columns/columns.ts';
import { findPage, stretchesOf, type Found, type Stretch } from '../../../../../src/ledger/sqlite/columns/paging.ts';
import { SegmentBuffer } from '../../../../../src/ledger/sqlite/columns/pass.ts';
import { SORT_KEYS, type PageQuery, type UsageFilter } from '../../../../../src/usage/query.ts';
import type { UsageRecord } from '../../../../../src/usage/record.ts';
import { runs } from '../../../../long.ts';
import { records } from '../../../usage/records.ts';

/** Pages over stretches of a ledger, beside those of a table in memory. */

const PER_STRETCH = 3_000;
const START = Date.parse('2026-01-01T00:00:00Z');

interface World {
  table: UsageTable;
  stretches: Stretch[];
  /** How often the columns of each stretch were asked for. */
  reads: number[];
}

function world(all: readonly UsageRecord[], perStretch = PER_STRETCH): World {
  const table = new UsageTable();
  table.addLedger('here');
  const stretches: Stretch[] = [];
  const reads: number[] = [];
  for (let from = 0; from < all.length; from += perStretch) {
    const columns = new GrowingColumns();
    for (const [i, record] of all.slice(from, from + perStretch).entries()) {
      columns.add(from + i + 1, record);
      table.add(0, record, from + i + 1);
    }
    const number = reads.push(0) - 1;
    const { records: count, earliest, latest } = columns;
    stretches.push({
      records: count,
      earliest,
      latest,
      columns: () => {
        reads[number]!++;
        return columns;
      },
    });
  }
  return { table, stretches, reads };
}

/** Records in the order of their times, each unlike the next. */
const regular = (count: number): UsageRecord[] =>
  Array.from({ length: count }, (_, i): UsageRecord => ({
    usage_id: `id-${i}`,
    provider: `p${(i * 7) % 5}`,
    model: `m${(i * 11) % 13}`,
    operation: 'chat',
    input_tokens: (i * 37) % 1000,
    output_tokens: (i * 53) % 700,
    total_tokens: ((i * 37) % 1000) + ((i * 53) % 700),
    cost_usd: ((i * 29) % 500) / 100,
    cost_known: i % 9 > 0,
    billing_mode: 'known',
    timestamp: new Date(START + i * 60_000).toISOString(),
  }));

const noPause = (): Promise<void> => Promise.resolve();
const find = ({ stretches }: World, query: PageQuery, hidden: ReadonlySet<number> = new Set()): Promise<Found> => {
  const room = new SegmentBuffer('here');
  room.hide(hidden);
  return findPage(room, stretches, query, noPause);
};
const expected = ({ table }: World, query: PageQuery): { total: number; seqs: number[] } => {
  const { total, rows } = table.select(query);
  return { total, seqs: rows.map(({ usageId }) => Number(usageId.slice(3)) + 1) };
};
const page = (more: Partial<PageQuery>): PageQuery => ({
  filter: {},
  sort: 'time',
  descending: true,
  offset: 0,
  limit: 20,
  ...more,
});

describe('a page', () => {
  it('is the one of a sorted list, by each key from either end', async () => {
    const all = regular(2 * PER_STRETCH + 100);
    const here = world(all);
    for (const sort of SORT_KEYS) {
      for (const descending of [true, false]) {
        for (const [offset, limit] of [
          [0, 20],
          [1_000, 300],
          [PER_STRETCH - 5, 10],
          [all.length - 3, 10],
          [all.length, 5],
          [5, 0],
        ] as const) {
          const query = page({ sort, descending, offset, limit });
          const found = await find(here, query);
          const { total, seqs } = expected(here, query);
          expect([sort, descending, offset, found.total, found.cut(query)]).toEqual([
            sort,
            descending,
            offset,
            total,
            seqs,
          ]);
          expect(found.complete).toBe(false);
        }
      }
    }
  });

  it('has ties by time and then by their order, either way', async () => {
    const same = regular(50).map((record, i): UsageRecord => ({
      ...record,
      provider: i % 2 === 0 ? 'a' : 'b',
      timestamp: new Date(START + (i % 3) * 1000).toISOString(),
    }));
    const here = world(same, 20);
    const up = await find(here, page({ sort: 'provider', descending: false, limit: 50 }));
    const ascending = up.cut(page({ offset: 0, limit: 50 }));
    const down = await find(here, page({ sort: 'provider', descending: true, limit: 50 }));
    expect(down.cut(page({ offset: 0, limit: 50 }))).toEqual(ascending.toReversed());
    const keys = ascending.map((seq) => [(seq - 1) % 2, (seq - 1) % 3, seq]);
    expect(keys).toEqual(keys.toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!));
  });

  it('far behind is cut from all rows, which serve each other page', async () => {
    const all = regular(4 * PER_STRETCH);
    const here = world(all);
    const query = page({ sort: 'cost', descending: false, offset: 9_995, limit: 6 });
    const found = await find(here, query);
    expect(found.complete).toBe(true);
    for (const each of [
      query,
      page({ ...query, offset: 0, limit: 3 }),
      page({ ...query, offset: 11_990, limit: 50 }),
    ]) {
      expect(found.cut(each)).toEqual(expected(here, each).seqs);
    }
    const last = await find(here, page({ offset: 9_990, limit: 10 }));
    expect(last.complete).toBe(false);
  });

  it('before the first one begins with the first', async () => {
    const here = world(regular(100));
    const query = page({ offset: -5, limit: 8, descending: false });
    const found = await find(here, query);
    expect(found.cut(query)).toEqual([1, 2, 3]);
    expect((await find(here, page({ limit: -3 }))).cut(page({ limit: -3 }))).toEqual([]);
  });

  it('of a filter counts what matches, and nothing outside of its times', async () => {
    const here = world(regular(3 * PER_STRETCH));
    const [since, until] = [START + 100 * 60_000, START + (PER_STRETCH + 50) * 60_000];
    for (const filter of [
      { since, until },
      { since },
      { until },
      { values: { model: ['m3'] } },
      { values: { model: undefined } } as unknown as UsageFilter,
      { search: 'm4 p1' },
      { search: '   ' },
      { search: 'cost>4.9' },
    ]) {
      const query = page({ filter });
      const found = await find(here, query);
      const { total, seqs } = expected(here, query);
      expect([filter, found.total, found.cut(query)]).toEqual([filter, total, seqs]);
    }
  });

  it('at the edge of a stretch belongs to its first moment and not to its last', async () => {
    const here = world(regular(2 * PER_STRETCH));
    const second = START + PER_STRETCH * 60_000;
    expect((await find(here, page({ filter: { until: second } }))).total).toBe(PER_STRETCH);
    expect((await find(here, page({ filter: { since: second } }))).total).toBe(PER_STRETCH);
    expect((await find(here, page({ filter: { since: second - 60_000, until: second + 1 } }))).total).toBe(2);
  });

  it('leaves out hidden records', async () => {
    const here = world(regular(2 * PER_STRETCH));
    const hidden = new Set([2 * PER_STRETCH, 2 * PER_STRETCH - 2, 1]);
    const found = await find(here, page({ limit: 3 }), hidden);
    expect(found.total).toBe(2 * PER_STRETCH - 3);
    expect(found.cut(page({ limit: 3 }))).toEqual([2 * PER_STRETCH - 1, 2 * PER_STRETCH - 3, 2 * PER_STRETCH - 4]);
  });

  it('is the one of a sorted list, whatever the records are', async () => {
    const query = fc.record({
      sort: fc.constantFrom(...SORT_KEYS),
      descending: fc.boolean(),
      offset: fc.integer({ min: -3, max: 70 }),
      limit: fc.integer({ min: 0, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(records, { maxLength: 60 }), query, async (some, rest) => {
        const here = world(
          some.map((record, i) => ({ ...record, usage_id: `id-${i}` })),
          16,
        );
        if (some.length === 0) return;
        const asked = page({ ...rest, offset: Math.max(0, rest.offset) });
        const found = await find(here, asked);
        expect({ total: found.total, seqs: found.cut(asked) }).toEqual(expected(here, asked));
      }),
      { numRuns: runs(40, 400) },
    );
  });
});

describe('the newest records', () => {
  it('are found without reading the older ones', async () => {
    const here = world(regular(4 * PER_STRETCH));
    await find(here, page({ limit: 5 }));
    expect(here.reads).toEqual([0, 0, 0, 1]);
  });

  it('as the oldest ones are, from the other end', async () => {
    const here = world(regular(4 * PER_STRETCH));
    await find(here, page({ limit: 5, descending: false }));
    expect(here.reads).toEqual([1, 0, 0, 0]);
  });

  it('need all stretches where any record may come first', async () => {
    const here = world(regular(3 * PER_STRETCH));
    await find(here, page({ limit: 5, sort: 'cost' }));
    expect(here.reads).toEqual([1, 1, 1]);
    await find(here, page({ limit: 5, filter: { values: { model: ['m1'] } } }));
    expect(here.reads).toEqual([2, 2, 2]);
    await find(here, page({ limit: 5 }), new Set([1]));
    expect(here.reads).toEqual([3, 3, 3]);
  });

  it('of some days need the stretches of these days alone', async () => {
    const here = world(regular(4 * PER_STRETCH));
    const since = START + (PER_STRETCH + 10) * 60_000;
    await find(here, page({ limit: 5, sort: 'cost', filter: { since, until: since + 3_600_000 } }));
    expect(here.reads).toEqual([0, 1, 0, 0]);
  });
});

it('the stretches of a ledger are its segments and the records behind them', () => {
  const tail = new GrowingColumns();
  for (const [i, record] of regular(3).entries()) tail.add(i + 1, record);
  const segment = { number: 0, records: 7, earliest: 1, latest: 2, stale: false, lacksColumns: false };
  const columns = new GrowingColumns();
  const stretches = stretchesOf(
    {
      epoch: 0,
      segments: [segment],
      tail,
      sealedUpTo: 0,
      lastRow: 3,
      unreadable: 0,
      records: 10,
      earliest: 1,
      latest: 2,
    },
    (each) => {
      expect(each).toBe(segment);
      return columns;
    },
  );
  tail.add(4, regular(4)[3]!);
  expect(stretches.map(({ records: count, earliest, latest }) => [count, earliest, latest])).toEqual([
    [7, 1, 2],
    [3, START, START + 120_000],
  ]);
  expect(stretches[0]!.columns()).toBe(columns);
  expect(stretches[1]!.columns().records).toBe(3);
});
