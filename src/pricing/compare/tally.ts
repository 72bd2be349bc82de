import { Batch } from '../../columns/batch.ts';
import type { ColumnPass, ColumnTaker } from '../../columns/columnPass.ts';
import type { ColumnStore } from '../../columns/columnStore.ts';
import { Combiner } from '../../columns/combiner.ts';
import { CompiledFilter } from '../../columns/filter.ts';
import { parsePriceTerms, type PriceTerms } from '../../columns/priceTerms.ts';
import type { Segment } from '../../columns/segment.ts';
import type { Dimension, UsageFilter } from '../../usage/query.ts';
import type { PriceInput, Pricer } from '../price.ts';
import { splitCounts, type Split } from '../tokens.ts';
import { Cell, addRounded, type Quote } from './cell.ts';
import { EdgeCoder } from './edges.ts';
import { asUsed, type PriceQuestion } from './modes.ts';

/** The dimensions that decide prices, besides time and size. */
const PRICED_BY = ['provider', 'model', 'tier', 'charge'] as const;
/** Beyond this many tokens in all, sums are checked for precision. */
const SPILL = 2 ** 52;
/** A larger count is added as a bigint. */
const LARGEST = 2 ** 38;

/** Which tokens a tally adds up, and their prices. */
export interface TallyPlan {
  pricer: Pricer;
  filter: UsageFilter;
  /** Dimensions with one value for each record. */
  groupBy: readonly Dimension[];
  /** The models whose prices the quotes contain, besides the one used. */
  models: readonly { provider: string; model: string }[];
  quotes: (ask: PriceQuestion) => Quote[];
  /** Receives each counted call: its cell, the segment and its offset there. */
  onCall?: ((cell: Cell, segment: Segment, at: number) => void) | undefined;
}

/**
 * Adds up tokens in cells of calls that have the same prices: prices are linear within a cell, so a million calls are priced
 * with a few thousand multiplications. The size of a call decides the price of the whole call, so calls of different tiers are in
 * different cells.
 */
export function tallyPass(plan: TallyPlan): ColumnPass<Cell[]> {
  return {
    filter: plan.filter,
    dimensions: [...PRICED_BY, ...plan.groupBy],
    start: (store) => new Tally(store, plan),
  };
}

/** The calls of a provider's model: where their prices change. */
interface Offset {
  input: number;
  read: number;
  output: number;
  isInvalid: boolean;
  split: Split;
}

class Tally implements ColumnTaker<Cell[]> {
  readonly #store: ColumnStore;
  readonly #plan: TallyPlan;
  readonly #filter: CompiledFilter;
  readonly #batch = new Batch();
  readonly #names = new Combiner();
  readonly #models = new Combiner();
  readonly #combiners: Combiner[];
  readonly #dimensions: readonly Dimension[];
  /** By group of provider and model. */
  readonly #edges: EdgeCoder[] = [];
  readonly #cells: Cell[] = [];
  readonly #offsets: (Offset | undefined)[] = [];
  readonly #split: Split;
  #tokens = 0;

  constructor(store: ColumnStore, plan: TallyPlan) {
    this.#store = store;
    this.#plan = plan;
    this.#filter = new CompiledFilter(store, plan.filter);
    this.#dimensions = [...PRICED_BY.slice(2), ...plan.groupBy];
    this.#combiners = [new Combiner(), new Combiner(), ...this.#dimensions.map(() => new Combiner())];
    this.#split = splitCounts({}) as Split;
  }

  take(segment: Segment): void {
    this.#filter.extend();
    const batch = this.#batch;
    batch.count = this.#filter.select(segment, batch.rows);
    if (batch.count === 0) return;
    this.#group(segment);
    for (let i = 0; i < batch.count; i++) this.#add(segment, batch.rows[i]!, batch.groups[i]!);
    if (this.#tokens > SPILL) {
      for (const cell of this.#cells) cell.spill();
      this.#tokens = 0;
    }
  }

  result(): Cell[] {
    return this.#cells;
  }

  /** Assigns each row of the batch to a cell. */
  #group(segment: Segment): void {
    const { groups, codes, rows, count } = this.#batch;
    groups.fill(0, 0, count);
    this.#batch.gather(segment.codes('provider'));
    this.#names.combine(groups, codes, count);
    this.#batch.gather(segment.codes('model'));
    this.#models.combine(groups, codes, count);
    for (let i = 0; i < count; i++) {
      const at = rows[i]!;
      const edges = (this.#edges[groups[i]!] ??= this.#edgesOf(segment, at));
      codes[i] = edges.isConstant ? 0 : edges.code(segment.time[at]!, segment.input[at]!);
    }
    const [byEdge, byTerms, ...others] = this.#combiners;
    byEdge!.combine(groups, codes, count);
    this.#batch.gather(segment.terms);
    byTerms!.combine(groups, codes, count);
    for (const [i, dimension] of this.#dimensions.entries()) {
      this.#batch.gather(segment.codes(dimension));
      others[i]!.combine(groups, codes, count);
    }
  }

  #add(segment: Segment, at: number, group: number): void {
    const cell = (this.#cells[group] ??= this.#cell(segment, at, group));
    const offset = this.#offsets[group];
    cell.records++;
    const input = segment.input[at]!;
    const output = segment.output[at]!;
    if (input === 0 && output === 0) {
      cell.withoutTokens++;
      return;
    }
    const read = segment.cacheRead[at]!;
    const write1h = segment.write1h[at]!;
    const write = segment.cacheWrite[at]! || write1h;
    const reasoning = segment.reasoning[at]!;
    const plain = input - read - write - (offset?.input ?? 0);
    const plainRead = read - (offset?.read ?? 0);
    const plainOutput = output - reasoning - (offset?.output ?? 0);
    if (plain < 0 || plainRead < 0 || write < write1h || plainOutput < 0 || offset?.isInvalid === true) {
      cell.invalid++;
      return;
    }
    const { sums } = cell;
    const split = offset?.split ?? this.#split;
    split[0] = plain;
    split[1] = plainRead;
    split[2] = write - write1h;
    split[3] = write1h;
    split[9] = plainOutput;
    split[10] = reasoning;
    this.#tokens += input + output;
    if (input + output > LARGEST) cell.spill();
    (sums[0] as number) += plain;
    (sums[1] as number) += plainRead;
    (sums[2] as number) += write - write1h;
    (sums[3] as number) += write1h;
    (sums[9] as number) += plainOutput;
    (sums[10] as number) += reasoning;
    (sums[16] as number)++;
    if (offset !== undefined) for (const part of OTHER_PARTS) (sums[part] as number) += split[part]!;
    if (input + output > LARGEST) cell.spill();
    if (cell.rounded.length > 0) addRounded(cell.rounded, split);
    this.#plan.onCall?.(cell, segment, at);
  }

  #edgesOf(segment: Segment, at: number): EdgeCoder {
    const { pricer, models } = this.#plan;
    const used = { provider: this.#text('provider', segment, at), model: this.#text('model', segment, at) };
    return new EdgeCoder([used, ...models].map(({ provider, model }) => pricer.edges(provider ?? '', model ?? '')));
  }

  #text(dimension: Dimension, segment: Segment, at: number): string | null {
    return this.#store.dictionaries[dimension].values[segment.codes(dimension)[at]!] ?? null;
  }

  /** The cell of a row: all rows of the group have its prices. */
  #cell(segment: Segment, at: number, group: number): Cell {
    const terms = parsePriceTerms(this.#store.terms.values[segment.terms[at]!] ?? null);
    const usage: PriceInput = {
      ...terms,
      provider: this.#text('provider', segment, at) ?? '',
      model: this.#text('model', segment, at) ?? '',
      service_tier: this.#text('tier', segment, at),
      charge: this.#text('charge', segment, at),
      input_tokens: segment.input[at]!,
      cache_read_tokens: segment.cacheRead[at]!,
      cache_write_1h_tokens: segment.write1h[at]!,
    };
    this.#offsets[group] = offsetOf(terms);
    const key = this.#plan.groupBy.map((dimension) => this.#text(dimension, segment, at));
    return new Cell(key, this.#plan.quotes(asUsed(usage, terms, segment.time[at]!)));
  }
}

/** The parts whose quantities are the same in each call of a cell. */
const OTHER_PARTS = [4, 5, 6, 7, 8, 11, 12, 13, 14, 15];

/** The tokens that are part of the columns but have other prices; undefined when there are none. */
function offsetOf(terms: PriceTerms): Offset | undefined {
  const names = Object.keys(terms).filter((name) => name.endsWith('_tokens') || name === 'web_searches');
  if (names.length === 0) return undefined;
  const counts = Object.fromEntries(names.map((name) => [name, terms[name] as number]));
  // Enough tokens, so that only the counts themselves can be wrong.
  const whole = names.reduce((sum, name) => sum + Math.max(0, counts[name]!), 0);
  const split = splitCounts({ ...counts, input_tokens: 2 * whole, cache_read_tokens: whole, output_tokens: whole });
  if (!Array.isArray(split)) return { input: 0, read: 0, output: 0, isInvalid: true, split: splitCounts({}) as Split };
  const [plain = 0, read = 0] = split;
  return { input: whole - plain, read: whole - read, output: whole - split[9]!, isInvalid: false, split };
}
