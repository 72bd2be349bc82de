import { describe, expect, it } from 'vitest';
import { emptyTotals, type Group } from '../../../../src/usage/query.ts';
import { BLOCK_MS, blocksOf, groupByBlock } from '../../../../src/usage/time/blocks.ts';

const HOUR = 3_600_000;
const at = (hour: number): number => Date.parse('2026-11-23T00:00:00Z') + hour * HOUR;

describe('blocks of five hours', () => {
  it('begin with the first hour that no block before covers', () => {
    const starts = blocksOf([1, 2, 5, 6, 10, 11, 30].map(at)).map(({ start }) => (start - at(0)) / HOUR);
    expect(starts).toEqual([1, 1, 1, 6, 6, 11, 30]);
    expect(blocksOf([at(1)])).toEqual([{ start: at(1), end: at(1) + BLOCK_MS }]);
    expect(blocksOf([])).toEqual([]);
  });

  it('hold what a plan covers at its value, and groups of equal value in their order', () => {
    const group = (hour: string, model: string, more: object): Group => ({
      key: [`2026-11-23T${hour}+00:00`, model],
      totals: { ...emptyTotals(), records: 1, ...more },
    });
    const keys = groupByBlock([
      group('02', 'none', {}),
      group('02', 'paid', { recordedNanos: 2n }),
      group('01', 'plan', { planNanos: 3n }),
      group('03', 'nothing', {}),
      group('06', 'next', { recordedNanos: 9n }),
    ]).map(({ key }) => [key[0]?.slice(11, 13), key[1]]);
    expect(keys).toEqual([
      ['01', 'plan'],
      ['01', 'paid'],
      ['01', 'none'],
      ['01', 'nothing'],
      ['06', 'next'],
    ]);
    expect(groupByBlock([])).toEqual([]);
  });

  it('are summed by block and the other groupings: in time, then the dearest first', () => {
    const group = (hour: string, model: string, tokens: number, nanos: bigint): Group => ({
      key: [hour, model],
      totals: { ...emptyTotals(), records: 1, inputTokens: tokens, recordedNanos: nanos },
    });
    const groups = groupByBlock([
      group('2026-11-23T06+00:00', 'cheap', 1, 1n),
      group('2026-11-23T01+00:00', 'cheap', 10, 1n),
      group('2026-11-23T05+00:00', 'dear', 100, 5n),
      group('2026-11-23T05+00:00', 'cheap', 1_000, 1n),
    ]);
    expect(groups.map(({ key, totals }) => [...key, totals.records, totals.inputTokens, totals.recordedNanos])).toEqual(
      [
        ['2026-11-23T01:00:00.000Z', 'dear', 1, 100, 5n],
        ['2026-11-23T01:00:00.000Z', 'cheap', 2, 1_010, 2n],
        ['2026-11-23T06:00:00.000Z', 'cheap', 1, 1, 1n],
      ],
    );
  });
});
