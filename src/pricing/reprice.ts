import { usdToNanos, type Nanos } from '../usage/money.ts';
import { costKind } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import { priceFields } from './apply.ts';
import { inkwellCost } from './inkwellPrices.ts';
import type { Priced, Pricer, UnpricedCode } from './price.ts';
import { parsePriceSource, repricedSource, type Factor } from './priceSource.ts';
import { termsOf } from './terms.ts';

/**
 * Plans how the costs of records would change if they were repriced. Changes nothing.
 *
 * A cost recorded by the caller is kept unless its repricing is requested by name, or it is exactly the result of inkwell's
 * outdated list prices.
 */
export type RepriceReason =
  /** It was unknown, and there is a price now. */
  | 'now-known'
  /** We computed it at a price that has been corrected since. */
  | 'price-changed'
  /** inkwell computed it at a list price that was wrong at the time. */
  | 'wrong-list-price'
  /** The caller recorded a different cost, and its repricing was requested by name. */
  | 'asked';

export interface RepriceChange {
  usageId: string;
  reason: RepriceReason;
  /** undefined: unknown. */
  before: Nanos | undefined;
  after: Nanos;
  /** The fields to write into the record. */
  fields: ReturnType<typeof priceFields>;
}

/** The changes of one model for one reason. */
export interface RepriceGroup {
  provider: string;
  model: string;
  reason: RepriceReason;
  records: number;
  before: Nanos;
  after: Nanos;
  /** `after` - `before`: the increase of the known spend. */
  difference: Nanos;
}

/** Records without a price after repricing, and the reason. */
export interface UnpricedGroup {
  provider: string;
  model: string;
  code: UnpricedCode;
  message: string;
  records: number;
}

export interface RepricePlan {
  changes: RepriceChange[];
  /** By the size of the difference, largest first. */
  groups: RepriceGroup[];
  /** By the number of records, most first. */
  unpriced: UnpricedGroup[];
  /** Sum of the groups' differences. */
  difference: Nanos;
  /** Records whose computed cost is still correct. */
  unchanged: number;
  /** Records that were skipped because their caller recorded the cost. */
  recorded: number;
}

export interface RepriceOptions {
  /** ISO day of the repricing, included in the records' new `price_source`. */
  day: string;
  /** Selects records to price even if the caller recorded their cost. Absent: none. */
  named?: ((record: UsageRecord) => boolean) | undefined;
}

/** Builds a plan record by record, so that the caller may pause in between. */
export class RepricePlanner {
  readonly #pricer: Pricer;
  readonly #day: string;
  readonly #named: (record: UsageRecord) => boolean;
  readonly #changes: RepriceChange[] = [];
  readonly #groups = new Map<string, RepriceGroup>();
  readonly #unpriced = new Map<string, UnpricedGroup>();
  #unchanged = 0;
  #recorded = 0;

  constructor(pricer: Pricer, options: RepriceOptions) {
    this.#pricer = pricer;
    this.#day = options.day;
    this.#named = options.named ?? (() => false);
  }

  add(record: UsageRecord): void {
    const reason = this.#reasonFor(record);
    if (reason === undefined) {
      this.#recorded++;
      return;
    }
    const result = this.#pricer.price(record, { factor: termsOf(record) === undefined ? factorOf(record) : undefined });
    if (result.kind === 'unpriced') {
      // A computed cost is kept even if its price is no longer available.
      if (record.cost_known) this.#unchanged++;
      else this.#addUnpriced(record, result);
      return;
    }
    const before = record.cost_known ? usdToNanos(record.cost_usd) : undefined;
    if (before === result.nanos && !isNamedNow(record, result)) this.#unchanged++;
    else this.#addChange(record, reason, before, result);
  }

  plan(): RepricePlan {
    const groups = [...this.#groups.values()].sort((a, b) => compare(size(b.difference), size(a.difference)));
    return {
      changes: this.#changes,
      groups,
      unpriced: [...this.#unpriced.values()].sort((a, b) => b.records - a.records),
      difference: groups.reduce((sum, { difference }) => sum + difference, 0n),
      unchanged: this.#unchanged,
      recorded: this.#recorded,
    };
  }

  /** undefined: the caller's own cost, which must not change. */
  #reasonFor(record: UsageRecord): RepriceReason | undefined {
    const kind = costKind(record);
    if (kind === 'unknown') return 'now-known';
    if (record.price_source && parsePriceSource(record.price_source).kind !== 'other') return 'price-changed';
    if (isInkwellsPrice(record)) return 'wrong-list-price';
    return this.#named(record) ? 'asked' : undefined;
  }

  #addChange(record: UsageRecord, reason: RepriceReason, before: Nanos | undefined, priced: Priced): void {
    const { usage_id: usageId, provider, model } = record;
    const after = priced.nanos;
    const priceSource = repricedSource(priced.priceSource, this.#day);
    const fields = { ...priceFields(priced), price_source: priceSource };
    this.#changes.push({ usageId, reason, before, after, fields });
    const key = JSON.stringify([provider, model, reason]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { provider, model, reason, records: 0, before: 0n, after: 0n, difference: 0n };
      this.#groups.set(key, group);
    }
    group.records++;
    group.before += before ?? 0n;
    group.after += after;
    group.difference = group.after - group.before;
  }

  #addUnpriced({ provider, model }: UsageRecord, { code, message }: { code: UnpricedCode; message: string }): void {
    const key = JSON.stringify([provider, model, code]);
    const group = this.#unpriced.get(key);
    if (group === undefined) this.#unpriced.set(key, { provider, model, code, message, records: 1 });
    else group.records++;
  }
}

export function planReprice(records: Iterable<UsageRecord>, pricer: Pricer, options: RepriceOptions): RepricePlan {
  const planner = new RepricePlanner(pricer, options);
  for (const record of records) planner.add(record);
  return planner.plan();
}

/** inkwell does not set `source`; a record that has one was written by another program, and the equal cost is a coincidence. */
function isInkwellsPrice(record: UsageRecord): boolean {
  return (
    !record.source &&
    !record.price_source &&
    record.cost_usd > 0 &&
    record.cost_usd === inkwellCost(record.provider, record.input_tokens, record.output_tokens)
  );
}

/** The factor with which a record was priced before, which its counts alone do not reveal. */
function factorOf(record: UsageRecord): Factor | undefined {
  if (!record.price_source) return undefined;
  const source = parsePriceSource(record.price_source);
  return source.kind === 'other' ? undefined : source.factor;
}

/** Whether a price was assumed, and is the model's own now. */
function isNamedNow(record: UsageRecord, { priceSource }: Priced): boolean {
  const isAssumed = (text: string): boolean => {
    const source = parsePriceSource(text);
    return source.kind === 'table' && source.isAssumed === true;
  };
  return Boolean(record.price_source) && isAssumed(record.price_source!) && !isAssumed(priceSource);
}

function size(nanos: Nanos): Nanos {
  return nanos < 0n ? -nanos : nanos;
}

function compare(a: Nanos, b: Nanos): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
