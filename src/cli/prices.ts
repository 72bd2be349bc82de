import type { UserPrices } from '../ledger/prices.ts';
import type { PriceSource } from '../ledger/types.ts';
import type { UsageRecord } from '../usage/record.ts';
import { plain } from '../usage/text.ts';
import { shellQuoted } from './shell.ts';

/** The person's prices, loaded when the first one is asked for: a `record` with its cost never pays for them. */
let shared: Promise<UserPrices> | undefined;

export function userPrices(): Promise<UserPrices> {
  shared ??= import('../ledger/prices.ts').then(
    ({ UserPrices }) =>
      new UserPrices({ warn: (message) => process.stderr.write(`llm-spend: warning: ${plain(message)}\n`) }),
  );
  return shared;
}

/** What the command's ledgers price by. */
export const userPricing: PriceSource = {
  costsOf: async (usages) => (await userPrices()).costsOf(usages),
};

/** Why a record has no cost, and what helps. */
export interface Unpriced {
  code: string;
  message: string;
}

/** @param record one whose cost nobody gave. */
export async function whyUnpriced(record: UsageRecord): Promise<Unpriced> {
  if (record.total_tokens === 0) {
    return { code: 'no-tokens', message: 'Neither a cost nor tokens were given. Give --cost-usd or the tokens.' };
  }
  const pricer = await (await userPrices()).pricer();
  const result = pricer?.price(record);
  if (result === undefined) return { code: 'no-prices', message: 'The prices cannot be read.' };
  // Between the two looks somebody has set a price.
  if (result.kind === 'priced') return { code: 'priced-since', message: 'It has a price now: llm-spend reprice' };
  const names = `${shellQuoted(record.model)} --provider ${shellQuoted(record.provider)}`;
  const helps = HELPED_BY_A_PRICE.has(result.code)
    ? ` Record it with --cost-usd, or set a price: llm-spend prices set ${names} --input USD --output USD`
    : ' Record it with --cost-usd.';
  return { code: result.code, message: `${result.message}${helps}` };
}

const HELPED_BY_A_PRICE: ReadonlySet<string> = new Set([
  'unknown-provider',
  'unknown-model',
  'no-list-price',
  'no-token-price',
  'part-without-price',
]);
