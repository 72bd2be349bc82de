import { priceInForce, type CustomPrice } from './custom.ts';
import { tierFor } from './listPrice.ts';
import { hasNoListPrice, isLocalProvider } from './providers.ts';
import { customSource } from './priceSource.ts';
import { FREE_SOURCE } from '../usage/query.ts';
import { rate } from './rates.ts';
import { settle, unpriced, type Fitting, type PriceResult, type PriceRule, type Unpriced } from './priceResult.ts';
import { PriceResolver, type PriceEdges, type Resolution } from './resolver.ts';
import type { FetchedPrices } from './fetched.ts';
import { loadPriceTable, type ListedModel, type Lookup, type PriceTable } from './table.ts';
import { termsFactor, termsOf, type Terms, type TermsFactor } from './terms.ts';
import { PART_KINDS, splitCounts, unknownOverlap, type CountField, type GivenCounts } from './tokens.ts';

export type { Priced, PriceResult, PriceRule, Unpriced, UnpricedCode } from './priceResult.ts';

/**
 * Computes from usage, model and time the cost and the price applied, or the reason for "unpriced". Never returns $0 for an
 * unknown price.
 */

/** The fields needed for pricing; every usage record has them. Absent counts are 0. */
export interface PriceInput {
  provider: string;
  model: string;
  /** ISO 8601; absent: now. */
  timestamp?: string | undefined;
  [field: string]: unknown;
}

export interface PriceOptions {
  /** ms since the epoch; takes precedence over the usage's own time. */
  at?: number | undefined;
  /** The price factor of the call's mode; takes precedence over the terms in the usage's own fields. */
  factor?: TermsFactor | undefined;
}

/** Time of a call, ms since the epoch; NaN if the time is needed but invalid. */
type Time = number;

/** Prices usage by custom prices and a table. Resolves each model once: 100,000 calls take a fraction of a second. */
export class Pricer {
  readonly table: PriceTable;
  readonly customPrices: readonly CustomPrice[];
  readonly #resolver: PriceResolver;

  constructor(table: PriceTable, customPrices: readonly CustomPrice[] = []) {
    this.table = table;
    this.customPrices = customPrices;
    this.#resolver = new PriceResolver(table, customPrices);
  }

  price(usage: PriceInput, options: PriceOptions = {}): PriceResult {
    const counts = countsOf(usage);
    const split = splitCounts(counts);
    if (!Array.isArray(split)) return unpriced('invalid-counts', `${split.message}.`);
    if (!counts.input_tokens && !counts.output_tokens) {
      return unpriced(
        'no-tokens',
        usage['total_tokens']
          ? 'Only the total of the tokens is known; input and output have different prices.'
          : 'There are no token counts to compute a cost from.',
      );
    }
    const quote = this.#quote(usage, counts, options);
    return 'kind' in quote ? quote : settle(split, quote);
  }

  /**
   * The prices that apply to calls like `usage`, without its cost. Of its counts only the size of the input matters, and which
   * kinds there are.
   */
  quote(usage: PriceInput, options: PriceOptions = {}): Fitting | Unpriced {
    return this.#quote(usage, countsOf(usage), options);
  }

  /** The times and the sizes of calls at which a model's prices change. */
  edges(provider: string, model: string): PriceEdges {
    return this.#resolver.edges(this.#resolver.resolve(provider, model));
  }

  #quote(usage: PriceInput, counts: GivenCounts, options: PriceOptions): Fitting | Unpriced {
    const resolution = this.#resolver.resolve(usage.provider, usage.model);
    const at = timeFor(resolution, usage, options);
    if (Number.isNaN(at)) return unpriced('invalid-time', 'The time of the call is invalid.');
    const terms = options.factor === undefined ? termsOf(usage, resolution.zone) : undefined;
    const custom = priceInForce(resolution.custom, at);
    if (custom !== undefined) {
      return this.#byCustom(custom, options.factor ?? customFactor(resolution, usage, terms));
    }
    const { listed } = resolution;
    if (isFree(usage)) return free();
    if (typeof listed !== 'object') return notListed(listed ?? 'unknown-model', usage, resolution.asked);
    const isSession = usage['whole_session'] === true;
    return this.#byTable(resolution, listed, { counts, at, factor: options.factor, terms, isSession });
  }

  #byCustom(custom: CustomPrice, factor: TermsFactor | undefined): Fitting {
    return {
      rates: this.#resolver.ratesOf(custom),
      factor,
      rules: [{ code: 'custom', message: `Custom price for ${custom.model}` }],
      matched: { by: 'custom', price: custom },
      priceSource: customSource(custom, factor),
      isCachePriced: true,
    };
  }

  #byTable(resolution: Resolution, listed: ListedModel, call: Call): Fitting | Unpriced {
    const { counts } = call;
    const inForce = listed.priceAt(call.at);
    const list = this.#resolver.listPrice(resolution, inForce);
    if (list === undefined) {
      return unpriced(
        'no-token-price',
        `The price table lists ${inForce.provider}/${inForce.model} without a price for tokens (free, part of a subscription, or billed otherwise).`,
      );
    }
    const overlap = unknownOverlap(counts);
    if ((overlap === 'audio' && list.cachedAudio) || (overlap === 'image' && list.cachedImages)) {
      return unpriced(
        'unknown-overlap',
        `How many of the cached tokens were ${overlap} is unknown, and these have a different price (cache_${overlap}_read_tokens).`,
      );
    }
    const found = call.terms === undefined ? call.factor : termsFactor(inForce.provider, inForce.model, call.terms);
    if (found !== undefined && 'unknown' in found) {
      return unpriced('unknown-terms', unknownTermsText(`${inForce.provider}/${inForce.model}`, found));
    }
    // The size of a single call decides, but the counts cover many calls.
    const tier = tierFor(list, call.isSession ? 0 : (counts.input_tokens ?? 0));
    const rules: PriceRule[] = [];
    if (call.isSession) {
      rules.push({ code: 'whole-session', message: 'Counts of a whole session: no long-context price is applied' });
    }
    if (tier.above >= 0) {
      rules.push({
        code: 'long-context',
        message: `Long-context price for the whole call: more than ${tier.above} input tokens`,
      });
    }
    if (listed.isAssumed) {
      rules.push({
        code: 'assumed-model',
        message: `Assumed: the price of ${inForce.model}, whose name is the nearest`,
      });
    }
    if (inForce.since !== undefined) rules.push({ code: 'valid-from', message: `List price since ${inForce.since}` });
    if (counts.cache_write_1h_tokens && !list.longCache) {
      rules.push({
        code: 'no-hour-price',
        message: 'The table has no price for one-hour cache writes of this model: priced like other cache writes',
      });
    }
    return {
      rates: tier.rates,
      factor: found,
      rules,
      matched: { by: 'table', provider: inForce.provider, model: inForce.model },
      priceSource: this.#resolver.source(resolution, inForce, found),
      isCachePriced: list.cacheRead,
    };
  }
}

interface Call {
  counts: GivenCounts;
  at: Time;
  factor: TermsFactor | undefined;
  terms: Terms | undefined;
  /** The counts are the sums of a session's calls. */
  isSession: boolean;
}

/** Creates a pricer with the table, bundled or fetched. @throws {PriceDataError} as {@link loadPriceTable}. */
export function loadPricer(
  options: { customPrices?: readonly CustomPrice[]; fetched?: FetchedPrices | undefined } = {},
): Pricer {
  return new Pricer(loadPriceTable(options.fetched), options.customPrices);
}

/**
 * Whether the call is free of charge: because the usage says so, or because its provider is a program on the user's machine.
 */
function isFree(usage: PriceInput): boolean {
  const charge = usage['charge'];
  if (typeof charge === 'string' && charge !== '') return charge === 'free';
  return isLocalProvider(usage.provider) && !/[:-]cloud$/.test(usage.model);
}

function free(): Fitting {
  const rules: PriceRule[] = [{ code: 'free', message: 'Free: nobody is billed for this call' }];
  const rates = Object.fromEntries(PART_KINDS.map((kind) => [kind, rate(0)]));
  return {
    rates,
    factor: undefined,
    rules,
    matched: { by: 'free' },
    priceSource: FREE_SOURCE,
    isCachePriced: true,
  };
}

/** 0 if none of the model's prices depends on the time. */
function timeFor({ dated, listed }: Resolution, { timestamp }: PriceInput, { at }: PriceOptions): Time {
  if (!dated && !(typeof listed === 'object' && listed.timed)) return 0;
  return at ?? (timestamp === undefined ? Date.now() : Date.parse(timestamp));
}

/** A custom price is the user's decision, so unknown terms do not change it. */
function customFactor({ asked }: Resolution, { model }: PriceInput, terms: Terms | undefined): TermsFactor | undefined {
  if (terms === undefined) return undefined;
  const factor = termsFactor(asked, model, terms);
  return 'unknown' in factor ? undefined : factor;
}

function notListed(listed: Exclude<Lookup, ListedModel>, usage: PriceInput, asked: string): Unpriced {
  if (hasNoListPrice(usage.provider)) {
    return unpriced(
      'no-list-price',
      `There are no published prices for ${quote(usage.provider)}; set a custom price (0 if it is free).`,
    );
  }
  if (listed === 'unknown-provider') {
    return unpriced('unknown-provider', `The price table does not know the provider ${quote(usage.provider)}.`);
  }
  return unpriced('unknown-model', `The price table has no model ${quote(usage.model)} of ${quote(asked)}.`);
}

function countsOf(usage: PriceInput): GivenCounts {
  return {
    input_tokens: countOf(usage['input_tokens']),
    output_tokens: countOf(usage['output_tokens']),
    cache_read_tokens: countOf(usage['cache_read_tokens']),
    cache_write_tokens: countOf(usage['cache_write_tokens']),
    cache_write_1h_tokens: countOf(usage['cache_write_1h_tokens']),
    reasoning_tokens: countOf(usage['reasoning_tokens']),
    input_audio_tokens: countOf(usage['input_audio_tokens']),
    cache_audio_read_tokens: countOf(usage['cache_audio_read_tokens']),
    input_image_tokens: countOf(usage['input_image_tokens']),
    cache_image_read_tokens: countOf(usage['cache_image_read_tokens']),
    input_video_tokens: countOf(usage['input_video_tokens']),
    output_audio_tokens: countOf(usage['output_audio_tokens']),
    output_image_tokens: countOf(usage['output_image_tokens']),
    output_video_tokens: countOf(usage['output_video_tokens']),
    output_citation_tokens: countOf(usage['output_citation_tokens']),
    web_searches: countOf(usage['web_searches']),
  } satisfies Record<CountField, number | undefined>;
}

/** Converts a value that is not a number to NaN, which is then refused with the field's name. */
function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === undefined || value === null ? undefined : Number.NaN;
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}

function unknownTermsText(model: string, { unknown, isPrepaid }: { unknown: string; isPrepaid: boolean }): string {
  return isPrepaid
    ? `For ${model}, ${unknown} is paid for in advance, so a single call has no price.`
    : `For ${model}, the price of ${unknown} is unknown.`;
}
