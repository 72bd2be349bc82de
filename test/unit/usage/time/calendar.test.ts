import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  bucketKey,
  bucketSpans,
  bucketStart,
  firstDayOfWeek,
  isTimeZone,
  localCalendar,
  nextBucket,
  previousBucket,
  spanOfKey,
} from '../../../../src/usage/time/calendar.ts';
import { BUCKETS, type Bucket } from '../../../../src/usage/query.ts';
import { zoneOf } from '../../../../src/usage/time/zone.ts';
import { bucketName } from '../../columns/naive.ts';
import { calendars, instant } from '../records.ts';
import { runs } from '../../../long.ts';

// On a busy machine thousands of random cases take their time.
vi.setConfig({ testTimeout: 60_000 });

const HOUR = 3_600_000;
const spans = (zone: string, bucket: Bucket, since: string, until: string): [string, number][] =>
  bucketSpans(Date.parse(since), Date.parse(until), bucket, { timeZone: zone, firstDayOfWeek: 1 }).map((span) => [
    span.key,
    (span.until - span.since) / HOUR,
  ]);

describe('buckets', () => {
  it('of no time are none', () => {
    expect(bucketSpans(5, 5, 'day', { timeZone: 'UTC', firstDayOfWeek: 1 })).toEqual([]);
    expect(bucketSpans(6, 5, 'day', { timeZone: 'UTC', firstDayOfWeek: 1 })).toEqual([]);
  });

  it('have 23 and 25 hours on the days when clocks change', () => {
    expect(spans('Europe/Berlin', 'day', '2026-03-28T23:00Z', '2026-03-30T00:00Z')).toEqual([
      ['2026-03-29', 23],
      ['2026-03-30', 24],
    ]);
    expect(spans('America/New_York', 'day', '2026-11-01T12:00Z', '2026-11-01T13:00Z')).toEqual([['2026-11-01', 25]]);
  });

  it('skip the hour of spring and repeat the one of autumn', () => {
    expect(spans('Europe/Berlin', 'hour', '2026-03-29T00:00Z', '2026-03-29T02:00Z')).toEqual([
      ['2026-03-29T01+01:00', 1],
      ['2026-03-29T03+02:00', 1],
    ]);
    expect(spans('Europe/Berlin', 'hour', '2026-10-25T00:00Z', '2026-10-25T02:00Z')).toEqual([
      ['2026-10-25T02+02:00', 1],
      ['2026-10-25T02+01:00', 1],
    ]);
  });

  it('follow the half hour of Lord Howe', () => {
    expect(spans('Australia/Lord_Howe', 'hour', '2026-04-04T14:00Z', '2026-04-04T16:00Z')).toEqual([
      ['2026-04-05T01+11:00', 1],
      ['2026-04-05T01+10:30', 0.5],
      ['2026-04-05T02+10:30', 1],
    ]);
    expect(spans('Australia/Lord_Howe', 'hour', '2026-10-03T15:00Z', '2026-10-03T16:30Z')).toEqual([
      ['2026-10-04T01+10:30', 1],
      ['2026-10-04T02+11:00', 0.5],
      ['2026-10-04T03+11:00', 1],
    ]);
    expect(spans('Australia/Lord_Howe', 'day', '2026-04-04T14:00Z', '2026-04-04T16:00Z')).toEqual([
      ['2026-04-05', 24.5],
    ]);
  });

  it('begin on the half hour in Kolkata', () => {
    const kolkata = { timeZone: 'Asia/Kolkata', firstDayOfWeek: 1 };
    expect(new Date(bucketStart(Date.parse('2026-11-23T18:29Z'), 'day', kolkata)).toISOString()).toBe(
      '2026-11-22T18:30:00.000Z',
    );
    expect(bucketKey(Date.parse('2026-11-23T18:30Z'), 'hour', kolkata)).toBe('2026-11-24T00+05:30');
  });

  it('leave out the day that Apia skipped', () => {
    expect(spans('Pacific/Apia', 'day', '2011-12-29T11:00Z', '2012-01-01T09:00Z')).toEqual([
      ['2011-12-29', 24],
      ['2011-12-31', 24],
      ['2012-01-01', 24],
    ]);
    const apia = { timeZone: 'Pacific/Apia', firstDayOfWeek: 5 };
    // The skipped day was a Friday, and would have begun a week.
    const [week] = bucketSpans(Date.parse('2012-01-01T00:00Z'), Date.parse('2012-01-01T00:01Z'), 'week', apia);
    expect(week?.key).toBe('2011-12-30');
    expect(new Date(week?.since ?? 0).toISOString()).toBe('2011-12-30T10:00:00.000Z');
  });

  it('begin weeks on the day that the calendar says', () => {
    const sunday = Date.parse('2026-11-22T12:00Z');
    const of = (first: number): string => bucketKey(sunday, 'week', { timeZone: 'UTC', firstDayOfWeek: first });
    expect([of(1), of(6), of(7)]).toEqual(['2026-11-16', '2026-11-21', '2026-11-22']);
  });

  it('have the names that another library gives them', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom(...BUCKETS), calendars, (ms, bucket, calendar) => {
        expect(bucketKey(ms, bucket, calendar)).toBe(bucketName(ms, bucket, calendar));
      }),
      { numRuns: runs(250) },
    );
  });

  it('adjoin each other, hold their instants, and are found by their keys', () => {
    // In St. John's clocks once went back at 0:01, so that a day had two pieces: spans cannot hold there.
    const whole = calendars.filter(({ timeZone }) => timeZone !== 'America/St_Johns');
    fc.assert(
      fc.property(instant, fc.constantFrom(...BUCKETS), whole, (ms, bucket, calendar) => {
        const start = bucketStart(ms, bucket, calendar);
        const next = nextBucket(ms, bucket, calendar);
        const key = bucketKey(ms, bucket, calendar);
        expect(start).toBeLessThanOrEqual(ms);
        expect(next).toBeGreaterThan(ms);
        expect(bucketKey(start, bucket, calendar)).toBe(key);
        expect(bucketKey(next - 1, bucket, calendar)).toBe(key);
        expect(bucketKey(next, bucket, calendar)).not.toBe(key);
        expect(bucketKey(start - 1, bucket, calendar)).not.toBe(key);
        expect(nextBucket(start, bucket, calendar)).toBe(next);
        expect(previousBucket(next, bucket, calendar)).toBe(start);
        // A week whose first day was skipped has a name that no instant has.
        if (bucket !== 'week' || key !== '2011-12-30') {
          expect(spanOfKey(key, bucket, calendar)).toEqual({ key, since: start, until: next });
        }
      }),
      { numRuns: runs(250) },
    );
  });

  it('are not found by other texts', () => {
    const utc = { timeZone: 'UTC', firstDayOfWeek: 1 };
    for (const text of ['', 'x', '2026-13', '2026-02-30', '2026-11-23T14', '__proto__']) {
      for (const bucket of BUCKETS) expect(spanOfKey(text, bucket, utc)).toBeUndefined();
    }
    expect(spanOfKey('2026-11-24', 'week', utc)).toBeUndefined();
    expect(spanOfKey('2026-11-23T25+00:00', 'hour', utc)).toBeUndefined();
    expect(spanOfKey('2026-11-23T14+01:00', 'hour', utc)).toBeUndefined();
    expect(spanOfKey('2011-12-30', 'day', { ...utc, timeZone: 'Pacific/Apia' })).toBeUndefined();
  });
});

describe('zones', () => {
  it('know their offsets to the second, before standard time too', () => {
    expect(zoneOf('UTC').offsetAt(0)).toBe(0);
    expect(zoneOf('America/New_York').offsetAt(Date.UTC(2026, 6, 1))).toBe(-4 * HOUR);
    expect(zoneOf('Africa/Monrovia').offsetAt(Date.UTC(1970, 0, 1))).toBe(-(44 * 60 + 30) * 1000);
  });

  it.each([
    // The clock shows 02:30 twice; the first time in summer time.
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30:00.000Z'],
    // Half an hour, south of the equator.
    ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45:00.000Z'],
    // It never shows 02:30: the instant of the change.
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00:00.000Z'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:00:00.000Z'],
    // A whole day is left out.
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00:00.000Z'],
  ])('%s: %s is %s', (name, local, instant) => {
    expect(new Date(zoneOf(name).toInstant(Date.parse(`${local}Z`))).toISOString()).toBe(instant);
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 1],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 2],
    ['Europe/Berlin', '2026-10-25T00:59:59.999Z', 2],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 1],
    ['Australia/Lord_Howe', '2026-04-04T14:59:59Z', 11],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 10.5],
  ])('%s at %s is %f hours ahead', (name, at, hours) => {
    expect(zoneOf(name).offsetAt(Date.parse(at))).toBe(hours * HOUR);
  });

  it('are told from other names', () => {
    expect(['UTC', 'Europe/Berlin', 'europe/berlin'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['', 'Berlin', 'Europe/Atlantis', '../etc'].map(isTimeZone)).toEqual([false, false, false, false]);
  });
});

describe('the local calendar', () => {
  it('has a zone that exists and the week of the locale', () => {
    expect(isTimeZone(localCalendar().timeZone)).toBe(true);
    expect(['de-DE', 'en-US', 'ar-EG', 'no locale at all'].map((locale) => firstDayOfWeek(locale))).toEqual([
      1, 7, 6, 1,
    ]);
    expect(localCalendar('en-US').firstDayOfWeek).toBe(7);
    const system = new Intl.DateTimeFormat().resolvedOptions();
    expect(localCalendar()).toEqual({ timeZone: system.timeZone, firstDayOfWeek: firstDayOfWeek(system.locale) });
  });

  it('finds the week in engines with a method, with a property, and with neither', () => {
    const { Locale } = Intl;
    const week = (info: object): number => {
      vi.stubGlobal('Intl', {
        ...Object.fromEntries(Object.getOwnPropertyNames(Intl).map((name) => [name, Intl[name as 'Locale']])),
        Locale: function (name: string) {
          return Object.assign(Object.create(null) as object, { name: new Locale(name).baseName }, info);
        },
      });
      try {
        return firstDayOfWeek('en-US');
      } finally {
        vi.unstubAllGlobals();
      }
    };
    expect(week({ getWeekInfo: () => ({ firstDay: 6 }), weekInfo: { firstDay: 3 } })).toBe(6);
    expect(week({ weekInfo: { firstDay: 7 } })).toBe(7);
    expect(week({})).toBe(1);
  });
});
