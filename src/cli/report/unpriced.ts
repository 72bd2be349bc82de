import type { UsageRecord } from '../../usage/record.ts';
import { userPrices } from '../userPrices.ts';
import type { LedgerFlag } from '../arguments/ledgerPath.ts';
import { commandLine, shellQuoted } from '../arguments/shell.ts';
import { t } from '../language/text.ts';

/** Why a record has no cost, and how to fix it. */
export interface Unpriced {
  code: string;
  message: string;
}

/**
 * The suggested command refers to the stored record by id, because recording it again would double-count it.
 * @param record a record stored without a cost.
 */
export async function whyUnpriced(record: UsageRecord, flags: LedgerFlag): Promise<Unpriced> {
  const again = t`To correct it: ${commandLine('remove', flags)} ${shellQuoted(record.usage_id)}, then record it again`;
  if (record.total_tokens === 0) {
    return {
      code: 'no-tokens',
      message: t`Neither a cost nor tokens were given. ${again} with --cost-usd or the tokens.`,
    };
  }
  const pricer = await (await userPrices()).pricer();
  const reprice = commandLine('reprice', flags);
  const result = pricer?.price(record);
  if (result === undefined) {
    return { code: 'no-prices', message: t`The prices cannot be read. Once they can: ${reprice}` };
  }
  // A price was set between the two lookups.
  if (result.kind === 'priced') return { code: 'priced-since', message: t`It has a price now: ${reprice}` };
  const names = `${shellQuoted(record.model)} --provider ${shellQuoted(record.provider)}`;
  const helps = HELPED_BY_A_PRICE.has(result.code)
    ? t`Set a price, then ${reprice}: llm-spend prices set ${names} --input USD --output USD`
    : t`${again} with --cost-usd.`;
  return { code: result.code, message: `${capitalised(result.message)} ${helps}` };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const HELPED_BY_A_PRICE: ReadonlySet<string> = new Set([
  'unknown-provider',
  'unknown-model',
  'no-list-price',
  'no-token-price',
  'part-without-price',
]);
