import { priceFields } from '../pricing/apply.ts';
import type { Pricer } from '../pricing/price.ts';
import type { Sighting } from './types.ts';

/**
 * Puts a cost into a usage of a log: by our prices at its time, else what the log says of it. Either is an estimate at
 * list price: what a plan or a contract makes of it, no log knows. Without both it stays unpriced, never $0. A cost that
 * stands in the record already is the word of whoever paid it.
 */
export function applyCost({ record, factor, loggedCost, isPriced }: Sighting, pricer: Pricer | undefined): void {
  if (isPriced === true || record.cost_known) return;
  const result = pricer?.price(record, { factor });
  if (result?.kind === 'priced') {
    Object.assign(record, priceFields(result));
  } else if (loggedCost !== undefined) {
    record.cost_usd = loggedCost;
    record.cost_known = true;
    record.billing_mode = 'estimated';
    record.price_source = `${String(record.source)}: its own figure`;
  }
}
