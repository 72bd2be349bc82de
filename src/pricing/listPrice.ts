import type { ModelPrice } from '@pydantic/genai-prices';
import { rate, type Rates } from './rates.ts';
import type { PriceInForce } from './table.ts';
import type { PartKind } from './tokens.ts';

/**
 * Converts a model's entry in the price table to rates for each part and long-context tier.
 *
 * genai-prices charges a token at the most specific price available for it; each kind below lists the applicable prices in that
 * order. A test compares the result with the library for every model of the table.
 */
const KEYS: Readonly<Record<PartKind, readonly string[]>> = {
  input: ['input_mtok'],
  cacheRead: ['cache_read_mtok', 'input_mtok'],
  cacheWrite5m: ['cache_write_mtok', 'input_mtok'],
  cacheWrite1h: ['cache_write_1h_mtok', 'cache_write_mtok', 'input_mtok'],
  inputAudio: ['input_audio_mtok', 'input_mtok'],
  cacheAudioRead: ['cache_audio_read_mtok', 'cache_read_mtok', 'input_audio_mtok', 'input_mtok'],
  inputImage: ['input_image_mtok', 'input_mtok'],
  cacheImageRead: ['cache_image_read_mtok', 'cache_read_mtok', 'input_image_mtok', 'input_mtok'],
  inputVideo: ['input_video_mtok', 'input_mtok'],
  output: ['output_mtok'],
  reasoning: ['output_reasoning_mtok', 'output_mtok'],
  outputAudio: ['output_audio_mtok', 'output_mtok'],
  outputImage: ['output_image_mtok', 'output_mtok'],
  outputVideo: ['output_video_mtok', 'output_mtok'],
  citation: ['output_citation_mtok', 'output_mtok'],
  webSearches: ['web_searches_kcount'],
  requests: ['requests_kcount'],
};

/** Rates for calls whose whole input is larger than `above` tokens; they apply to the entire call. */
export interface Tier {
  above: number;
  rates: Rates;
}

export interface ListPrice {
  /** Ascending; the first tier is for all calls (`above` is -1). */
  tiers: Tier[];
  /** Whether cached audio or images have separate prices, so that their counts must be known. */
  cachedAudio: boolean;
  cachedImages: boolean;
  /** Whether one-hour cache writes have a separate price. */
  longCache: boolean;
  /** Whether reading from the cache has a separate price. */
  cacheRead: boolean;
}

/** undefined: the table lists the model without a price for tokens (free, part of a subscription, or billed by the hour). */
export function listPrice({ provider, model, price: listed }: PriceInForce): ListPrice | undefined {
  const price = withHourPrice(provider, model, listed);
  if (price['input_mtok'] === undefined && price['output_mtok'] === undefined) return undefined;
  const starts = new Set<number>();
  for (const value of Object.values(price)) {
    if (typeof value === 'object') for (const tier of value.tiers) starts.add(tier.start);
  }
  const thresholds = [-1, ...[...starts].sort((a, b) => a - b)];
  return {
    tiers: thresholds.map((above) => ({ above, rates: ratesAbove(price, above) })),
    cachedAudio: price['cache_audio_read_mtok'] !== undefined,
    cachedImages: price['cache_image_read_mtok'] !== undefined,
    longCache: price['cache_write_1h_mtok'] !== undefined,
    cacheRead: price['cache_read_mtok'] !== undefined,
  };
}

/** The tier of a call by its whole input: the rule of genai-prices, and of vendors that state one. */
export function tierFor(price: ListPrice, inputTokens: number): Tier {
  let found = price.tiers[0] as Tier;
  for (const tier of price.tiers) if (inputTokens > tier.above) found = tier;
  return found;
}

function ratesAbove(price: ModelPrice, above: number): Rates {
  const rates: Rates = {};
  for (const [kind, keys] of Object.entries(KEYS) as [PartKind, readonly string[]][]) {
    const key = keys.find((name) => price[name] !== undefined);
    if (key === undefined) continue;
    const value = price[key];
    if (value === undefined) continue;
    let usd = typeof value === 'number' ? value : value.base;
    if (typeof value === 'object') {
      for (const tier of [...value.tiers].sort((a, b) => a.start - b.start)) if (above >= tier.start) usd = tier.price;
    }
    rates[kind] = rate(usd, key.endsWith('_kcount') ? 1000 : 1_000_000);
  }
  return rates;
}

/**
 * Claude's one-hour cache writes cost twice the input price wherever Claude is sold; the table has that price for Anthropic's
 * own API, and for only a few models on Bedrock and Vertex.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing
 *
 * OpenAI's twelve-hour cache writes cost twice its other writes (LiteLLM's `cache_creation_input_token_cost_above_12hr`).
 */
function withHourPrice(provider: string, model: string, price: ModelPrice): ModelPrice {
  const input = price['input_mtok'];
  const written = price['cache_write_mtok'];
  if (provider === 'openai' && written !== undefined) return { ...price, cache_write_1h_mtok: twice(written) };
  const isSoldElsewhere = provider === 'aws' || provider === 'google' || provider === 'azure';
  if (!isSoldElsewhere || !model.includes('claude') || input === undefined) return price;
  if (written === undefined || price['cache_write_1h_mtok'] !== undefined) return price;
  return { ...price, cache_write_1h_mtok: twice(input) };
}

function twice(price: ModelPrice[string] & {}): ModelPrice[string] {
  if (typeof price === 'number') return 2 * price;
  return { base: 2 * price.base, tiers: price.tiers.map(({ start, price: above }) => ({ start, price: 2 * above })) };
}
