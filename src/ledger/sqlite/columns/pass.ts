import { SEARCHED } from '../../../usage/dimensions.ts';
import type { CountColumn } from '../../../columns/segment.ts';
import { BIG_COST, COUNT_COLUMNS, Segment, SHADOWED, TEXT_INDEX, VISIBLE } from '../../../columns/segment.ts';
import { ColumnStore } from '../../../columns/columnStore.ts';
import type { Dimension, UsageFilter } from '../../../usage/query.ts';
import type { Packed } from './columnBlob.ts';
import { isNarrow, numberAt, unpack, unpackNarrow } from './columnBlob.ts';
import type { Column, TextColumn } from './columnNumbers.ts';
import { isText } from './columnNumbers.ts';
import type { Coded, Columns } from './columns.ts';

/** What every sum needs. */
export const SUM_COLUMNS: readonly Column[] = [...COUNT_COLUMNS, 'cost', 'costKind'];

/** The dictionaries of a ledger, as far as they were met; its rows are in the database. */
class MetTexts extends ColumnStore {
  earliest = Number.POSITIVE_INFINITY;
  latest = Number.NEGATIVE_INFINITY;

  override extent(): { earliest: number; latest: number } {
    return { earliest: this.earliest, latest: this.latest };
  }
}

/**
 * One segment of room, into which the segments of a ledger are taken one after the other, in the codes of one dictionary
 * for all of them. What a pass does with it must be done before it lets others have their turn.
 */
export class SegmentRoom {
  readonly store: ColumnStore;
  readonly segment = new Segment(0);
  readonly #texts = new MetTexts();
  readonly #ledgerCode: number;
  /** Of the columns that are kept, so that a text is read and looked up in the first pass alone. */
  readonly #recodings = new WeakMap<object, readonly number[]>();

  /** @param label of the ledger, for the dimension of that name. */
  constructor(label: string) {
    this.store = this.#texts;
    this.#ledgerCode = this.#texts.dictionaries.ledger.encode(label);
  }

  /** Says between which times the ledger's records lie, ms. */
  bound(earliest: number, latest: number): void {
    this.#texts.earliest = earliest;
    this.#texts.latest = latest;
  }

  /**
   * Takes columns in.
   * @param bounds between which times they lie, ms.
   * @param wanted those that the pass will look at: `time` among them, unless {@link takesAllTimes} of the segment.
   * @param after records up to this number are left out.
   * @param hidden the numbers of records that are left out.
   */
  load(
    columns: Columns,
    bounds: { earliest: number; latest: number },
    wanted: ReadonlySet<Column>,
    after: number,
    hidden: ReadonlySet<number>,
  ): Segment {
    const { segment } = this;
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

  /** Takes in only the texts of a column, so that they have their codes before the first row is looked at. */
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
    const into = segment[column];
    if (into instanceof Uint32Array && unpackNarrow(numbers, into)) return;
    segment.widen(column);
    unpack(numbers, segment[column] as Float64Array);
  }

  /** For each code of a segment the code that stands for the same in all of them. */
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

/** Whether a filter takes all times that lie between these, ends included, so that no time need be looked at. */
export function takesAllTimes({ since, until }: UsageFilter, bounds: { earliest: number; latest: number }): boolean {
  return bounds.earliest >= (since ?? Number.NEGATIVE_INFINITY) && bounds.latest < (until ?? Number.POSITIVE_INFINITY);
}

/** The columns that tell whether a record matches, all but `time`. */
export function filterColumns(filter: UsageFilter): Column[] {
  const dimensions = Object.entries(filter.values ?? {}).flatMap(([dimension, values]) =>
    values === undefined ? [] : [dimension as Dimension],
  );
  const searched = (filter.search ?? '').trim() === '' ? [] : SEARCHED;
  return [...dimensions, ...searched].flatMap(columnOf);
}

/** The column of a dimension; none for the ledger, which is one and the same for all. */
export function columnOf(dimension: Dimension): Column[] {
  if (dimension === 'ledger') return [];
  if (dimension === 'tag') return ['tags'];
  return [dimension === 'cost' ? 'costKind' : dimension];
}

function isCount(column: Column): column is CountColumn {
  return (COUNT_COLUMNS as readonly string[]).includes(column);
}

function recode(into: Uint32Array, { length, least, above }: Packed, known: readonly number[]): void {
  if (above === undefined) into.fill(known[least] ?? 0, 0, length);
  else for (let at = 0; at < length; at++) into[at] = known[(above[at] as number) + least] as number;
}
