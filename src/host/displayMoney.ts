import { convertedGroups } from '../pricing/converted.ts';
import type { DisplayCurrency } from '../pricing/currency.ts';
import { formatAmount } from '../usage/amount.ts';
import type { Amount } from '../usage/amount.ts';
import { formatUsd } from '../usage/money.ts';
import type { Nanos } from '../usage/money.ts';
import { costNanos, emptyTotals } from '../usage/query.ts';
import type { AggregateQuery, Group, Totals } from '../usage/query.ts';
import { formatTotals } from '../usage/summary.ts';
import type { Ask } from '../usage/summary.ts';

/** Totals whose costs are amounts of another currency. */
export interface Converted {
  currency: string;
  totals: Totals;
}

/** What is shown in the currency that the person chose, by the totals in USD that it comes from. */
export type ShownCosts = ReadonlyMap<Totals, Converted>;

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
): Promise<ShownCosts> {
  const { currency } = display;
  const answer: Ask = (asked) => (asked === query ? [...groups] : ask(asked));
  const converted = new Map(
    (await convertedGroups(answer, query, display)).map(({ key, totals }) => [JSON.stringify(key), totals]),
  );
  const shown = new Map<Totals, Converted>();
  for (const { key, totals } of groups) {
    const found = converted.get(JSON.stringify(key)) ?? emptyTotals();
    if (found.unconvertedNanos === undefined) shown.set(totals, { currency, totals: found });
  }
  return shown;
}

/** A cost that hides nothing, in the currency that the person chose where it could be converted. */
export function costText(totals: Totals, shown: Converted | undefined, locale: string): string {
  if (shown === undefined) return formatTotals(totals, locale);
  return formatTotals(totals, locale, formatAmount(costNanos(shown.totals), shown.currency, locale));
}

/** A part of a cost: of `shown` where there is one, else USD. */
export function moneyText(money: Nanos | Amount, shown: Converted | undefined, locale: string): string {
  return shown === undefined ? formatUsd(money, locale) : formatAmount(money, shown.currency, locale);
}
