import { describe, expect, it } from 'vitest';
import {
  childrenOf,
  childrenQuery,
  childTrends,
  isLeaf,
  nodeChoices,
  nodeFilter,
  nodeId,
  trendSpan,
} from '../../../../src/host/breakdown/breakdownModel.ts';
import type { BreakdownNode } from '../../../../src/host/breakdown/breakdownModel.ts';
import { totals } from '../totals.ts';

const CALENDAR = { timeZone: 'UTC', firstDayOfWeek: 1 };
const NOW = Date.parse('2026-03-18T12:00:00Z');
const node = (path: string[], records = 1): BreakdownNode => ({ period: 'today', path, totals: totals({ records }) });

describe('breakdown', () => {
  it('has no children below an empty period and below an operation', () => {
    expect(isLeaf(node([], 0))).toBe(true);
    expect(isLeaf(node([]))).toBe(false);
    expect(isLeaf(node(['a', 'b']))).toBe(false);
    expect(isLeaf(node(['a', 'b', 'c']))).toBe(true);
    expect(childrenOf(node([]), [])).toEqual([]);
  });

  it('asks level by level, within what is above', () => {
    const range = { since: Date.parse('2026-03-18T00:00:00Z'), until: Date.parse('2026-03-19T00:00:00Z') };
    expect(childrenQuery(node([]), NOW, CALENDAR)).toEqual({
      filter: { ...range, values: {} },
      groupBy: ['provider'],
      calendar: CALENDAR,
    });
    expect(childrenQuery(node(['openai', 'gpt-5']), NOW, CALENDAR)).toEqual({
      filter: { ...range, values: { provider: ['openai'], model: ['gpt-5'] } },
      groupBy: ['operation'],
      calendar: CALENDAR,
    });
    expect(nodeFilter({ ...node(['openai']), period: 'all' }, NOW, CALENDAR)).toEqual({
      values: { provider: ['openai'] },
    });
  });

  it('makes children of groups', () => {
    const sum = totals({ records: 3 });
    expect(childrenOf(node(['openai']), [{ key: ['gpt-5'], totals: sum }])).toEqual([
      { period: 'today', path: ['openai', 'gpt-5'], models: ['gpt-5'], totals: sum, shown: undefined },
    ]);
  });

  it('adds up dated snapshots in their model, and finds the records of all', () => {
    const groups = [
      { key: ['a'], totals: totals({ records: 1, recordedNanos: 3n }) },
      { key: ['b-20250929'], totals: totals({ records: 2, recordedNanos: 2n }) },
      { key: ['b'], totals: totals({ records: 3, recordedNanos: 2n }) },
    ];
    const children = childrenOf(node(['openai']), groups);
    expect(children.map(({ path, totals: { records } }) => [path.at(-1), records])).toEqual([
      ['b', 5],
      ['a', 1],
    ]);
    const [b] = children;
    expect(nodeFilter({ ...b!, period: 'all' }, NOW, CALENDAR).values).toEqual({
      provider: ['openai'],
      model: ['b-20250929', 'b'],
    });
    const [operation] = childrenOf(b!, [{ key: ['chat'], totals: totals({ records: 5 }) }]);
    expect(nodeFilter({ ...operation!, period: 'all' }, NOW, CALENDAR).values).toEqual({
      provider: ['openai'],
      model: ['b-20250929', 'b'],
      operation: ['chat'],
    });
    expect(nodeChoices(b!)).toMatchObject({ values: { model: ['b'] }, foldSnapshots: true });
  });

  it('keeps the id of a node whose sums change, and tells all nodes apart', () => {
    expect(nodeId(node(['a'], 1))).toBe(nodeId(node(['a'], 2)));
    const ids = [node([]), node(['a']), node(['a', 'b']), node(['a,b']), node(['a","b'])].map(nodeId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows its records in the history', () => {
    expect(nodeChoices({ ...node(['openai']), period: 'lastMonth' })).toEqual({
      range: { kind: 'lastMonth' },
      values: { provider: ['openai'] },
      search: '',
    });
  });
});

describe('trends', () => {
  const keys = (period: BreakdownNode['period']): string[] | undefined =>
    trendSpan(period, NOW, CALENDAR)?.spans.map(({ key }) => key);

  it('have the days of a week, the weeks of a month up to today, twelve months, and none for a day', () => {
    expect(keys('today')).toBeUndefined();
    expect(keys('week')).toEqual(['2026-03-16', '2026-03-17', '2026-03-18']);
    expect(keys('month')).toEqual(['2026-02-23', '2026-03-02', '2026-03-09', '2026-03-16']);
    expect(keys('lastMonth')).toEqual(['2026-01-26', '2026-02-02', '2026-02-09', '2026-02-16', '2026-02-23']);
    expect([keys('all')?.length, keys('all')?.[0], keys('all')?.at(-1)]).toEqual([12, '2025-04', '2026-03']);
  });

  it('of children are by name, with the dated snapshots of a model added up', () => {
    const span = trendSpan('week', NOW, CALENDAR)!;
    const groups = [
      { key: ['2026-03-16', 'b'], totals: totals({ recordedNanos: 3n }) },
      { key: ['2026-03-16', 'b-20250929'], totals: totals({ recordedNanos: 4n }) },
      { key: ['2026-03-18', 'b'], totals: totals({ recordedNanos: 1n }) },
      { key: ['2026-03-17', 'a'], totals: totals({ recordedNanos: 9n }) },
    ];
    const trends = childTrends({ ...node(['openai']), period: 'week' }, groups, span);
    expect([...trends]).toEqual([
      ['b', '█▁▂'],
      ['a', '▁█▁'],
    ]);
  });
});
