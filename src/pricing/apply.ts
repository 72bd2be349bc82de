import { nanosToUsd } from '../usage/money.ts';
import type { UsageInput } from '../usage/record.ts';
import type { PriceOptions, PriceResult, Pricer } from './price.ts';

/**
 * Puts a computed cost into a usage that its caller gave none for.
 *
 * A cost that the caller gave stands as it is, as does a caller's word that the cost is unknown or billed elsewhere.
 * @returns the usage to record, and how it was priced; `result` is undefined when there was nothing to compute.
 */
export function applyPrice(
  usage: UsageInput,
  pricer: Pricer,
  options: PriceOptions = {},
): { usage: UsageInput; result: PriceResult | undefined } {
  if (!wantsPrice(usage)) return { usage, result: undefined };
  const result = pricer.price(usage, options);
  return { usage: { ...usage, ...priceFields(result) }, result };
}

/** Whether a caller left the cost to us. Where it is false, prices need not even be loaded. */
export function wantsPrice(usage: Partial<UsageInput>): boolean {
  return usage.cost_usd === undefined && usage.cost_known === undefined && usage.billing_mode !== 'runtime_managed';
}

/** The fields of a record that say what a price result found. */
export function priceFields(
  result: PriceResult,
): Pick<UsageInput, 'cost_usd' | 'cost_known' | 'billing_mode' | 'price_source'> {
  if (result.kind === 'unpriced') return { cost_known: false };
  return {
    cost_usd: nanosToUsd(result.nanos),
    cost_known: true,
    billing_mode: 'estimated',
    price_source: result.priceSource,
  };
}
