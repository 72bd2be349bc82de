import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ColumnPass } from '../../../../../src/columns/columnPass.ts';
import { VISIBLE } from '../../../../../src/columns/segment.ts';
import { ColumnQueries } from '../../../../../src/ledger/sqlite/columns/query.ts';
import type { QueryGrouping, UsageFilter } from '../../../../../src/usage/query.ts';
import { numberAt } from '../../../../../src/ledger/sqlite/columns/columnBlob.ts';
import { COLUMN_NUMBERS, COLUMNS, SEGMENT_SPAN } from '../../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import type { Columns } from '../../../../../src/ledger/sqlite/columns/columns.ts';
import { SegmentReader } from '../../../../../src/ledger/sqlite/columns/segmentReader.ts';
import {
  checkSegments,
  endOf,
  epochOf,
  needsSealing,
  resealed,
  sealedUpTo,
  sealOne,
  takeSnapshot,
  touch,
  unseal,
  type CheckedSegments,
  type SegmentInfo,
} from '../../../../../src/ledger/sqlite/columns/segments.ts';
import { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import type { SqliteStore } from '../../../../../src/ledger/sqlite/store.ts';
import { RowAppender } from '../../../../../src/ledger/sqlite/rowAppender.ts';
import { Watchers } from '../../../../../src/ledger/watchers.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A ledger with one sealed segment and ten records behind it. */

const TAIL = 10;
const START = Date.parse('2026-01-01T00:00:00Z');
const NEWEST = Math.max(...Object.values(COLUMN_NUMBERS));
const place = scratch();
let template: string;

const element = (i: number, more = {}) =>
  stored(
    call(`id-${i}`, {
      timestamp: new Date(START + i * 1000).toISOString(),
      cost_usd: 0.001,
      ...(i === 7 ? { commit: 'c0ffee' } : {}),
      ...(i === 8 ? { cache_write_tokens: 5, cache_write_1h_tokens: 5 } : {}),
      ...(i === 9 ? { speed: 'fast' } : {}),
      ...more,
    }),
  );

async function append(connection: Connection, from: number, count: number): Promise<void> {
  await connection.write(() => {
    const rows = new RowAppender(connection);
    for (let i = from; i < from + count; i++) {
      const { record, text } = element(i);
      rows.add(record, text);
    }
    rows.finish();
  });
}

beforeAll(async () => {
  template = join(mkdtempSync(join(tmpdir(), 'llm-spend-sealed-')), 'costs.db');
  const connection = await Connection.create(nodeDisk, template);
  await append(connection, 1, SEGMENT_SPAN + TAIL);
  await connection.close();
});
afterAll(() => rmSync(join(template, '..'), { recursive: true, force: true }));

function opened(): Promise<Connection> {
  copyFileSync(template, place.path);
  return place.connection();
}

const remove = (connection: Connection, ...seqs: number[]): Promise<void> =>
  connection.write(() => {
    for (const seq of seqs) connection.sql('DELETE FROM record WHERE seq = ?').run(seq);
    touch(connection, seqs);
  });
const sum = (columns: Columns, column: 'input' | 'cost' | 'write1h'): number => {
  const numbers = columns.numbers(column);
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numberAt(numbers, i);
  return total;
};
const columnCount = (connection: Connection): unknown =>
  connection.first('SELECT count(*) AS n FROM segment_column')!['n'];
const WHOLE: SegmentInfo = {
  number: 0,
  records: SEGMENT_SPAN,
  earliest: START + 1000,
  latest: START + SEGMENT_SPAN * 1000,
  stale: false,
  lacksColumns: false,
};
const checked = (connection: Connection): CheckedSegments => {
  const steps = checkSegments(connection);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
};
const untrue = (connection: Connection): SegmentInfo[] => checked(connection).untrue;

describe('the content at a moment', () => {
  it('is the sealed segments and the records behind them', async () => {
    const connection = await opened();
    const { tail, ...rest } = takeSnapshot(connection, undefined);
    expect(rest).toEqual({
      epoch: 0,
      segments: [WHOLE],
      sealedUpTo: SEGMENT_SPAN,
      lastRow: SEGMENT_SPAN + TAIL,
      unreadable: 0,
      records: SEGMENT_SPAN + TAIL,
      earliest: START + 1000,
      latest: START + (SEGMENT_SPAN + TAIL) * 1000,
    });
    expect([tail.records, tail.lastSeq]).toEqual([TAIL, SEGMENT_SPAN + TAIL]);
    expect(columnCount(connection)).toBe(COLUMNS.length);
    expect([sealedUpTo(connection), endOf(connection)]).toEqual([
      SEGMENT_SPAN,
      { seq: SEGMENT_SPAN + TAIL + 1, sealed: SEGMENT_SPAN },
    ]);
  });

  it('of a new database is nothing', async () => {
    const connection = await place.connection();
    const { tail, ...rest } = takeSnapshot(connection, undefined);
    expect(rest).toMatchObject({ segments: [], sealedUpTo: 0, records: 0, earliest: Infinity, latest: -Infinity });
    expect(tail.records).toBe(0);
    expect(endOf(connection)).toEqual({ seq: 1, sealed: 0 });
    expect(sealOne(connection)).toBe(false);
  });

  it('grows by what is added, and counts rows that are no records once', async () => {
    const connection = await opened();
    const first = takeSnapshot(connection, undefined);
    await connection.write(() => {
      const rows = new RowAppender(connection);
      rows.add(element(9_001).record, element(9_001).text);
      rows.addOther({ usage_id: 'odd', text: '[]' });
      rows.finish();
    });
    const second = takeSnapshot(connection, first);
    expect(second).toMatchObject({ records: SEGMENT_SPAN + TAIL + 1, unreadable: 1 });
    // Only what is new was read.
    expect([second.tail === first.tail, second.segments === first.segments]).toEqual([true, true]);
    const third = takeSnapshot(connection, second);
    expect(third).toMatchObject({ records: SEGMENT_SPAN + TAIL + 1, unreadable: 1 });
    expect(takeSnapshot(connection, undefined)).toMatchObject({ records: SEGMENT_SPAN + TAIL + 1, unreadable: 1 });
  });

  it('is read again after any other change', async () => {
    const connection = await opened();
    const first = takeSnapshot(connection, undefined);
    await remove(connection, SEGMENT_SPAN + 1, 5);
    const second = takeSnapshot(connection, first);
    expect(second).toMatchObject({ epoch: 1, records: SEGMENT_SPAN + TAIL - 2 });
    expect(second.segments).toEqual([{ ...WHOLE, records: SEGMENT_SPAN - 1, stale: true }]);
    expect(second.tail.records).toBe(TAIL - 1);
  });

  it('has a second segment once it is full', async () => {
    const connection = await opened();
    const first = takeSnapshot(connection, undefined);
    await append(connection, SEGMENT_SPAN + TAIL + 1, SEGMENT_SPAN - TAIL - 1);
    expect(takeSnapshot(connection, first).segments).toHaveLength(1);
    await append(connection, 2 * SEGMENT_SPAN, 1);
    const second = takeSnapshot(connection, first);
    expect(second.segments).toEqual([
      WHOLE,
      { ...WHOLE, number: 1, earliest: WHOLE.latest + 1000, latest: START + 2 * SEGMENT_SPAN * 1000 },
    ]);
    expect([second.tail.records, second.sealedUpTo, second.records]).toEqual([0, 2 * SEGMENT_SPAN, 2 * SEGMENT_SPAN]);
    expect(untrue(connection)).toEqual([]);
  });

  it('has new records behind all that ever were in a segment', async () => {
    const connection = await opened();
    await connection.write(() => {
      connection.db.exec('DELETE FROM record WHERE seq > 4000');
      touch(connection, [4_001]);
    });
    expect(endOf(connection)).toEqual({ seq: SEGMENT_SPAN + 1, sealed: SEGMENT_SPAN });
  });
});

describe('a segment whose records changed', () => {
  it('has no columns until it is sealed anew', async () => {
    const connection = await opened();
    await remove(connection, 1, 4096);
    expect(columnCount(connection)).toBe(0);
    const stale = takeSnapshot(connection, undefined);
    expect(stale.segments.map(needsSealing)).toEqual([true]);
    expect(await connection.write(() => sealOne(connection))).toBe(true);
    expect(columnCount(connection)).toBe(COLUMNS.length);
    const sealed = takeSnapshot(connection, stale);
    expect(sealed.segments).toEqual([
      { ...WHOLE, records: SEGMENT_SPAN - 2, earliest: START + 2000, latest: START + 4095 * 1000 },
    ]);
    expect(await connection.write(() => sealOne(connection))).toBe(false);
    expect(untrue(connection)).toEqual([]);
  });

  it('is another one than those beside it', async () => {
    const connection = await opened();
    await append(connection, SEGMENT_SPAN + TAIL + 1, SEGMENT_SPAN - TAIL);
    await remove(connection, SEGMENT_SPAN + 1);
    expect(takeSnapshot(connection, undefined).segments.map(({ stale, records }) => [stale, records])).toEqual([
      [false, SEGMENT_SPAN],
      [true, SEGMENT_SPAN - 1],
    ]);
    await remove(connection, 1, 2, 3);
    expect(takeSnapshot(connection, undefined).segments.map(({ stale, records }) => [stale, records])).toEqual([
      [true, SEGMENT_SPAN - 3],
      [true, SEGMENT_SPAN - 1],
    ]);
    expect(epochOf(connection)).toBe(2);
    await connection.write(() => sealOne(connection));
    expect(await connection.write(() => sealOne(connection))).toBe(true);
    expect(await connection.write(() => sealOne(connection))).toBe(false);
  });

  it('without any records has no times', async () => {
    const connection = await opened();
    await connection.write(() => {
      connection.db.exec('DELETE FROM record WHERE seq <= 4096');
      touch(connection, [1]);
      sealOne(connection);
    });
    expect(takeSnapshot(connection, undefined).segments).toEqual([
      { ...WHOLE, records: 0, earliest: Infinity, latest: -Infinity },
    ]);
    expect(untrue(connection)).toEqual([]);
  });

  it('counts the same for a snapshot, sealed anew or not', async () => {
    const connection = await opened();
    await remove(connection, 1);
    const snapshot = takeSnapshot(connection, undefined);
    await connection.write(() => sealOne(connection));
    const now = resealed({ connection, snapshot });
    expect([now.epoch, now.records, now.segments.map(needsSealing)]).toEqual([1, snapshot.records, [false]]);
    await append(connection, 9_001, 1);
    // Something was added: the next look says so.
    expect(resealed({ connection, snapshot: { ...snapshot, tail: snapshot.tail } }).epoch).toBe(1);
    await remove(connection, 2);
    expect(resealed({ connection, snapshot })).toBe(snapshot);
  });

  it('counts rows that are no record, whether their segment is sealed or waits for it', async () => {
    const connection = await opened();
    connection.db.exec("UPDATE record SET text = '[]' WHERE seq IN (1, 7)");
    expect(checked(connection)).toEqual({ untrue: [WHOLE], unreadable: 2 });
    await connection.write(() => touch(connection, [1]));
    expect(checked(connection)).toEqual({ untrue: [], unreadable: 2 });
    await connection.write(() => sealOne(connection));
    expect(checked(connection)).toEqual({ untrue: [], unreadable: 2 });
  });

  it('outside of any segment leaves all of them as they are', async () => {
    const connection = await opened();
    await remove(connection, SEGMENT_SPAN + 3);
    expect(takeSnapshot(connection, undefined).segments).toEqual([WHOLE]);
    expect([epochOf(connection), columnCount(connection)]).toEqual([1, COLUMNS.length]);
  });
});

describe('a sealed segment that does not say what its rows say', () => {
  it.each([
    ['has another text', "UPDATE record SET text = replace(text, 'gpt-5', 'gpt-6') WHERE seq = 9"],
    ['has another number of records', 'UPDATE segment SET records = 7'],
    ['has another first time', 'UPDATE segment SET earliest_ms = earliest_ms + 1'],
    ['has another last time', 'UPDATE segment SET latest_ms = latest_ms + 1'],
    ['lacks a column that every version has', 'DELETE FROM segment_column WHERE key = 1'],
    [
      'has another column',
      'UPDATE segment_column SET data = (SELECT data FROM segment_column WHERE key = 2) WHERE key = 3',
    ],
    ['has a row that is gone', 'DELETE FROM record WHERE seq = 4096'],
    ['has a row that is none', "UPDATE record SET text = '[]' WHERE seq = 1"],
  ])('%s', async (_, sql) => {
    const connection = await opened();
    expect(untrue(connection)).toEqual([]);
    connection.db.exec(sql);
    const found = untrue(connection);
    expect(found.map(({ number }) => number)).toEqual([0]);
    await connection.write(() => unseal(connection, found));
    expect(takeSnapshot(connection, undefined).segments.map(({ stale }) => stale)).toEqual([true]);
    // It is read from its rows until then.
    expect(untrue(connection)).toEqual([]);
    await connection.write(() => sealOne(connection));
    expect(untrue(connection)).toEqual([]);
  });

  it('lacks columns that an older version did not know is true', async () => {
    const connection = await opened();
    connection.db.exec(`DELETE FROM segment_column WHERE key IN (${NEWEST}, ${COLUMN_NUMBERS.commit})`);
    expect(untrue(connection)).toEqual([]);
    expect(takeSnapshot(connection, undefined).segments).toEqual([{ ...WHOLE, lacksColumns: true }]);
    expect(await connection.write(() => sealOne(connection))).toBe(true);
    expect(takeSnapshot(connection, undefined).segments).toEqual([WHOLE]);
  });

  it('is found behind others', async () => {
    const connection = await opened();
    await append(connection, SEGMENT_SPAN + TAIL + 1, SEGMENT_SPAN - TAIL);
    connection.db.exec(`UPDATE record SET text = replace(text, 'gpt-5', 'gpt-6') WHERE seq = ${SEGMENT_SPAN + 1}`);
    expect(untrue(connection).map(({ number }) => number)).toEqual([1]);
  });
});

describe('a question over sealed segments and the records behind them', () => {
  const HOUR = 3_600_000;
  /** The records and the input tokens that a pass is handed, and how many stretches. */
  async function passed(connection: Connection, filter: UsageFilter): Promise<number[]> {
    const pass: ColumnPass<number[]> = {
      filter,
      dimensions: ['model'],
      start: () => {
        const sums = [0, 0, 0];
        return {
          take: ({ state, used, input }) => {
            sums[2]!++;
            for (let i = 0; i < used; i++) {
              if (state[i] !== VISIBLE) continue;
              sums[0]!++;
              sums[1]! += input[i]!;
            }
          },
          result: () => sums,
        };
      },
    };
    const snapshot = takeSnapshot(connection, undefined);
    return new ColumnQueries('here').pass(pass, async () => ({ connection, snapshot }));
  }
  const summed = async (
    connection: Connection,
    filter: UsageFilter,
    groupBy: QueryGrouping[] = [],
  ): Promise<unknown[]> => {
    const query = { filter, groupBy, calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } as const };
    const snapshot = takeSnapshot(connection, undefined);
    const groups = await new ColumnQueries('here').aggregate(query, async () => ({ connection, snapshot }));
    return groups.map(({ key, totals }) => [...key, totals.records]);
  };

  it('is handed all of them', async () => {
    const connection = await opened();
    const all = SEGMENT_SPAN + TAIL;
    expect(await passed(connection, {})).toEqual([all, all * 1000, 2]);
    expect(await summed(connection, {})).toEqual([[all]]);
    await remove(connection, 1, SEGMENT_SPAN + 1);
    expect(await passed(connection, {})).toEqual([all - 2, (all - 2) * 1000, 2]);
  });

  it('is not handed segments of other times', async () => {
    const connection = await opened();
    const last = START + SEGMENT_SPAN * 1000;
    expect(await passed(connection, { since: last + 1 })).toEqual([TAIL, TAIL * 1000, 1]);
    expect((await passed(connection, { since: last }))[2]).toBe(2);
    expect((await passed(connection, { until: START + 1000 }))[2]).toBe(1);
    expect((await passed(connection, { until: START + 1001 }))[2]).toBe(2);
  });

  it('sums those within its times', async () => {
    const connection = await opened();
    const last = START + SEGMENT_SPAN * 1000;
    expect(await summed(connection, { since: last })).toEqual([[TAIL + 1]]);
    expect(await summed(connection, { since: last + 1 })).toEqual([[TAIL]]);
    expect(await summed(connection, { until: START + 1000 })).toEqual([[0]]);
    expect(await summed(connection, { until: START + 1001 })).toEqual([[1]]);
    expect(await summed(connection, { since: START + HOUR, until: last })).toEqual([[SEGMENT_SPAN - 3_600]]);
    expect(await summed(connection, {}, ['hour'])).toHaveLength(2);
    expect(await summed(connection, {}, ['model'])).toEqual([['gpt-5', SEGMENT_SPAN + TAIL]]);
  });
});

describe('a ledger whose sealed records change', () => {
  const stale = (): unknown => place.prompt((db) => db.prepare('SELECT stale FROM segment').get()!['stale']);

  it.each<[string, (store: SqliteStore) => Promise<unknown>]>([
    ['a removal', (store) => store.remove(['id-5'], true)],
    ['a removal for good', (store) => store.drop(['id-5'])],
    ['a replacement', (store) => store.replace(() => [element(5, { cost_usd: 3 })], true)],
  ])('seals them anew, at the latest when it is closed: %s', async (_, change) => {
    copyFileSync(template, place.path);
    const store = place.store();
    await store.look();
    await change(store);
    await store.close();
    expect(stale()).toBe(0);
    const again = await place.connection();
    expect(untrue(again)).toEqual([]);
  });

  it('seals them anew after an undo, and answers the same', async () => {
    copyFileSync(template, place.path);
    await place.store().replace(() => [element(5, { cost_usd: 3 })], true);
    await place.close();
    const store = place.store();
    await store.undo(false);
    await store.close();
    expect(stale()).toBe(0);
    const reader = place.store();
    const query = { filter: {}, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } as const };
    const [group] = await reader.aggregate(query);
    expect(group?.totals).toMatchObject({ records: SEGMENT_SPAN + TAIL, recordedNanos: 4_106_000_000n });
  });

  it('tells those who watch when they are sealed', async () => {
    copyFileSync(template, place.path);
    const store = place.store();
    await store.look();
    /** Whether the segment was stale each time when something was told. */
    const told: unknown[] = [];
    store.watch(() => told.push(stale()));
    await store.remove(['id-5'], true);
    // The copying of the file may be told before.
    expect(told.indexOf(1)).toBe(told.length - 1);
    await vi.waitFor(() => expect(told.at(-1)).toBe(0), { timeout: 60_000 });
  });

  it('answers from the sealed columns afterwards, also those who do not look again', async () => {
    copyFileSync(template, place.path);
    const store = place.store();
    await store.look();
    const told = vi.spyOn(Watchers.prototype, 'notify');
    await store.remove(['id-5'], true);
    await store.look();
    // Once of the removal, and once when all is sealed.
    await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(2), { timeout: 60_000 });
    told.mockRestore();
    expect(stale()).toBe(0);
    // What only the rows say shows where an answer comes from.
    place.prompt((db) =>
      db.exec('UPDATE record SET text = replace(text, \'"cost_usd":0.001\', \'"cost_usd":7\') WHERE seq = 9'),
    );
    const query = { filter: {}, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } as const };
    const [group] = await store.aggregate(query);
    expect(group?.totals.recordedNanos).toBe(4_105_000_000n);
  });

  it('leaves a row that is none any more out of a page, and counts it until it is found', async () => {
    copyFileSync(template, place.path);
    place.prompt((db) => db.exec("UPDATE record SET text = '[]' WHERE seq = 2"));
    const page = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 3 } as const;
    const { total, rows } = await place.store().page(page);
    expect([total, rows.map(({ record }) => record.usage_id)]).toEqual([SEGMENT_SPAN + TAIL, ['id-1', 'id-3']]);
    expect((await place.store().verify()).problems.map(({ message }) => message)).toEqual([
      '1 rows are not usage records; they are not counted.',
      'The sums of 4096 records differ from their rows. A repair rebuilds them.',
    ]);
  });

  it('seals nothing for what is not in a segment', async () => {
    copyFileSync(template, place.path);
    const store = place.store();
    await store.look();
    await store.remove([`id-${SEGMENT_SPAN + 2}`], true);
    await store.close();
    expect(untrue(await place.connection())).toEqual([]);
  });
});

describe('the columns of a segment', () => {
  it('are kept while nothing but additions happens', async () => {
    const connection = await opened();
    const reader = new SegmentReader();
    const codes = (epoch: number): object => reader.columnsOf(connection, epoch, WHOLE).texts('model').key;
    const first = codes(0);
    expect(codes(0)).toBe(first);
    expect(codes(1)).not.toBe(first);
    const second = codes(1);
    reader.forget();
    expect(codes(1)).not.toBe(second);
    const third = codes(1);
    const other = await place.connection();
    expect(reader.columnsOf(other, 1, WHOLE).texts('model').key).not.toBe(third);
  });

  it('come from the rows where they are stale', async () => {
    const connection = await opened();
    await remove(connection, 1);
    const [segment] = takeSnapshot(connection, undefined).segments;
    const columns = new SegmentReader().columnsOf(connection, 1, segment!);
    expect([columns.records, sum(columns, 'input'), sum(columns, 'write1h')]).toEqual([4_095, 4_095_000, 5]);
  });

  it('that an older version did not know come from the rows too', async () => {
    const connection = await opened();
    const added = ['commit', 'write1h', 'terms', 'guessed'] as const;
    const keys = [NEWEST, ...added.map((column) => COLUMN_NUMBERS[column])];
    connection.db.exec(`DELETE FROM segment_column WHERE key IN (${keys.join(', ')})`);
    const [segment] = takeSnapshot(connection, undefined).segments;
    const columns = new SegmentReader().columnsOf(connection, 0, segment!);
    const commits = columns.texts('commit');
    expect([6, 7].map((at) => commits.values()[numberAt(commits.codes, at - 1)])).toEqual([null, 'c0ffee']);
    const terms = columns.terms();
    expect(terms.values()[numberAt(terms.codes, 8)]).toEqual(expect.stringContaining('fast'));
    expect(terms.values()[numberAt(terms.codes, 7)]).toBeNull();
    expect(sum(columns, 'write1h')).toBe(5);
    expect(columns.numbers('guessed')).toMatchObject({ length: SEGMENT_SPAN, least: 0, above: undefined });
  });

  it('that no row has a value in are empty', async () => {
    const connection = await opened();
    await remove(connection, 7, 8, 9);
    await connection.write(() => sealOne(connection));
    const keys = ['commit', 'write1h', 'terms', 'guessed'] as const;
    connection.db.exec(
      `DELETE FROM segment_column WHERE key IN (${keys.map((key) => COLUMN_NUMBERS[key]).join(', ')})`,
    );
    const [segment] = takeSnapshot(connection, undefined).segments;
    const columns = new SegmentReader().columnsOf(connection, 1, segment!);
    const none = { length: 4_093, least: 0, above: undefined };
    expect([columns.numbers('write1h'), columns.numbers('guessed')]).toEqual([none, none]);
    expect([columns.texts('commit').codes, columns.terms().codes]).toEqual([none, none]);
    expect([columns.texts('commit').values(), columns.terms().values()]).toEqual([[null], [null]]);
  });

  it('are not made of a ledger that has changed meanwhile', async () => {
    const connection = await opened();
    connection.db.exec(`DELETE FROM segment_column WHERE key IN (${NEWEST}, ${COLUMN_NUMBERS.commit})`);
    const [segment] = takeSnapshot(connection, undefined).segments;
    connection.db.exec('DELETE FROM record WHERE seq = 5');
    const columns = new SegmentReader().columnsOf(connection, 0, segment!);
    expect(() => columns.texts('commit')).toThrow(/^$/);
  });

  it('that are gone without a reason say so', async () => {
    const connection = await opened();
    connection.db.exec(`DELETE FROM segment_column WHERE key = ${COLUMN_NUMBERS.commit}`);
    const columns = new SegmentReader().columnsOf(connection, 0, WHOLE);
    expect(() => columns.texts('commit')).toThrow(expect.objectContaining({ name: 'SegmentGone' }) as Error);
  });
});
