import { describe, expect, it } from 'vitest';
import { emptyTotals, type AggregateQuery, type Calendar, type Group, type Totals } from '../../../src/usage/query.ts';
import { compare, forecast, formatPaidAndPlan, formatTotals, summarize, within } from '../../../src/usage/summary.ts';
import { UsageTable } from '../../../src/columns/table.ts';
import { usage } from './records.ts';

const utc: Calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const DOLLAR = 1_000_000_000n;
const totals = (fields: Partial<Totals>): Totals => ({ ...emptyTotals(), ...fields });

describe('summarize', () => {
  const now = Date.parse('2026-11-25T12:00:00Z');

  it('of nothing is nothing, with no forecast', async () => {
    const table = new UsageTable();
    const summary = await summarize((query) => table.aggregate(query), now, utc);
    expect(summary).toEqual({
      today: emptyTotals(),
      week: emptyTotals(),
      month: emptyTotals(),
      all: emptyTotals(),
      topModels: [],
      forecastNanos: undefined,
    });
  });

  it('sums the periods, names the dearest models and looks ahead', async () => {
    const table = new UsageTable();
    const ledger = table.addLedger('a');
    const add = (usage_id: string, timestamp: string, cost_usd: number, model: string): void => {
      table.add(ledger, usage({ usage_id, timestamp, cost_usd, model }), 0);
    };
    add('1', '2026-11-25T01:00:00Z', 1, 'small');
    add('2', '2026-11-25T02:00:00Z', 2, 'large');
    add('3', '2026-11-23T02:00:00Z', 4, 'large');
    add('4', '2026-11-02T02:00:00Z', 42, 'other');
    add('5', '2026-10-02T02:00:00Z', 100, 'other');
    const summary = await summarize((query) => Promise.resolve(table.aggregate(query)), now, utc, { models: 1 });
    expect([summary.today, summary.week, summary.month, summary.all].map((t) => t.recordedNanos / DOLLAR)).toEqual([
      3n,
      7n,
      49n,
      149n,
    ]);
    expect(summary.topModels.map(({ model }) => model)).toEqual(['large']);
    // 24.5 of 30 days have passed.
    expect(summary.forecastNanos).toBe(60n * DOLLAR);
    const ask = (query: AggregateQuery): Group[] => table.aggregate(query);
    const byMonth = await summarize(ask, now, utc, { period: 'month', filter: { search: 'large' } });
    expect(byMonth.topModels.map(({ model, totals: of }) => [model, of.recordedNanos / DOLLAR])).toEqual([
      ['large', 6n],
    ]);
    expect(byMonth.all.records).toBe(2);
    const all = await summarize(ask, now, utc, { period: 'all' });
    expect(all.topModels.map(({ model }) => model)).toEqual(['other', 'large', 'small']);
    const nameless: Group[] = [{ key: [null], totals: totals({ records: 1 }) }];
    const none = await summarize(({ groupBy }) => (groupBy.length === 0 ? [] : nameless), now, utc);
    expect(none.topModels).toEqual([{ model: '', totals: totals({ records: 1 }) }]);
  });
});

describe('forecast', () => {
  const range = { since: 0, until: 6000 };
  const spent = totals({ records: 1, recordedNanos: 10n });

  it('is what is spent by the share of the period that has passed', () => {
    expect(forecast(spent, range, 3000)).toBe(20n);
    expect(forecast(totals({ records: 2, recordedNanos: 5n, estimatedNanos: 5n, estimated: 1 }), range, 2000)).toBe(
      30n,
    );
  });

  it('is not made too early, too late, or out of nothing', () => {
    expect(forecast(spent, range, 99)).toBeUndefined();
    expect(forecast(spent, range, -1)).toBeUndefined();
    expect(forecast(spent, range, 6000)).toBeUndefined();
    expect(forecast(emptyTotals(), range, 3000)).toBeUndefined();
    expect(forecast(totals({ records: 3, unpriced: 3 }), range, 3000)).toBeUndefined();
  });
});

describe('compare', () => {
  it('gives the difference and its share', () => {
    const before = totals({ records: 1, recordedNanos: 4n });
    expect(compare(totals({ records: 1, recordedNanos: 5n }), before)).toEqual({
      differenceNanos: 1n,
      change: 0.25,
      complete: true,
    });
    expect(compare(emptyTotals(), before).change).toBe(-1);
  });

  it('knows no share of nothing, and says when costs are missing', () => {
    expect(compare(totals({ records: 2, recordedNanos: 5n, unpriced: 1 }), emptyTotals())).toEqual({
      differenceNanos: 5n,
      change: undefined,
      complete: false,
    });
  });
});

describe('within', () => {
  it('takes the later start, the earlier end, and keeps the rest', () => {
    expect(within({ since: 1, until: 9, search: 'x' }, { since: 3 })).toEqual({ since: 3, until: 9, search: 'x' });
    expect(within({}, { since: 3, until: 4 })).toEqual({ since: 3, until: 4 });
    expect(within({ since: 5, until: 6 }, { since: 3, until: 9 })).toEqual({ since: 5, until: 6 });
    expect(within({ since: 1, until: 9 }, { since: 3, until: 4 })).toEqual({ since: 3, until: 4 });
    expect(within({ since: 1, until: 2 }, {})).toEqual({ since: 1, until: 2 });
    expect(within({ search: 'x' }, {}).since).toBeUndefined();
  });
});

describe('formatTotals', () => {
  it('never hides what is not known', () => {
    const text = (fields: Partial<Totals>): string => formatTotals(totals(fields));
    expect(text({})).toBe('$0.00');
    expect(text({ records: 2 })).toBe('$0.00');
    expect(text({ records: 12, unpriced: 12 })).toBe('12 unpriced');
    expect(text({ records: 13, unpriced: 12, recordedNanos: 4_200_000_000n })).toBe('$4.20 + 12 unpriced');
    expect(text({ records: 2, unpriced: 1 })).toBe('$0.00 + 1 unpriced');
    expect(text({ records: 1, estimated: 1, estimatedNanos: 4_200_000_000n })).toBe('~$4.20');
    expect(text({ records: 1, recordedNanos: 1n })).toBe('$0.000000001');
  });

  it('keeps what a plan covers apart from what was paid', () => {
    const plan = { plan: 2, planNanos: 310n * DOLLAR };
    const text = (fields: Partial<Totals>): string => formatTotals(totals({ ...plan, ...fields }));
    expect(text({ records: 3, recordedNanos: 12n * DOLLAR })).toBe('$12.00 + $310.00 plan');
    expect(text({ records: 4, recordedNanos: 12n * DOLLAR, unpriced: 1 })).toBe('$12.00 + $310.00 plan + 1 unpriced');
    expect(text({ records: 2 })).toBe('$310.00 plan');
    expect(text({ records: 3, unpriced: 1 })).toBe('$310.00 plan + 1 unpriced');
    expect(formatTotals(totals({ ...plan, records: 3, estimated: 1 }), 'en-US', 'EUR 1', 'EUR 2')).toBe(
      '~EUR 1 + EUR 2 plan',
    );
    expect(formatTotals(totals({ records: 1 }), 'en-US', 'EUR 1', 'EUR 2')).toBe('EUR 1');
  });

  it('says in words what was paid and what a plan covered', () => {
    const text = (fields: Partial<Totals>): string | undefined => formatPaidAndPlan(totals(fields));
    expect(text({ records: 3, recordedNanos: DOLLAR })).toBeUndefined();
    const plan = { records: 3, plan: 1, planNanos: 310n * DOLLAR, recordedNanos: 2n * DOLLAR };
    expect(text(plan)).toBe('$2.00 paid, $310.00 of plan usage at list price');
    expect(text({ ...plan, estimated: 1, unpriced: 1500 })).toBe(
      '~$2.00 paid, $310.00 of plan usage at list price, 1,500 unpriced',
    );
  });

  it('speaks the locale', () => {
    const german = formatTotals(totals({ records: 2000, unpriced: 1500, recordedNanos: 1234_500_000_000n }), 'de-DE');
    expect(german.replace(/\s/g, ' ')).toBe('1.234,50 $ + 1.500 unpriced');
  });
});
