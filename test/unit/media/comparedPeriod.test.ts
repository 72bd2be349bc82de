import { describe, expect, it } from 'vitest';
import { closedRange, comparedSpan } from '../../../media/model/range.ts';
import { comparedPeriod } from '../../../media/model/series.ts';
import { DEFAULT_CHOICES, parseChoices } from '../../../src/protocol/choices.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import type { Group } from '../../../src/usage/query.ts';
import { bucketSpans } from '../../../src/usage/time/calendar.ts';

const CALENDAR = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const NOW = Date.parse('2026-03-18T12:00:00Z');
const group = (day: string, nanos: bigint): Group => ({
  key: [day],
  totals: { ...emptyTotals(), records: 1, recordedNanos: nanos },
});
const march = { since: Date.parse('2026-02-28T23:00:00Z'), until: Date.parse('2026-03-03T23:00:00Z') };
const columns = bucketSpans(march.since, march.until, 'day', CALENDAR).map((span) => ({
  ...span,
  totals: emptyTotals(),
  parts: [],
}));

describe('the period that a chart compares with', () => {
  it('is the one before, or the chosen dates with both days, for every range', () => {
    const dates = { from: '2025-10-25', to: '2025-10-26' };
    const span = { since: Date.parse('2025-10-24T22:00:00Z'), until: Date.parse('2025-10-26T23:00:00Z') };
    const of = (changes: object): unknown => comparedSpan({ ...DEFAULT_CHOICES, ...changes }, NOW, CALENDAR);
    expect(of({ compareWith: dates })).toBeUndefined();
    expect(of({ compare: true, compareWith: dates })).toEqual(span);
    expect(of({ compare: true, compareWith: dates, range: { kind: 'all' } })).toEqual(span);
    expect(of({ compare: true, range: { kind: 'all' } })).toBeUndefined();
    expect(of({ compare: true, range: { kind: 'today' } })).toEqual({
      since: Date.parse('2026-03-16T23:00:00Z'),
      until: Date.parse('2026-03-17T23:00:00Z'),
    });
  });

  it('fills the columns by position; days beyond them count in its total', () => {
    const span = { since: Date.parse('2025-07-09T22:00:00Z'), until: Date.parse('2025-07-13T22:00:00Z') };
    const groups = [group('2025-07-10', 1n), group('2025-07-12', 3n), group('2025-07-13', 9n)];
    const period = comparedPeriod(groups, span, { bucket: 'day', columns }, CALENDAR);
    expect(period.columns.map(({ recordedNanos }) => recordedNanos)).toEqual([1n, 0n, 3n]);
    expect([period.totals.recordedNanos, period.isCut]).toEqual([13n, true]);
    const shorter = { since: span.since, until: Date.parse('2025-07-11T22:00:00Z') };
    const two = comparedPeriod(groups.slice(0, 1), shorter, { bucket: 'day', columns }, CALENDAR);
    expect([two.columns.length, two.isCut]).toEqual([2, false]);
  });

  it('of a hundred years by the hour is no million of columns', () => {
    const span = { since: Date.parse('1926-01-01T00:00:00Z'), until: NOW };
    const period = comparedPeriod([], span, { bucket: 'hour', columns }, CALENDAR);
    expect([period.columns.length, period.isCut]).toEqual([3, true]);
  });

  it.each([[{ from: '2026-02-02', to: '2026-02-01' }], [{ from: '2026-13-01', to: '2026-13-02' }], ['x'], [null]])(
    'is the one before where the stored dates are invalid: %j',
    (compareWith) => {
      const choices = parseChoices({ compare: true, compareWith });
      expect([choices.compare, choices.compareWith]).toEqual([true, undefined]);
    },
  );
});

describe('a range of thousands of years', () => {
  const far = { since: Date.parse('0001-01-01T00:00:00Z'), until: Date.parse('9999-12-31T00:00:00Z') };
  const iso = (ms: number): string => new Date(ms).toISOString();
  const utc = { timeZone: 'UTC', firstDayOfWeek: 1 };

  it('shows the days around the records', () => {
    const { since, until } = closedRange(far, { first: '2026-01-05', last: '2026-02-01' }, NOW, utc);
    expect([iso(since), iso(until)]).toEqual(['2026-01-05T00:00:00.000Z', '2026-03-19T00:00:00.000Z']);
    const none = closedRange(far, {}, NOW, utc);
    expect([iso(none.since), iso(none.until)]).toEqual(['2026-03-18T00:00:00.000Z', '2026-03-19T00:00:00.000Z']);
  });

  it('has at most 200 years, whatever the dates of records are', () => {
    for (const days of [{ first: '0005-01-01', last: '9000-01-01' }, { first: '0005-01-01' }]) {
      const { since, until } = closedRange(far, days, NOW, utc);
      expect(until).toBeGreaterThan(since);
      expect(bucketSpans(since, until, 'month', utc).length).toBeLessThanOrEqual(2410);
    }
    const all = closedRange({}, { first: '0005-01-01', last: '9000-01-01' }, NOW, utc);
    expect(bucketSpans(all.since, all.until, 'month', utc).length).toBeLessThanOrEqual(2410);
    const past = closedRange({ since: far.since, until: Date.parse('1500-01-01T00:00:00Z') }, {}, NOW, utc);
    expect(past.until).toBeGreaterThan(past.since);
  });
});
