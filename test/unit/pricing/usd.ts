import type { PriceResult, Priced } from '../../../src/pricing/price.ts';
import { nanosToDecimal } from '../../../src/usage/money.ts';

/** The priced result; fails the test with the reason if there is none. */
export function priced(result: PriceResult): Priced {
  if (result.kind === 'unpriced') throw new Error(`unpriced: ${result.code}: ${result.message}`);
  return result;
}

/** The cost as an exact decimal number of USD. */
export function usd(result: PriceResult): string {
  return nanosToDecimal(priced(result).nanos);
}
