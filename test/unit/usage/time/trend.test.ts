import { describe, expect, it } from 'vitest';
import { amountsOf, lastBuckets, sparkline, trendQuery } from '../../../../src/usage/time/trend.ts';
import { emptyTotals } from '../../../../src/usage/query.ts';
import type { Group, Totals } from '../../../../src/usage/query.ts';

const CALENDAR = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const group = (key: string[], given: Partial<Totals>): Group => ({ key, totals: { ...emptyTotals(), ...given } });

describe('sparkline', () => {
  it.each([
    [[0n, 1n, 100n], '▁▂█'],
    [[10n, 20n, 30n, 40n, 50n, 60n, 70n, 0n], '▂▃▄▅▆▇█▁'],
    [[5n, 5n], '██'],
    [[-3n, 7n], '▁█'],
    [[0n, 0n, 0n], ''],
    [[5n], ''],
    [[], ''],
    [[1n, 10n ** 30n], '▂█'],
  ])('of amounts, case %#', (amounts, marks) => {
    expect(sparkline(amounts)).toBe(marks);
  });
});

describe('a trend', () => {
  const now = Date.parse('2026-03-30T10:00:00Z');
  const span = lastBuckets(3, 'day', now, CALENDAR);

  it('covers whole local days up to the current one, also over a change of the clock', () => {
    expect(span.spans.map(({ key }) => key)).toEqual(['2026-03-28', '2026-03-29', '2026-03-30']);
    expect(span.spans[0]?.since).toBe(Date.parse('2026-03-27T23:00:00Z'));
    expect(span.spans[2]?.since).toBe(Date.parse('2026-03-29T22:00:00Z'));
  });

  it('of one bucket, and of none', () => {
    expect(lastBuckets(1, 'day', now, CALENDAR).spans.map(({ key }) => key)).toEqual(['2026-03-30']);
    expect(trendQuery({ bucket: 'day', spans: [] }, { search: 'x' }, CALENDAR)).toEqual({
      filter: { search: 'x' },
      groupBy: ['day'],
      calendar: CALENDAR,
    });
    expect(amountsOf([], span)).toEqual([0n, 0n, 0n]);
  });

  it('asks within the range of a filter', () => {
    const since = Date.parse('2026-03-29T12:00:00Z');
    expect(trendQuery(span, { since, values: { model: ['x'] } }, CALENDAR, 'model')).toEqual({
      filter: { since, until: Date.parse('2026-03-30T22:00:00Z'), values: { model: ['x'] } },
      groupBy: ['day', 'model'],
      calendar: CALENDAR,
    });
  });

  it('is of costs, a gap is none; where a plan covers everything, of its value', () => {
    const paid = group(['2026-03-28'], { records: 1, recordedNanos: 5n, planNanos: 90n });
    const plan = group(['2026-03-30'], { records: 1, planNanos: 40n });
    expect(amountsOf([paid, plan], span)).toEqual([5n, 0n, 0n]);
    expect(amountsOf([plan], span)).toEqual([0n, 0n, 40n]);
    expect(amountsOf([group(['2026-03-30'], { records: 2, unpriced: 2 })], span)).toEqual([0n, 0n, 0n]);
  });

  it('adds up groups of one bucket', () => {
    const groups = [
      group(['2026-03-30', 'a'], { recordedNanos: 5n }),
      group(['2026-03-30', 'b'], { estimatedNanos: 2n }),
    ];
    expect(amountsOf(groups, span)).toEqual([0n, 0n, 7n]);
  });
});
