import type * as genaiPrices from '@pydantic/genai-prices';
import type { ConditionalPrice, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import { ADDED_PROVIDER, completeModels, correctModels } from './data/corrections.ts';
import { PriceDataError } from './fetched.ts';

/**
 * The price table: genai-prices' name rules from npm, and its data from PyPI (`data/`), which is newer than that on npm. No
 * other file loads it.
 *
 * The data is half a megabyte, so it is imported when a price is first needed, never at start-up.
 */

type Library = typeof genaiPrices;

/** The release of the bundled data, and the day of its newest price. `scripts/priceData.py` prints both. */
export const BUNDLED: TableVersion = { version: '0.2.3', date: '2026-11-09' };

/** The version of the data: a release of genai-prices, or `online` for data fetched on that day. */
export interface TableVersion {
  version: string;
  /** ISO day. */
  date: string;
}

/** A provider of the bundled data; its models are JSON text, parsed when the provider is first used. */
export type PackedProvider = Omit<Provider, 'models'> & { models: string };

/** Fetched price data, validated by `parsePriceData`. */
export interface FetchedPrices {
  providers: Provider[];
  /** ISO day of the fetch. */
  date: string;
}

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
  /** The price in force at a time (ms since the epoch); the same object for the same price. */
  priceAt(at: number): PriceInForce;
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
interface Source {
  provider: Omit<Provider, 'models'>;
  models: () => ModelInfo[];
}

/** The library has one active set of data; each table activates its own before a query. */
interface Engine {
  library: Library;
  bundled: Source[];
  active: readonly Provider[] | undefined;
}

let engine: Promise<Engine> | undefined;

/**
 * Loads the table: the bundled data, or fetched data.
 * @throws {PriceDataError} when the library rejects the fetched data. The bundled data is always available.
 */
export async function loadPriceTable(fetched?: FetchedPrices): Promise<PriceTable> {
  engine ??= loadEngine();
  const loaded = await engine;
  if (fetched === undefined) return new GenaiPrices(loaded, loaded.bundled, BUNDLED);
  const sources = fetched.providers.map(({ models, ...provider }): Source => ({
    provider,
    models: () => completeModels(provider.id, models),
  }));
  const table = new GenaiPrices(loaded, withAdded(sources), { version: 'online', date: fetched.date });
  if (!table.works()) throw new PriceDataError('The price data is not in a form that this version can use.');
  return table;
}

async function loadEngine(): Promise<Engine> {
  const { library, vendorPrices, routedPrices } = await import('./data/priceBundle.ts');
  const bundled = [...vendorPrices, ...routedPrices].map(({ models, ...provider }): Source => ({
    provider,
    models: () => correctModels(provider.id, JSON.parse(models) as ModelInfo[]),
  }));
  // The library's order: the first provider that matches a model's name is used.
  bundled.sort((a, b) => (a.provider.id < b.provider.id ? -1 : 1));
  return { library, bundled: withAdded(bundled), active: undefined };
}

function withAdded(sources: Source[]): Source[] {
  if (sources.some(({ provider }) => provider.id === ADDED_PROVIDER.id)) return sources;
  return [...sources, { provider: ADDED_PROVIDER, models: () => completeModels(ADDED_PROVIDER.id, []) }];
}

class GenaiPrices implements PriceTable {
  readonly version: TableVersion;
  readonly #engine: Engine;
  readonly #sources: readonly Source[];
  readonly #models = new Map<string, ModelInfo[]>();
  /** The providers as passed to the library: unused ones have no models yet. */
  #providers: readonly Provider[];

  constructor(loaded: Engine, sources: readonly Source[], version: TableVersion) {
    this.#engine = loaded;
    this.#sources = sources;
    this.#providers = sources.map(({ provider }) => ({ ...provider, models: [] }));
    this.version = version;
  }

  find(provider: string, model: string): Lookup {
    const owner = this.#activate().findProvider({ providerId: provider });
    if (owner === undefined) return 'unknown-provider';
    const library = this.#load([owner.id, ...(owner.fallback_model_providers ?? [])]);
    const match = calculate(library, provider, model);
    if (match === null) return 'unknown-model';
    const names = { provider: match.provider.id, model: match.model.id };
    const { prices } = match.model;
    const conditional = Array.isArray(prices) ? prices : [{ prices }];
    const inForce = conditional.map(({ constraint, prices: price }): PriceInForce => {
      const since = constraint?.type === 'start_date' ? constraint.start_date : undefined;
      return { ...names, price, since };
    });
    const first = { ...(inForce[0] ?? { ...names, price: {} }), since: undefined };
    return {
      ...names,
      timed: conditional.length > 1,
      priceAt: (at) => inForce[indexAt(conditional, at)] ?? first,
    };
  }

  providerOfModel(model: string): string | undefined {
    return this.#activate().findProvider({ modelId: model.toLowerCase().trim() })?.id;
  }

  catalog(): CatalogProvider[] {
    this.#load(this.#sources.map(({ provider }) => provider.id));
    return this.#providers.map(({ id, name, models }) => ({
      id,
      name,
      models: models
        .filter(({ prices }) => (Array.isArray(prices) ? prices : [{ prices }]).some((entry) => pricesTokens(entry)))
        .map((model) => ({
          id: model.id,
          name: model.name ?? model.id,
          deprecated: model.deprecated ?? false,
          contextWindow: model.context_window,
        })),
    }));
  }

  /** Tests the data with a model that every version of it has had. */
  works(): boolean {
    try {
      return typeof this.find('openai', 'gpt-4o') === 'object';
    } catch {
      return false;
    }
  }

  /** Adds the models of providers to the library. */
  #load(ids: readonly string[]): Library {
    const missing = ids.filter((id) => !this.#models.has(id));
    if (missing.length > 0) {
      for (const { provider, models } of this.#sources) {
        if (missing.includes(provider.id)) this.#models.set(provider.id, models());
      }
      this.#providers = this.#sources.map(({ provider }) => ({
        ...provider,
        models: this.#models.get(provider.id) ?? [],
      }));
    }
    return this.#activate();
  }

  #activate(): Library {
    const { library } = this.#engine;
    if (this.#engine.active !== this.#providers) {
      const providers = [...this.#providers];
      library.updatePrices(({ setProviderData }) => setProviderData(providers));
      this.#engine.active = this.#providers;
    }
    return library;
  }
}

/** null also for contradictory entries in fetched data: the library returns no price for them. */
function calculate(library: Library, providerId: string, model: string): genaiPrices.PriceCalculationResult {
  try {
    return library.calcPrice({}, model, { providerId });
  } catch {
    return null;
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
    if (constraint.type === 'start_date') {
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

const DAY_MS = 86_400_000;

/** Converts `16:30:00Z` or `16:30:00+02:00` to ms since midnight UTC. */
function timeOfDay(time: string): number {
  const ms = Date.parse(`1970-01-01T${time}`);
  return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
}
