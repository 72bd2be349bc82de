import { dirname } from 'node:path';
import { OLD_PRICES_DAYS, priceAgeDays } from '../../prices/priceAge.ts';
import { defaultLedgerPath } from '../../system/paths.ts';
import type { Totals } from '../../usage/query.ts';

/** A sentence on prices that are old, because estimates are as good as these; undefined where there is nothing to say. */
export async function priceNote(totals: Totals, now: number): Promise<string | undefined> {
  if (totals.estimated + totals.plan === 0) return undefined;
  const days = await priceAgeDays(dirname(defaultLedgerPath()), now);
  if (days <= OLD_PRICES_DAYS) return undefined;
  return `The prices are ${days} days old: llm-spend prices update downloads the latest.`;
}
