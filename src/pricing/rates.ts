import type { Nanos } from '../usage/money.ts';
import { decimalText, divideRound, scaleDecimal } from './decimal.ts';
import { PART_KINDS, type PartKind, type Split } from './tokens.ts';

/**
 * Prices as exact integers, and the cost of a call computed with them.
 *
 * Each part is rounded to the nearest nano-dollar and the total is the sum of its parts, so a breakdown always adds up.
 */

/** Number of decimals of a price in USD; vendors publish at most six. */
export const PRICE_PLACES = 12;

/** The price of one kind of part. */
export interface Rate {
  /** USD per `per` units, in units of 10^-12 USD. */
  scaled: bigint;
  /** The same as a decimal number of USD. */
  usd: string;
  /** 1,000,000 for tokens; 1,000 for requests and searches. */
  per: number;
  /** Nano-dollars per unit, as a fraction in lowest terms. */
  nanos: { over: number; under: number };
}

export type Rates = Partial<Record<PartKind, Rate>>;

/** One line of a breakdown: `quantity` units at `usd` per `per` units. */
export interface Part {
  quantity: number;
  usd: string;
  per: number;
  nanos: Nanos;
}

export type Parts = Partial<Record<PartKind, Part>>;

export interface Charge {
  /** The sum of the parts. */
  nanos: Nanos;
  /** Kinds with a quantity for which these rates have no price. */
  missing: PartKind[];
}

/** Up to this bound, products are exact, as are their rounded-down quotients and sums of one quotient per kind of part. */
const EXACT = 2 ** 48;

export function rate(price: number | string, per = 1_000_000): Rate {
  return rateOf(scaleDecimal(price, PRICE_PLACES), per);
}

function rateOf(scaled: bigint, per: number): Rate {
  // nanos = scaled / 10^12 / per * 10^9
  const whole = BigInt(per * 1000);
  const divisor = commonDivisor(scaled, whole);
  const nanos = { over: Number(scaled / divisor), under: Number(whole / divisor) };
  return { scaled, usd: decimalText(scaled, PRICE_PLACES), per, nanos };
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

/** A price factor, and the parts to which it does not apply. */
export interface Multiple {
  times: number;
  keeps?: readonly PartKind[] | undefined;
}

/** A log has thousands of calls in the same mode. */
const multiplied = new WeakMap<Rates, Map<string, Rates>>();
/** Fees that are the same in every mode of a call. */
const FEES: readonly string[] = ['webSearches', 'requests'] satisfies PartKind[];

/** Multiplies rates by a factor, for example for a fast mode. Fees per call or search do not change. */
export function multiplyRates(rates: Rates, { times, keeps }: Multiple): Rates {
  let known = multiplied.get(rates);
  if (known === undefined) multiplied.set(rates, (known = new Map()));
  const name = `${times} ${keeps?.join() ?? ''}`;
  let result = known.get(name);
  if (result === undefined) known.set(name, (result = multiply(rates, times, [...FEES, ...(keeps ?? [])])));
  return result;
}

function multiply(rates: Rates, factor: number, keeps: readonly string[]): Rates {
  const scale = scaleDecimal(factor, PRICE_PLACES);
  const unit = 10n ** BigInt(PRICE_PLACES);
  return Object.fromEntries(
    Object.entries(rates).map(([kind, price]) => [
      kind,
      keeps.includes(kind) ? price : rateOf(divideRound(price.scaled * scale, unit), price.per),
    ]),
  );
}

/** The cost of a call. `requests` costs something only if there is a price for it; most vendors have none. */
export function charge(split: Split, rates: Rates): Charge {
  let small = 0;
  let large = 0n;
  let missing = NOTHING;
  for (let i = 0; i < split.length; i++) {
    const quantity = split[i]!;
    if (quantity <= 0) continue;
    const kind = PART_KINDS[i]!;
    const price = rates[kind];
    if (price === undefined) {
      if (kind !== 'requests') missing = [...missing, kind];
      continue;
    }
    const cost = costOfPart(quantity, price);
    if (typeof cost === 'bigint') large += cost;
    else small += cost;
  }
  return { nanos: large + BigInt(small), missing };
}

const NOTHING: PartKind[] = [];

/** The cost of each part of a call. */
export function partsOf(split: Split, rates: Rates): Parts {
  const parts: Parts = {};
  for (const [i, kind] of PART_KINDS.entries()) {
    const quantity = split[i] ?? 0;
    const price = rates[kind];
    if (quantity <= 0 || price === undefined) continue;
    parts[kind] = { quantity, usd: price.usd, per: price.per, nanos: BigInt(costOfPart(quantity, price)) };
  }
  return parts;
}

/**
 * Rounds half up to the nearest nano-dollar. Results up to {@link EXACT} are numbers, which avoids garbage; larger ones are
 * bigints.
 */
export function costOfPart(quantity: number, { scaled, per, nanos: { over, under } }: Rate): number | Nanos {
  const product = quantity * over + Math.floor(under / 2);
  if (product <= EXACT) return under === 1 ? product : Math.floor(product / under);
  return divideRound(BigInt(quantity) * scaled, BigInt(per * 1000));
}
