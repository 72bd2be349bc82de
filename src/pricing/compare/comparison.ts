import type { Nanos } from '../../usage/money.ts';
import type { Dimension, UsageFilter } from '../../usage/query.ts';
import type { ColumnPass } from '../../columns/columnPass.ts';
import type { Pricer } from '../price.ts';
import type { Rates } from '../rates.ts';
import { divideRound } from '../decimal.ts';
import { PART_KINDS } from '../tokens.ts';
import { partOf, type Cell } from './cell.ts';
import { quotesOf, type ModelName } from './quotes.ts';
import { tallyPass } from './tally.ts';

/**
 * Computes the cost of the recorded usage at the prices of other models: of each call's tokens at the price of its day, its size,
 * its service tier and the cache. It is arithmetic: another model would have counted and written other tokens.
 */

/** An amount that is only known to lie between two: a price for cached tokens is missing. */
export interface AmountRange {
  low: Nanos;
  high: Nanos;
}

/** Costs of the same calls at one model, in list prices. */
export interface ModelCosts {
  /** Calls with a price both at this model and at the one that was used. */
  records: number;
  /** The cost of these calls at the model that was used. */
  used: Nanos;
  cost: AmountRange;
  /** The same without a mode that costs more for speed. */
  withoutFast: AmountRange;
  /** The same if nothing had been read from or written to the cache. */
  withoutCache: Nanos;
  /** The same if 10 % more of the input had been read from the cache. */
  moreCached: AmountRange;
  /** Calls whose mode (service tier, fast mode, region) the model does not offer: priced in its normal mode. */
  termsDropped: number;
  /** Calls without a price at this model. */
  unpriced: number;
  /** Why the first of them has none. */
  reason: string | undefined;
}

export interface ComparedGroup {
  key: (string | null)[];
  /** The usage as it was: its own model. */
  used: ModelCosts;
  /** In the order of the models. */
  models: ModelCosts[];
  /** Calls that are not compared at all, by reason. */
  notCompared: NotCompared;
}

export interface NotCompared {
  /** There are no input and output tokens. */
  withoutTokens: number;
  /** The counts contradict each other. */
  invalid: number;
  /** The model that was used has no list price. */
  withoutPrice: number;
}

/** The pass over a ledger's columns that a comparison needs. */
export function comparisonPass(
  pricer: Pricer,
  models: readonly ModelName[],
  filter: UsageFilter,
  groupBy: readonly Dimension[],
): ColumnPass<Cell[]> {
  return tallyPass({ pricer, models, filter, groupBy, quotes: (ask) => quotesOf(pricer, models, ask) });
}

/**
 * Adds up cells.
 * @param models number of models in the quotes, besides the one used.
 * @param keep the positions of the parts of the key by which to group. Default: one group.
 */
export function compareCells(cells: Iterable<Cell>, models: number, keep: readonly number[] = []): ComparedGroup[] {
  const groups = new Map<string, ComparedGroup>();
  const groupOf = (key: (string | null)[]): ComparedGroup => {
    const name = JSON.stringify(key);
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = emptyGroup(key, models)));
    return group;
  };
  if (keep.length === 0) groupOf([]);
  for (const cell of cells) addCell(groupOf(keep.map((at) => cell.key[at] ?? null)), cell);
  return [...groups.values()].sort((a, b) => (a.used.cost.high > b.used.cost.high ? -1 : 1));
}

function emptyGroup(key: (string | null)[], models: number): ComparedGroup {
  return { key, used: noCosts(), models: Array.from({ length: models }, noCosts), notCompared: noneCompared() };
}

export function noneCompared(): NotCompared {
  return { withoutTokens: 0, invalid: 0, withoutPrice: 0 };
}

function noCosts(): ModelCosts {
  const nothing = (): AmountRange => ({ low: 0n, high: 0n });
  return {
    records: 0,
    used: 0n,
    cost: nothing(),
    withoutFast: nothing(),
    withoutCache: 0n,
    moreCached: nothing(),
    termsDropped: 0,
    unpriced: 0,
    reason: undefined,
  };
}

function addCell(group: ComparedGroup, cell: Cell): void {
  group.notCompared.withoutTokens += cell.withoutTokens;
  group.notCompared.invalid += cell.invalid;
  if (cell.counted === 0) return;
  const used = cell.cost(0);
  if (used === undefined) {
    group.notCompared.withoutPrice += cell.counted;
    return;
  }
  addCosts(group.used, cell, 0, used);
  for (const [i, costs] of group.models.entries()) addCosts(costs, cell, i + 1, used);
}

function addCosts(costs: ModelCosts, cell: Cell, index: number, used: Nanos): void {
  const quote = cell.quotes[index]!;
  const cost = cell.cost(index);
  if (cost === undefined) {
    costs.unpriced += cell.counted;
    costs.reason ??= quote.unpriced?.message ?? 'A part of the calls has no price.';
    return;
  }
  const uncached = cell.cost(index, true) ?? cost;
  // The model's own calls cost what they cost, whatever the price table lacks.
  const isRange = index > 0 && quote !== cell.quotes[0] && quote.fitting?.isCachePriced === false;
  const rangeOf = (high: Nanos, rates: Rates, reads: readonly bigint[]): AmountRange => {
    return { low: isRange ? high - readCost(rates, reads) : high, high };
  };
  const parts = PART_KINDS.map((_, part) => cell.quantity(part));
  const rates = quote.rates!;
  const slow = quote.slow === undefined ? cost : sumOf(parts, quote.slow);
  const shifted = withMoreReads(parts);
  costs.records += cell.counted;
  costs.used += used;
  addRange(costs.cost, rangeOf(cost, rates, parts));
  addRange(costs.withoutFast, rangeOf(slow, quote.slow ?? rates, parts));
  costs.withoutCache += uncached;
  addRange(costs.moreCached, rangeOf(cost + sumOf(shifted, rates) - sumOf(parts, rates), rates, shifted));
  if (quote.isTermsDropped) costs.termsDropped += cell.counted;
}

function addRange(to: AmountRange, { low, high }: AmountRange): void {
  to.low += low;
  to.high += high;
}

const READS = (['cacheRead', 'cacheAudioRead', 'cacheImageRead'] as const).map((kind) => ({
  kind,
  part: partOf(kind),
}));

/** The cost of reads: what is uncertain if they have no price. */
function readCost(rates: Rates, parts: readonly bigint[]): Nanos {
  return READS.reduce((sum, { kind, part }) => sum + costOfSum(parts[part]!, rates[kind]), 0n);
}

function sumOf(parts: readonly bigint[], rates: Rates): Nanos {
  return PART_KINDS.reduce((sum, kind, part) => sum + costOfSum(parts[part]!, rates[kind]), 0n);
}

/** The cost of a sum of tokens, rounded once. */
export function costOfSum(quantity: bigint, rate: Rates[keyof Rates]): Nanos {
  return rate === undefined ? 0n : divideRound(quantity * rate.scaled, BigInt(rate.per) * 1000n);
}

/**
 * The parts if a tenth of the input more had been read from the cache: taken from uncached and written tokens in proportion, and
 * at most all of them.
 */
function withMoreReads(parts: readonly bigint[]): bigint[] {
  const from = (['input', 'cacheWrite5m', 'cacheWrite1h'] as const).map(partOf);
  const missed = from.reduce((sum, part) => sum + parts[part]!, 0n);
  const input = missed + parts[partOf('cacheRead')]!;
  const more = input / 10n < missed ? input / 10n : missed;
  const shifted = [...parts];
  if (missed === 0n) return shifted;
  let left = more;
  for (const [i, part] of from.entries()) {
    const moved = i === from.length - 1 ? left : (more * parts[part]!) / missed;
    const taken = moved > shifted[part]! ? shifted[part]! : moved;
    shifted[part]! -= taken;
    shifted[partOf('cacheRead')]! += taken;
    left -= taken;
  }
  return shifted;
}
