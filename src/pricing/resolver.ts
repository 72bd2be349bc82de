import { customRates, matchingPrices, type CustomPrice } from './custom.ts';
import { listPrice, type ListPrice } from './listPrice.ts';
import { azureZone, hasNoListPrice, modelNames, tableProvider } from './providers.ts';
import { tableSource, type Factor } from './priceSource.ts';
import type { Rates } from './rates.ts';
import type { Lookup, PriceInForce, PriceTable } from './table.ts';

/** Bounds the memory used for a ledger of hostile names: beyond this many models the cache is cleared. */
const MAX_CACHED = 20_000;

/** Everything that depends only on the names of provider and model. */
export interface Resolution {
  custom: CustomPrice[];
  /** Whether a custom price depends on the time. */
  dated: boolean;
  /** undefined: custom prices apply at all times, so the table is not needed. */
  listed: Lookup | undefined;
  /** The provider's name used for the look-up in the table. */
  asked: string;
  /** The region contained in the model's name. */
  zone: string | undefined;
  prices: Map<PriceInForce, ListPrice | undefined>;
  sources: Map<PriceInForce, string>;
}

/** Where prices of a model change. */
export interface PriceEdges {
  /** ms since the epoch. */
  dates: readonly number[];
  /** ms of each UTC day. */
  times: readonly number[];
  /** Calls with more input tokens than one of these have another price. */
  sizes: readonly number[];
}

/** Finds the prices of models, resolving each model once. */
export class PriceResolver {
  readonly #table: PriceTable;
  readonly #customPrices: readonly CustomPrice[];
  readonly #resolutions = new Map<string, Resolution>();
  readonly #customRates = new Map<CustomPrice, Rates>();

  constructor(table: PriceTable, customPrices: readonly CustomPrice[]) {
    this.#table = table;
    this.#customPrices = customPrices;
  }

  /** Finds the prices that exist for a model. */
  resolve(provider: string, model: string): Resolution {
    const key = `${provider}\0${model}`;
    const known = this.#resolutions.get(key);
    if (known !== undefined) return known;
    const asked = tableProvider(provider);
    const names = modelNames(model, asked);
    const custom = matchingPrices(this.#customPrices, [provider, asked], names);
    const always = custom.some((rule) => rule.from === undefined);
    const resolution: Resolution = {
      custom,
      dated: custom.some((rule) => rule.from !== undefined),
      listed: always ? undefined : this.#find(provider, asked, names),
      asked,
      zone: azureZone(model, asked),
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
      found = this.#table.find(asked, name);
      if (typeof found === 'object') break;
    }
    return found;
  }

  /** undefined: the table lists the model without a price for tokens. */
  listPrice(resolution: Resolution, inForce: PriceInForce): ListPrice | undefined {
    if (!resolution.prices.has(inForce)) resolution.prices.set(inForce, listPrice(inForce));
    return resolution.prices.get(inForce);
  }

  edges(resolution: Resolution): PriceEdges {
    const ofCustom = resolution.custom.flatMap(({ from }) => (from === undefined ? [] : [Date.parse(from)]));
    const { listed } = resolution;
    if (typeof listed !== 'object') return { dates: ofCustom, times: [], sizes: [] };
    const { dates, times } = listed.changes;
    const tiers = listed.prices.flatMap((price) => this.listPrice(resolution, price)?.tiers ?? []);
    return { dates: [...ofCustom, ...dates], times, sizes: tiers.flatMap(({ above }) => (above < 0 ? [] : [above])) };
  }

  source(resolution: Resolution, inForce: PriceInForce, factor: Factor | undefined): string {
    const { provider, model } = inForce;
    const isAssumed = typeof resolution.listed === 'object' && resolution.listed.isAssumed;
    const named = { provider, model, isAssumed };
    if (factor !== undefined) return tableSource(this.#table.version, named, factor);
    let source = resolution.sources.get(inForce);
    if (source === undefined) {
      source = tableSource(this.#table.version, named);
      resolution.sources.set(inForce, source);
    }
    return source;
  }

  ratesOf(custom: CustomPrice): Rates {
    let rates = this.#customRates.get(custom);
    if (rates === undefined) this.#customRates.set(custom, (rates = customRates(custom)));
    return rates;
  }
}
