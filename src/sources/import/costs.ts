import { priceFields } from '../../pricing/apply.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { FoundUsage } from '../source.ts';

/** What a record's cost takes into account besides the record. A symbol: it is copied with the record, and never stored. */
const PRICING = Symbol('pricing');
export type FoundPricing = Omit<FoundUsage, 'record'>;
type Priceable = UsageRecord & { [PRICING]?: FoundPricing };
const NOTHING: FoundPricing = {};

/** What {@link priceable} keeps of a found besides its record. */
export function pricingOf(record: Priceable): FoundPricing | undefined {
  return record[PRICING];
}

/** The record of a found, to be given its cost once it is known that it counts. */
export function priceable({ record, loggedCost, isPriced }: FoundUsage): UsageRecord {
  if (loggedCost !== undefined || isPriced === true) {
    (record as Priceable)[PRICING] = { loggedCost, isPriced };
  }
  return record;
}

/**
 * Puts a cost into a usage of a log: by our prices at its time, else what the log says of it. Either is an estimate at
 * list price: what a plan or a contract makes of it, no log knows. Without both it stays unpriced, never $0. A cost that
 * stands in the record already is the word of whoever paid it.
 */
export function applyCost(record: Priceable, pricer: Pricer | undefined): void {
  const { loggedCost, isPriced } = record[PRICING] ?? NOTHING;
  if (isPriced === true || record.cost_known) return;
  const result = pricer?.price(record);
  if (result?.kind === 'priced') {
    Object.assign(record, priceFields(result));
  } else if (loggedCost !== undefined) {
    record.cost_usd = loggedCost;
    record.cost_known = true;
    record.billing_mode = 'estimated';
    record.price_source = `${String(record.source)}: its own figure`;
  }
}
