import type { UsageRecord } from '../usage/record.ts';

/** The fields of a record that describe its cost. */
export type CostFields = Pick<UsageRecord, 'cost_usd' | 'cost_known' | 'billing_mode' | 'price_source'>;

/** A source of costs for usage: the price table, the user's own prices, or a program's. */
export interface CostSource {
  /** Returns for each usage the cost at its time; undefined where no price is known. Must never reject. */
  costsOf(usages: readonly UsageRecord[]): Promise<readonly (CostFields | undefined)[]>;
}

/** Prices supplied by a program. */
export interface PricingOptions {
  /**
   * USD per million tokens; they take precedence over the price table. The fields are those of `prices.json` and of the
   * setting.
   */
  customPrices?: readonly object[] | undefined;
  /** Price data of genai-prices as JSON text, and the ISO day on which it was fetched. Default: the bundled data. */
  fetched?: { text: string; date: string } | undefined;
}
