import type { Nanos } from '../../usage/money.ts';
import type { Fitting, Unpriced } from '../priceResult.ts';
import { costOfPart, multiplyRates, type Rate, type Rates } from '../rates.ts';
import { PART_KINDS, type PartKind, type Split } from '../tokens.ts';

/** Calls that have the same prices, and their tokens. */
export class Cell {
  /** The values by which the calls are grouped. */
  readonly key: readonly (string | null)[];
  /** The prices of these calls: of the model that was used, then of each model that it is compared with. */
  readonly quotes: readonly Quote[];
  /** All calls; those without tokens and those with impossible counts are not part of the sums. */
  records = 0;
  withoutTokens = 0;
  invalid = 0;
  /** Sums of the parts, in the order of {@link PART_KINDS}. */
  readonly sums: Float64Array = new Float64Array(PART_KINDS.length);
  /** The parts of large sums that a double would not hold exactly. */
  readonly #spilled = new Map<number, bigint>();
  /** Set for prices of fractions of a nano-dollar per token: each call is rounded. */
  readonly rounded: readonly Rounded[];

  constructor(key: readonly (string | null)[], quotes: readonly Quote[]) {
    this.key = key;
    this.quotes = quotes;
    this.rounded = quotes.flatMap((quote) => [...roundedOf(quote, false), ...roundedOf(quote, true)]);
  }

  /** Number of calls whose tokens are in the sums. */
  get counted(): number {
    return this.records - this.withoutTokens - this.invalid;
  }

  quantity(part: number): bigint {
    return BigInt(this.sums[part]!) + (this.#spilled.get(part) ?? 0n);
  }

  /** Moves large sums to bigints, before they could lose precision. */
  spill(): void {
    for (const [part, sum] of this.sums.entries()) {
      this.#spilled.set(part, (this.#spilled.get(part) ?? 0n) + BigInt(sum));
    }
    this.sums.fill(0);
  }

  /**
   * The cost of all calls, each rounded as it is when it is recorded.
   * @param uncached as if nothing had been read from or written to the cache.
   * @returns undefined when there is no price, or none for a part.
   */
  cost(index: number, uncached = false): Nanos | undefined {
    const { rates } = this.quotes[index]!;
    if (rates === undefined) return undefined;
    let sum = 0n;
    for (const [part, kind] of PART_KINDS.entries()) {
      const quantity = uncached ? this.uncached(part) : this.quantity(part);
      if (quantity === 0n) continue;
      const rate = rates[kind];
      if (rate === undefined) {
        if (kind === 'requests' || kind === 'webSearches') continue;
        return undefined;
      }
      sum += rate.nanos.under === 1 ? quantity * BigInt(rate.nanos.over) : this.#roundedSum(index, part, uncached);
    }
    return sum;
  }

  /** The tokens of a part if nothing were cached. */
  uncached(part: number): bigint {
    const merged = UNCACHED[part]!;
    return merged.reduce((sum, from) => sum + this.quantity(from), 0n);
  }

  #roundedSum(index: number, part: number, uncached: boolean): Nanos {
    const quote = this.quotes[index];
    const found = this.rounded.find((each) => {
      return each.quote === quote && each.part === part && each.uncached === uncached;
    });
    return found!.big + BigInt(found!.sum);
  }
}

/** The prices of a cell's calls at a model. */
export interface Quote {
  /** The factor of the mode is applied; undefined when there is no price. */
  rates: Rates | undefined;
  /** The prices in the normal instead of a fast mode, where the calls used one. */
  slow: Rates | undefined;
  /** Why there is no price. */
  unpriced: Unpriced | undefined;
  fitting: Fitting | undefined;
  /** The model does not offer the mode of the calls, so the prices are those of its normal mode. */
  isTermsDropped: boolean;
}

/** A sum of costs that are rounded one by one. */
export interface Rounded {
  quote: Quote;
  part: number;
  uncached: boolean;
  rate: Rate;
  sum: number;
  big: bigint;
}

const INPUT: readonly PartKind[] = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h'];
/** For each part: the parts that it would contain if nothing were cached. */
export const UNCACHED: readonly (readonly number[])[] = PART_KINDS.map((kind, part) => {
  if (kind === 'input') return INPUT.map(partOf);
  if (kind === 'inputAudio') return [part, partOf('cacheAudioRead')];
  if (kind === 'inputImage') return [part, partOf('cacheImageRead')];
  const isCached = INPUT.includes(kind) || kind === 'cacheAudioRead' || kind === 'cacheImageRead';
  return isCached ? [] : [part];
});

export function partOf(kind: PartKind): number {
  return PART_KINDS.indexOf(kind);
}

/** Adds a call to the rounded sums. */
export function addRounded(rounded: readonly Rounded[], split: Split): void {
  for (const each of rounded) {
    let quantity = 0;
    if (each.uncached) for (const part of UNCACHED[each.part]!) quantity += split[part]!;
    else quantity = split[each.part]!;
    if (quantity === 0) continue;
    const cost = costOfPart(quantity, each.rate);
    if (typeof cost === 'bigint') each.big += cost;
    else if ((each.sum += cost) > 2 ** 52) {
      each.big += BigInt(each.sum);
      each.sum = 0;
    }
  }
}

function roundedOf(quote: Quote, uncached: boolean): Rounded[] {
  return PART_KINDS.flatMap((kind, part) => {
    const rate = quote.rates?.[kind];
    if (rate === undefined || rate.nanos.under === 1 || (uncached && UNCACHED[part]!.length === 0)) return [];
    return [{ quote, part, uncached, rate, sum: 0, big: 0n }];
  });
}

/** The rates of a price with its factor applied. */
export function ratesOf({ rates, factor }: Fitting): Rates {
  return factor === undefined ? rates : multiplyRates(rates, factor);
}
