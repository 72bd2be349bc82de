import type { UserPrices } from '../prices/index.ts';
import type { CostSource } from '../pricing/costSource.ts';
import { plain } from '../usage/text.ts';
import { t, tMessage } from './language/text.ts';

let shared: Promise<UserPrices> | undefined;

/** The user's prices, loaded when the first price is needed: a `record` with its cost never loads them. */
export function userPrices(): Promise<UserPrices> {
  shared ??= import('../prices/index.ts').then(
    ({ UserPrices }) =>
      new UserPrices({
        warn: (message) => process.stderr.write(`llm-spend: ${t`warning:`} ${plain(tMessage(message))}\n`),
      }),
  );
  return shared;
}

/** Prices usage for the command's ledgers. */
export const userPricing: CostSource = {
  costsOf: async (usages) => (await userPrices()).costsOf(usages),
};
