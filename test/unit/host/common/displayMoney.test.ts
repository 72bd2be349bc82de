import { describe, expect, it } from 'vitest';
import { costNotes } from '../../../../src/host/common/costText.ts';
import { costText } from '../../../../src/host/common/displayMoney.ts';
import { shownCosts } from '../../../../src/pricing/converted.ts';
import type { ShownCosts } from '../../../../src/pricing/converted.ts';
import { statusText, statusTooltip } from '../../../../src/host/status/statusText.ts';
import { readDisplayCurrency } from '../../../../src/pricing/currency.ts';
import type { DisplayCurrency } from '../../../../src/pricing/currency.ts';
import type { AggregateQuery, Group, Totals } from '../../../../src/usage/query.ts';
import { t, totals } from '../totals.ts';

const QUERY: AggregateQuery = { filter: {}, groupBy: ['model'], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
const currency = (value: unknown): DisplayCurrency => {
  const read = readDisplayCurrency(value);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};
const usd = (dollars: number, more = {}): Group['totals'] =>
  totals({ records: 1, recordedNanos: BigInt(dollars) * 1_000_000_000n, ...more });
const text = (totals: Totals, shown: ShownCosts): string =>
  costText(totals, shown.get(totals), 'en-US').replaceAll('\u00a0', ' ');
const never = (): never => {
  throw new Error('asked');
};

describe('shownCosts', () => {
  it('shows nothing of nothing', async () => {
    expect((await shownCosts(never, QUERY, [], currency({ currency: 'EUR', rate: 0.5 }))).size).toBe(0);
  });

  it('converts at one rate without asking again, and marks the currency', async () => {
    const groups: Group[] = [
      { key: ['a'], totals: usd(10) },
      { key: ['b'], totals: usd(2, { records: 3, estimated: 1, unpriced: 1 }) },
      { key: ['c'], totals: totals({ records: 1, unpriced: 1 }) },
    ];
    const shown = await shownCosts(never, QUERY, groups, currency({ currency: 'EUR', rate: 0.92 }));
    expect(groups.map(({ totals }) => text(totals, shown))).toEqual([
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
    const shown = await shownCosts(ask, QUERY, groups, display);
    expect(asked.map(({ groupBy }) => groupBy)).toEqual([['model', 'day']]);
    expect(text(a, shown)).toBe('EUR 3.00');
    expect(shown.has(b)).toBe(false);
  });

  it('says what a part of it is estimated in the same currency', async () => {
    const a = totals({ records: 2, recordedNanos: 1_000_000_000n, estimatedNanos: 3_000_000_000n, estimated: 1 });
    const display = currency({ currency: 'EUR', rate: 0.5 });
    const shown = await shownCosts(never, QUERY, [{ key: ['a'], totals: a }], display);
    expect(text(a, shown)).toBe('~EUR 2.00');
    const [note = ''] = costNotes(a, { locale: 'en-US', t }, shown.get(a));
    expect(note.replaceAll('\u00a0', ' ')).toBe('Includes EUR 1.50 estimated from prices (1 call).');
    expect(costNotes(a, { locale: 'en-US', t })).toEqual(['Includes $3.00 estimated from prices (1 call).']);
  });

  it('stands in the status bar, with the USD that are stored in its tooltip', async () => {
    const today = usd(10);
    const month = usd(20);
    const spend = { today, week: today, month, all: month, topModels: [], forecastNanos: 60_000_000_000n };
    const display = currency({ currency: 'EUR', rate: 0.92 });
    const costs = await shownCosts(never, { ...QUERY, groupBy: [] }, [{ key: [], totals: today }], display);
    const shown = { currency: 'EUR', costs, forecast: undefined };
    const model = { health: 'ok', problems: [], warnings: [], period: 'today', spend, shown } as const;
    const style = { locale: 'en-US', t };
    const links = {
      open: 'o',
      record: 'r',
      verify: 'v',
      prices: 'p',
      updatePrices: 'command:updatePrices',
      team: 'command:team',
    };
    expect(statusText(model, style)).toBe('$(credit-card) EUR\u00a09.20');
    const tooltip = statusTooltip(model, links, style);
    expect(tooltip).toContain('Shown in EUR at your rates&#46; Stored in USD&#58; &#36;10&#46;00&#46;');
    // The month could not be converted: it and where it is heading stay in USD.
    expect(tooltip).toContain('Projected for this month&#58; &#36;60&#46;00');
    const heading = { ...shown, forecast: 55_200_000_000n * 10n ** 12n };
    expect(statusTooltip({ ...model, shown: heading }, links, style)).toMatch(
      /Projected for this month&#58; EUR\s55&#46;20/,
    );
  });
});
