import { describe, expect, it } from 'vitest';
import { ColumnBlob, numberAt, type Packed } from '../../../../../src/ledger/sqlite/columns/columnBlob.ts';
import {
  columnKey,
  columnKeys,
  COLUMNS,
  isText,
  SEGMENT_SPAN,
  segmentOf,
} from '../../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import {
  encodeColumns,
  GrowingColumns,
  SegmentGone,
  StoredColumns,
  type Columns,
} from '../../../../../src/ledger/sqlite/columns/columns.ts';
import type { UsageRecord } from '../../../../../src/usage/record.ts';
import { call, stored } from '../../../../contract/usages.ts';

const record = (id: string, more: Partial<UsageRecord> = {}): UsageRecord => stored(call(id, more)).record;
const list = (packed: Packed): number[] => Array.from({ length: packed.length }, (_, i) => numberAt(packed, i));

const RECORDS: [number, UsageRecord][] = [
  [3, record('a', { project: 'web', tags: ['x', 'y'], cost_usd: 0.25, cache_read_tokens: 7 })],
  [4, record('b', { cost_usd: 0, cost_known: false, timestamp: '2026-10-01T00:00:00Z', speed: 'fast' })],
  [
    9,
    record('c', {
      project: 'app',
      tags: ['y'],
      cost_usd: 8_000_000_000.5,
      billing_mode: 'estimated',
      estimated_tokens: 12,
      cache_write_tokens: 50,
      cache_write_1h_tokens: 20,
    }),
  ],
];

function grown(): GrowingColumns {
  const columns = new GrowingColumns();
  for (const [seq, each] of RECORDS) columns.add(seq, each);
  return columns;
}

/** All that columns say of their records, in plain values. */
function contents(columns: Columns): unknown {
  const coded = ({ codes, values }: { codes: Packed; values: () => readonly unknown[] }): unknown[] =>
    list(codes).map((code) => values()[code]);
  return {
    records: columns.records,
    ...Object.fromEntries(
      COLUMNS.filter((column) => column !== 'bigCosts').map((column) => {
        if (column === 'tags') return [column, coded(columns.tags())];
        if (column === 'terms') return [column, coded(columns.terms())];
        return [column, isText(column) ? coded(columns.texts(column)) : list(columns.numbers(column))];
      }),
    ),
    bigCosts: columns.bigCosts(),
  };
}

describe('columns of records', () => {
  it('say what the records say', () => {
    const columns = grown();
    const all = contents(columns) as Record<string, unknown>;
    expect(all).toMatchObject({
      records: 3,
      seq: [3, 4, 9],
      time: RECORDS.map(([, { timestamp }]) => Date.parse(timestamp)),
      cost: [250_000_000, 0, Infinity],
      input: [1000, 1000, 1000],
      output: [200, 200, 200],
      total: [1200, 1200, 1200],
      cacheRead: [7, 0, 0],
      cacheWrite: [0, 0, 50],
      reasoning: [0, 0, 0],
      write1h: [0, 0, 20],
      guessed: [0, 0, 12],
      provider: ['openai', 'openai', 'openai'],
      project: ['web', null, 'app'],
      tags: [['x', 'y'], [], ['y']],
      costKind: [1, 3, 2],
      bigCosts: [[2, 8_000_000_000_500_000_000n]],
    });
    const terms = all['terms'] as unknown[];
    expect([terms[0], terms[2]]).toEqual([null, null]);
    expect(terms[1]).toEqual(expect.stringContaining('fast'));
    expect([columns.lastSeq, columns.earliest, columns.latest]).toEqual([
      9,
      Date.parse('2026-10-01T00:00:00Z'),
      Date.parse('2026-11-01T12:00:00Z'),
    ]);
  });

  it('of none are empty', () => {
    const columns = new GrowingColumns();
    expect([columns.records, columns.lastSeq, columns.earliest, columns.latest]).toEqual([0, 0, Infinity, -Infinity]);
    expect(contents(columns)).toMatchObject({ records: 0, seq: [], cost: [], model: [], tags: [], bigCosts: [] });
  });

  it('are the same after they were stored', () => {
    const blobs = new Map(encodeColumns(grown()).map(([column, data]) => [column, new ColumnBlob(data)]));
    expect([...blobs.keys()]).toEqual(COLUMNS);
    const columns = new StoredColumns(3, (column) => blobs.get(column));
    expect(contents(columns)).toEqual(contents(grown()));
    expect(columns.texts('model').key).toBe(columns.texts('model').key);
    expect(encodeColumns(columns)).toEqual(encodeColumns(grown()));
  });

  it('up to a number are not changed by later records', () => {
    const columns = grown();
    const two = columns.first(2);
    columns.add(10, record('d', { project: 'late' }));
    const shorter = new GrowingColumns();
    for (const [seq, each] of RECORDS.slice(0, 2)) shorter.add(seq, each);
    expect({ ...(contents(two) as object), bigCosts: [] }).toEqual(contents(shorter));
    expect(columns.records).toBe(4);
    expect(list(columns.numbers('seq'))).toEqual([3, 4, 9, 10]);
  });

  it('of a segment that is gone say so', () => {
    const columns = new StoredColumns(3, () => undefined);
    for (const read of [
      () => columns.numbers('cost'),
      () => columns.texts('model'),
      () => columns.tags(),
      () => columns.terms(),
      () => columns.bigCosts(),
    ]) {
      expect(read).toThrow(SegmentGone);
    }
    expect(new SegmentGone().name).toBe('SegmentGone');
  });
});

describe('the keys of columns', () => {
  it('are 64 for each segment', () => {
    expect([columnKey(0, 'time'), columnKey(0, 'seq'), columnKey(3, 'cost')]).toEqual([0, 18, 3 * 64 + 1]);
    expect([columnKeys(0), columnKeys(5)]).toEqual([
      [0, 64],
      [320, 384],
    ]);
  });

  it('belong to 4096 numbers from 1 on', () => {
    expect(SEGMENT_SPAN).toBe(4096);
    expect([1, 4096, 4097, 8192, 8193].map(segmentOf)).toEqual([0, 0, 1, 1, 2]);
  });
});
