import { wantsPrice } from '../pricing/apply.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import type { CostSource, PricingOptions } from '../pricing/costSource.ts';

/** What {@link CostTrackerOptions.pricing} may be. */
export type Pricing = CostSource | PricingOptions | false | undefined;

/**
 * Puts costs into records whose callers left the cost to us. Prices are loaded when the first such record comes: half a
 * megabyte that a record with a cost never pays for.
 */
export class RecordPricing {
  readonly #pricing: Pricing;
  #source: Promise<CostSource> | undefined;

  constructor(pricing: Pricing) {
    this.#pricing = pricing;
  }

  /** Whether there is anything to price: decided without loading anything. */
  wanted(usages: readonly UsageInput[]): boolean {
    return this.#pricing !== false && usages.some((usage) => wantsPrice(usage));
  }

  /**
   * Sets the cost fields of the records that want a price. `records` are what became of `usages`, one by one.
   * @throws {TypeError} when the program brought prices along that cannot be used.
   */
  async apply(usages: readonly UsageInput[], records: readonly UsageRecord[]): Promise<void> {
    const unpriced = records.filter(
      (record, i) => wantsPrice(usages[i]!) && record.input_tokens + record.output_tokens > 0,
    );
    if (unpriced.length === 0) return;
    const source = await (this.#source ??= open(this.#pricing));
    const costs = await source.costsOf(unpriced);
    for (const [i, record] of unpriced.entries()) Object.assign(record, costs[i]);
  }
}

async function open(pricing: Pricing): Promise<CostSource> {
  if (pricing && 'costsOf' in pricing) return pricing;
  const { UserPrices, givenPrices } = await import('../prices/index.ts');
  return pricing ? givenPrices(pricing) : new UserPrices();
}
