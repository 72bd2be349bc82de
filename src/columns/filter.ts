import { DIMENSIONS, SEARCHED } from '../usage/dimensions.ts';
import { type Dimension, type UsageFilter } from '../usage/query.ts';
import { compares, matchesTerm, parseSearch } from '../usage/line/searchText.ts';
import type { AmountTerm, FieldTerm } from '../usage/line/searchText.ts';
import type { Dictionary } from './dictionary.ts';
import { SEGMENT_ROWS, VISIBLE, VISIBLE_SHIFT, type Segment } from './segment.ts';
import type { ColumnStore } from './columnStore.ts';

/** Number of words whose matches fit into the bits of one integer. */
const WORDS_PER_MASK = 30;

/** A test of a code column: a row matches if `allowed[code]` is 1. */
interface ValueTest {
  dimension: Dimension;
  accepts: (value: string | null) => boolean;
  /** Whether rows that have an accepted value are left out. */
  excludes: boolean;
  allowed: Uint8Array;
}

/** Nano-dollars in a dollar. */
const NANOS = 1e9;

/** For each searched dimension and code: a bit for each word that occurs in the text. */
interface WordTest {
  words: readonly string[];
  all: number;
  masks: { dimension: Dimension; bits: Int32Array; any: boolean }[];
}

/**
 * A filter compiled to look-ups by code, so that each distinct text is compared once and not once per row. {@link extend}
 * covers texts added later.
 */
export class CompiledFilter {
  readonly #store: ColumnStore;
  readonly #since: number;
  readonly #until: number;
  readonly #values: ValueTest[] = [];
  readonly #words: WordTest[] = [];
  readonly #amounts: readonly AmountTerm[];
  readonly #found = new Int32Array(SEGMENT_ROWS);

  constructor(store: ColumnStore, filter: UsageFilter) {
    this.#store = store;
    this.#since = filter.since ?? Number.NEGATIVE_INFINITY;
    this.#until = filter.until ?? Number.POSITIVE_INFINITY;
    for (const dimension of DIMENSIONS) {
      const values = filter.values?.[dimension];
      if (values === undefined) continue;
      const wanted = new Set(values.map((value) => value || null));
      this.#addValues(dimension, (value) => wanted.has(value), false);
    }
    const { words, fields, amounts } = parseSearch(filter.search ?? '');
    this.#amounts = amounts;
    this.#addFields(fields);
    for (let at = 0; at < words.length; at += WORDS_PER_MASK) {
      const part = words.slice(at, at + WORDS_PER_MASK);
      const masks = SEARCHED.map((dimension) => ({ dimension, bits: new Int32Array(0), any: false }));
      this.#words.push({ words: part, all: 2 ** part.length - 1, masks });
    }
    this.extend();
  }

  #addValues(dimension: Dimension, accepts: ValueTest['accepts'], excludes: boolean): void {
    this.#values.push({ dimension, accepts, excludes, allowed: new Uint8Array(0) });
  }

  /** Terms of one field are alternatives, except those that exclude. */
  #addFields(fields: readonly FieldTerm[]): void {
    for (const dimension of new Set(fields.map((each) => each.dimension))) {
      const own = fields.filter((each) => each.dimension === dimension);
      for (const excludes of [false, true]) {
        const terms = own.filter(({ excluded }) => excluded === excludes);
        if (terms.length === 0) continue;
        this.#addValues(dimension, (value) => terms.some((term) => matchesTerm(term, value)), excludes);
      }
    }
  }

  /** Covers the texts added since the last call. Call it before each pass. */
  extend(): void {
    for (const test of this.#values) {
      const size = codes(this.#store, test.dimension);
      const from = test.allowed.length;
      if (from >= size) continue;
      test.allowed = grown(test.allowed, new Uint8Array(size));
      for (let code = from; code < size; code++) test.allowed[code] = this.#matchesCode(test, code) ? 1 : 0;
    }
    for (const test of this.#words) {
      for (const mask of test.masks) {
        const size = codes(this.#store, mask.dimension);
        const from = mask.bits.length;
        if (from >= size) continue;
        mask.bits = grown(mask.bits, new Int32Array(size));
        for (let code = from; code < size; code++) {
          const bits = this.#bitsOf(test.words, mask.dimension, code);
          mask.bits[code] = bits;
          if (bits !== 0) mask.any = true;
        }
      }
    }
  }

  /**
   * Writes the offsets of a segment's visible matching rows, ascending.
   * @param into at least as long as a segment.
   * @returns the number of matching rows.
   */
  select(segment: Segment, into: Uint32Array): number {
    if (segment.latest < this.#since || segment.earliest >= this.#until) return 0;
    return this.#narrow(segment, into, this.#visible(segment, 0, segment.used, into));
  }

  /** {@link select} for a single row. */
  selectRow(segment: Segment, at: number, into: Uint32Array): number {
    return this.#narrow(segment, into, this.#visible(segment, at, at + 1, into));
  }

  #visible({ state, time, earliest, latest }: Segment, from: number, to: number, into: Uint32Array): number {
    const since = this.#since;
    const until = this.#until;
    let count = 0;
    // Branch-free, to avoid mispredictions: each row is written, and the next overwrites it unless it matched. Does not access
    // the times, which may not have been loaded.
    if (earliest >= since && latest < until) {
      for (let at = from; at < to; at++) {
        into[count] = at;
        count += (state[at] as number) >>> VISIBLE_SHIFT;
      }
      return count;
    }
    for (let at = from; at < to; at++) {
      const ms = time[at] as number;
      if (state[at] === VISIBLE && ms >= since && ms < until) into[count++] = at;
    }
    return count;
  }

  /** Keeps only the rows that pass the value and word tests. */
  #narrow(segment: Segment, into: Uint32Array, selected: number): number {
    let count = selected;
    for (const { dimension, allowed } of this.#values) {
      if (count === 0) return 0;
      const column = segment.codes(dimension);
      count = compact(into, count, column, allowed);
    }
    for (const { all, masks } of this.#words) {
      if (count === 0) return 0;
      const found = this.#found.fill(0, 0, count);
      for (const { dimension, bits, any } of masks) {
        if (any) this.#collect(into, count, segment.codes(dimension), bits);
      }
      let kept = 0;
      for (let i = 0; i < count; i++) if (found[i] === all) into[kept++] = into[i] as number;
      count = kept;
    }
    for (const term of this.#amounts) count = this.#compare(segment, into, count, term);
    return count;
  }

  /** Adds, for each row, the bits of the words that occur in its text of one column. */
  #collect(rows: Uint32Array, count: number, column: ArrayLike<number>, bits: Int32Array): void {
    const found = this.#found;
    for (let i = 0; i < count; i++) (found[i] as number) |= bits[column[rows[i] as number] as number] as number;
  }

  /** Keeps the rows whose amount passes a comparison. An unknown cost passes none. */
  #compare(segment: Segment, into: Uint32Array, selected: number, term: AmountTerm): number {
    const isCost = term.amount === 'cost';
    const column = isCost ? segment.cost : segment[term.amount === 'tokens' ? 'total' : term.amount];
    const unknown = isCost ? this.#store.dictionaries.cost.find('unknown') : undefined;
    // Compared as nano-dollars, in which stored costs are exact.
    const limit = { operator: term.operator, value: isCost ? Math.round(term.value * NANOS) : term.value };
    let kept = 0;
    for (let i = 0; i < selected; i++) {
      const at = into[i] as number;
      if (unknown !== undefined && segment.costKind[at] === unknown) continue;
      if (compares(limit, column[at] as number)) into[kept++] = at;
    }
    return kept;
  }

  #matchesCode(test: ValueTest, code: number): boolean {
    const { values } = this.#store.dictionaries[test.dimension];
    const has = (one: number): boolean => test.accepts(values[one] ?? null);
    const matches = test.dimension === 'tag' ? (this.#store.tagSets.sets[code] ?? []).some(has) : has(code);
    return matches !== test.excludes;
  }

  #bitsOf(words: readonly string[], dimension: Dimension, code: number): number {
    if (dimension === 'tag') {
      const set = this.#store.tagSets.sets[code] ?? [];
      return set.reduce((bits, tag) => bits | wordBits(words, this.#store.tagSets.tags, tag), 0);
    }
    return wordBits(words, this.#store.dictionaries[dimension], code);
  }
}

/** Returns a key that is equal for identically written filters. */
export function filterKey({ since, until, values, search }: UsageFilter): string {
  // JSON.stringify writes both infinities as null.
  return JSON.stringify([String(since), String(until), values, search]);
}

function wordBits(words: readonly string[], dictionary: Dictionary, code: number): number {
  const text = dictionary.values[code]?.toLowerCase();
  if (text === undefined) return 0;
  let bits = 0;
  for (const [i, word] of words.entries()) if (text.includes(word)) bits |= 1 << i;
  return bits;
}

function codes(store: ColumnStore, dimension: Dimension): number {
  return dimension === 'tag' ? store.tagSets.sets.length : store.dictionaries[dimension].size;
}

function grown<T extends Uint8Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

function compact(rows: Uint32Array, count: number, column: ArrayLike<number>, allowed: Uint8Array): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const at = rows[i] as number;
    rows[kept] = at;
    kept += allowed[column[at] as number] as number;
  }
  return kept;
}
