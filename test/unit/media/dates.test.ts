import { describe, expect, test } from 'vitest';
import { daysOf, glanceOf, sumOfDays } from '../../../media/model/glance.ts';
import { heatWeeks } from '../../../media/model/heat.ts';
import {
  bucketFor,
  closedRange,
  comparedSpan,
  datesOf,
  rangeBeforeChoice,
  wholeRangeBefore,
} from '../../../media/model/range.ts';
import { measured } from '../../../media/model/totals.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import type { Totals } from '../../../src/usage/query.ts';

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const DAY = 86_400_000;
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace('T00:00:00.000Z', '');
const span = (of: { since: number; until: number } | undefined): (string | undefined)[] => [
  iso(of?.since),
  iso(of?.until),
];
const now = Date.parse('2026-11-23T12:00:00Z');
const totals = (usd: number, more: Partial<Totals> = {}): Totals => ({
  ...emptyTotals(),
  records: 1,
  recordedNanos: BigInt(Math.round(usd * 1e9)),
  ...more,
});

describe('days', () => {
  const days = daysOf(
    ['2026-10-31', '2026-11-01', '2026-11-22', '2026-11-23'].map((key, n) => ({ key: [key], totals: totals(2 ** n) })),
  );

  test('are added within a range, its end left out', () => {
    const added = (since?: string, until?: string): number =>
      measured(
        sumOfDays(days, { since: since && day(since), until: until && day(until) } as { since: number }, calendar),
        'cost',
      );
    expect(added()).toBe(15);
    expect(added('2026-11-01')).toBe(14);
    expect(added(undefined, '2026-11-22')).toBe(3);
    expect(added('2026-11-01', '2026-11-23')).toBe(6);
    expect(added('2026-11-02', '2026-11-22')).toBe(0);
  });

  test('of which one cannot be read end the search there', () => {
    expect(daysOf([{ key: [null], totals: totals(1) }])[0]?.key).toBe('');
    const odd = [...days, { key: 'no day', totals: totals(100) }];
    expect(measured(sumOfDays(odd, { until: day('2026-11-24') }, calendar), 'cost')).toBe(15);
  });

  test('give the projected cost of the month', () => {
    // 14 dollars in 22.5 of 30 days.
    const { forecast } = glanceOf(days, now, calendar);
    expect(Number(forecast) / 1e9).toBeCloseTo((14 * 30) / 22.5, 6);
  });

  test('of the calendar have the quartile of their size, weeks with the first of a month are marked', () => {
    const keys = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'];
    const sizes = [1, 2, 3, 4, 4, 0];
    const list = daysOf(keys.map((key, n) => ({ key: [key], totals: totals(sizes[n] ?? 0, { totalTokens: 7 }) })));
    const weeks = heatWeeks(list, { end: day('2026-11-22'), count: 4, measure: 'cost' }, calendar);
    expect(weeks.at(-1)?.days.map((cell) => cell?.level)).toEqual([1, 2, 3, 4, 4, 1, 0]);
    expect(weeks.map(({ since, startsMonth }) => [iso(since), startsMonth])).toEqual([
      ['2026-10-26', true],
      ['2026-11-02', false],
      ['2026-11-09', false],
      ['2026-11-16', false],
    ]);
    expect(weeks.at(-1)?.days[1]).toEqual({
      key: '2026-11-17',
      since: day('2026-11-17'),
      until: day('2026-11-18'),
      totals: list[1]?.totals,
      level: 2,
    });
    const byTokens = heatWeeks(list, { end: day('2026-11-22'), count: 1, measure: 'tokens' }, calendar);
    expect(byTokens[0]?.days.map((cell) => cell?.level)).toEqual([4, 4, 4, 4, 4, 4, 0]);
  });
});

describe('a range', () => {
  const dates = (from: string, to: string): { kind: 'dates'; from: string; to: string } => ({
    kind: 'dates',
    from,
    to,
  });

  test('is compared with as many days before it', () => {
    expect(span(rangeBeforeChoice(dates('2026-11-10', '2026-11-12'), now, calendar))).toEqual([
      '2026-11-07',
      '2026-11-10',
    ]);
    expect(rangeBeforeChoice(dates('x', '2026-11-12'), now, calendar)).toBeUndefined();
    expect(rangeBeforeChoice(dates('2026-11-12', 'x'), now, calendar)).toBeUndefined();
    expect(span(rangeBeforeChoice({ kind: 'today' }, now, calendar))).toEqual([
      '2026-11-22',
      '2026-11-22T12:00:00.000Z',
    ]);
  });

  test('is drawn beside the whole period before it', () => {
    expect(span(wholeRangeBefore({ kind: 'today' }, now, calendar))).toEqual(['2026-11-22', '2026-11-23']);
    expect(span(wholeRangeBefore(dates('2026-11-10', '2026-11-12'), now, calendar))).toEqual([
      '2026-11-07',
      '2026-11-10',
    ]);
    const choices = { compare: true, range: { kind: 'today' } } as const;
    for (const compareWith of [
      { from: 'x', to: '2026-11-12' },
      { from: '2026-11-12', to: 'x' },
    ]) {
      expect(comparedSpan({ ...choices, compareWith }, now, calendar)).toBeUndefined();
    }
  });

  test('has the dates of its first and last day, up to today', () => {
    const at = (since: string, until: string): unknown =>
      datesOf({ since: day(since), until: day(until) }, calendar, now);
    expect(at('2026-11-01', '2026-11-11')).toEqual({ from: '2026-11-01', to: '2026-11-10' });
    expect(at('2026-11-01', '2026-12-01')).toEqual({ from: '2026-11-01', to: '2026-11-23' });
    expect(at('2026-12-01', '2027-01-01')).toEqual({ from: '2026-12-01', to: '2026-12-01' });
    expect(datesOf(undefined, calendar, now)).toEqual({ from: '2026-11-23', to: '2026-11-23' });
  });

  test('is closed by the days of the records', () => {
    const first = '2026-11-20';
    const closed = (range: object, days: object): unknown => span(closedRange(range, days, now, calendar));
    expect(closed({}, { first, last: '2026-11-22' })).toEqual([first, '2026-11-24']);
    expect(closed({}, { first, last: '2026-11-30' })).toEqual([first, '2026-12-01']);
    expect(closed({ since: day('2026-11-21') }, { first })).toEqual(['2026-11-21', '2026-11-24']);
    expect(closed({ until: day('2026-11-22') }, { first })).toEqual([first, '2026-11-22']);
    expect(closed({ until: day('2026-11-10') }, { first })).toEqual(['2026-11-10', '2026-11-10']);
  });

  test.each([
    ['auto', 2.1, 'hour'],
    ['auto', 2.2, 'day'],
    ['auto', 93, 'day'],
    ['auto', 93.1, 'week'],
    ['auto', 740, 'week'],
    ['auto', 740.1, 'month'],
    ['hour', 15, 'hour'],
    ['hour', 15.1, 'day'],
    ['day', 800, 'day'],
    ['day', 801, 'month'],
    ['week', 5000, 'week'],
    ['week', 5001, 'month'],
    ['month', 70_000, 'month'],
  ] as const)('%s over %d days has bars of one %s', (choice, days, bucket) => {
    expect(bucketFor(choice, { since: day('2026-01-01'), until: day('2026-01-01') + days * DAY })).toBe(bucket);
  });
});
