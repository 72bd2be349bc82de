import { SEARCHED } from '../../../usage/dimensions.ts';
import type { CountColumn, RareCount } from '../../../columns/segment.ts';
import {
  BIG_COST,
  COUNT_COLUMNS,
  RARE_COUNTS,
  Segment,
  SHADOWED,
  TEXT_INDEX,
  VISIBLE,
} from '../../../columns/segment.ts';
import { ColumnStore } from '../../../columns/columnStore.ts';
import type { Dimension, UsageFilter } from '../../../usage/query.ts';
import { parseSearch } from '../../../usage/line/searchText.ts';
import type { AmountTerm } from '../../../usage/line/searchText.ts';
import type { Packed } from './columnBlob.ts';
import { isNarrow, numberAt, unpack, unpackNarrow } from './columnBlob.ts';
import type { Column, TextColumn } from './columnNumbers.ts';
import { isText } from './columnNumbers.ts';
import type { Coded, Columns } from './columns.ts';

/** Columns that every sum needs. */
export const SUM_COLUMNS: readonly Column[] = [...COUNT_COLUMNS, 'guessed', 'cost', 'costKind', 'charge'];

/** Columns that every pass needs that prices the calls. */
export const PASS_COLUMNS: readonly Column[] = ['time', ...COUNT_COLUMNS, 'write1h', 'terms'];

/** The dictionaries shared by all segments of a ledger, filled as segments are read; the rows stay in the database. */
class SharedDictionary extends ColumnStore {
  earliest = Number.POSITIVE_INFINITY;
  latest = Number.NEGATIVE_INFINITY;

  override extent(): { earliest: number; latest: number } {
    return { earliest: this.earliest, latest: this.latest };
  }
}

/**
 * A buffer for one segment, into which a ledger's segments are loaded one after another, recoded to one shared dictionary. A
 * pass must finish with its content before it yields.
 */
export class SegmentBuffer {
  readonly store: ColumnStore;
  readonly segment = new Segment(0);
  readonly #texts = new SharedDictionary();
  readonly #ledgerCode: number;
  /** Recodings of cached columns, so that each text is read and looked up only in the first pass. */
  readonly #recodings = new WeakMap<object, readonly number[]>();
  #hidden: ReadonlySet<number> = new Set();

  /** @param label the ledger's label, the value of the dimension `ledger`. */
  constructor(label: string) {
    this.store = this.#texts;
    this.#ledgerCode = this.#texts.dictionaries.ledger.encode(label);
  }

  /** Sets the bounds of the ledger's times, ms. */
  bound(earliest: number, latest: number): void {
    this.#texts.earliest = earliest;
    this.#texts.latest = latest;
  }

  /** Numbers of records that no pass takes, because another ledger counts them. */
  get hidden(): ReadonlySet<number> {
    return this.#hidden;
  }

  hide(seqs: ReadonlySet<number>): void {
    this.#hidden = seqs;
  }

  /**
   * Loads columns into the buffer, without the hidden records.
   * @param bounds bounds of their times, ms.
   * @param wanted the columns that the pass needs, including `time` unless {@link takesAllTimes} is true for the segment.
   * @param after excludes records up to this number.
   */
  load(
    columns: Columns,
    bounds: { earliest: number; latest: number },
    wanted: ReadonlySet<Column>,
    after = 0,
  ): Segment {
    const { segment } = this;
    const hidden = this.#hidden;
    segment.earliest = bounds.earliest;
    segment.latest = bounds.latest;
    const count = columns.records;
    segment.reserve(count);
    segment.used = count;
    segment.ledger.fill(this.#ledgerCode, 0, count);
    segment.state.fill(VISIBLE, 0, count);
    if (after > 0 || hidden.size > 0) {
      const seqs = columns.numbers('seq');
      for (let at = 0; at < count; at++) {
        const seq = numberAt(seqs, at);
        if (seq <= after || hidden.has(seq)) segment.state[at] = SHADOWED;
      }
    }
    for (const column of wanted) this.#take(columns, column);
    return segment;
  }

  /** Loads only the texts of a column, so that they have codes before the first row is processed. */
  meet(columns: Columns, column: TextColumn): void {
    this.#recoding(columns.texts(column), (text) => this.store.dictionaries[column].encode(text));
  }

  #take(columns: Columns, column: Column): void {
    const { segment, store } = this;
    if (column === 'seq' || column === 'bigCosts') return;
    if (column === 'tags') {
      const sets = columns.tags();
      recode(
        segment.tags,
        sets.codes,
        this.#recoding(sets, (set) => store.tagSets.encode(set)),
      );
    } else if (column === 'terms') {
      const terms = columns.terms();
      const recoding = this.#recoding(terms, (text) => store.terms.encode(text));
      recode(segment.ownTerms(), terms.codes, recoding);
    } else if (isRareCount(column)) {
      this.#takeRareCounts(columns.numbers(column), column);
    } else if (isText(column)) {
      const texts = columns.texts(column);
      const dictionary = store.dictionaries[column];
      recode(
        segment.ownTexts(TEXT_INDEX[column]),
        texts.codes,
        this.#recoding(texts, (text) => dictionary.encode(text)),
      );
    } else {
      const numbers = columns.numbers(column);
      if (isCount(column)) this.#takeCounts(numbers, column);
      else unpack(numbers, segment[column]);
      if (column === 'cost') this.#takeBigCosts(columns, numbers);
    }
  }

  #takeCounts(numbers: Packed, column: CountColumn): void {
    const { segment } = this;
    if (unpackNarrowly(numbers, segment[column])) return;
    segment.widen(column);
    unpack(numbers, segment[column] as Float64Array);
  }

  #takeRareCounts(numbers: Packed, column: RareCount): void {
    const { segment } = this;
    if (numbers.above === undefined && numbers.least === 0) {
      segment.dropRareCounts(column);
    } else if (!unpackNarrowly(numbers, segment.ownRareCounts(column, false))) {
      unpack(numbers, segment.ownRareCounts(column, true) as Float64Array);
    }
  }

  /** Maps each code of a segment to its code in the shared dictionary. */
  #recoding<T>(coded: Coded<T>, encode: (value: T) => number): readonly number[] {
    let known = this.#recodings.get(coded.key);
    if (known === undefined) this.#recodings.set(coded.key, (known = coded.values().map(encode)));
    return known;
  }

  #takeBigCosts(columns: Columns, { least, above }: Packed): void {
    const { store, segment } = this;
    store.bigCosts.clear();
    const mayBe = least === BIG_COST || (above !== undefined && !isNarrow(above));
    if (!mayBe || !segment.cost.subarray(0, columns.records).includes(BIG_COST)) return;
    for (const [at, nanos] of columns.bigCosts()) store.bigCosts.set(at, nanos);
  }
}

/** Whether a filter accepts all times within the bounds (inclusive), so that times need not be read. */
export function takesAllTimes({ since, until }: UsageFilter, bounds: { earliest: number; latest: number }): boolean {
  return bounds.earliest >= (since ?? Number.NEGATIVE_INFINITY) && bounds.latest < (until ?? Number.POSITIVE_INFINITY);
}

/** The columns, except `time`, that determine whether a record matches. */
export function filterColumns(filter: UsageFilter): Column[] {
  const dimensions = Object.entries(filter.values ?? {}).flatMap(([dimension, values]) =>
    values === undefined ? [] : [dimension as Dimension],
  );
  const { words, fields, amounts } = parseSearch(filter.search ?? '');
  const searched = [...(words.length === 0 ? [] : SEARCHED), ...fields.map(({ dimension }) => dimension)];
  return [...[...dimensions, ...searched].flatMap(columnOf), ...amounts.flatMap(amountColumns)];
}

function amountColumns({ amount }: AmountTerm): Column[] {
  if (amount === 'cost') return ['cost', 'costKind'];
  return [amount === 'tokens' ? 'total' : amount];
}

/** The column of a dimension; none for `ledger`, which is the same for all records. */
export function columnOf(dimension: Dimension): Column[] {
  if (dimension === 'ledger') return [];
  if (dimension === 'tag') return ['tags'];
  return [dimension === 'cost' ? 'costKind' : dimension];
}

function unpackNarrowly(numbers: Packed, into: Uint32Array | Float64Array): boolean {
  return into instanceof Uint32Array && unpackNarrow(numbers, into);
}

function isCount(column: Column): column is CountColumn {
  return (COUNT_COLUMNS as readonly string[]).includes(column);
}

function isRareCount(column: Column): column is RareCount {
  return (RARE_COUNTS as readonly string[]).includes(column);
}

function recode(into: Uint32Array, { length, least, above }: Packed, known: readonly number[]): void {
  if (above === undefined) into.fill(known[least] ?? 0, 0, length);
  else for (let at = 0; at < length; at++) into[at] = known[(above[at] as number) + least] as number;
}
