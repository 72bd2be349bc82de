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
import { addRounded, Cell, CELL_FIELDS, INVALID, RECORDS, TOKENLESS, type Quote } from './cell.ts';
import { EdgeCoder } from './edges.ts';
import { ExactSums } from './exactSums.ts';
import { asUsed, type PriceQuestion } from './modes.ts';
import { PricesIndex } from './pricesIndex.ts';

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
  /** Receives each counted call: the index of its cell in the result, the segment and its offset there. */
  onCall?: ((cell: number, segment: Segment, at: number) => void) | undefined;
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

/** Tokens that are part of a call's counts but have other prices: the same in each call of a cell. */
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
  /** Number the callers: combinations of provider, model, edge, price terms, tier and charge. */
  readonly #callers = [...PRICED_BY, 'edge', 'terms'].map(() => new Combiner());
  /** By combination of provider and model. */
  readonly #edges: EdgeCoder[] = [];
  /** By caller: the kind of its calls. Calls of a kind have the same prices and offset. */
  readonly #kindOfCaller: number[] = [];
  readonly #prices = new PricesIndex();
  readonly #kinds: { prices: number; offset: Offset | undefined }[] = [];
  readonly #kindByText = new Map<string, number>();
  /** Number the combinations of a kind with the dimensions by which to group: the cells. */
  readonly #grouped: Combiner[];
  readonly #cells: Cell[] = [];
  /** By cell. */
  readonly #offsets: (Offset | undefined)[] = [];
  readonly #sums = new ExactSums(CELL_FIELDS);
  readonly #split: Split;
  #tokens = 0;

  constructor(store: ColumnStore, plan: TallyPlan) {
    this.#store = store;
    this.#plan = plan;
    this.#filter = new CompiledFilter(store, plan.filter);
    this.#grouped = plan.groupBy.map(() => new Combiner());
    this.#split = splitCounts({}) as Split;
  }

  take(segment: Segment): void {
    this.#filter.extend();
    const batch = this.#batch;
    batch.count = this.#filter.select(segment, batch.rows);
    if (batch.count === 0) return;
    this.#assignKinds(segment);
    this.#assignCells(segment);
    for (let i = 0; i < batch.count; i++) this.#add(segment, batch.rows[i]!, batch.groups[i]!);
    if (this.#tokens > SPILL) this.#spill();
  }

  result(): Cell[] {
    return this.#cells;
  }

  #assignKinds(segment: Segment): void {
    const { groups, codes, rows, count } = this.#batch;
    const [byProvider, byModel, byTier, byCharge, byEdge, byTerms] = this.#callers;
    groups.fill(0, 0, count);
    this.#combine(byProvider!, segment.codes('provider'));
    this.#combine(byModel!, segment.codes('model'));
    for (let i = 0; i < count; i++) {
      const at = rows[i]!;
      const edges = (this.#edges[groups[i]!] ??= this.#edgesOf(segment, at));
      codes[i] = edges.isConstant ? 0 : edges.code(segment.time[at]!, segment.input[at]!);
    }
    byEdge!.combine(groups, codes, count);
    const { terms, cacheRead } = segment;
    for (let i = 0; i < count; i++) {
      const at = rows[i]!;
      // Audio and images that may be among the tokens read have no price; without such tokens they have one.
      codes[i] = terms[at] === 0 ? 0 : terms[at]! * 2 + (cacheRead[at]! > 0 ? 1 : 0);
    }
    byTerms!.combine(groups, codes, count);
    this.#combine(byTier!, segment.codes('tier'));
    this.#combine(byCharge!, segment.codes('charge'));
    for (let i = 0; i < count; i++) groups[i] = this.#kindOfCaller[groups[i]!] ??= this.#kindOf(segment, rows[i]!);
  }

  #assignCells(segment: Segment): void {
    const { groups, rows, count } = this.#batch;
    for (const [i, dimension] of this.#plan.groupBy.entries()) {
      this.#combine(this.#grouped[i]!, segment.codes(dimension));
    }
    for (let i = 0; i < count; i++) {
      if (this.#cells[groups[i]!] === undefined) this.#addCell(segment, rows[i]!, groups[i]!);
    }
  }

  #combine(combiner: Combiner, column: ArrayLike<number>): void {
    const { groups, codes, count } = this.#batch;
    this.#batch.gather(column);
    combiner.combine(groups, codes, count);
  }

  #add(segment: Segment, at: number, cell: number): void {
    const offset = this.#offsets[cell];
    const { values } = this.#sums;
    const base = cell * CELL_FIELDS;
    values[base + RECORDS]!++;
    const input = segment.input[at]!;
    const output = segment.output[at]!;
    if (input === 0 && output === 0) {
      values[base + TOKENLESS]!++;
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
      values[base + INVALID]!++;
      return;
    }
    this.#tokens += input + output;
    if (input + output > LARGEST) this.#spill();
    values[base]! += plain;
    values[base + 1]! += plainRead;
    values[base + 2]! += write - write1h;
    values[base + 3]! += write1h;
    values[base + 9]! += plainOutput;
    values[base + 10]! += reasoning;
    values[base + 16]!++;
    if (offset !== undefined) for (const part of OTHER_PARTS) values[base + part]! += offset.split[part]!;
    if (input + output > LARGEST) this.#spill();
    const { rounded } = this.#cells[cell]!;
    if (rounded !== undefined) {
      const split = offset?.split ?? this.#split;
      split[0] = plain;
      split[1] = plainRead;
      split[2] = write - write1h;
      split[3] = write1h;
      split[9] = plainOutput;
      split[10] = reasoning;
      addRounded(this.#cells[cell]!, split);
    }
    this.#plan.onCall?.(cell, segment, at);
  }

  #spill(): void {
    this.#sums.spill();
    this.#tokens = 0;
  }

  #edgesOf(segment: Segment, at: number): EdgeCoder {
    const { pricer, models } = this.#plan;
    const used = { provider: this.#text('provider', segment, at), model: this.#text('model', segment, at) };
    return new EdgeCoder([used, ...models].map(({ provider, model }) => pricer.edges(provider ?? '', model ?? '')));
  }

  #text(dimension: Dimension, segment: Segment, at: number): string | null {
    return this.#store.dictionaries[dimension].values[segment.codes(dimension)[at]!] ?? null;
  }

  /** The kind of a row, and of all rows that have its caller. */
  #kindOf(segment: Segment, at: number): number {
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
    const prices = this.#prices.numberOf(this.#plan.quotes(asUsed(usage, terms, segment.time[at]!)));
    const offset = offsetOf(terms);
    const text = JSON.stringify([prices, offset]);
    let kind = this.#kindByText.get(text);
    if (kind === undefined) {
      kind = this.#kinds.push({ prices, offset }) - 1;
      this.#kindByText.set(text, kind);
    }
    return kind;
  }

  #addCell(segment: Segment, at: number, cell: number): void {
    const kind = this.#grouped.reduceRight((group, { parents }) => parents[group]!, cell);
    const { prices, offset } = this.#kinds[kind]!;
    const key = this.#plan.groupBy.map((dimension) => this.#text(dimension, segment, at));
    this.#sums.reserve(cell + 1);
    this.#offsets[cell] = offset;
    this.#cells[cell] = new Cell(key, this.#prices.all[prices]!, this.#sums, cell);
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
