import { dirname } from 'node:path';
import { OLD_PRICES_DAYS, priceAgeDays } from '../../prices/priceAge.ts';
import { defaultLedgerPath } from '../../system/paths.ts';
import type { Totals } from '../../usage/query.ts';
import { t } from '../language/text.ts';

/** A sentence on prices that are old, because estimates are as good as these; undefined where there is nothing to say. */
export async function priceNote(now: number): Promise<string | undefined> {
  const days = await oldPricesDays(now);
  return days === undefined
    ? undefined
    : t`The prices are ${days} days old: llm-spend prices update downloads the latest.`;
}

/** The age of the prices in days; undefined for prices that are not old. */
export async function oldPricesDays(now: number): Promise<number | undefined> {
  const days = await priceAgeDays(dirname(defaultLedgerPath()), now);
  return days > OLD_PRICES_DAYS ? days : undefined;
}

/** Whether a total depends on list prices. */
export function isPricedByList({ estimated, plan }: Totals): boolean {
  return estimated + plan > 0;
}
