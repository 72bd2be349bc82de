import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import { BUNDLED, type TableVersion } from './data/bundled.ts';
import { ADDED_PROVIDER, completeModels, correctModels } from './data/corrections.ts';
import { once } from '../usage/lazy/once.ts';
import { routedPrices } from './data/routedPrices.ts';
import { vendorPrices } from './data/vendorPrices.ts';
import { PriceDataError, type FetchedPrices } from './fetched.ts';
import { modelOfName, providerOfModelName, providerOfName, type NamedProvider } from './data/matching.ts';
import { isNameOf } from './data/modelIdentity.ts';

/**
 * The price table: the data of genai-prices from PyPI (`data/`), which is newer than that on npm, with our corrections. No other
 * file loads it.
 *
 * The data is half a megabyte: import it through `prices/index.ts`, dynamically, when a price is first needed.
 */

/** A price of a model, and the time from which it applies. */
export interface PriceInForce {
  /** The table's ids: an alias of a model may have named another one before. */
  provider: string;
  model: string;
  price: ModelPrice;
  /** ISO day or time from which it applies, if known. */
  since: string | undefined;
}

/** A model in the table, with all its prices over time. */
export interface ListedModel {
  provider: string;
  model: string;
  /** Whether its price depends on the date or the hour. */
  timed: boolean;
  /**
   * Whether the requested name is neither the model's id nor one of its other names, so that it is only the most similar model.
   */
  isAssumed: boolean;
  /** The price in force at a time (ms since the epoch); the same object for the same price. */
  priceAt(at: number): PriceInForce;
  /** All its prices over time. */
  prices: readonly PriceInForce[];
  /** The times at which the price changes: ms since the epoch, and ms of each UTC day. */
  changes: { dates: readonly number[]; times: readonly number[] };
}

export type Lookup = ListedModel | 'unknown-provider' | 'unknown-model';

export interface PriceTable {
  readonly version: TableVersion;
  /** Finds a model by the table's own name of its provider and any spelling of the model's name. */
  find(provider: string, model: string): Lookup;
  /** The table's id of the only provider that a model's name belongs to. */
  providerOfModel(model: string): string | undefined;
  /** All providers and models that have a price for tokens, for a selection list. */
  catalog(): CatalogProvider[];
}

export interface CatalogProvider {
  id: string;
  name: string;
  models: CatalogModel[];
}

export interface CatalogModel {
  id: string;
  name: string;
  deprecated: boolean;
  /** Tokens. */
  contextWindow: number | undefined;
}

/** A provider whose models are created on first use: most processes price models of only one or two providers. */
interface Source extends NamedProvider {
  models: () => readonly ModelInfo[];
}

/**
 * Returns the table of the bundled data, or of fetched data.
 * @throws {PriceDataError} when the fetched data lacks a model that every version has had. The bundled data is always
 * available.
 */
export function loadPriceTable(fetched?: FetchedPrices): PriceTable {
  if (fetched === undefined) return new GenaiPrices(bundledSources(), BUNDLED);
  const sources = fetched.providers.map((provider): Source => ({
    ...provider,
    models: once(() => completeModels(provider.id, provider.models)),
  }));
  const table = new GenaiPrices(withAdded(sources), { version: 'online', date: fetched.date });
  if (typeof table.find('openai', 'gpt-4o') === 'object') return table;
  throw new PriceDataError('The price data is not in a form that this version can use.');
}

const bundledSources = once((): readonly Source[] => {
  const sources = [...vendorPrices, ...routedPrices].map((provider): Source => ({
    ...provider,
    models: once(() => correctModels(provider.id, JSON.parse(provider.models()) as ModelInfo[])),
  }));
  // The order of genai-prices: the first provider that matches a model's name is used.
  return withAdded(sources.sort((a, b) => (a.id < b.id ? -1 : 1)));
});

function withAdded(sources: Source[]): Source[] {
  if (sources.some(({ id }) => id === ADDED_PROVIDER.id)) return sources;
  return [...sources, { ...ADDED_PROVIDER, models: once(() => completeModels(ADDED_PROVIDER.id, [])) }];
}

class GenaiPrices implements PriceTable {
  readonly version: TableVersion;
  readonly #sources: readonly Source[];

  constructor(sources: readonly Source[], version: TableVersion) {
    this.#sources = sources;
    this.version = version;
  }

  find(provider: string, name: string): Lookup {
    const owner = providerOfName(this.#sources, provider);
    if (owner === undefined) return 'unknown-provider';
    const others = (owner.fallback_model_providers ?? []).flatMap(
      (other) => this.#sources.find(({ id }) => id === other) ?? [],
    );
    const model = modelOfName(
      [owner, ...others].map(({ models }) => models),
      name,
    );
    if (model === undefined) return 'unknown-model';
    const names = { provider: owner.id, model: model.id };
    const conditional: readonly ConditionalPrice[] = Array.isArray(model.prices)
      ? model.prices
      : [{ prices: model.prices }];
    const inForce = conditional.map(({ constraint, prices: price }): PriceInForce => {
      const since = constraint !== undefined && 'start_date' in constraint ? constraint.start_date : undefined;
      return { ...names, price, since };
    });
    const first = { ...(inForce[0] ?? { ...names, price: {} }), since: undefined };
    return {
      ...names,
      timed: conditional.length > 1,
      isAssumed: !isNameOf(model, name),
      priceAt: (at) => inForce[indexAt(conditional, at)] ?? first,
      prices: inForce.length === 0 ? [first] : inForce,
      get changes() {
        return changesOf(conditional);
      },
    };
  }

  providerOfModel(model: string): string | undefined {
    return providerOfModelName(this.#sources, model)?.id;
  }

  catalog(): CatalogProvider[] {
    return this.#sources.map(({ id, name, models }) => ({
      id,
      name,
      models: models()
        .filter(({ prices }) => (Array.isArray(prices) ? prices : [{ prices }]).some((entry) => pricesTokens(entry)))
        .map((model) => ({
          id: model.id,
          name: model.name ?? model.id,
          deprecated: model.deprecated ?? false,
          contextWindow: model.context_window,
        })),
    }));
  }
}

function pricesTokens({ prices }: ConditionalPrice): boolean {
  return prices['input_mtok'] !== undefined || prices['output_mtok'] !== undefined;
}

/**
 * The index of the last entry whose condition is met; -1 if none is, and the first entry applies. This is genai-prices' rule,
 * but the library has no function for it that does not also price a usage. A test compares both.
 */
function indexAt(prices: readonly ConditionalPrice[], at: number): number {
  for (let i = prices.length - 1; i >= 0; i--) {
    const { constraint } = prices[i]!;
    if (constraint === undefined) return i;
    if ('start_date' in constraint) {
      if (at >= Date.parse(constraint.start_date)) return i;
      continue;
    }
    const now = at - Math.floor(at / DAY_MS) * DAY_MS;
    const start = timeOfDay(constraint.start_time);
    const end = timeOfDay(constraint.end_time);
    if (end < start ? now >= start || now < end : now >= start && now < end) return i;
  }
  return -1;
}

function changesOf(prices: readonly ConditionalPrice[]): ListedModel['changes'] {
  const conditions = prices.flatMap(({ constraint }) => constraint ?? []);
  const dates = conditions.flatMap((each) => ('start_date' in each ? [Date.parse(each.start_date)] : []));
  const times = conditions.flatMap((each) =>
    'start_date' in each ? [] : [timeOfDay(each.start_time), timeOfDay(each.end_time)],
  );
  return { dates, times };
}

const DAY_MS = 86_400_000;

/** Converts `16:30:00Z` or `16:30:00+02:00` to ms since midnight UTC. */
function timeOfDay(time: string): number {
  const ms = Date.parse(`1970-01-01T${time}`);
  return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
}
