import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakdownRows, pathId } from '../../../media/model/breakdown.ts';
import type { Children } from '../../../media/model/breakdown.ts';
import { Format } from '../../../media/model/format.ts';
import { daysOf, glanceOf, sumOfDays } from '../../../media/model/glance.ts';
import { heatWeeks } from '../../../media/model/heat.ts';
import { provenance, dimensionValueName } from '../../../media/model/names.ts';
import { PAGE_SIZE, LoadedPages, pagesOf, Slots, visibleRows } from '../../../media/model/pages.ts';
import { bucketFor, choiceOfSpan, closedRange, rangeBeforeChoice, rangeOfChoice } from '../../../media/model/range.ts';
import { FIELDS } from '../../../src/usage/fields.ts';
import { recordFields, recordCost } from '../../../media/model/record.ts';
import { labelled } from '../../../media/model/scale.ts';
import { chartModel } from '../../../media/model/series.ts';
import { sum } from '../../../media/model/totals.ts';
import type { RecordRow } from '../../../src/protocol/messages.ts';
import { decodeGroups, encodeGroups } from '../../../src/protocol/wire.ts';
import { rangeOf } from '../../../src/usage/time/period.ts';
import { costNanos, emptyTotals } from '../../../src/usage/query.ts';
import type { Measure, Totals } from '../../../src/usage/query.ts';
import { compare } from '../../../src/usage/summary.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const format = new Format('en-US', 'Europe/Berlin');
const now = Date.parse('2026-11-23T14:30:00+01:00');
const DAY = 86_400_000;

const dollars = (usd: number, more: Partial<Totals> = {}): Totals => ({
  ...emptyTotals(),
  records: 1,
  totalTokens: 100,
  recordedNanos: BigInt(usd * 1e9),
  ...more,
});

describe('the range', () => {
  test('two dates are whole local days, also over a clock change', () => {
    const range = rangeOfChoice({ kind: 'dates', from: '2026-10-25', to: '2026-10-25' }, now, calendar);
    expect((range.until ?? 0) - (range.since ?? 0)).toBe(25 * 3_600_000);
    const before = rangeBeforeChoice({ kind: 'dates', from: '2026-10-26', to: '2026-10-26' }, now, calendar);
    expect(before).toEqual(range);
  });

  test('an open range ends today and begins with the first record', () => {
    const span = closedRange({}, { first: '2026-11-20', last: '2026-11-23' }, now, calendar);
    expect(choiceOfSpan(span, calendar)).toEqual({ kind: 'dates', from: '2026-11-20', to: '2026-11-23' });
    const empty = closedRange({}, {}, now, calendar);
    expect(choiceOfSpan(empty, calendar)).toEqual({ kind: 'dates', from: '2026-11-23', to: '2026-11-23' });
  });

  test('bars are neither few nor thinner than a pixel', () => {
    const days = (n: number): { since: number; until: number } => ({ since: now, until: now + n * DAY });
    expect([1, 2, 30, 365, 4000].map((n) => bucketFor('auto', days(n)))).toEqual([
      'hour',
      'hour',
      'day',
      'week',
      'month',
    ]);
    expect(bucketFor('hour', days(365))).toBe('week');
    expect(bucketFor('month', days(1))).toBe('month');
  });
});

describe('the chart', () => {
  const span = rangeOf('last7days', now, calendar);

  test('no groups: columns without anything', () => {
    const chart = chartModel({ groups: [], slots: new Map() }, span, { bucket: 'day', measure: 'cost' }, calendar);
    expect(chart.columns).toHaveLength(7);
    expect(chart.series).toEqual([]);
    expect(chart.totals).toEqual(emptyTotals());
  });

  test('the rest stands last and hostile names stay apart from it', () => {
    const chart = chartModel(
      {
        groups: [
          { key: ['2026-11-23', 'rest'], totals: dollars(1) },
          { key: ['2026-11-23', 'none'], totals: dollars(2) },
          { key: ['2026-11-23', null], totals: dollars(3) },
          { key: ['2026-11-23', null], totals: dollars(9), rest: 5 },
        ],
        slots: new Map([
          ['rest', 4],
          ['none', 1],
        ]),
      },
      span,
      { bucket: 'day', measure: 'cost' },
      calendar,
    );
    expect(chart.series.map(({ value, rest, slot }) => [value, rest, slot])).toEqual([
      [null, undefined, 'none'],
      ['none', undefined, 1],
      ['rest', undefined, 4],
      [null, 5, 'rest'],
    ]);
    expect(costNanos(chart.totals)).toBe(15_000_000_000n);
  });

  test('its sum is the sum of its groups, to the nano-dollar', () => {
    const day = fc.integer({ min: 17, max: 23 }).map((n) => `2026-11-${n}`);
    const group = fc.record({
      key: fc.tuple(day, fc.option(fc.string())),
      totals: fc.bigInt({ min: 0n, max: 10n ** 18n }).map((nanos) => dollars(0, { recordedNanos: nanos })),
    });
    const groups = fc.uniqueArray(group, { selector: ({ key }) => JSON.stringify(key), maxLength: 40 });
    fc.assert(
      fc.property(groups, (list) => {
        const chart = chartModel(
          { groups: list, slots: new Map() },
          span,
          { bucket: 'day', measure: 'cost' },
          calendar,
        );
        expect(costNanos(chart.totals)).toBe(list.reduce((sum, { totals }) => sum + costNanos(totals), 0n));
      }),
    );
  });

  test('labels never touch, and the newest bar has one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 60, max: 2000 }), (count, pixels) => {
        const isLabelled = labelled(count, pixels, 54);
        const indexes = Array.from({ length: count }, (_, index) => index).filter(isLabelled);
        expect(indexes.at(-1)).toBe(count - 1);
        expect(indexes.length).toBeLessThanOrEqual(Math.max(1, Math.floor(pixels / 54)) + 1);
      }),
    );
    expect(labelled(0, 100, 54)(0)).toBe(false);
  });
});

describe('at a glance', () => {
  test('empty', () => {
    expect(glanceOf([], now, calendar)).toMatchObject({
      today: emptyTotals(),
      all: emptyTotals(),
      forecast: undefined,
    });
  });

  test('today, week, month and all time from days', () => {
    const days = daysOf(
      ['2026-10-31', '2026-11-01', '2026-11-22', '2026-11-23'].map((key, n) => ({
        key: [key],
        totals: dollars(4 - n),
      })),
    );
    const { today, week, month, all } = glanceOf(days, now, calendar);
    expect([today, week, month, all].map(costNanos)).toEqual([1n, 1n, 6n, 10n].map((n) => n * 10n ** 9n));
    expect(sumOfDays(days, rangeOf('yesterday', now, calendar), calendar).records).toBe(1);
  });
});

describe('the calendar', () => {
  test('weeks of seven local days, the future left out', () => {
    const weeks = heatWeeks([], { end: now, count: 10, measure: 'cost' }, calendar);
    expect(weeks).toHaveLength(10);
    expect(weeks.every(({ days }) => days.length === 7)).toBe(true);
    expect(weeks.at(-1)?.days.map((cell) => cell?.key)).toEqual(['2026-11-23', ...Array(6).fill(undefined)]);
    // The clock changed within this week; its days are still its days.
    expect(weeks.at(-5)?.days.at(-1)?.key).toBe('2026-11-01');
    expect(weeks.at(-6)?.days.at(-1)?.key).toBe('2026-10-25');
  });

  test('a day whose cost nobody knows is no empty day', () => {
    const days = daysOf([
      { key: ['2026-11-21'], totals: dollars(5) },
      { key: ['2026-11-22'], totals: dollars(0, { unpriced: 1 }) },
    ]);
    const cells = heatWeeks(days, { end: now, count: 2, measure: 'cost' }, calendar).flatMap((week) => week.days);
    const level = (key: string): number | undefined => cells.find((cell) => cell?.key === key)?.level;
    expect([level('2026-11-20'), level('2026-11-22'), level('2026-11-21')]).toEqual([0, 1, 4]);
  });
});

describe('the breakdown', () => {
  const children = new Map<string, Children>([
    [
      pathId([]),
      {
        groups: [
          { key: ['a'], totals: dollars(1) },
          { key: ['b'], totals: dollars(3) },
          { key: [null], totals: dollars(100), rest: 7 },
        ],
        slots: new Map([['a', 0]]),
      },
    ],
    [pathId(['b']), { groups: [{ key: ['m'], totals: dollars(3) }], slots: new Map() }],
  ]);
  const rows = (expanded: string[], by: 'cost' | 'name' = 'cost'): [string | null, number, boolean | undefined][] =>
    breakdownRows(
      { levels: ['provider', 'model'], breakdownSort: { by, descending: by === 'cost' }, measure: 'cost' },
      { children, expanded: new Set(expanded), grand: dollars(104) },
      (_, value) => value ?? '',
    ).map(({ value, level, expanded: open }) => [value, level, open]);

  test('the share of what nobody knows the cost of is no 0 %', () => {
    const groups = [
      { key: ['known'], totals: dollars(3) },
      { key: ['unknown'], totals: dollars(0, { unpriced: 1, records: 1 }) },
    ];
    const shares = (measure: Measure): (number | undefined)[] =>
      breakdownRows(
        { levels: ['provider'], breakdownSort: { by: 'cost', descending: true }, measure },
        {
          children: new Map([[pathId([]), { groups, slots: new Map() }]]),
          expanded: new Set(),
          grand: sum(groups.map(({ totals }) => totals)),
        },
        (_, value) => value ?? '',
      ).map(({ share }) => share);
    expect(shares('cost')).toEqual([1, undefined]);
    expect(shares('tokens').every((share) => share !== undefined)).toBe(true);
  });

  test('sorted, the rest last and without children', () => {
    expect(rows([])).toEqual([
      ['b', 0, false],
      ['a', 0, false],
      [null, 0, undefined],
    ]);
    expect(rows([], 'name').map(([value]) => value)).toEqual(['a', 'b', null]);
  });

  test('children follow their open node; those not yet there are awaited', () => {
    expect(rows([pathId(['b']), pathId(['a'])])).toEqual([
      ['b', 0, true],
      ['m', 1, undefined],
      ['a', 0, true],
      [null, 0, undefined],
    ]);
  });
});

describe('pages of records', () => {
  const row = (id: string): RecordRow => ({
    ledger: '/l',
    record: {
      usage_id: id,
      provider: 'p',
      model: 'm',
      operation: 'o',
      input_tokens: 1,
      output_tokens: 2,
      total_tokens: 3,
      cost_usd: 0,
      cost_known: false,
      billing_mode: 'runtime_managed',
      timestamp: '2026-11-23T10:00:00Z',
    },
  });

  test('nothing: nothing to show or to ask for', () => {
    expect(visibleRows(0, 400, 22, 0)).toEqual({ first: 0, last: -1 });
    expect(new LoadedPages(0).missing(0, 20)).toEqual([]);
  });

  test('the window moves over a million rows without keeping them', () => {
    let pages = new LoadedPages(1_000_000);
    for (let page = 0; page < 500; page++) pages = pages.with(page, [row(`r${page}`)]);
    expect(pages.loaded().length).toBeLessThan(25);
    expect(pages.row(499 * PAGE_SIZE)?.record.usage_id).toBe('r499');
    expect(pages.indexOf('r498')).toBe(498 * PAGE_SIZE);
    expect(pages.missing(0, PAGE_SIZE)).toEqual([0, 1]);
    expect(pagesOf(2 * PAGE_SIZE + 1, 4 * PAGE_SIZE)).toEqual([2, 3, 4]);
  });

  test('what stays keeps its row, and what comes takes the row of what went', () => {
    const slots = new Slots();
    expect(slots.take(['a', 'b', 'c'])).toEqual([0, 1, 2]);
    expect(slots.take(['new', 'a', 'b'])).toEqual([2, 0, 1]);
    expect(slots.take(['x', 'y', 'z', 'a'])).toHaveLength(4);
    expect(slots.take(['a'])).toEqual([0]);
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.nat(20).map(String))), (lists) => {
        const some = new Slots();
        for (const ids of lists) expect(new Set(some.take(ids)).size).toBe(ids.length);
      }),
    );
  });

  test('a cost that nobody knows is named, never $0', () => {
    expect(recordCost(row('x'), format)).toBe('unpriced');
    expect(provenance(row('x').record)).toBe('Price unknown. Not included in totals.');
    const fields = recordFields(row('x'), 'costs.json', format);
    expect(fields.find(({ name }) => name === 'Cost')?.value).toBe('unpriced');
  });

  test('time and cost are shown once, in words, beside all other fields of the record', () => {
    const names = recordFields(row('x'), 'costs.json', format).map(({ name }) => name);
    const labels = FIELDS.filter(({ name }) => ['timestamp', 'cost_usd', 'cost_known'].includes(name)).map(
      ({ label }) => label,
    );
    expect(labels).toHaveLength(3);
    // They have lines of another form, so their fields are left out.
    expect(names.slice(0, 2)).toEqual(['Time', 'Cost']);
    for (const label of labels) expect(names.slice(2)).not.toContain(label);
    expect(names.slice(2)).toEqual(expect.arrayContaining(['Model', 'Provider', 'Ledger']));
  });

  test.each(['plan', 'credits'])('a cost that %s cover is marked wherever it is shown', (charge) => {
    const { record } = row('x');
    const covered = { ...row('x'), record: { ...record, cost_usd: 0.25, cost_known: true, charge } };
    expect(recordCost(covered, format)).toBe('$0.2500 plan');
    expect(provenance(covered.record)).toContain('A plan or credits cover it, so it is not part of the cost.');
    const fields = recordFields(covered, 'costs.json', format);
    expect(fields.find(({ name }) => name === 'Cost')?.value).toBe('$0.25 plan');
  });

  test('all fields are shown, also those of others, and hostile text as text', () => {
    const { record } = row('x');
    const hostile = { ...record, note: 'a\u202Eb\u001B[31m', request: { id: 'r' }, '<b>': 1 };
    const fields = recordFields({ ledger: '/l', record: hostile }, 'costs.json', format);
    expect(fields.find(({ name }) => name === 'Note')?.value).toBe('a\uFFFDb␛[31m');
    expect(fields.find(({ name }) => name === 'request')?.value).toBe('{"id":"r"}');
    expect(fields.find(({ name }) => name === '<b>')?.value).toBe('1');
  });
});

test('names for what has none', () => {
  expect(dimensionValueName('project', null, [])).toBe('No project');
  expect(dimensionValueName('cost', 'unknown', [])).toBe('Price unknown');
  expect(dimensionValueName('cost', 'constructor', [])).toBe('constructor');
  expect(dimensionValueName('model', '\u202E', [])).toBe('\uFFFD');
  expect(dimensionValueName('model', '', [])).toBe('(empty)');
});

test('known, estimated and unknown costs are told apart, with every digit', () => {
  expect(format.costExact(dollars(4.2))).toBe('$4.20');
  expect(format.costExact(dollars(0, { recordedNanos: 1n, records: 3, unpriced: 2, estimated: 1 }))).toBe(
    '~$0.000000001 + 2 unpriced',
  );
  expect(format.costExact(dollars(0, { unpriced: 1 }))).toBe('1 unpriced');
  expect(new Format('de', 'UTC').usd(4_200_000_000n)).toBe('4,20\u00A0$');
  expect(new Format('no such language', 'UTC').count(1200)).toBe('1,200');
});

describe('in another currency', () => {
  const euros = new Format('en-US', 'UTC', { code: 'EUR', note: '' });
  const some: Totals = { ...emptyTotals(), records: 3 };
  const shown = (totals: Totals): string => euros.cost(totals).replaceAll('\u00A0', ' ');

  test('amounts carry its code', () => {
    expect(shown(emptyTotals())).toBe('EUR 0.00');
    expect(shown({ ...some, recordedNanos: 42n * 10n ** 20n, unpriced: 1 })).toBe('EUR 4.20 + 1 unpriced');
    expect(euros.moneyTick(1.5e15).replaceAll('\u00A0', ' ')).toBe('EUR 1.5K');
  });

  test('what has no rate stays in USD, and is never a zero of the other currency', () => {
    const early = { ...some, unconvertedNanos: 1_000_000_000n };
    expect(shown(early)).toBe('$1.00 not converted');
    expect(shown({ ...early, unpriced: 3 })).toBe('3 unpriced');
    expect(shown({ ...early, estimated: 1, recordedNanos: 10n ** 21n })).toBe('~EUR 1.00 + ~$1.00 not converted');
    expect(compare(early, some).complete).toBe(false);
  });

  test('crosses from the host unchanged', () => {
    const totals = { ...some, recordedNanos: 10n ** 45n, unconvertedNanos: 0n };
    expect(decodeGroups(encodeGroups([{ key: ['a'], totals }]))).toEqual([{ key: ['a'], totals }]);
  });
});
