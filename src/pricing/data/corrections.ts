import type { ConditionalPrice, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import { keepsRule } from './matching.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/**
 * Corrections of missing or wrong prices in the bundled data of genai-prices. Each price is the vendor's own, from the page
 * named.
 */

/** USD per million tokens. */
type Row = readonly [name: string, input: Amount, output: Amount, cacheRead?: Amount];
type Amount = ModelPrice[string] & {};

const tiers = (base: number, ...above: readonly (readonly [start: number, price: number])[]): Amount => ({
  base,
  tiers: above.map(([start, price]) => ({ start, price })),
});

/** https://www.alibabacloud.com/help/en/model-studio/models, Singapore. */
const ALIBABA: readonly Row[] = [
  ['qwen3.8-max', 2, 6, 0.25],
  ['qwen3.8-flash', 0.15, 0.47, 0.016],
  ['qwen3.7-max', 2.5, 7.5, 0.5],
  ['qwen3.7-plus', tiers(0.4, [256_000, 1.2]), tiers(1.6, [256_000, 4.8]), tiers(0.08, [256_000, 0.24])],
  ['qwen3.5-plus', tiers(0.4, [256_000, 0.5]), tiers(2.4, [256_000, 3])],
  ['qwen3-max', tiers(1.2, [32_000, 2.4], [128_000, 3]), tiers(6, [32_000, 12], [128_000, 15])],
  ['qwen3-max-preview', tiers(1.2, [32_000, 2.4], [128_000, 3]), tiers(6, [32_000, 12], [128_000, 15])],
  [
    'qwen3-coder-plus',
    tiers(1, [32_000, 1.8], [128_000, 3], [256_000, 6]),
    tiers(5, [32_000, 9], [128_000, 15], [256_000, 60]),
    tiers(0.1, [32_000, 0.18], [128_000, 0.3], [256_000, 0.6]),
  ],
  [
    'qwen3-coder-flash',
    tiers(0.3, [32_000, 0.5], [128_000, 0.8], [256_000, 1.6]),
    tiers(1.5, [32_000, 2.5], [128_000, 4], [256_000, 9.6]),
    tiers(0.08, [32_000, 0.12], [128_000, 0.2], [256_000, 0.4]),
  ],
  ['qwen3-next-80b-a3b-instruct', 0.15, 1.2],
  ['qwen3-next-80b-a3b-thinking', 0.15, 1.2],
  ['qwen-max', 1.6, 6.4],
  ['qwen-flash', tiers(0.05, [256_000, 0.25]), tiers(0.4, [256_000, 2])],
  ['qwen-coder', 0.3, 1.5],
  ['qwq-plus', 0.8, 2.4],
  ['qwen3-vl-plus', tiers(0.2, [32_000, 0.3], [128_000, 0.6]), tiers(1.6, [32_000, 2.4], [128_000, 4.8])],
  ['qwen3-vl-235b-a22b-instruct', 0.4, 1.6],
  ['qwen3-vl-235b-a22b-thinking', 0.4, 4],
  ['qwen3-vl-32b-instruct', 0.16, 0.64],
  ['qwen3-vl-32b-thinking', 0.16, 2.87],
];

/** Models of vendors that the table has. The table's own entry for a name takes precedence. */
const ADDED: Readonly<Record<string, readonly Row[]>> = {
  // https://docs.z.ai/guides/overview/pricing
  zai: [
    ['glm-5v-turbo', 1.2, 4, 0.24],
    ['glm-5-code', 1.2, 5, 0.3],
    ['glm-4.7-flash', 0, 0],
    ['glm-4.5-flash', 0, 0],
  ],
  // https://docs.voyageai.com/docs/pricing
  voyageai: [
    ['rerank-3', 0.05, 0],
    ['rerank-3-lite', 0.02, 0],
    ['rerank-2.5', 0.05, 0],
    ['rerank-2.5-lite', 0.02, 0],
    ['rerank-2', 0.05, 0],
    ['rerank-2-lite', 0.02, 0],
  ],
  // https://aws.amazon.com/bedrock/pricing: the names used by Bedrock's newer endpoint
  aws: [
    ['openai.gpt-oss-120b', 0.15, 0.6],
    ['openai.gpt-oss-20b', 0.07, 0.3],
  ],
  // https://developers.openai.com/api/docs/pricing, fine-tuning
  openai: [
    // The names by which OpenAI answers calls of davinci-002 and babbage-002.
    ['davinci:2023-07-21-v2', 2, 2],
    ['babbage:2023-07-21-v2', 0.4, 0.4],
    ['ft:gpt-4.1-2025-04-14*', 3, 12, 0.75],
    ['ft:gpt-4.1-mini-2025-04-14*', 0.8, 3.2, 0.2],
    ['ft:gpt-4.1-nano-2025-04-14*', 0.2, 0.8, 0.05],
    ['ft:o4-mini-2025-04-16*', 4, 16, 1],
  ],
  // https://docs.mistral.ai/models
  mistral: [
    ['devstral-latest', 0.4, 2, 0.04],
    ['devstral-medium-latest', 0.4, 2, 0.04],
    ['mistral-large-3', 0.5, 1.5, 0.05],
    ['mistral-small', 0.1, 0.3],
  ],
};

/**
 * Prices of a name from a certain day on, because it refers to another model since then, or because the vendor changed them.
 */
interface Change {
  provider: string;
  /** The name as used in calls. */
  name: string;
  since: string;
  /** They replace all other prices of the model from then on, including hourly ones. */
  prices: ModelPrice;
}

const CHANGES: readonly Change[] = [
  // Mistral Large 3: https://docs.mistral.ai/models/mistral-large-3-25-12
  {
    provider: 'mistral',
    name: 'mistral-large-latest',
    since: '2025-12-02',
    prices: { input_mtok: 0.5, cache_read_mtok: 0.05, output_mtok: 1.5 },
  },
  // Mistral's reasoning models became part of Medium and Small. The prices are those of LiteLLM, which names the models; the
  // days are those on which `mistral-medium-latest` and `mistral-small-latest` moved to them.
  {
    provider: 'mistral',
    name: 'magistral-medium-latest',
    since: '2026-06-16',
    prices: { input_mtok: 1.5, cache_read_mtok: 0.15, output_mtok: 7.5 },
  },
  {
    provider: 'mistral',
    name: 'magistral-small-latest',
    since: '2026-03-16',
    prices: { input_mtok: 0.15, cache_read_mtok: 0.015, output_mtok: 0.6 },
  },
  // https://docs.mistral.ai/models/model-cards/codestral-25-08
  {
    provider: 'mistral',
    name: 'codestral-latest',
    since: '2025-07-30',
    prices: { input_mtok: 0.3, cache_read_mtok: 0.03, output_mtok: 0.9 },
  },
  // https://api-docs.deepseek.com/news: V3.1's prices replaced the hourly ones, V3.2-Exp's are lower. Both began in the
  // afternoon of the day before.
  ...['deepseek-chat', 'deepseek-reasoner'].flatMap((name): Change[] => [
    {
      provider: 'deepseek',
      name,
      since: '2025-09-06',
      prices: { input_mtok: 0.56, cache_read_mtok: 0.07, output_mtok: 1.68 },
    },
    {
      provider: 'deepseek',
      name,
      since: '2025-09-30',
      prices: { input_mtok: 0.28, cache_read_mtok: 0.028, output_mtok: 0.42 },
    },
  ]),
];

/** The table would charge audio at the price of text. */
const AUDIO: Readonly<Record<string, ModelPrice>> = {
  'gpt-4o-audio-preview': { input_audio_mtok: 40, output_audio_mtok: 80 },
  'gpt-4o-mini-audio-preview': { input_audio_mtok: 10, output_audio_mtok: 20 },
};

/** Missing prices of models in the table. https://developers.openai.com/api/docs/pricing */
const COMPLETED: Readonly<Record<string, Readonly<Record<string, ModelPrice>>>> = {
  azure: AUDIO,
  openai: {
    ...AUDIO,
    'ft:gpt-4o': { cache_read_mtok: 1.875 },
    'ft:gpt-4o-mini': { cache_read_mtok: 0.15 },
    'gpt-4o-search-preview': { cache_read_mtok: 1.25 },
  },
};

/** A vendor that the table lacks. */
export const ADDED_PROVIDER = {
  id: 'alibaba',
  name: 'Alibaba Cloud Model Studio',
  api_pattern: 'https://dashscope(?:-intl|-us)?\\.aliyuncs\\.com',
} satisfies Partial<Provider>;

/**
 * USD for a thousand requests with the default search context, `low`; the table has the price of `high`.
 * https://docs.perplexity.ai/getting-started/pricing
 */
const REQUESTS: Readonly<Record<string, number>> = {
  sonar: 5,
  'sonar-pro': 6,
  'sonar-reasoning': 5,
  'sonar-reasoning-pro': 6,
};

/** Claude's models whose calls with more than 200,000 input tokens cost more. https://aws.amazon.com/bedrock/pricing */
const LONG_CONTEXT = /claude-sonnet-4-(?:5-|2025)/;

function withLongContext(prices: ModelPrice): ModelPrice {
  return Object.fromEntries(
    Object.entries(prices).map(([kind, price]) => {
      const isTokens = typeof price === 'number' && kind.endsWith('_mtok');
      return [kind, isTokens ? tiers(price, [200_000, price * (kind === 'output_mtok' ? 1.5 : 2)]) : price];
    }),
  );
}

/** The models of a provider in the bundled data, with all corrections. */
export function correctModels(id: string, models: readonly ModelInfo[]): ModelInfo[] {
  const changed = new Set(CHANGES.filter(({ provider }) => provider === id).map(({ name }) => name));
  // These come first, because the first model that matches a name is used.
  return completeModels(id, [...[...changed].map((name) => changedModel(id, name, models)), ...models]);
}

/** The models of a provider in fetched data, with missing models and prices added. */
export function completeModels(id: string, models: readonly ModelInfo[]): ModelInfo[] {
  const isAlibaba = id === ADDED_PROVIDER.id;
  const added = isAlibaba ? ALIBABA.map(datedModelOf) : (ownValue(ADDED, id) ?? []).map(modelOf);
  return [...models.map((model) => completedModel(id, model)), ...added];
}

function completedModel(provider: string, model: ModelInfo): ModelInfo {
  if (Array.isArray(model.prices)) return model;
  const missing = ownValue(ownValue(COMPLETED, provider) ?? {}, model.id);
  const requests = provider === 'perplexity' ? ownValue(REQUESTS, model.id) : undefined;
  let prices: ModelPrice = missing === undefined ? model.prices : { ...missing, ...model.prices };
  if (requests !== undefined) prices = { ...prices, requests_kcount: requests };
  if (provider === 'aws' && LONG_CONTEXT.test(model.id)) prices = withLongContext(prices);
  return { ...model, prices };
}

function changedModel(provider: string, name: string, models: readonly ModelInfo[]): ModelInfo {
  const before = models.find(({ match }) => keepsRule(match, name));
  const prices: ConditionalPrice[] = Array.isArray(before?.prices)
    ? [...before.prices]
    : [{ prices: before?.prices ?? {} }];
  for (const change of CHANGES) {
    if (change.provider !== provider || change.name !== name) continue;
    prices.push({ constraint: { type: 'start_date', start_date: change.since }, prices: change.prices });
  }
  return { ...before, id: name, match: { equals: name }, prices };
}

/** A star at the end of a name matches any text. */
function modelOf([name, input, output, cacheRead]: Row): ModelInfo {
  const match = name.endsWith('*') ? { starts_with: name.slice(0, -1) } : { equals: name };
  return {
    id: name.replace('*', ''),
    match,
    prices: {
      input_mtok: input,
      output_mtok: output,
      ...(cacheRead === undefined ? {} : { cache_read_mtok: cacheRead }),
    },
  };
}

/** Alibaba's snapshots of a model have its name and a date. */
function datedModelOf(row: Row): ModelInfo {
  const model = modelOf(row);
  return {
    ...model,
    match: { or: [model.match, { regex: `^${model.id.replaceAll('.', '\\.')}-\\d{4}-\\d\\d-\\d\\d$` }] },
  };
}
