import type { UserPrices } from '../prices/index.ts';
import type { CostSource } from '../pricing/costSource.ts';
import { plain } from '../usage/text.ts';

let shared: Promise<UserPrices> | undefined;

/** The person's prices, loaded when the first one is asked for: a `record` with its cost never pays for them. */
export function userPrices(): Promise<UserPrices> {
  shared ??= import('../prices/index.ts').then(
    ({ UserPrices }) =>
      new UserPrices({ warn: (message) => process.stderr.write(`llm-spend: warning: ${plain(message)}\n`) }),
  );
  return shared;
}

/** How the command's ledgers price usage. */
export const userPricing: CostSource = {
  costsOf: async (usages) => (await userPrices()).costsOf(usages),
};
