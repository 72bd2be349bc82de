import type { Fitting, Unpriced } from '../priceResult.ts';
import { costOfPart, multiplyRates, type Rate, type Rates } from '../rates.ts';
import { divideRound } from '../decimal.ts';
import { PART_KINDS, type PartKind, type Split } from '../tokens.ts';
import { ExactSums, plus, type Whole } from './exactSums.ts';

/** Fields of a cell in the sums, after those of {@link PART_KINDS}. */
export const RECORDS = PART_KINDS.length;
export const TOKENLESS = RECORDS + 1;
export const INVALID = RECORDS + 2;
export const CELL_FIELDS = RECORDS + 3;

/** Calls that have the same prices, and their tokens. Ask it once all calls are in its sums. */
export class Cell {
  /** The values by which the calls are grouped. */
  readonly key: readonly (string | null)[];
  readonly prices: CellPrices;
  /** Set for prices of fractions of a nano-dollar per token: each call is rounded. */
  readonly rounded: ExactSums | undefined;
  readonly #sums: ExactSums;
  readonly #row: number;
  #found: CellPart[] | undefined;
  #foundUncached: CellPart[] | undefined;

  /** @param sums contains in this row the sums of the parts, in the order of {@link PART_KINDS}, and the counts of calls. */
  constructor(key: readonly (string | null)[], prices: CellPrices, sums: ExactSums, row: number) {
    this.key = key;
    this.prices = prices;
    this.#sums = sums;
    this.#row = row;
    this.rounded = prices.rounded.length === 0 ? undefined : new ExactSums(prices.rounded.length, 1);
  }

  /** The prices of these calls: of the model that was used, then of each model that it is compared with. */
  get quotes(): readonly Quote[] {
    return this.prices.quotes;
  }

  get withoutTokens(): number {
    return Number(this.quantity(TOKENLESS));
  }

  /** Number of calls with impossible counts. */
  get invalid(): number {
    return Number(this.quantity(INVALID));
  }

  /** Number of calls whose tokens are in the sums. */
  get counted(): number {
    return Number(this.quantity(RECORDS)) - this.withoutTokens - this.invalid;
  }

  quantity(part: number): Whole {
    return this.#sums.get(this.#row, part);
  }

  /**
   * The cost of all calls, each rounded as it is when it is recorded.
   * @param uncached as if nothing had been read from or written to the cache.
   * @returns undefined when there is no price, or none for a part.
   */
  cost(index: number, uncached = false): Whole | undefined {
    const { rates } = this.quotes[index]!;
    if (rates === undefined) return undefined;
    let sum: Whole = 0;
    for (const { part, kind, quantity } of uncached ? this.#uncachedParts() : this.#parts()) {
      const rate = rates[kind];
      if (rate === undefined) {
        if (kind === 'requests' || kind === 'webSearches') continue;
        return undefined;
      }
      const isWhole = rate.nanos.under === 1;
      sum = plus(sum, isWhole ? costOfSum(quantity, rate) : this.#roundedSum(index, part, uncached));
    }
    return sum;
  }

  #parts(): readonly CellPart[] {
    return (this.#found ??= partsOf((part) => this.quantity(part)));
  }

  /** The parts if nothing were cached. */
  #uncachedParts(): readonly CellPart[] {
    return (this.#foundUncached ??= partsOf((part) => {
      return UNCACHED[part]!.reduce((sum, from) => plus(sum, this.quantity(from)), 0 as Whole);
    }));
  }

  #roundedSum(index: number, part: number, uncached: boolean): Whole {
    const quote = this.quotes[index];
    const at = this.prices.rounded.findIndex((each) => {
      return each.quote === quote && each.part === part && each.uncached === uncached;
    });
    return this.rounded!.get(0, at);
  }
}

/** A part of a cell's tokens. */
interface CellPart {
  part: number;
  kind: PartKind;
  quantity: Whole;
}

/** The parts that are not 0. */
function partsOf(quantity: (part: number) => Whole): CellPart[] {
  const parts: CellPart[] = [];
  for (let part = 0; part < PART_KINDS.length; part++) {
    const found = quantity(part);
    if (found !== 0) parts.push({ part, kind: PART_KINDS[part]!, quantity: found });
  }
  return parts;
}

/** The prices that all calls of a cell have in common. */
export class CellPrices {
  readonly quotes: readonly Quote[];
  /** Costs that are rounded call by call. */
  readonly rounded: readonly Rounded[];

  constructor(quotes: readonly Quote[]) {
    this.quotes = quotes;
    this.rounded = [...new Set(quotes)].flatMap((quote) => [...roundedOf(quote, false), ...roundedOf(quote, true)]);
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

/** A part whose cost is a fraction of a nano-dollar per token. */
export interface Rounded {
  quote: Quote;
  part: number;
  uncached: boolean;
  rate: Rate;
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

/** Adds a call to the rounded sums of its cell. */
export function addRounded({ rounded, prices }: Cell, split: Split): void {
  if (rounded === undefined) return;
  for (const [i, { uncached, part, rate }] of prices.rounded.entries()) {
    let quantity = 0;
    if (uncached) for (const from of UNCACHED[part]!) quantity += split[from]!;
    else quantity = split[part]!;
    if (quantity > 0) rounded.add(0, i, costOfPart(quantity, rate));
  }
}

function roundedOf(quote: Quote, uncached: boolean): Rounded[] {
  return PART_KINDS.flatMap((kind, part) => {
    const rate = quote.rates?.[kind];
    if (rate === undefined || rate.nanos.under === 1) return [];
    return [{ quote, part, uncached, rate }];
  });
}

/** The cost of a sum of tokens, rounded once. */
export function costOfSum(quantity: Whole, rate: Rate | undefined): Whole {
  if (rate === undefined || quantity === 0) return 0;
  if (typeof quantity === 'number') return costOfPart(quantity, rate);
  return divideRound(quantity * rate.scaled, BigInt(rate.per) * 1000n);
}

/** The rates of a price with its factor applied. */
export function ratesOf({ rates, factor }: Fitting): Rates {
  return factor === undefined ? rates : multiplyRates(rates, factor);
}
