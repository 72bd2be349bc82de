import type { Converted } from '../../pricing/converted.ts';
import { formatAmount } from '../../usage/amount.ts';
import { formatUsd } from '../../usage/money.ts';
import { costNanos } from '../../usage/query.ts';
import type { Totals } from '../../usage/query.ts';
import { formatTotals } from '../../usage/summary.ts';

/** Formats a cost with its unknown parts, in the user's currency where it could be converted. */
export function costText(totals: Totals, shown: Converted | undefined, locale: string): string {
  if (shown === undefined) return formatTotals(totals, locale);
  const amount = (money: bigint): string => formatAmount(money, shown.currency, locale);
  return formatTotals(totals, locale, amount(costNanos(shown.totals)), amount(shown.totals.planNanos));
}

/** Formats part of a cost: in the currency of `shown` if given, else in USD. */
export function moneyText(money: bigint, shown: Converted | undefined, locale: string): string {
  return shown === undefined ? formatUsd(money, locale) : formatAmount(money, shown.currency, locale);
}
