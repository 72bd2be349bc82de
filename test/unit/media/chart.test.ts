import { describe, expect, test } from 'vitest';
import { breakdownRows, pathId } from '../../../media/model/breakdown.ts';
import type { BreakdownContent, BreakdownRow, Children } from '../../../media/model/breakdown.ts';
import { budgetLines } from '../../../media/model/budgetLines.ts';
import { chartModel, comparedPeriod, seriesId } from '../../../media/model/series.ts';
import { measured, sum } from '../../../media/model/totals.ts';
import type { BudgetRow } from '../../../src/protocol/budgetRow.ts';
import { DEFAULT_CHOICES } from '../../../src/protocol/choices.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import type { Group, Totals } from '../../../src/usage/query.ts';

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const DAY = 86_400_000;
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const totals = (usd: number, more: Partial<Totals> = {}): Totals => ({
  ...emptyTotals(),
  records: 1,
  recordedNanos: BigInt(Math.round(usd * 1e9)),
  ...more,
});

describe('the breakdown', () => {
  const content = (groups: Group[], more: Partial<BreakdownContent> = {}): BreakdownContent => ({
    children: new Map<string, Children>([[pathId([]), { groups, slots: new Map([['b', 3]]) }]]),
    expanded: new Set(),
    grand: sum(groups.map((group) => group.totals)),
    ...more,
  });
  const rows = (
    groups: Group[],
    by: 'cost' | 'tokens' | 'records' | 'name' = 'cost',
    more: Partial<BreakdownContent> = {},
  ): BreakdownRow[] =>
    breakdownRows(
      { levels: ['provider', 'model'], breakdownSort: { by, descending: true }, measure: 'cost' },
      content(groups, more),
      (dimension, value) => `${dimension} ${value ?? 'none'}`,
    );
  const groups: Group[] = [
    { key: ['a'], totals: totals(1) },
    { key: ['b'], totals: totals(3) },
    { key: [null], totals: totals(2) },
    { key: [null], totals: totals(4), rest: 7 },
  ];

  test('says of each row where it stands, for screen readers too', () => {
    const shown = rows(groups).map(({ id, path, dimension, value, rest, slot, share, position, siblings }) => [
      id,
      path,
      dimension,
      value,
      rest,
      slot,
      share,
      `${position} of ${siblings}`,
    ]);
    expect(shown).toEqual([
      ['[] value:b', ['b'], 'provider', 'b', undefined, 3, 0.3, '1 of 4'],
      ['[] none', [null], 'provider', null, undefined, 'none', 0.2, '2 of 4'],
      ['[] value:a', ['a'], 'provider', 'a', undefined, 'none', 0.1, '3 of 4'],
      ['[] rest', [null], 'provider', null, 7, 'rest', 0.4, '4 of 4'],
    ]);
  });

  test('has the rows of an open node below it, at the next level', () => {
    const inner: Children = { groups: [{ key: ['m'], totals: totals(3) }], slots: new Map() };
    const more = {
      children: new Map([...content(groups).children, [pathId(['b']), inner]]),
      expanded: new Set([pathId(['b']), pathId([null])]),
    };
    expect(rows(groups, 'cost', more).map(({ path, level, expanded }) => [path, level, expanded])).toEqual([
      [['b'], 0, true],
      [['b', 'm'], 1, undefined],
      [[null], 0, true],
      [['a'], 0, false],
      [[null], 0, undefined],
    ]);
  });

  test('orders equal sizes by what is unpriced, then by tokens, then by name', () => {
    const equal: Group[] = [
      { key: ['z'], totals: totals(1) },
      { key: ['y'], totals: totals(1) },
      { key: ['tokens'], totals: totals(1, { totalTokens: 5 }) },
      { key: ['unpriced'], totals: totals(1, { unpriced: 1 }) },
    ];
    expect(rows(equal).map(({ value }) => value)).toEqual(['unpriced', 'tokens', 'y', 'z']);
    expect(rows(equal, 'records').map(({ value }) => value)).toEqual(['tokens', 'unpriced', 'y', 'z']);
    const many: Group[] = [
      { key: ['few'], totals: totals(9, { records: 2 }) },
      { key: ['many'], totals: totals(1, { records: 30 }) },
    ];
    expect(rows(many, 'records').map(({ value }) => value)).toEqual(['many', 'few']);
  });

  test('knows no share of a cost that is unknown, and a share of 0 of nothing', () => {
    const shares = (some: Totals, grand: Totals): unknown =>
      rows([{ key: ['a'], totals: some }], 'cost', { grand })[0]?.share;
    expect(shares(totals(0, { unpriced: 1 }), totals(5))).toBeUndefined();
    expect(shares(totals(1, { unpriced: 1, records: 2 }), totals(5))).toBe(0.2);
    expect(shares(totals(0, { records: 0 }), totals(5))).toBe(0);
    expect(shares(totals(0), totals(0))).toBe(0);
  });
});

describe('a budget in the chart', () => {
  const budget = (values: BudgetRow['choices']['values'], search = ''): BudgetRow => ({
    name: 'b',
    amounts: '',
    label: '',
    state: 'below',
    percent: 1,
    figures: [],
    choices: { range: { kind: 'month' }, values, search },
    since: 0,
    until: DAY,
    size: 20,
    plan: false,
    scope: 'machine',
  });
  const shown = (of: BudgetRow, values: BudgetRow['choices']['values'], search = '', scope?: 'team'): number =>
    budgetLines(
      [of],
      {
        choices: { ...DEFAULT_CHOICES, chart: 'cumulative', values, search },
        chart: { bucket: 'day', measure: 'cost', series: [], columns: [], totals: emptyTotals() },
        span: { since: 0, until: DAY },
      },
      ...(scope === undefined ? [] : [scope]),
    ).length;

  test('is drawn over exactly its records', () => {
    expect(shown(budget({ project: ['a'] }), { project: ['a'] })).toBe(1);
    // As many values, but others; and the same value of another dimension.
    expect(shown(budget({ project: ['a'] }), { project: ['b'] })).toBe(0);
    expect(shown(budget({ project: ['a'] }), { model: ['a'] })).toBe(0);
    expect(shown(budget({ project: ['a'], model: ['m'] }), { model: ['m'], project: ['a'] })).toBe(1);
    expect(shown(budget({}, 'x'), {}, ' x ')).toBe(1);
    expect(shown(budget({}), {}, '', 'team')).toBe(0);
    expect(shown({ ...budget({}), scope: 'team' }, {}, '', 'team')).toBe(1);
  });
});

describe('a chart', () => {
  const range = { since: day('2026-11-20'), until: day('2026-11-22') };
  const group = (date: string, model: string | null, usd: number, more: Partial<Totals> = {}): Group => ({
    key: [date, model],
    totals: totals(usd, more),
  });

  test('has columns without gaps, each with its part of each series', () => {
    const groups = [
      group('2026-11-20', 'small', 1),
      group('2026-11-21', 'large', 5, { totalTokens: 1 }),
      group('2026-11-21', 'small', 2),
      group('2026-12-24', 'small', 90),
    ];
    const chart = chartModel(
      { groups, slots: new Map([['large', 2]]) },
      range,
      { bucket: 'day', measure: 'cost' },
      calendar,
    );
    expect([chart.bucket, chart.measure]).toEqual(['day', 'cost']);
    expect(chart.series.map(({ id, slot }) => [id, slot])).toEqual([
      ['value:small', 'none'],
      ['value:large', 2],
    ]);
    const parts = chart.columns.map(({ key, parts: of, totals: whole }) => [
      key,
      ...[...of, whole].map((part) => part && measured(part, 'cost')),
    ]);
    expect(parts).toEqual([
      ['2026-11-20', 1, undefined, 1],
      ['2026-11-21', 2, 5, 7],
    ]);
    expect(measured(chart.totals, 'cost')).toBe(8);
  });

  test('has the series with more tokens first where their cost is equal', () => {
    const groups = [
      group('2026-11-20', 'few', 1, { totalTokens: 5 }),
      group('2026-11-20', 'many', 1, { totalTokens: 50 }),
      { ...group('2026-11-20', null, 9), rest: 3 },
    ];
    const of = (measure: 'cost' | 'tokens'): (string | null)[] =>
      chartModel({ groups, slots: new Map() }, range, { bucket: 'day', measure }, calendar).series.map(({ id }) => id);
    expect(of('cost')).toEqual(['value:many', 'value:few', 'rest']);
    expect(of('tokens')).toEqual(['value:many', 'value:few', 'rest']);
  });

  test('names a series by the last part of its key', () => {
    expect([seriesId({ key: ['2026', 'b'] }), seriesId({ key: ['b'] }), seriesId({ key: [] })]).toEqual([
      'value:b',
      'value:b',
      'none',
    ]);
    expect([seriesId({ key: ['x', null] }), seriesId({ key: ['x', null], rest: 0 })]).toEqual(['none', 'rest']);
  });

  test.each([
    ['hour', '2026-11-20', '2026-11-21', 24],
    ['week', '2026-11-02', '2026-11-30', 4],
    ['month', '2025-01-01', '2026-01-01', 12],
  ] as const)('compares as many columns of one %s', (bucket, since, until, count) => {
    const groups: Group[] = [];
    const at = { since: day(since), until: day(until) };
    const { columns } = chartModel({ groups, slots: new Map() }, at, { bucket, measure: 'cost' }, calendar);
    expect(columns).toHaveLength(count);
    const same = comparedPeriod(groups, at, { bucket, columns }, calendar);
    expect([same.columns.length, same.isCut]).toEqual([count, false]);
    const longer = comparedPeriod(groups, { ...at, until: at.until + 40 * DAY }, { bucket, columns }, calendar);
    expect([longer.columns.length, longer.isCut]).toEqual([count, true]);
  });
});

test('a size is in dollars or in tokens, what a plan covers included', () => {
  expect(measured(totals(1.5, { planNanos: 500_000_000n, totalTokens: 70 }), 'cost')).toBe(2);
  expect(measured(totals(1.5, { totalTokens: 70 }), 'tokens')).toBe(70);
});
