import { describe, expect, it } from 'vitest';
import { convertedCost, convertedGroups, shownCosts } from '../../../src/pricing/converted.ts';
import { currencyNote, readDisplayCurrency } from '../../../src/pricing/currency.ts';
import type { DisplayCurrency } from '../../../src/pricing/currency.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import type { AggregateQuery, Group, Totals } from '../../../src/usage/query.ts';
import { usage } from '../usage/records.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const read = (value: unknown): DisplayCurrency => {
  const display = readDisplayCurrency(value);
  if ('problem' in display) throw new Error(display.problem);
  return display;
};
const one = read({ currency: 'EUR', rate: 0.5 });
const dated = read({ currency: 'EUR', rates: { '2026-02-01': 2, '2026-01-01': 0.5 } });
/** A nano-dollar at a rate of 0.5, and of 2. */
const HALF = 5n * 10n ** 11n;
const TWO = 2n * 10n ** 12n;

const totals = (more: Partial<Totals>): Totals => ({ ...emptyTotals(), records: 1, ...more });
const query = (...groupBy: AggregateQuery['groupBy']): AggregateQuery => ({
  filter: { search: 'x' },
  groupBy,
  calendar,
});

/** A ledger that gives the answer, and notes what it was asked. */
function ledger(answer: readonly Group[]): { ask: (asked: AggregateQuery) => Group[]; asked: AggregateQuery[] } {
  const asked: AggregateQuery[] = [];
  return { asked, ask: (each) => (asked.push(each), [...answer]) };
}

describe('sums in another currency', () => {
  it('at one rate are those of one question, all three kinds of cost', async () => {
    const { ask, asked } = ledger([
      { key: ['m'], totals: totals({ recordedNanos: 1n, estimatedNanos: 2n, planNanos: 3n, unpriced: 4 }) },
    ]);
    expect(await convertedGroups(ask, query('model'), one)).toEqual([
      {
        key: ['m'],
        totals: totals({ recordedNanos: HALF, estimatedNanos: 2n * HALF, planNanos: 3n * HALF, unpriced: 4 }),
      },
    ]);
    expect(asked).toEqual([query('model')]);
  });

  it('at dated rates are asked by day and added up, each day at its own rate', async () => {
    const { ask, asked } = ledger([
      { key: ['a', '2026-01-31'], totals: totals({ recordedNanos: 1n }) },
      { key: ['b', '2026-02-01'], totals: totals({ recordedNanos: 7n }) },
      { key: ['a', '2026-02-01'], totals: totals({ estimatedNanos: 3n, estimated: 1 }) },
      { key: [null, '2026-02-01'], totals: totals({ planNanos: 5n, plan: 1 }) },
    ]);
    expect(await convertedGroups(ask, query('model'), dated)).toEqual([
      { key: ['a'], totals: totals({ records: 2, recordedNanos: HALF, estimatedNanos: 3n * TWO, estimated: 1 }) },
      { key: ['b'], totals: totals({ recordedNanos: 7n * TWO }) },
      { key: [null], totals: totals({ planNanos: 5n * TWO, plan: 1 }) },
    ]);
    expect(asked).toEqual([query('model', 'day')]);
  });

  it.each([
    ['day', '2026-01-31', '2026-02-01'],
    ['hour', '2026-01-31T23+01:00', '2026-02-01T00+01:00'],
  ] as const)('by %s need no second question, wherever it stands', async (bucket, before, after) => {
    for (const place of [0, 1]) {
      const groupBy = place === 0 ? ([bucket, 'model'] as const) : (['model', bucket] as const);
      const keyOf = (time: string): string[] => (place === 0 ? [time, 'm'] : ['m', time]);
      const { ask, asked } = ledger([
        { key: keyOf(before), totals: totals({ recordedNanos: 1n }) },
        { key: keyOf(after), totals: totals({ recordedNanos: 1n }) },
      ]);
      expect(await convertedGroups(ask, query(...groupBy), dated)).toEqual([
        { key: keyOf(before), totals: totals({ recordedNanos: HALF }) },
        { key: keyOf(after), totals: totals({ recordedNanos: TWO }) },
      ]);
      expect(asked).toEqual([query(...groupBy)]);
    }
  });

  it('keep apart the days without a rate, of which those without a cost need none', async () => {
    const { ask } = ledger([
      {
        key: ['a', '2025-12-31'],
        totals: totals({ recordedNanos: 1n, estimatedNanos: 2n, planNanos: 4n, estimated: 1 }),
      },
      { key: ['a', '2026-01-01'], totals: totals({ recordedNanos: 8n }) },
      { key: ['b', '2025-12-31'], totals: totals({ unpriced: 1 }) },
    ]);
    expect(await convertedGroups(ask, query('model'), dated)).toEqual([
      { key: ['a'], totals: totals({ records: 2, recordedNanos: 8n * HALF, unconvertedNanos: 7n, estimated: 1 }) },
      { key: ['b'], totals: totals({ unpriced: 1 }) },
    ]);
  });

  it('decide by themselves which groups are the largest', async () => {
    // In dollars `early` is the largest, in euros `late`. The others stand where the first of them stood.
    const { ask, asked } = ledger([
      { key: ['early', '2026-01-01'], totals: totals({ recordedNanos: 3n }) },
      { key: ['late', '2026-02-01'], totals: totals({ recordedNanos: 2n }) },
      { key: ['least', '2026-01-01'], totals: totals({ recordedNanos: 1n }) },
    ]);
    const top = { count: 1, by: 'cost' } as const;
    expect(await convertedGroups(ask, { ...query('model'), top }, dated)).toEqual([
      { key: [null], totals: totals({ records: 2, recordedNanos: 4n * HALF }), rest: 2 },
      { key: ['late'], totals: totals({ recordedNanos: 2n * TWO }) },
    ]);
    expect(asked).toEqual([query('model', 'day')]);
  });
});

describe('the cost of a record', () => {
  it('is that of its local day, and none where it is unknown or has no rate', () => {
    const cost = (timestamp: string, more: object = {}, display = dated): string | undefined =>
      convertedCost(usage({ usage_id: 'u', timestamp, cost_usd: 1, ...more }), calendar, display);
    expect(cost('2026-01-15T12:00:00Z')).toBe(String(10n ** 9n * HALF));
    // Midnight has passed in Berlin.
    expect(cost('2026-01-31T23:30:00Z')).toBe(String(10n ** 9n * TWO));
    expect(cost('2025-12-31T12:00:00Z')).toBeUndefined();
    expect(cost('2025-12-31T12:00:00Z', {}, one)).toBe(String(10n ** 9n * HALF));
    expect(cost('2026-01-15T12:00:00Z', { cost_known: false })).toBeUndefined();
  });
});

describe('costs that are shown', () => {
  it('are found by the totals in dollars; where a day has no rate there are none', async () => {
    const groups: Group[] = [
      { key: ['a'], totals: totals({ recordedNanos: 1n }) },
      { key: ['b'], totals: totals({ recordedNanos: 2n }) },
      { key: ['c'], totals: totals({ records: 0 }) },
    ];
    const byDay = ledger([
      { key: ['a', '2026-02-01'], totals: totals({ recordedNanos: 1n }) },
      { key: ['b', '2025-02-01'], totals: totals({ recordedNanos: 2n }) },
    ]);
    const shown = await shownCosts(byDay.ask, query('model'), groups, dated);
    expect(groups.map((group) => shown.get(group.totals))).toEqual([
      { currency: 'EUR', totals: totals({ recordedNanos: TWO }) },
      undefined,
      { currency: 'EUR', totals: emptyTotals() },
    ]);
    // At one rate the groups say it all.
    const never = ledger([]);
    const all = await shownCosts(never.ask, query('model'), groups, one);
    expect([all.size, all.get(groups[1]!.totals)?.totals.recordedNanos, never.asked]).toEqual([3, 2n * HALF, []]);
  });
});

describe('the note about a currency', () => {
  it('says the rate, and from when', () => {
    expect(currencyNote(one)).toBe('Converted at your rate: USD 1 = EUR 0.5. Stored costs stay in USD.');
    expect(currencyNote(dated)).toBe(
      'Each day converted at your rate of that day, from 2026-01-01; the last one, of 2026-02-01, is USD 1 = EUR 2. Stored costs stay in USD.',
    );
  });

  it.each([
    [{ currency: 'EUR', rate: 1e9 }, undefined],
    [{ currency: 'EUR', rate: '1000000000.000000000001' }, /at most 1000000000/],
    [{ currency: 'EUR', rate: '0.000000000001' }, undefined],
    [{ currency: 'EURO', rate: 1 }, /three capital letters/],
    [{ currency: 'XEUR', rate: 1 }, /three capital letters/],
    [{ currency: 'EUR', rates: { '2026-02-30': 1 } }, /rates\.2026-02-30: must be a day/],
    [{ currency: 'EUR', rates: [] }, /must be \{"currency"/],
    [{ currency: 'EUR', rates: { '2026-01-01': 1 }, rate: 1 }, /^rate: is unknown; it must be \{/],
    ['EUR', /^must be \{/],
  ])('%j is valid, or the mistake is named', (value, problem) => {
    const found = readDisplayCurrency(value);
    if (problem === undefined) expect(found).not.toHaveProperty('problem');
    else expect(found).toEqual({ problem: expect.stringMatching(problem) as string });
  });
});
