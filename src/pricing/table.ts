import type * as genaiPrices from '@pydantic/genai-prices';
import type { ConditionalPrice, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import { ADDED_PROVIDER, completeModels, correctModels } from './data/corrections.ts';
import { PriceDataError } from './fetched.ts';

/**
 * The price table: genai-prices' rules for names from npm, and its data, which is ahead of npm on PyPI (`data/`). No other file
 * loads it.
 *
 * It is half a megabyte of data, so it is imported when a price is first asked for, never at start-up.
 */

type Library = typeof genaiPrices;

/** The release of the bundled data, and the day of its newest price. `scripts/priceData.py` says both. */
export const BUNDLED: TableVersion = { version: '0.2.3', date: '2026-11-09' };

/** Which data: a release of genai-prices, or `online` for data fetched on that day. */
export interface TableVersion {
  version: string;
  /** ISO day. */
  date: string;
}

/** A provider of the bundled data; its models are JSON text, which is parsed when the provider is first asked for. */
export type PackedProvider = Omit<Provider, 'models'> & { models: string };

/** Price data that someone fetched, checked by `parsePriceData`. */
export interface FetchedPrices {
  providers: Provider[];
  /** ISO day on which it was fetched. */
  date: string;
}

/** A price of a model, and the time that it holds for. */
export interface PriceInForce {
  /** The table's ids: an alias of a model may have named another one before. */
  provider: string;
  model: string;
  price: ModelPrice;
  /** ISO day or time from which it holds, where it began on a known one. */
  since: string | undefined;
}

/** A model that the table knows, with the prices that it ever had. */
export interface ListedModel {
  provider: string;
  model: string;
  /** true: its price depends on the time, by date or by hour. */
  timed: boolean;
  /** The price in force at a time (ms since the epoch); the same object for the same price. */
  priceAt(at: number): PriceInForce;
}

export type Lookup = ListedModel | 'unknown-provider' | 'unknown-model';

export interface PriceTable {
  readonly version: TableVersion;
  /** Finds a model by the table's own name of its provider, and the model's name in any of its spellings. */
  find(provider: string, model: string): Lookup;
  /** The table's id of the provider that a model's name alone belongs to. */
  providerOfModel(model: string): string | undefined;
  /** All providers and models that have a price for tokens, for someone to choose from. */
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

/** A provider whose models are made when they are first asked for: most processes price the models of one or two. */
interface Source {
  provider: Omit<Provider, 'models'>;
  models: () => ModelInfo[];
}

/** The library holds one set of data at a time; each table makes its own the active one before it asks. */
interface Engine {
  library: Library;
  bundled: Source[];
  active: readonly Provider[] | undefined;
}

let engine: Promise<Engine> | undefined;

/**
 * Loads the table: the bundled data, or data that was fetched.
 * @throws {PriceDataError} when the library does not take the fetched data. The bundled data is always there.
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
  // In the order of the library: the first provider that matches a model's name is taken.
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
  /** The providers as the library gets them: those that were not asked for have no models yet. */
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

  /** Tries the data on a model that every version of it has had. */
  works(): boolean {
    try {
      return typeof this.find('openai', 'gpt-4o') === 'object';
    } catch {
      return false;
    }
  }

  /** Makes the models of providers known to the library. */
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

/** null also for an entry of fetched data that contradicts itself: the library prices nothing by it. */
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
 * The place of the last entry whose condition holds; -1 where none does, and the first entry counts. This is how genai-prices
 * chooses, which has no function for it that leaves the price of the usage out. A test holds the two together.
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

/** `16:30:00Z` or `16:30:00+02:00` -> ms since midnight UTC. */
function timeOfDay(time: string): number {
  const ms = Date.parse(`1970-01-01T${time}`);
  return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
}
