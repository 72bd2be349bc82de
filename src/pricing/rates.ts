import type { Nanos } from '../usage/money.ts';
import { decimalText, divideRound, scaleDecimal } from './decimal.ts';
import type { PartKind, Split } from './tokens.ts';

/**
 * Prices as exact integers, and what a call costs by them.
 *
 * Each part is rounded to the nearest nano-dollar and the total is the sum of its parts, so a breakdown always adds up.
 */

/** Prices carry this many decimals of USD; vendors publish at most six. */
export const PRICE_PLACES = 12;

/** The price of one kind of part. */
export interface Rate {
  /** USD for `per` units, in units of 10^-12 USD. */
  scaled: bigint;
  /** The same as a decimal number of USD. */
  usd: string;
  /** 1,000,000 for tokens; 1,000 for requests and searches. */
  per: number;
}

export type Rates = Partial<Record<PartKind, Rate>>;

/** One line of a breakdown: `quantity` units at `usd` for each `per` of them. */
export interface Part {
  quantity: number;
  usd: string;
  per: number;
  nanos: Nanos;
}

export type Parts = Partial<Record<PartKind, Part>>;

export interface Charge {
  nanos: Nanos;
  parts: Parts;
  /** Kinds with a quantity that these rates have no price for. */
  missing: PartKind[];
}

export function rate(price: number | string, per = 1_000_000): Rate {
  const scaled = scaleDecimal(price, PRICE_PLACES);
  return { scaled, usd: decimalText(scaled, PRICE_PLACES), per };
}

/** The same rates times a factor, as for a fast mode that costs a multiple. */
export function multiplyRates(rates: Rates, factor: number): Rates {
  const times = scaleDecimal(factor, PRICE_PLACES);
  const unit = 10n ** BigInt(PRICE_PLACES);
  return Object.fromEntries(
    Object.entries(rates).map(([kind, { scaled, per }]) => {
      const product = divideRound(scaled * times, unit);
      return [kind, { scaled: product, usd: decimalText(product, PRICE_PLACES), per }];
    }),
  );
}

/** What the parts cost. `requests` costs only where there is a price for it, as most vendors have none. */
export function charge(split: Split, rates: Rates): Charge {
  let nanos = 0n;
  const parts: Parts = {};
  const missing: PartKind[] = [];
  for (const [kind, quantity] of split) {
    const price = rates[kind];
    if (price === undefined) {
      if (kind !== 'requests') missing.push(kind);
      continue;
    }
    // nanos = quantity * (scaled / 10^12) / per * 10^9
    const cost = divideRound(BigInt(quantity) * price.scaled, BigInt(price.per * 1000));
    parts[kind] = { quantity, usd: price.usd, per: price.per, nanos: cost };
    nanos += cost;
  }
  return { nanos, parts, missing };
}
