import { describe, expect, it } from 'vitest';
import { BIG_COST, SHADOWED, TEXT_INDEX, VISIBLE, type Segment } from '../../../../../src/columns/segment.ts';
import { ColumnBlob } from '../../../../../src/ledger/sqlite/columns/columnBlob.ts';
import { COLUMNS, type Column } from '../../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import {
  encodeColumns,
  GrowingColumns,
  StoredColumns,
  type Columns,
} from '../../../../../src/ledger/sqlite/columns/columns.ts';
import {
  columnOf,
  filterColumns,
  PASS_COLUMNS,
  SegmentBuffer,
  SUM_COLUMNS,
  takesAllTimes,
} from '../../../../../src/ledger/sqlite/columns/pass.ts';
import type { UsageRecord } from '../../../../../src/usage/record.ts';
import { call, stored } from '../../../../contract/usages.ts';

/** Segments loaded one after another into the same memory: nothing of one may show in the next. */

const BOUNDS = { earliest: 0, latest: 1e15 };
const ALL = new Set<Column>(COLUMNS);

/** As they come from the database, numbered from `first`. */
function columnsOf(usages: readonly Partial<UsageRecord>[], first = 1): Columns {
  const growing = new GrowingColumns();
  for (const [i, more] of usages.entries()) growing.add(first + i, stored(call(`id-${first + i}`, more)).record);
  const blobs = new Map(encodeColumns(growing).map(([column, data]) => [column, new ColumnBlob(data)]));
  return new StoredColumns(usages.length, (column) => blobs.get(column));
}

const list = (segment: Segment, numbers: ArrayLike<number>): number[] => Array.from(numbers).slice(0, segment.used);
const texts = (room: SegmentBuffer, column: 'model' | 'project'): (string | null | undefined)[] =>
  list(room.segment, room.segment.texts[TEXT_INDEX[column]]!).map(
    (code) => room.store.dictionaries[column].values[code],
  );
const tags = (room: SegmentBuffer): unknown[] => {
  const { sets, tags: names } = room.store.tagSets;
  return list(room.segment, room.segment.tags).map((code) => sets[code]!.flatMap((each) => names.values[each] ?? []));
};
const terms = (room: SegmentBuffer): unknown[] =>
  list(room.segment, room.segment.terms).map((code) => room.store.terms.values[code]);

describe('a loaded segment', () => {
  it('has the counts of its records, however large those of the one before were', () => {
    const room = new SegmentBuffer('here');
    const small = columnsOf([{ input_tokens: 5 }, { input_tokens: 9, cache_read_tokens: 3 }]);
    const large = columnsOf([{ input_tokens: 2 ** 40, output_tokens: 1 }], 10);
    for (const columns of [small, large, small]) {
      const segment = room.load(columns, BOUNDS, ALL);
      expect(segment.used).toBe(columns.records);
      expect(list(segment, segment.input)).toEqual(columns === small ? [5, 9] : [2 ** 40]);
      expect(list(segment, segment.cacheRead)).toEqual(columns === small ? [0, 3] : [0]);
      expect(list(segment, segment.output)).toEqual(columns === small ? [200, 200] : [1]);
    }
  });

  it('has the rare counts of its records, and none of the one before', () => {
    const room = new SegmentBuffer('here');
    const without = columnsOf([{}, {}]);
    const some = columnsOf([{ estimated_tokens: 7 }, {}], 10);
    const wide = columnsOf([{ estimated_tokens: 2 ** 35 }, { estimated_tokens: 2 ** 35 }], 20);
    const guessed = (columns: Columns): number[] => {
      const segment = room.load(columns, BOUNDS, ALL);
      return list(segment, segment.guessed);
    };
    expect([some, without, wide, without, some].map(guessed)).toEqual([
      [7, 0],
      [0, 0],
      [2 ** 35, 2 ** 35],
      [0, 0],
      [7, 0],
    ]);
    room.load(without, BOUNDS, ALL);
    expect(room.segment.hasGuessed).toBe(false);
    room.load(some, BOUNDS, ALL);
    expect(room.segment.hasGuessed).toBe(true);
  });

  it('has its costs, also those beyond the largest number', () => {
    const room = new SegmentBuffer('here');
    const big = columnsOf([{ cost_usd: 1 }, { cost_usd: 5e9 }]);
    const bigAlone = columnsOf([{ cost_usd: 5e9 }, { cost_usd: 5e9 }], 10);
    const small = columnsOf([{ cost_usd: 0.25 }, { cost_usd: 3 }], 20);
    const costs = (columns: Columns): unknown => {
      const segment = room.load(columns, BOUNDS, ALL);
      return [list(segment, segment.cost), [...room.store.bigCosts]];
    };
    expect(costs(big)).toEqual([[1e9, BIG_COST], [[1, 5_000_000_000_000_000_000n]]]);
    expect(costs(bigAlone)).toEqual([
      [BIG_COST, BIG_COST],
      [
        [0, 5_000_000_000_000_000_000n],
        [1, 5_000_000_000_000_000_000n],
      ],
    ]);
    expect(costs(small)).toEqual([[250_000_000, 3e9], []]);
  });

  it('has its texts, tags and terms in codes that all segments share', () => {
    const room = new SegmentBuffer('here');
    const first = columnsOf([
      { model: 'a', project: 'p' },
      { model: 'b', tags: ['x', 'y'], speed: 'fast' },
    ]);
    const second = columnsOf([{ model: 'b', tags: ['y'] }, { model: 'c', project: 'p' }, { model: 'a' }], 10);
    for (const columns of [first, second, first]) {
      room.load(columns, BOUNDS, ALL);
      const isFirst = columns === first;
      expect(texts(room, 'model')).toEqual(isFirst ? ['a', 'b'] : ['b', 'c', 'a']);
      expect(texts(room, 'project')).toEqual(isFirst ? ['p', null] : [null, 'p', null]);
      expect(tags(room)).toEqual(isFirst ? [[], ['x', 'y']] : [['y'], [], []]);
      expect(terms(room)).toEqual(isFirst ? [null, expect.stringContaining('fast')] : [null, null, null]);
    }
    expect(room.store.dictionaries.model.values).toEqual([null, 'a', 'b', 'c']);
    expect(room.store.dictionaries.ledger.values[room.segment.ledger[0]!]).toBe('here');
  });

  it('of records that all have the same text has it for each', () => {
    const room = new SegmentBuffer('here');
    room.load(columnsOf([{ model: 'other' }, { model: 'first' }]), BOUNDS, ALL);
    room.load(
      columnsOf(
        [
          { model: 'same', tags: ['t'] },
          { model: 'same', tags: ['t'] },
        ],
        10,
      ),
      BOUNDS,
      ALL,
    );
    expect(texts(room, 'model')).toEqual(['same', 'same']);
    expect(tags(room)).toEqual([['t'], ['t']]);
  });

  it('leaves out hidden records and those up to a number', () => {
    const room = new SegmentBuffer('here');
    const columns = columnsOf([{}, {}, {}, {}], 5);
    const state = (after?: number): number[] => {
      const segment = room.load(columns, BOUNDS, ALL, after);
      return list(segment, segment.state);
    };
    expect(state()).toEqual([VISIBLE, VISIBLE, VISIBLE, VISIBLE]);
    expect(state(6)).toEqual([SHADOWED, SHADOWED, VISIBLE, VISIBLE]);
    expect(room.hidden).toEqual(new Set());
    room.hide(new Set([7]));
    expect(room.hidden).toEqual(new Set([7]));
    expect(state()).toEqual([VISIBLE, VISIBLE, SHADOWED, VISIBLE]);
    expect(state(5)).toEqual([SHADOWED, VISIBLE, SHADOWED, VISIBLE]);
    room.hide(new Set());
    expect(state()).toEqual([VISIBLE, VISIBLE, VISIBLE, VISIBLE]);
  });

  it('has the bounds that it is given', () => {
    const room = new SegmentBuffer('here');
    const segment = room.load(columnsOf([{}]), { earliest: 3, latest: 9 }, ALL);
    expect([segment.earliest, segment.latest]).toEqual([3, 9]);
    room.bound(1, 20);
    expect(room.store.extent()).toEqual({ earliest: 1, latest: 20 });
  });

  it('knows texts that it has met before the first row', () => {
    const room = new SegmentBuffer('here');
    room.meet(columnsOf([{ model: 'z' }, { model: 'a' }]), 'model');
    expect(room.store.dictionaries.model.values).toEqual([null, 'z', 'a']);
  });

  it('reads no other columns than those wanted', () => {
    const room = new SegmentBuffer('here');
    const asked: Column[] = [];
    const inner = columnsOf([{ model: 'a' }]) as StoredColumns;
    const columns = new StoredColumns(1, (column) => {
      asked.push(column);
      return new Map(encodeColumns(inner).map(([name, data]) => [name, new ColumnBlob(data)])).get(column);
    });
    room.load(columns, BOUNDS, new Set<Column>(['time', 'cost', 'seq', 'bigCosts']));
    expect(asked).toEqual(['time', 'cost']);
  });
});

describe('the columns that a question needs', () => {
  it('are those of its filter', () => {
    expect(filterColumns({})).toEqual([]);
    expect(filterColumns({ since: 1, until: 2 })).toEqual([]);
    expect(filterColumns({ values: { model: ['a'], tag: ['x'], cost: ['unknown'], ledger: ['here'] } })).toEqual([
      'model',
      'tags',
      'costKind',
    ]);
    expect(filterColumns({ search: 'project:web' })).toEqual(['project']);
    expect(filterColumns({ search: 'cost>1' })).toEqual(['cost', 'costKind']);
    expect(filterColumns({ search: 'tokens>1' })).toEqual(['total']);
    expect(filterColumns({ search: 'input>1' })).toEqual(['input']);
    expect(filterColumns({ search: '  ' })).toEqual([]);
    expect(filterColumns({ search: 'sonnet' })).toEqual(expect.arrayContaining(['model', 'provider', 'project']));
  });

  it('are one for each dimension, and none for the ledger', () => {
    expect((['model', 'tag', 'cost', 'ledger'] as const).map(columnOf)).toEqual([
      ['model'],
      ['tags'],
      ['costKind'],
      [],
    ]);
  });

  it('are always the counts and the costs, or what a price depends on', () => {
    expect(SUM_COLUMNS).toEqual(
      expect.arrayContaining([
        'input',
        'output',
        'total',
        'cacheRead',
        'cacheWrite',
        'reasoning',
        'guessed',
        'cost',
        'costKind',
        'charge',
      ]),
    );
    expect(PASS_COLUMNS).toEqual(expect.arrayContaining(['time', 'input', 'output', 'write1h', 'terms']));
  });

  it('are without the times where all of them match', () => {
    const bounds = { earliest: 10, latest: 20 };
    expect(takesAllTimes({}, bounds)).toBe(true);
    expect(takesAllTimes({ since: 10, until: 21 }, bounds)).toBe(true);
    expect(takesAllTimes({ since: 11 }, bounds)).toBe(false);
    expect(takesAllTimes({ until: 20 }, bounds)).toBe(false);
  });
});
