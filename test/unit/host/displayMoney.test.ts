import { describe, expect, it } from 'vitest';
import { shownCosts } from '../../../src/host/displayMoney.ts';
import { statusText, statusTooltip } from '../../../src/host/statusText.ts';
import { readDisplayCurrency } from '../../../src/pricing/currency.ts';
import type { DisplayCurrency } from '../../../src/pricing/currency.ts';
import type { AggregateQuery, Group } from '../../../src/usage/query.ts';
import { t, totals } from './totals.ts';

const QUERY: AggregateQuery = { filter: {}, groupBy: ['model'], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
const currency = (value: unknown): DisplayCurrency => {
  const read = readDisplayCurrency(value);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};
const usd = (dollars: number, more = {}): Group['totals'] =>
  totals({ records: 1, recordedNanos: BigInt(dollars) * 1_000_000_000n, ...more });
const never = (): never => {
  throw new Error('asked');
};

describe('shownCosts', () => {
  it('shows nothing of nothing', async () => {
    expect((await shownCosts(never, QUERY, [], currency({ currency: 'EUR', rate: 0.5 }), 'en-US')).size).toBe(0);
  });

  it('converts at one rate without asking again, and marks the currency', async () => {
    const groups: Group[] = [
      { key: ['a'], totals: usd(10) },
      { key: ['b'], totals: usd(2, { records: 3, estimated: 1, unpriced: 1 }) },
      { key: ['c'], totals: totals({ records: 1, unpriced: 1 }) },
    ];
    const shown = await shownCosts(never, QUERY, groups, currency({ currency: 'EUR', rate: 0.92 }), 'en-US');
    expect(groups.map(({ totals }) => shown.get(totals)?.replaceAll('\u00a0', ' '))).toEqual([
      'EUR 9.20',
      '~EUR 1.84 + 1 unpriced',
      '1 unpriced',
    ]);
  });

  it("converts each day at that day's rate, and leaves what has none in USD", async () => {
    const display = currency({ currency: 'EUR', rates: { '2026-01-01': 0.5, '2026-02-01': 2 } });
    const a = usd(3);
    const b = usd(1);
    const days: Group[] = [
      { key: ['a', '2026-01-31'], totals: usd(2) },
      { key: ['a', '2026-02-01'], totals: usd(1) },
      { key: ['b', '2025-12-31'], totals: usd(1) },
    ];
    const asked: AggregateQuery[] = [];
    const ask = (query: AggregateQuery): Group[] => {
      asked.push(query);
      return days;
    };
    const groups = [
      { key: ['a'], totals: a },
      { key: ['b'], totals: b },
    ];
    const shown = await shownCosts(ask, QUERY, groups, display, 'en-US');
    expect(asked.map(({ groupBy }) => groupBy)).toEqual([['model', 'day']]);
    expect(shown.get(a)?.replaceAll('\u00a0', ' ')).toBe('EUR 3.00');
    expect(shown.has(b)).toBe(false);
  });

  it('stands in the status bar, with the USD that are stored in its tooltip', () => {
    const today = usd(10);
    const spend = { today, week: today, month: today, all: today, topModels: [], forecastNanos: undefined };
    const shown = { currency: 'EUR', costs: new Map([[today, 'EUR 9.20']]) };
    const model = { health: 'ok', problems: [], period: 'today', spend, shown } as const;
    const style = { locale: 'en-US', t };
    expect(statusText(model, style)).toBe('$(credit-card) EUR 9.20');
    const tooltip = statusTooltip(model, { open: 'o', record: 'r', verify: 'v' }, style);
    expect(tooltip).toContain('Shown in EUR at your rates&#46; Stored in USD&#58; &#36;10&#46;00&#46;');
  });
});
