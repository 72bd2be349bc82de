import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseTime, PERIODS, rangeBefore, rangeOf, type Period } from '../../../../src/usage/time/period.ts';
import type { Calendar } from '../../../../src/usage/query.ts';
import { calendars, instant } from '../records.ts';

// On a busy machine thousands of random cases take their time.
vi.setConfig({ testTimeout: 60_000 });

const berlin: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
/** A Wednesday. */
const now = Date.parse('2026-11-25T15:00:00+01:00');
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? ms : new Date(ms).toISOString());
const range = (period: Period, at = now): (string | undefined)[] => {
  const { since, until } = rangeOf(period, at, berlin);
  return [iso(since), iso(until)];
};

describe('periods', () => {
  it('are whole local days, half-open', () => {
    expect(range('today')).toEqual(['2026-11-24T23:00:00.000Z', '2026-11-25T23:00:00.000Z']);
    expect(range('yesterday')).toEqual(['2026-11-23T23:00:00.000Z', '2026-11-24T23:00:00.000Z']);
    expect(range('week')).toEqual(['2026-11-22T23:00:00.000Z', '2026-11-29T23:00:00.000Z']);
    expect(range('month')).toEqual(['2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z']);
    expect(range('lastMonth')).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z']);
    expect(range('last7days')).toEqual(['2026-11-18T23:00:00.000Z', '2026-11-25T23:00:00.000Z']);
    expect(range('last30days')).toEqual(['2026-10-26T23:00:00.000Z', '2026-11-25T23:00:00.000Z']);
    expect(range('year')).toEqual(['2025-12-31T23:00:00.000Z', '2026-12-31T23:00:00.000Z']);
    expect(range('all')).toEqual([undefined, undefined]);
  });

  it('count days by the calendar when clocks change', () => {
    expect(range('last7days', Date.parse('2026-10-27T12:00Z'))).toEqual([
      '2026-10-20T22:00:00.000Z',
      '2026-10-27T23:00:00.000Z',
    ]);
  });

  it('are preceded by as much, whole or so far', () => {
    const before = (period: Period, soFar: boolean): (string | undefined)[] => {
      const found = rangeBefore(period, now, berlin, soFar);
      return [iso(found?.since), iso(found?.until)];
    };
    expect(before('month', false)).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z']);
    // The 25th at 15:00 by the clock on the wall, on the other side of the change to winter time.
    expect(before('month', true)).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-25T14:00:00.000Z']);
    expect(before('today', true)).toEqual(['2026-11-23T23:00:00.000Z', '2026-11-24T14:00:00.000Z']);
    expect(before('last7days', false)).toEqual(['2026-11-11T23:00:00.000Z', '2026-11-18T23:00:00.000Z']);
    expect(before('lastMonth', true)).toEqual(['2026-08-31T22:00:00.000Z', '2026-09-30T22:00:00.000Z']);
    expect(before('all', true)).toEqual([undefined, undefined]);
  });

  it('of a long month compare with all of a short one', () => {
    const found = rangeBefore('month', Date.parse('2026-03-31T12:00Z'), berlin, true);
    expect(iso(found?.until)).toBe('2026-02-28T23:00:00.000Z');
  });

  it('hold now where they should, and adjoin the ones before', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom(...PERIODS), calendars, (at, period, calendar) => {
        fc.pre(period !== 'all' && calendar.timeZone !== 'America/St_Johns');
        const { since, until } = rangeOf(period, at, calendar);
        expect(since).toBeLessThan(until);
        const over = period === 'yesterday' || period === 'lastMonth';
        expect(since <= at && at < until).toBe(!over);
        expect(rangeBefore(period, at, calendar)?.until).toBe(since);
        const soFar = rangeBefore(period, at, calendar, true) as { since: number; until: number };
        expect(soFar.since).toBeLessThanOrEqual(soFar.until);
        expect(soFar.until).toBeLessThanOrEqual(since);
      }),
      { numRuns: 500 },
    );
  });
});

describe('typed times', () => {
  const since = (text: string): string | undefined => iso(parseTime(text, 'since', now, berlin));
  const until = (text: string): string | undefined => iso(parseTime(text, 'until', now, berlin));

  it('mean a whole day, month or year from its start to its end', () => {
    expect([since('2026-11-01'), until('2026-11-01')]).toEqual([
      '2026-10-31T23:00:00.000Z',
      '2026-11-01T23:00:00.000Z',
    ]);
    expect([since('2026-10'), until('2026-10')]).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z']);
    expect([since('2026'), until('2026')]).toEqual(['2025-12-31T23:00:00.000Z', '2026-12-31T23:00:00.000Z']);
    expect([since('today'), until(' Today ')]).toEqual(['2026-11-24T23:00:00.000Z', '2026-11-25T23:00:00.000Z']);
    expect([since('yesterday'), until('yesterday')]).toEqual(['2026-11-23T23:00:00.000Z', '2026-11-24T23:00:00.000Z']);
  });

  it('mean an instant when they name one', () => {
    for (const edge of [since, until]) {
      expect(edge('now')).toBe('2026-11-25T14:00:00.000Z');
      expect(edge('2026-11-01T14:00')).toBe('2026-11-01T13:00:00.000Z');
      expect(edge('2026-11-01 14:00:01.5')).toBe('2026-11-01T13:00:01.500Z');
      expect(edge('2026-11-01T14:00:00Z')).toBe('2026-11-01T14:00:00.000Z');
      expect(edge('2026-11-01T14:00:00.123456-05:30')).toBe('2026-11-01T19:30:00.123Z');
      expect(edge('2026-11-01T14:00+02:00')).toBe('2026-11-01T12:00:00.000Z');
      expect(edge('2026-11-01t14:00:30+0545')).toBe('2026-11-01T08:15:30.000Z');
      expect(edge('12h')).toBe('2026-11-25T02:00:00.000Z');
      expect(edge('7d')).toBe('2026-11-18T14:00:00.000Z');
      // By the clock on the wall, over the change to winter time.
      expect(edge('5w')).toBe('2026-10-21T13:00:00.000Z');
    }
  });

  it('are refused when they mean nothing', () => {
    for (const text of [
      '',
      'x',
      '7',
      '-7d',
      '7y',
      '2026-13-01',
      '2026-02-30',
      '2026-1-1',
      '01.11.2026',
      '2026-11-01T24:00',
      '2026-11-01T12:60',
      '2026-11-01T12:00+1',
      '2026-11-01T12:00+24:00',
      '2026-11-01T12:00+12:60',
      '2026-11-01T12:00:60',
      '2026-02-30T12:00',
      'NaN',
    ]) {
      expect(parseTime(text, 'since', now, berlin), text).toBeUndefined();
    }
  });

  it('read what the machine writes', () => {
    fc.assert(
      fc.property(instant, calendars, (ms, calendar) => {
        expect(parseTime(new Date(ms).toISOString(), 'until', 0, calendar)).toBe(ms);
      }),
    );
  });
});
