import type { Nanos } from '../../usage/money.ts';
import type { Dimension, UsageFilter } from '../../usage/query.ts';
import type { ColumnPass } from '../../columns/columnPass.ts';
import type { Pricer } from '../price.ts';
import type { Rates } from '../rates.ts';
import { PART_KINDS } from '../tokens.ts';
import { costOfSum, partOf, type Cell } from './cell.ts';
import { ExactSums, minus, plus, type Whole } from './exactSums.ts';
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
  return compareEach(cells, models, [keep])[0]!;
}

/** Adds up cells by several groupings; the costs of a cell are computed once. */
export function compareEach(
  cells: Iterable<Cell>,
  models: number,
  groupings: readonly (readonly number[])[],
): ComparedGroup[][] {
  const all = groupings.map((keep) => new ComparedGroups(models, keep));
  for (const cell of cells) {
    const used = cell.counted === 0 ? undefined : cell.cost(0);
    const costs = used === undefined ? [] : costsOf(cell, used);
    for (const groups of all) groups.add(cell, costs);
  }
  return all.map((groups) => groups.sorted());
}

/**
 * The fields of the sums from which {@link ModelCosts} are made. Most calls have no fast mode and no range, so what these
 * subtract is nearly always 0.
 */
const FIELDS = {
  records: 0,
  used: 1,
  cost: 2,
  withoutCache: 3,
  moreCached: 4,
  /** Width of the range of `cost`. */
  costRange: 5,
  fast: 6,
  withoutFastRange: 7,
  moreCachedRange: 8,
  termsDropped: 9,
  unpriced: 10,
} as const;
const FIELD_COUNT = 11;

/** The costs of a cell at a model, in the order of {@link FIELDS}; or why there are none. */
type CellCosts = Whole[] | { reason: string };

class ComparedGroups {
  readonly #models: number;
  readonly #keep: readonly number[];
  readonly #groups = new Map<string, { key: (string | null)[]; row: number; notCompared: NotCompared }>();
  /** A row for each model of each group. */
  readonly #sums = new ExactSums(FIELD_COUNT);
  readonly #reasons: (string | undefined)[] = [];

  constructor(models: number, keep: readonly number[]) {
    this.#models = models;
    this.#keep = keep;
    if (keep.length === 0) this.#groupOf([]);
  }

  /** @param costs at the model that was used, then at each of the others; empty if the calls have no price. */
  add(cell: Cell, costs: readonly CellCosts[]): void {
    const { row, notCompared } = this.#groupOf(this.#keep.map((at) => cell.key[at] ?? null));
    notCompared.withoutTokens += cell.withoutTokens;
    notCompared.invalid += cell.invalid;
    if (costs.length === 0) notCompared.withoutPrice += cell.counted;
    for (let i = 0; i < costs.length; i++) this.#addCosts(row + i, costs[i]!, cell);
  }

  #addCosts(row: number, costs: CellCosts, cell: Cell): void {
    if (!Array.isArray(costs)) {
      this.#sums.add(row, FIELDS.unpriced, cell.counted);
      this.#reasons[row] ??= costs.reason;
      return;
    }
    for (let field = 0; field < costs.length; field++) {
      if (costs[field] !== 0) this.#sums.add(row, field, costs[field]!);
    }
  }

  #groupOf(key: (string | null)[]): { row: number; notCompared: NotCompared } {
    const name = JSON.stringify(key);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { key, row: this.#groups.size * (this.#models + 1), notCompared: noneCompared() };
      this.#groups.set(name, group);
    }
    return group;
  }

  /** The most expensive first. */
  sorted(): ComparedGroup[] {
    const groups = [...this.#groups.values()].map(({ key, row, notCompared }) => ({
      key,
      used: this.#costsAt(row),
      models: Array.from({ length: this.#models }, (_, i) => this.#costsAt(row + i + 1)),
      notCompared,
    }));
    return groups.sort((a, b) => (a.used.cost.high > b.used.cost.high ? -1 : 1));
  }

  #costsAt(row: number): ModelCosts {
    const sum = (field: keyof typeof FIELDS): Nanos => BigInt(this.#sums.get(row, FIELDS[field]));
    const range = (high: Nanos, width: keyof typeof FIELDS): AmountRange => ({ low: high - sum(width), high });
    return {
      records: Number(sum('records')),
      used: sum('used'),
      cost: range(sum('cost'), 'costRange'),
      withoutFast: range(sum('cost') - sum('fast'), 'withoutFastRange'),
      withoutCache: sum('withoutCache'),
      moreCached: range(sum('moreCached'), 'moreCachedRange'),
      termsDropped: Number(sum('termsDropped')),
      unpriced: Number(sum('unpriced')),
      reason: this.#reasons[row],
    };
  }
}

export function noneCompared(): NotCompared {
  return { withoutTokens: 0, invalid: 0, withoutPrice: 0 };
}

function costsOf(cell: Cell, used: Whole): CellCosts[] {
  const parts = PART_KINDS.map((_, part) => cell.quantity(part));
  const shifted = withMoreReads(parts);
  return cell.quotes.map((_, index) => costsAt(cell, index, { used, parts, shifted }));
}

function costsAt(
  cell: Cell,
  index: number,
  { used, parts, shifted }: { used: Whole; parts: readonly Whole[]; shifted: readonly Whole[] },
): CellCosts {
  const quote = cell.quotes[index]!;
  const { rates } = quote;
  const cost = cell.cost(index);
  if (cost === undefined || rates === undefined) {
    return { reason: quote.unpriced?.message ?? 'A part of the calls has no price.' };
  }
  // The model's own calls cost what they cost, whatever the price table lacks.
  const isRange = index > 0 && quote !== cell.quotes[0] && quote.fitting?.isCachePriced === false;
  const slow = quote.slow === undefined ? undefined : sumOf(parts, quote.slow, ALL_PARTS);
  const more = minus(sumOf(shifted, rates, INPUT_PARTS), sumOf(parts, rates, INPUT_PARTS));
  return [
    cell.counted,
    used,
    cost,
    cell.cost(index, true) ?? cost,
    plus(cost, more),
    isRange ? sumOf(parts, rates, READ_PARTS) : 0,
    slow === undefined ? 0 : minus(cost, slow),
    isRange ? sumOf(parts, quote.slow ?? rates, READ_PARTS) : 0,
    isRange ? sumOf(shifted, rates, READ_PARTS) : 0,
    quote.isTermsDropped ? cell.counted : 0,
  ];
}

const ALL_PARTS = PART_KINDS.map((_, part) => part);
/** The parts of which {@link withMoreReads} moves tokens. */
const MISSED = (['input', 'cacheWrite5m', 'cacheWrite1h'] as const).map(partOf);
const READ = partOf('cacheRead');
const INPUT_PARTS = [...MISSED, READ];
/** The parts whose cost is uncertain if reads have no price. */
const READ_PARTS = (['cacheRead', 'cacheAudioRead', 'cacheImageRead'] as const).map(partOf);

function sumOf(parts: readonly Whole[], rates: Rates, of: readonly number[]): Whole {
  let sum: Whole = 0;
  for (const part of of) sum = plus(sum, costOfSum(parts[part]!, rates[PART_KINDS[part]!]));
  return sum;
}

/**
 * The parts if a tenth of the input more had been read from the cache: taken from uncached and written tokens in proportion, and
 * at most all of them.
 */
function withMoreReads(parts: readonly Whole[]): Whole[] {
  const shifted = [...parts];
  const missed = MISSED.reduce((sum, part) => sum + Number(parts[part]!), 0);
  const more = Math.min(Math.floor((missed + Number(parts[READ]!)) / 10), missed);
  let left = more;
  for (const [i, part] of MISSED.entries()) {
    if (left === 0) break;
    const available = Number(parts[part]!);
    const share = i === MISSED.length - 1 ? left : Math.floor(more * (available / missed));
    const taken = Math.min(share, available, left);
    shifted[part] = minus(parts[part]!, taken);
    shifted[READ] = plus(shifted[READ]!, taken);
    left -= taken;
  }
  return shifted;
}
