import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Format } from '../../../media/model/format.ts';
import { t, useTexts } from '../../../media/model/texts.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import type { Bucket, Totals } from '../../../src/usage/query.ts';

/** Spaces of ICU as usual ones: which it writes differs between its versions. */
const spaced = (text: string): string => text.replaceAll(/\s/g, ' ');
const at = (iso: string): number => Date.parse(iso);

let english: Format;
let german: Format;
let euros: Format;
beforeEach(() => {
  english = new Format('en-US', 'America/New_York');
  german = new Format('de', 'Europe/Berlin');
  euros = new Format('en-US', 'UTC', { code: 'EUR', note: '' });
});
/** A whole euro: 10^21. */
const EURO = 10n ** 21n;

afterEach(() => useTexts({}));

describe('a bucket', () => {
  // 14:00 in New York, 20:00 in Berlin: a Monday.
  const since = at('2026-11-23T19:00:00Z');
  const names = (format: Format, name: 'bucket' | 'bucketTick'): string[] =>
    (['hour', 'day', 'week', 'month', 'year'] as Bucket[]).map((bucket) => spaced(format[name](since, bucket)));

  test('has its name in a tooltip', () => {
    expect(names(english, 'bucket')).toEqual([
      'Mon, Nov 23, 2:00 PM',
      'Mon, Nov 23, 2026',
      'Week of Nov 23, 2026',
      'November 2026',
      '2026',
    ]);
    expect(names(german, 'bucket')).toEqual([
      'Mo., 23. Nov., 20:00',
      'Mo., 23. Nov. 2026',
      'Week of 23. Nov. 2026',
      'November 2026',
      '2026',
    ]);
  });

  test('has a short name on an axis', () => {
    expect(names(english, 'bucketTick')).toEqual(['2 PM', 'Nov 23', 'Nov 23', 'Nov 26', '2026']);
    expect(names(german, 'bucketTick')).toEqual(['20 Uhr', '23. Nov.', '23. Nov.', 'Nov. 26', '2026']);
  });

  test('has the weekday and the month beside the calendar', () => {
    expect([english.weekday(since), english.month(since)]).toEqual(['Mon', 'Nov']);
    expect([german.weekday(since), german.month(since)]).toEqual(['Mo', 'Nov']);
  });
});

describe('a time', () => {
  test('is that of the zone', () => {
    const late = at('2026-11-24T03:05:07Z');
    expect(spaced(english.time(late))).toBe('11/23/26, 10:05 PM');
    expect(spaced(german.time(late))).toBe('24.11.26, 04:05');
    expect(spaced(english.timeExact(late))).toBe('Monday, November 23, 2026 at 10:05:07 PM EST');
    expect(spaced(english.date(late, { year: 'numeric' }))).toBe('2026');
  });

  test('is as short as the distance from now allows', () => {
    const now = at('2026-11-24T03:05:00Z');
    const short = (iso: string): string => spaced(english.timeShort(at(iso), now));
    expect(short('2026-11-23T19:30:00Z')).toBe('2:30 PM');
    // Yesterday in New York, the same day in London.
    expect(short('2026-11-23T04:30:00Z')).toBe('Nov 22');
    expect(short('2026-01-02T12:00:00Z')).toBe('Jan 2');
    expect(short('2025-11-24T03:05:00Z')).toBe('11/23/25');
  });

  test.each([
    [0, 'just now'],
    [9_499, 'just now'],
    [9_500, '10 seconds ago'],
    [59_400, '59 seconds ago'],
    [60_000, '1 minute ago'],
    [150_000, '3 minutes ago'],
    [3_599_000, '60 minutes ago'],
    [3_600_000, '1 hour ago'],
    [9_000_000, '3 hours ago'],
    [86_399_000, '24 hours ago'],
    [86_400_000, 'yesterday'],
    [216_000_000, '3 days ago'],
    [-5_000, 'just now'],
  ])('%d ms ago is %s', (ms, text) => {
    expect(english.ago(1_000_000_000_000 - ms, 1_000_000_000_000)).toBe(text);
  });
});

test('a range of days names its last day, not the midnight after it', () => {
  const range = (format: Format, since: string, until: string): string =>
    spaced(format.dayRange(at(since), at(until))).replaceAll(/ ?– ?/g, '–');
  expect(range(english, '2026-11-01T04:00:00Z', '2026-11-24T05:00:00Z')).toBe('Nov 1–23, 2026');
  expect(range(english, '2025-12-31T05:00:00Z', '2026-01-02T05:00:00Z')).toBe('Dec 31, 2025–Jan 1, 2026');
  expect(range(english, '2026-11-23T05:00:00Z', '2026-11-24T05:00:00Z')).toBe('Nov 23, 2026');
});

describe('numbers', () => {
  test('are grouped, shortened or parts of a whole', () => {
    expect([english.count(1_234_567), german.count(1_234_567), english.count(2n ** 60n)]).toEqual([
      '1,234,567',
      '1.234.567',
      '1,152,921,504,606,846,976',
    ]);
    expect([english.compact(1_234_567), english.compact(999), english.compact(12_345n)]).toEqual([
      '1.23M',
      '999',
      '12.3K',
    ]);
    expect([english.percent(0.1249), english.percent(1.5)]).toEqual(['12%', '150%']);
    expect([english.share(0.1249), english.share(0.5), english.share(0.0004)]).toEqual(['12.5%', '50%', '0%']);
  });

  test('on an axis have no needless digit', () => {
    expect([0, 0.5, 20, 1_234, 0.00012].map((size) => english.moneyTick(size))).toEqual([
      '$0',
      '$0.5',
      '$20',
      '$1.23K',
      '$0.00012',
    ]);
    // Sizes of other currencies are in 10^-12, see `measured()`.
    expect(spaced(euros.moneyTick(20e12))).toBe('EUR 20');
  });
});

describe('money', () => {
  test('in dollars', () => {
    const nanos = 1_234_567_891n;
    expect([english.usd(nanos), english.usdExact(nanos), english.usdInColumn(nanos)]).toEqual([
      '$1.23',
      '$1.234567891',
      '$1.2346',
    ]);
    expect([english.money(nanos), english.moneyExact(nanos), english.moneyInColumn(nanos)]).toEqual([
      '$1.23',
      '$1.234567891',
      '$1.2346',
    ]);
  });

  test('in another currency', () => {
    const amount = (EURO * 1_234_567_891n) / 1_000_000_000n;
    expect([euros.money(amount), euros.moneyExact(amount), euros.moneyInColumn(amount)].map(spaced)).toEqual([
      'EUR 1.23',
      'EUR 1.234567891',
      'EUR 1.2346',
    ]);
    // Dollars stay dollars.
    expect(euros.usd(1_000_000_000n)).toBe('$1.00');
  });
});

describe('a cost of several parts', () => {
  const totals = (more: Partial<Totals>): Totals => ({ ...emptyTotals(), records: 9, ...more });
  const dollar = 1_000_000_001n;

  test.each([
    [{ recordedNanos: dollar }, '$1.00', ['$1.000000001']],
    [{ recordedNanos: dollar, unpriced: 2 }, '$1.00 + 2 unpriced', ['$1.000000001', '+ 2 unpriced']],
    [{ recordedNanos: dollar, estimated: 1 }, '~$1.00', ['~$1.000000001']],
    [{ unpriced: 9 }, '9 unpriced', ['9 unpriced']],
    // Calls that are all covered or unpriced have no cost that is known to be zero.
    [{ plan: 9, planNanos: dollar }, '$1.00 plan', ['$1.000000001 plan']],
    [{ plan: 4, planNanos: dollar, unpriced: 5 }, '$1.00 plan + 5 unpriced', ['$1.000000001 plan', '+ 5 unpriced']],
    [
      { plan: 4, planNanos: dollar, recordedNanos: dollar, unpriced: 1 },
      '$1.00 + $1.00 plan + 1 unpriced',
      ['$1.000000001', '+ $1.000000001 plan', '+ 1 unpriced'],
    ],
    [
      { recordedNanos: EURO, unconvertedNanos: dollar, estimated: 1 },
      '~$1,000,000,000,000.00 + ~$1.00 not converted',
      ['~$1,000,000,000,000.00', '+ ~$1.000000001 not converted'],
    ],
    [{ unconvertedNanos: dollar }, '$1.00 not converted', ['$1.000000001 not converted']],
  ] satisfies [Partial<Totals>, string, string[]][])('%o', (more, short, exact) => {
    expect(english.cost(totals(more))).toBe(short);
    expect(english.costParts(totals(more))).toEqual(exact);
    expect(english.costExact(totals(more))).toBe(exact.join(' '));
  });

  test('has the amounts of its plan in the chosen currency, with as many digits', () => {
    const plan = totals({ plan: 9, planNanos: EURO + EURO / 1000n });
    expect(spaced(euros.cost(plan))).toBe('EUR 1.00 plan');
    expect(spaced(euros.costExact(plan))).toBe('EUR 1.001 plan');
  });
});

describe('a text of the page', () => {
  test('is that of the bundle, and English where there is none', () => {
    useTexts({ '{0} unpriced': '{0} ohne Preis', 'just now': 7 });
    expect(t('{0} unpriced', 3)).toBe('3 ohne Preis');
    expect(t('just now')).toBe('just now');
    expect(t('constructor')).toBe('constructor');
    expect(german.cost({ ...emptyTotals(), records: 2, unpriced: 2 })).toBe('2 ohne Preis');
  });

  test('has its values in the order of the translation', () => {
    useTexts({ '{0} of {1}': '{1}: {0}' });
    expect(t('{0} of {1}', 'a', '{0}')).toBe('{0}: a');
  });
});
