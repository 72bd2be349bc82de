import type { UsageRecord } from '../usage/record.ts';

/** The fields of a record that state its cost. */
export type CostFields = Pick<UsageRecord, 'cost_usd' | 'cost_known' | 'billing_mode' | 'price_source'>;

/** A source of costs for usage: the price table, the person's own prices, or a program's. */
export interface CostSource {
  /** For each usage the cost at its time; undefined where no price is known, which must never reject. */
  costsOf(usages: readonly UsageRecord[]): Promise<readonly (CostFields | undefined)[]>;
}

/** Prices that a program brings along. */
export interface PricingOptions {
  /** USD per million tokens; they win over the price table. The same fields as in `prices.json` and in the settings. */
  customPrices?: readonly object[] | undefined;
  /** Price data of genai-prices as JSON text, and the ISO day on which it was fetched. Default: the bundled data. */
  fetched?: { text: string; date: string } | undefined;
}
