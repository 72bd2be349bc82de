import { priceFields } from '../../pricing/apply.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { keptLine } from '../record.ts';
import type { FoundUsage } from '../source.ts';

/**
 * Data that determines a record's cost, or whether it counts, but is not part of the record. A symbol, because it must be copied with the record but
 * never stored.
 */
const PRICING = Symbol('pricing');
export type FoundPricing = Omit<FoundUsage, 'record'>;
type Priceable = UsageRecord & { [PRICING]?: FoundPricing };
const NOTHING: FoundPricing = {};

/** The data that {@link priceable} keeps of a found usage besides its record. */
export function pricingOf(record: Priceable): FoundPricing | undefined {
  return record[PRICING];
}

/** The record of a found usage, prepared for {@link applyCost} once it is known that it counts. */
export function priceable({ record, loggedCost, prefersLogged, isPriced, mayRepeat }: FoundUsage): UsageRecord {
  if (loggedCost !== undefined || isPriced === true || mayRepeat !== undefined) {
    (record as Priceable)[PRICING] = { loggedCost, prefersLogged, isPriced, mayRepeat };
  }
  return record;
}

/**
 * Adds the cost to a usage from a log: computed from our prices at its time, else the log's own figure. Both are estimates at
 * list price, because logs do not know about plans and contracts. Without either the cost is unknown, never $0. A cost that the
 * record already has is kept, because it was recorded by a program that knows it.
 */
export function applyCost(record: Priceable, pricer: Pricer | undefined): void {
  const { loggedCost, prefersLogged, isPriced } = record[PRICING] ?? NOTHING;
  if (isPriced === true || record.cost_known) return;
  const isLogged = prefersLogged === true && loggedCost !== undefined;
  const result = isLogged ? undefined : pricer?.price(record);
  if (result?.kind === 'priced') {
    Object.assign(record, priceFields(result));
  } else if (loggedCost !== undefined) {
    record.cost_usd = loggedCost;
    record.cost_known = true;
    record.billing_mode = 'estimated';
    record.price_source = `${String(record.source)}: its own figure`;
  }
}

/** Fills in what rules say of records, and their costs. */
export async function complete(
  records: readonly UsageRecord[],
  assign: ((records: readonly UsageRecord[]) => Promise<void>) | undefined,
  pricer: Pricer | undefined,
): Promise<void> {
  const kept = records.map(keptLine).filter((line) => line !== undefined);
  const all = kept.length > 0 ? [...records, ...kept] : records;
  if (all.length > 0) await assign?.(all);
  for (const record of all) applyCost(record, pricer);
}

/** Counts the records without a price, and those priced like another model with the most similar name. */
export interface PriceCounts {
  unpriced: number;
  assumed: number;
}

export function priceCounts(records: readonly UsageRecord[]): PriceCounts {
  return {
    unpriced: records.filter(({ cost_known: isKnown }) => !isKnown).length,
    assumed: records.filter(({ price_source: source }) => source?.includes(' assumed') === true).length,
  };
}
