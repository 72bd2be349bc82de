import { usdToNanos } from '../usage/money.ts';
import { TEXT_DIMENSIONS } from '../usage/dimensions.ts';
import { costKind, type Bucket, type Calendar, type Dimension } from '../usage/query.ts';
import { priceTerms } from './priceTerms.ts';
import type { UsageRecord } from '../usage/record.ts';
import { BucketCoder } from './bucketCoder.ts';
import { Dictionary, TagSets } from './dictionary.ts';
import { BIG_COST, COST_KINDS, ROW_MASK, Segment, SEGMENT_BITS, SEGMENT_ROWS } from './segment.ts';

/** Maximum number of cached bucket coders. */
const CODERS = 10;
const LARGEST_NUMBER = 2 ** 52;
const TEXT_FIELDS = TEXT_DIMENSIONS.map(({ field }) => field);

/** The rows, and the dictionaries that encode them. Does not know about identity or visibility. */
export class ColumnStore {
  readonly segments: Segment[] = [];
  readonly bigCosts = new Map<number, bigint>();
  readonly tagSets = new TagSets();
  /** The price terms of records (`priceTerms.ts`). */
  readonly terms = new Dictionary();
  readonly dictionaries: Readonly<Record<Dimension, Dictionary>>;
  /** Dictionaries of the text dimensions, in the order of {@link TEXT_DIMENSIONS}. */
  readonly #texts = TEXT_DIMENSIONS.map(() => new Dictionary());
  /** false while rows are in insertion order, so that no sort by insertion is needed. */
  reused = false;
  readonly #free: number[] = [];
  readonly #coders = new Map<string, BucketCoder>();
  #inserted = 0;

  constructor() {
    const cost = new Dictionary();
    for (const kind of COST_KINDS) cost.encode(kind);
    this.dictionaries = {
      ledger: new Dictionary(),
      ...Object.fromEntries(TEXT_DIMENSIONS.map(({ name }, index) => [name, this.#texts[index]])),
      tag: this.tagSets.tags,
      cost,
    } as Record<Dimension, Dictionary>;
  }

  segment(row: number): Segment {
    return this.segments[row >>> SEGMENT_BITS] as Segment;
  }

  /** Writes a record into a free row and returns that row. The caller sets its state and links. */
  write(ledgerCode: number, record: UsageRecord, locator: number): number {
    const row = this.#take();
    const segment = this.segment(row);
    const at = row & ROW_MASK;
    const kind = costKind(record);
    const time = Date.parse(record.timestamp);
    segment.ids[at] = record.usage_id;
    segment.order[at] = this.#inserted++;
    segment.locator[at] = locator;
    segment.time[at] = time;
    if (time < segment.earliest) segment.earliest = time;
    if (time > segment.latest) segment.latest = time;
    segment.cost[at] = kind === 'unknown' ? 0 : this.#cost(row, record.cost_usd);
    segment.putCount('input', at, record.input_tokens);
    segment.putCount('output', at, record.output_tokens);
    segment.putCount('total', at, record.total_tokens);
    segment.putCount('cacheRead', at, record.cache_read_tokens ?? 0);
    segment.putCount('cacheWrite', at, record.cache_write_tokens ?? 0);
    segment.putCount('reasoning', at, record.reasoning_tokens ?? 0);
    segment.putRareCount('write1h', at, record.cache_write_1h_tokens ?? 0);
    segment.putRareCount('guessed', at, record.estimated_tokens ?? 0);
    segment.putTerms(at, this.terms.encode(priceTerms(record)));
    segment.ledger[at] = ledgerCode;
    segment.costKind[at] = this.dictionaries.cost.encode(kind);
    segment.tags[at] = this.tagSets.encode(record.tags);
    for (let index = 0; index < TEXT_FIELDS.length; index++) {
      segment.putText(index, at, this.#texts[index]!.encode(record[TEXT_FIELDS[index]!]));
    }
    return row;
  }

  /** Returns the coder for the buckets of a calendar, cached because building one takes longer than using it. */
  bucketCoder(bucket: Bucket, calendar: Calendar): BucketCoder {
    const key = `${bucket} ${calendar.timeZone} ${calendar.firstDayOfWeek}`;
    const known = this.#coders.get(key);
    if (known !== undefined && !known.isTight) return known;
    if (this.#coders.size >= CODERS) this.#coders.clear();
    const { earliest, latest } = this.extent();
    const coder = new BucketCoder(bucket, calendar, earliest, latest);
    this.#coders.set(key, coder);
    return coder;
  }

  /** Bounds of all times, ms; infinite when there are no rows. */
  extent(): { earliest: number; latest: number } {
    return {
      earliest: Math.min(...this.segments.map((segment) => segment.earliest)),
      latest: Math.max(...this.segments.map((segment) => segment.latest)),
    };
  }

  /** Marks a row as free for another record. */
  release(row: number): void {
    this.segment(row).ids[row & ROW_MASK] = '';
    if (this.bigCosts.size > 0) this.bigCosts.delete(row);
    this.#free.push(row);
  }

  /** Drops all rows and their memory. Keeps the dictionaries, because callers may hold codes. */
  reset(): void {
    this.segments.length = 0;
    this.#free.length = 0;
    this.bigCosts.clear();
    this.#coders.clear();
    this.reused = false;
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.reused = true;
      return free;
    }
    let last = this.segments.at(-1);
    if (last === undefined || last.used === SEGMENT_ROWS) {
      last = new Segment(this.segments.length * SEGMENT_ROWS);
      // A table that filled a segment will need most of the next one.
      if (this.segments.length > 0) last.reserve(SEGMENT_ROWS);
      this.segments.push(last);
    }
    last.reserve(last.used + 1);
    return last.base + last.used++;
  }

  #cost(row: number, usd: number): number {
    const scaled = usd * 1e9;
    if (scaled <= LARGEST_NUMBER) return Math.round(scaled);
    this.bigCosts.set(row, usdToNanos(usd));
    return BIG_COST;
  }
}
