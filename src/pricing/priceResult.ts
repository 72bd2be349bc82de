import { nanosToDecimal, NANOS_PER_USD, type Nanos } from '../usage/money.ts';
import { MAX_COST } from '../usage/limits.ts';
import type { CustomPrice } from './custom.ts';
import { charge, multiplyRates, partsOf, type Parts, type Rates } from './rates.ts';
import type { TermsFactor } from './terms.ts';
import type { Split } from './tokens.ts';

/** The result of pricing a usage: its cost and the price applied, or the reason why there is none. */

/** A readable remark on a price: the rule that was applied, or an assumption. */
export interface PriceRule {
  code:
    | 'custom'
    | 'long-context'
    | 'valid-from'
    | 'no-hour-price'
    | 'searches-without-price'
    | 'factor'
    | 'assumed-model'
    | 'free'
    | 'whole-session';
  message: string;
}

export interface Priced {
  kind: 'priced';
  /** The exact sum of the parts. */
  nanos: Nanos;
  readonly parts: Parts;
  /** Origin of the price: the table's ids, or the custom price. */
  matched: { by: 'table'; provider: string; model: string } | { by: 'custom'; price: CustomPrice } | { by: 'free' };
  rules: PriceRule[];
  /** For the record's `price_source`; `parsePriceSource` parses it. */
  priceSource: string;
}

export type UnpricedCode =
  | 'unknown-provider'
  | 'unknown-model'
  | 'no-list-price'
  | 'no-token-price'
  | 'part-without-price'
  | 'no-tokens'
  | 'invalid-counts'
  | 'unknown-overlap'
  | 'unknown-terms'
  | 'too-large'
  | 'invalid-time';

export interface Unpriced {
  kind: 'unpriced';
  code: UnpricedCode;
  /** A readable sentence: what is missing, and how to fix it. */
  message: string;
}

export type PriceResult = Priced | Unpriced;

const MAX_NANOS = BigInt(MAX_COST) * NANOS_PER_USD;

/** A price that applies to a usage, before the cost is computed. */
export interface Fitting {
  rates: Rates;
  factor: TermsFactor | undefined;
  rules: PriceRule[];
  matched: Priced['matched'];
  priceSource: string;
  /** Whether there is a price for reading from the cache. If not, the price of input is applied. */
  isCachePriced: boolean;
}

/** Computes the cost of a call's parts at a price. */
export function settle(split: Split, { rates: prices, factor, rules, matched, priceSource }: Fitting): PriceResult {
  const rates = factor === undefined ? prices : multiplyRates(prices, factor);
  const { nanos, missing } = charge(split, rates);
  const kind = missing.find((name) => name !== 'webSearches');
  if (kind !== undefined) {
    return unpriced('part-without-price', `The price table has no price for this part of the call: ${kind}.`);
  }
  if (missing.length > 0) {
    rules.push({
      code: 'searches-without-price',
      message: 'Web searches are not included in the cost: their price is unknown',
    });
  }
  if (factor !== undefined) {
    rules.push({ code: 'factor', message: `List price x${factor.times} (${factor.mode})` });
  }
  if (nanos > MAX_NANOS) {
    return unpriced(
      'too-large',
      `The tokens would cost $${nanosToDecimal(nanos)}; more than $${MAX_COST} is considered a mistake.`,
    );
  }
  return new Charged(nanos, split, rates, { matched, rules, priceSource });
}

/**
 * Computes the parts on demand: an import prices a hundred thousand calls and uses only the sums. A class, because a getter in
 * each object literal took a tenth more memory.
 */
class Charged implements Priced {
  readonly kind = 'priced';
  readonly nanos: Nanos;
  readonly matched: Priced['matched'];
  readonly rules: PriceRule[];
  readonly priceSource: string;
  readonly #split: Split;
  readonly #rates: Rates;

  constructor(
    nanos: Nanos,
    split: Split,
    rates: Rates,
    { matched, rules, priceSource }: Pick<Priced, 'matched' | 'rules' | 'priceSource'>,
  ) {
    this.nanos = nanos;
    this.#split = split;
    this.#rates = rates;
    this.matched = matched;
    this.rules = rules;
    this.priceSource = priceSource;
  }

  get parts(): Parts {
    return partsOf(this.#split, this.#rates);
  }
}

export function unpriced(code: UnpricedCode, message: string): Unpriced {
  return { kind: 'unpriced', code, message };
}
