import { nanosToUsd } from '../usage/money.ts';
import type { UsageInput } from '../usage/record.ts';
import type { PriceResult } from './price.ts';

/** Whether the caller gave no cost, so that we must compute it. If false, prices need not be loaded. */
export function wantsPrice(usage: Partial<UsageInput>): boolean {
  return usage.cost_usd === undefined && usage.cost_known === undefined && usage.billing_mode !== 'runtime_managed';
}

/** The fields of a record that store a price result. */
export function priceFields(
  result: PriceResult,
): Pick<UsageInput, 'cost_usd' | 'cost_known' | 'billing_mode' | 'price_source' | 'charge'> {
  if (result.kind === 'unpriced') return { cost_known: false };
  if (result.matched.by === 'free') {
    return { cost_usd: 0, cost_known: true, billing_mode: 'known', price_source: result.priceSource, charge: 'free' };
  }
  return {
    cost_usd: nanosToUsd(result.nanos),
    cost_known: true,
    billing_mode: 'estimated',
    price_source: result.priceSource,
  };
}
