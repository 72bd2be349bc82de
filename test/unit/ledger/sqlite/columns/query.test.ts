import { beforeEach, describe, expect, it } from 'vitest';
import type { ColumnPass } from '../../../../../src/columns/columnPass.ts';
import { VISIBLE } from '../../../../../src/columns/segment.ts';
import { SegmentGone } from '../../../../../src/ledger/sqlite/columns/columns.ts';
import { ColumnQueries, type Current, type Source } from '../../../../../src/ledger/sqlite/columns/query.ts';
import { takeSnapshot, touch } from '../../../../../src/ledger/sqlite/columns/segments.ts';
import type { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import type { AggregateQuery, PageQuery } from '../../../../../src/usage/query.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const place = scratch();
const SUM: AggregateQuery = { filter: {}, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
const PAGE: PageQuery = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 10 };
let connection: Connection;
let queries: ColumnQueries;
/** Whether each look was asked to be a new one. */
let looks: boolean[];
let source: Source;
beforeEach(async () => {
  await place.tracker().trackAll(['a', 'b', 'c'].map((id, i) => call(id, { cost_usd: i + 1 })));
  await place.close();
  connection = await place.connection();
  queries = new ColumnQueries('costs');
  looks = [];
  source = { connection, snapshot: takeSnapshot(connection, undefined) };
});

const current: Current = async (again) => {
  looks.push(again);
  if (again) source = { connection, snapshot: takeSnapshot(connection, source.snapshot) };
  return source;
};
const look = (): void => {
  source = { connection, snapshot: takeSnapshot(connection, source.snapshot) };
};
const remove = (seq: number): void => {
  connection.sql('DELETE FROM record WHERE seq = ?').run(seq);
  touch(connection, [seq]);
};
const sum = async (query = SUM): Promise<[number, bigint]> => {
  const [group] = await queries.aggregate(query, current);
  return [group?.totals.records ?? 0, group?.totals.recordedNanos ?? 0n];
};
/** Counts the visible rows, and runs `meanwhile` after each stretch. */
const counting = (meanwhile: (start: number) => void): ColumnPass<number> => {
  let starts = 0;
  return {
    filter: {},
    dimensions: [],
    start: () => {
      let count = 0;
      starts++;
      return {
        take: ({ state, used }) => {
          for (let at = 0; at < used; at++) if (state[at] === VISIBLE) count++;
          meanwhile(starts);
        },
        result: () => count,
      };
    },
  };
};

describe('a question', () => {
  it('is asked once while nothing changes', async () => {
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    expect(await queries.page(PAGE, current)).toEqual({ total: 3, seqs: [1, 2, 3] });
    expect(
      await queries.pass(
        counting(() => undefined),
        current,
      ),
    ).toBe(3);
    expect(looks).toEqual([false, false, false]);
  });

  it('is asked again of what is there now, where a record was removed meanwhile', async () => {
    const pass = counting((start) => {
      if (start === 1) remove(2);
    });
    expect(await queries.pass(pass, current)).toBe(2);
    expect(looks).toEqual([false, true]);
  });

  it('gives up where something changes each time', async () => {
    let starts = 0;
    const pass = counting(() => {
      starts++;
      touch(connection, []);
    });
    await expect(queries.pass(pass, current)).rejects.toMatchObject({
      name: 'TableChanged',
      message: 'the table changed while it was being read',
    });
    expect(starts).toBe(20);
    expect(looks).toEqual([false, ...Array<boolean>(19).fill(true)]);
  });

  it('is asked again where a segment is gone', async () => {
    const pass = counting((start) => {
      if (start === 1) throw new SegmentGone();
    });
    expect(await queries.pass(pass, current)).toBe(3);
    expect(looks).toEqual([false, true]);
  });

  it('fails for any other reason at once', async () => {
    const pass = counting(() => {
      throw new Error('no');
    });
    await expect(queries.pass(pass, current)).rejects.toThrow('no');
    expect(looks).toEqual([false]);
  });

  it('is asked again of another connection where this one was closed', async () => {
    const first = connection;
    const pass = counting((start) => {
      if (start === 1) {
        first.db.close();
        throw new Error('database is not open');
      }
    });
    // As closing does it, without waiting.
    const closed = { ...source, connection: { isOpen: false } as Connection };
    connection = await place.connection();
    let asked = 0;
    const answer = queries.pass(pass, async (again) => (asked++ === 0 ? closed : current(again)));
    expect(await answer).toBe(3);
    expect(asked).toBe(2);
    await place.close().catch(() => undefined);
  });
});

describe('an answer that is kept', () => {
  it('takes in what was added, and nothing twice', async () => {
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    await place.tracker().track(call('d', { cost_usd: 10 }));
    // Not before somebody looks.
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    look();
    expect(await sum()).toEqual([4, 16_000_000_000n]);
    expect(await sum()).toEqual([4, 16_000_000_000n]);
  });

  it('is made anew after any other change', async () => {
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    remove(3);
    look();
    expect(await sum()).toEqual([2, 3_000_000_000n]);
  });

  it('is made anew when others are hidden', async () => {
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    queries.hide(new Set([1]));
    expect(await sum()).toEqual([2, 5_000_000_000n]);
    expect((await queries.page(PAGE, current)).seqs).toEqual([2, 3]);
    queries.hide(new Set());
    expect(await sum()).toEqual([3, 6_000_000_000n]);
  });

  it('is one for each question', async () => {
    const expensive = { ...SUM, filter: { search: 'cost>1.5' } };
    const late = { ...SUM, filter: { since: Date.parse('2026-12-01') } };
    const early = { ...SUM, filter: { until: Date.parse('2026-11-01') } };
    for (let i = 0; i < 2; i++) {
      expect(await sum(expensive)).toEqual([2, 5_000_000_000n]);
      expect(await sum(late)).toEqual([0, 0n]);
      expect(await sum(early)).toEqual([0, 0n]);
      expect(await sum()).toEqual([3, 6_000_000_000n]);
    }
  });

  it('is forgotten with the database', async () => {
    expect(await sum()).toEqual([3, 6_000_000_000n]);
    connection.db.exec('UPDATE record SET text = replace(text, \'"cost_usd":1,\', \'"cost_usd":5,\')');
    queries.forget();
    source = { connection, snapshot: takeSnapshot(connection, undefined) };
    expect(await sum()).toEqual([3, 10_000_000_000n]);
  });

  it('of a page far behind serves the next one, until something is added', async () => {
    const deep = { ...PAGE, offset: 0, limit: 20_000 };
    expect(await queries.page(deep, current)).toEqual({ total: 3, seqs: [1, 2, 3] });
    expect(await queries.page({ ...deep, offset: 1, limit: 1, descending: true }, current)).toEqual({
      total: 3,
      seqs: [2],
    });
    expect((await queries.page({ ...deep, sort: 'cost', descending: true }, current)).seqs).toEqual([3, 2, 1]);
    expect((await queries.page({ ...deep, filter: { search: 'cost>1.5' } }, current)).seqs).toEqual([2, 3]);
    await queries.page(deep, current);
    await place.tracker().track(call('d'));
    look();
    expect((await queries.page(deep, current)).seqs).toEqual([1, 2, 3, 4]);
    remove(4);
    look();
    expect((await queries.page(deep, current)).seqs).toEqual([1, 2, 3]);
    queries.hide(new Set([2]));
    expect((await queries.page(deep, current)).seqs).toEqual([1, 3]);
  });
});

it('groups by days and by the dimensions of records', async () => {
  const by = async (groupBy: AggregateQuery['groupBy']): Promise<unknown[]> =>
    (await queries.aggregate({ ...SUM, groupBy }, current)).map(({ key, totals }) => [...key, totals.records]);
  await place.tracker().track(call('d', { timestamp: '2026-11-02T00:00:00Z', tags: ['x', 'y'], model: 'm' }));
  look();
  expect((await by(['day'])).map((row) => (row as unknown[])[1])).toEqual([3, 1]);
  expect(await by(['model'])).toEqual([
    ['gpt-5', 3],
    ['m', 1],
  ]);
  expect(await by(['ledger'])).toEqual([['costs', 4]]);
  expect(new Set(await by(['tag']))).toEqual(
    new Set([
      [null, 3],
      ['x', 1],
      ['y', 1],
    ]),
  );
  expect(await by(['cost'])).toEqual([['recorded', 4]]);
});
