import type * as genaiPrices from '@pydantic/genai-prices';
import type { ConditionalPrice, ModelPrice, Provider } from '@pydantic/genai-prices';
import { PriceDataError } from './fetched.ts';

/**
 * The price table: genai-prices, the only file that loads it.
 *
 * It is half a megabyte of data, so it is imported when a price is first asked for, never at start-up.
 */

type Library = typeof genaiPrices;

/** The release of the bundled data; a test holds it against the installed package. */
export const BUNDLED: TableVersion = { version: '0.1.8', date: '2026-09-23' };

/** Which data: a release of genai-prices, or `online` for data fetched on that day. */
export interface TableVersion {
  version: string;
  /** ISO day. */
  date: string;
}

/** Price data that someone fetched, checked by `parsePriceData`. */
export interface FetchedPrices {
  providers: Provider[];
  /** ISO day on which it was fetched. */
  date: string;
}

/** A model that the table knows, with the prices that it ever had. */
export interface ListedModel {
  provider: string;
  model: string;
  /** true: its price depends on the time, by date or by hour. */
  timed: boolean;
  /** The price in force at a time (ms since the epoch). `since` is set where it began on a known day. */
  priceAt(at: number): { price: ModelPrice; since: string | undefined };
}

export type Lookup = ListedModel | 'unknown-provider' | 'unknown-model';

/** The token counts that genai-prices found in a response, under its own names, and the model where it says one. */
export interface ExtractedCounts {
  model: string | null;
  counts: Record<string, number | undefined>;
}

export interface PriceTable {
  readonly version: TableVersion;
  /** Finds a model by the table's own name of its provider, and the model's name in any of its spellings. */
  find(provider: string, model: string): Lookup;
  /** The table's id of the provider that a model's name alone belongs to. */
  providerOfModel(model: string): string | undefined;
  /**
   * Reads the usage out of a raw response; undefined when the provider has no such kind of response.
   * @throws {Error} when the response has not the shape that the provider documents.
   */
  extract(provider: string, flavour: string, response: unknown): ExtractedCounts | undefined;
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

/** The library holds one set of data at a time; each table makes its own the active one before it asks. */
interface Engine {
  library: Library;
  bundled: Provider[];
  active: Provider[];
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
  const table = new GenaiPrices(loaded, fetched.providers, { version: 'online', date: fetched.date });
  if (!table.works()) throw new PriceDataError('The price data is not in a form that this version can use.');
  return table;
}

async function loadEngine(): Promise<Engine> {
  const library = await import('@pydantic/genai-prices');
  const bundled = (await library.waitForUpdate()) ?? [];
  return { library, bundled, active: bundled };
}

class GenaiPrices implements PriceTable {
  readonly version: TableVersion;
  readonly #engine: Engine;
  readonly #providers: Provider[];

  constructor(loaded: Engine, providers: Provider[], version: TableVersion) {
    this.#engine = loaded;
    this.#providers = providers;
    this.version = version;
  }

  find(provider: string, model: string): Lookup {
    const library = this.#activate();
    if (library.findProvider({ providerId: provider }) === undefined) return 'unknown-provider';
    const match = calculate(library, provider, model);
    if (match === null) return 'unknown-model';
    const { prices } = match.model;
    const conditional = Array.isArray(prices) ? prices : [{ prices }];
    return {
      provider: match.provider.id,
      model: match.model.id,
      timed: conditional.length > 1,
      priceAt: (at) => priceAt(conditional, at),
    };
  }

  providerOfModel(model: string): string | undefined {
    return this.#activate().findProvider({ modelId: model.toLowerCase().trim() })?.id;
  }

  extract(providerId: string, flavour: string, response: unknown): ExtractedCounts | undefined {
    const library = this.#activate();
    const provider = library.findProvider({ providerId });
    if (!provider?.extractors?.some((extractor) => extractor.api_flavor === flavour)) return undefined;
    const { model, usage } = library.extractUsage(provider, response, flavour);
    return { model, counts: usage };
  }

  catalog(): CatalogProvider[] {
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

  #activate(): Library {
    const { library } = this.#engine;
    if (this.#engine.active !== this.#providers) {
      library.updatePrices(({ setProviderData }) => setProviderData(this.#providers));
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
 * The last entry whose condition holds, else the first: as genai-prices chooses, which has no function for it that
 * leaves the price of the usage out. A test holds the two together.
 */
function priceAt(prices: readonly ConditionalPrice[], at: number): { price: ModelPrice; since: string | undefined } {
  for (let i = prices.length - 1; i >= 0; i--) {
    const { constraint, prices: price } = prices[i] as ConditionalPrice;
    if (constraint === undefined) return { price, since: undefined };
    if (constraint.type === 'start_date') {
      if (at >= Date.parse(constraint.start_date)) return { price, since: constraint.start_date };
      continue;
    }
    const now = at - Math.floor(at / DAY_MS) * DAY_MS;
    const start = timeOfDay(constraint.start_time);
    const end = timeOfDay(constraint.end_time);
    if (end < start ? now >= start || now < end : now >= start && now < end) return { price, since: undefined };
  }
  return { price: prices[0]?.prices ?? {}, since: undefined };
}

const DAY_MS = 86_400_000;

/** `16:30:00Z` or `16:30:00+02:00` -> ms since midnight UTC. */
function timeOfDay(time: string): number {
  const ms = Date.parse(`1970-01-01T${time}`);
  return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
}
