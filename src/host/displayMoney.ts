import { convert } from '../pricing/currency.ts';
import type { DisplayCurrency } from '../pricing/currency.ts';
import { formatAmount } from '../usage/amount.ts';
import type { Amount } from '../usage/amount.ts';
import { costNanos } from '../usage/query.ts';
import type { AggregateQuery, Group, Totals } from '../usage/query.ts';
import { formatTotals } from '../usage/summary.ts';
import type { Ask } from '../usage/summary.ts';

/** Costs as texts in the currency that the person chose, by the totals that they belong to. */
export type ShownCosts = ReadonlyMap<Totals, string>;

/**
 * Converts groups, each day's spend at that day's rate, so that the past does not change when the rate does. A group with a
 * day for which there is no rate is left out, and so shown in USD.
 * @param query what the groups are the answer to; it is asked again by days where rates are dated.
 */
export async function shownCosts(
  ask: Ask,
  query: AggregateQuery,
  groups: readonly Group[],
  display: DisplayCurrency,
  locale: string,
): Promise<ShownCosts> {
  const [rate] = display.rates;
  const dated = rate?.day !== '';
  const byDay = dated ? await ask({ ...query, groupBy: [...query.groupBy, 'day'] }) : groups;
  const sums = new Map<string, Amount | undefined>();
  for (const { key, totals } of byDay) {
    const name = JSON.stringify(dated ? key.slice(0, -1) : key);
    const converted = convert(costNanos(totals), dated ? (key.at(-1) ?? '') : '', display);
    const before = sums.has(name) ? sums.get(name) : 0n;
    // A day of unknown costs needs no rate.
    const none = converted.kind === 'no-rate' && costNanos(totals) !== 0n;
    sums.set(name, none || before === undefined ? undefined : before + amountOf(converted));
  }
  const shown = new Map<Totals, string>();
  for (const { key, totals } of groups) {
    const name = JSON.stringify(key);
    const amount = sums.has(name) ? sums.get(name) : 0n;
    if (amount !== undefined)
      shown.set(totals, formatTotals(totals, locale, formatAmount(amount, display.currency, locale)));
  }
  return shown;
}

function amountOf(converted: ReturnType<typeof convert>): Amount {
  return converted.kind === 'converted' ? converted.amount : 0n;
}
