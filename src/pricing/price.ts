import { nanosToDecimal, NANOS_PER_USD, type Nanos } from '../usage/money.ts';
import { MAX_COST } from '../usage/limits.ts';
import { customRates, matchingPrices, priceInForce, type CustomPrice } from './custom.ts';
import { listPrice, tierFor, type ListPrice } from './listPrice.ts';
import { hasNoListPrice, modelNames, tableProvider } from './providers.ts';
import { charge, multiplyRates, partsOf, type Parts, type Rates } from './rates.ts';
import { customSource, tableSource, type Factor } from './priceSource.ts';
import { loadPriceTable, type FetchedPrices, type ListedModel, type Lookup, type PriceTable } from './table.ts';
import { splitCounts, unknownOverlap, type CountField, type GivenCounts, type Split } from './tokens.ts';

/**
 * Usage + model + time -> what it cost and by which price, or "unpriced" and why. Never a silent $0.
 */

/** A usage record has all of it. Fields of counts that are absent count as none. */
export interface PriceInput {
  provider: string;
  model: string;
  /** ISO 8601; absent: now. */
  timestamp?: string | undefined;
  [field: string]: unknown;
}

export interface PriceOptions {
  /** ms since the epoch; wins over the usage's own time. */
  at?: number | undefined;
  /** A multiple that the mode of the call costs. */
  factor?: Factor | undefined;
}

/** Something about a price that a person should know: which rule it follows, or what had to be assumed. */
export interface PriceRule {
  code: 'custom' | 'long-context' | 'valid-from' | 'no-hour-price' | 'searches-without-price' | 'factor';
  message: string;
}

export interface Priced {
  kind: 'priced';
  /** The sum of the parts, exactly. */
  nanos: Nanos;
  readonly parts: Parts;
  /** Whose price it is: the table's ids, or the custom price. */
  matched: { by: 'table'; provider: string; model: string } | { by: 'custom'; price: CustomPrice };
  rules: PriceRule[];
  /** For the record's `price_source`; `parsePriceSource` reads it. */
  priceSource: string;
}

export type UnpricedCode =
  | 'unknown-provider'
  | 'unknown-model'
  | 'no-list-price'
  | 'no-token-price'
  | 'part-without-price'
  | 'no-tokens'
  | 'invalid-counts'
  | 'unknown-overlap'
  | 'too-large'
  | 'invalid-time';

export interface Unpriced {
  kind: 'unpriced';
  code: UnpricedCode;
  /** A sentence for people: what is missing, and what helps. */
  message: string;
}

export type PriceResult = Priced | Unpriced;

const MAX_NANOS = BigInt(MAX_COST) * NANOS_PER_USD;
/** A ledger of hostile names must not fill the memory: beyond this many models, start over. */
const MAX_CACHED = 20_000;

/** Everything that depends on a provider's and a model's name alone. */
interface Resolution {
  custom: CustomPrice[];
  /** A custom price depends on the time. */
  dated: boolean;
  /** undefined: custom prices hold at all times, so the table is not asked. */
  listed: Lookup | undefined;
  /** The provider's name as the table was asked. */
  asked: string;
  prices: Map<object, ListPrice | undefined>;
  sources: Map<object, string>;
}

/** Prices usage by custom prices and a table. Resolves each model once: 100,000 calls take a fraction of a second. */
export class Pricer {
  readonly table: PriceTable;
  readonly customPrices: readonly CustomPrice[];
  readonly #resolutions = new Map<string, Resolution>();
  readonly #customRates = new Map<CustomPrice, Rates>();

  constructor(table: PriceTable, customPrices: readonly CustomPrice[] = []) {
    this.table = table;
    this.customPrices = customPrices;
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
    const resolution = this.#resolve(usage.provider, usage.model);
    const { listed } = resolution;
    let at = 0;
    if (resolution.dated || (typeof listed === 'object' && listed.timed)) {
      at = options.at ?? (usage.timestamp === undefined ? Date.now() : Date.parse(usage.timestamp));
      if (Number.isNaN(at)) return unpriced('invalid-time', 'The time of the call is not a time.');
    }
    const rules: PriceRule[] = [];

    const custom = priceInForce(resolution.custom, at);
    if (custom !== undefined) {
      const source = customSource(custom, options.factor);
      rules.push({ code: 'custom', message: `Custom price for ${custom.model}` });
      return settle(split, this.#ratesOf(custom), options.factor, rules, { by: 'custom', price: custom }, source);
    }
    if (typeof listed !== 'object') return notListed(listed ?? 'unknown-model', usage, resolution.asked);

    const { price, since } = listed.priceAt(at);
    const list = this.#listPrice(resolution, price);
    if (list === undefined) {
      return unpriced(
        'no-token-price',
        `The price table lists ${listed.provider}/${listed.model} without a price for tokens (free, part of a subscription, or billed otherwise).`,
      );
    }
    const overlap = unknownOverlap(counts);
    if ((overlap === 'audio' && list.cachedAudio) || (overlap === 'image' && list.cachedImages)) {
      return unpriced(
        'unknown-overlap',
        `How many of the cached tokens were ${overlap} is not known, and they have another price (cache_${overlap}_read_tokens).`,
      );
    }
    const tier = tierFor(list, counts.input_tokens ?? 0);
    if (tier.above >= 0) {
      rules.push({
        code: 'long-context',
        message: `Long-context price for the whole call: more than ${tier.above} input tokens`,
      });
    }
    if (since !== undefined) rules.push({ code: 'valid-from', message: `List price since ${since}` });
    if (counts.cache_write_1h_tokens && !list.longCache) {
      rules.push({
        code: 'no-hour-price',
        message: 'The table has no price for one-hour cache writes here: as other cache writes',
      });
    }
    const matched = { by: 'table', provider: listed.provider, model: listed.model } as const;
    const source = this.#source(resolution, listed, options.factor);
    return settle(split, tier.rates, options.factor, rules, matched, source);
  }

  #resolve(provider: string, model: string): Resolution {
    const key = `${provider}\0${model}`;
    const known = this.#resolutions.get(key);
    if (known !== undefined) return known;
    const asked = tableProvider(provider);
    const names = modelNames(model, asked);
    const custom = matchingPrices(this.customPrices, [provider, asked], names);
    const always = custom.some((rule) => rule.from === undefined);
    const resolution: Resolution = {
      custom,
      dated: custom.some((rule) => rule.from !== undefined),
      listed: always ? undefined : this.#find(provider, asked, names),
      asked,
      prices: new Map(),
      sources: new Map(),
    };
    if (this.#resolutions.size >= MAX_CACHED) this.#resolutions.clear();
    this.#resolutions.set(key, resolution);
    return resolution;
  }

  #find(provider: string, asked: string, names: readonly string[]): Lookup {
    if (hasNoListPrice(provider)) return 'unknown-provider';
    let found: Lookup = 'unknown-model';
    for (const name of names) {
      found = this.table.find(asked, name);
      if (typeof found === 'object') break;
    }
    return found;
  }

  #listPrice(resolution: Resolution, price: Parameters<typeof listPrice>[0]): ListPrice | undefined {
    if (!resolution.prices.has(price)) resolution.prices.set(price, listPrice(price));
    return resolution.prices.get(price);
  }

  #source(resolution: Resolution, listed: ListedModel, factor: Factor | undefined): string {
    if (factor !== undefined) return tableSource(this.table.version, listed.provider, listed.model, factor);
    let source = resolution.sources.get(listed);
    if (source === undefined) {
      source = tableSource(this.table.version, listed.provider, listed.model);
      resolution.sources.set(listed, source);
    }
    return source;
  }

  #ratesOf(custom: CustomPrice): Rates {
    let rates = this.#customRates.get(custom);
    if (rates === undefined) this.#customRates.set(custom, (rates = customRates(custom)));
    return rates;
  }
}

/** Loads the table (bundled, or fetched) and makes a pricer of it. */
export async function loadPricer(
  options: { customPrices?: readonly CustomPrice[]; fetched?: FetchedPrices | undefined } = {},
): Promise<Pricer> {
  return new Pricer(await loadPriceTable(options.fetched), options.customPrices);
}

function settle(
  split: Split,
  prices: Rates,
  factor: Factor | undefined,
  rules: PriceRule[],
  matched: Priced['matched'],
  priceSource: string,
): PriceResult {
  const rates = factor === undefined ? prices : multiplyRates(prices, factor.times);
  const { nanos, missing } = charge(split, rates);
  const kind = missing.find((name) => name !== 'webSearches');
  if (kind !== undefined) {
    return unpriced('part-without-price', `The price table has no price for this part of the call: ${kind}.`);
  }
  if (missing.length > 0) {
    rules.push({ code: 'searches-without-price', message: 'Web searches are not in this cost: no price for them' });
  }
  if (factor !== undefined) {
    rules.push({ code: 'factor', message: `List price x${factor.times} (${factor.mode})` });
  }
  if (nanos > MAX_NANOS) {
    return unpriced(
      'too-large',
      `The tokens would cost $${nanosToDecimal(nanos)}; more than $${MAX_COST} is taken for a mistake.`,
    );
  }
  return new Charged(nanos, split, rates, matched, rules, priceSource);
}

/**
 * Its parts are for whoever asks: an import prices a hundred thousand calls, and wants sums alone. A class: a getter in each
 * literal took a tenth more memory.
 */
class Charged implements Priced {
  readonly kind = 'priced';
  readonly nanos: Nanos;
  readonly matched: Priced['matched'];
  readonly rules: PriceRule[];
  readonly priceSource: string;
  readonly #split: Split;
  readonly #rates: Rates;

  constructor(
    nanos: Nanos,
    split: Split,
    rates: Rates,
    matched: Priced['matched'],
    rules: PriceRule[],
    priceSource: string,
  ) {
    this.nanos = nanos;
    this.#split = split;
    this.#rates = rates;
    this.matched = matched;
    this.rules = rules;
    this.priceSource = priceSource;
  }

  get parts(): Parts {
    return partsOf(this.#split, this.#rates);
  }
}

function notListed(listed: Exclude<Lookup, ListedModel>, usage: PriceInput, asked: string): Unpriced {
  if (hasNoListPrice(usage.provider)) {
    return unpriced(
      'no-list-price',
      `Nobody publishes prices for ${quote(usage.provider)}; a custom price can say what it costs (0 if nothing).`,
    );
  }
  if (listed === 'unknown-provider') {
    return unpriced('unknown-provider', `The price table does not know the provider ${quote(usage.provider)}.`);
  }
  return unpriced('unknown-model', `The price table knows no model ${quote(usage.model)} of ${quote(asked)}.`);
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

/** What is no number becomes NaN, which is refused by name. */
function countOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === undefined || value === null ? undefined : Number.NaN;
}

function unpriced(code: UnpricedCode, message: string): Unpriced {
  return { kind: 'unpriced', code, message };
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
