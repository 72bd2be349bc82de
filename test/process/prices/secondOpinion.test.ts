import { beforeAll, describe, expect, it } from 'vitest';
import { loadPricer, type Pricer } from '../../../src/pricing/price.ts';
import { JUDGED } from './judged.ts';
import { litellmPrices, VERSION, type LiteLlmModel } from './litellmInstall.ts';

/** Maps LiteLLM's names of providers to the price table's. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  'vertex_ai-language-models': 'google',
  'vertex_ai-anthropic_models': 'google',
  azure: 'azure',
  bedrock: 'aws',
  bedrock_converse: 'aws',
  mistral: 'mistral',
  xai: 'x-ai',
  deepseek: 'deepseek',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  groq: 'groq',
  perplexity: 'perplexity',
  together_ai: 'together',
  fireworks_ai: 'fireworks',
  cerebras: 'cerebras',
  moonshot: 'moonshotai',
  voyage: 'voyageai',
  minimax: 'minimax',
  zai: 'zai',
  dashscope: 'alibaba',
  novita: 'novita',
  github_copilot: 'github-copilot',
  cloudflare: 'cloudflare',
  ovhcloud: 'ovhcloud',
  baseten: 'baseten',
  databricks: 'databricks',
};
const MODES = ['chat', 'completion', 'responses', 'embedding', 'rerank'];
/** LiteLLM rounds some prices to two digits. */
const TOLERANCE = 0.011;

/** LiteLLM's field for a price, and a call that consists of this part alone. */
const PARTS = [
  ['input_cost_per_token', 'input', { input_tokens: 100, output_tokens: 0 }],
  ['output_cost_per_token', 'output', { input_tokens: 0, output_tokens: 100 }],
  ['cache_read_input_token_cost', 'cacheRead', { input_tokens: 100, output_tokens: 0, cache_read_tokens: 100 }],
  ['cache_creation_input_token_cost', 'cacheWrite5m', { input_tokens: 100, output_tokens: 0, cache_write_tokens: 100 }],
  [
    'cache_creation_input_token_cost_above_1hr',
    'cacheWrite1h',
    { input_tokens: 100, output_tokens: 0, cache_write_tokens: 100, cache_write_1h_tokens: 100 },
  ],
  // OpenAI's longer time.
  [
    'cache_creation_input_token_cost_above_12hr',
    'cacheWrite1h',
    { input_tokens: 100, output_tokens: 0, cache_write_tokens: 100, cache_write_1h_tokens: 100 },
  ],
] as const;

const theirs = litellmPrices();
if (theirs === undefined) console.warn(`skipped: LiteLLM ${VERSION} cannot be had from PyPI`);

describe.skipIf(theirs === undefined)('the second opinion of LiteLLM', () => {
  let pricer: Pricer;
  const differences = new Map<string, string>();
  let compared = 0;
  beforeAll(async () => {
    pricer = loadPricer();
    for (const [key, model] of Object.entries(theirs ?? {})) {
      const provider = PROVIDERS[model.litellm_provider ?? ''];
      if (provider === undefined || !MODES.includes(model.mode ?? '')) continue;
      const found = compare(provider, key, model);
      if (found === undefined) continue;
      compared++;
      if (found !== '') differences.set(key, found);
    }
  });

  /** undefined: one of the tables has no price for it; empty: both agree. */
  function compare(provider: string, key: string, model: LiteLlmModel): string | undefined {
    const prefix = `${model.litellm_provider?.replace(/-.*/, '')}/`;
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : key;
    const wrong: string[] = [];
    for (const [field, kind, counts] of PARTS) {
      const price = model[field];
      if (typeof price !== 'number' || price === 0) continue;
      // Avoids the hours in which DeepSeek has another price.
      const result = pricer.price({ provider, model: name, timestamp: '2026-11-27T17:00:00Z', ...counts });
      const ours = result.kind === 'priced' ? Number(result.parts[kind]?.usd) : undefined;
      if (ours === undefined) {
        if (kind === 'input') return undefined;
        continue;
      }
      const other = price * 1e6;
      if (Math.abs(ours - other) > TOLERANCE * Math.max(ours, other)) wrong.push(`${kind} ${ours}, theirs ${other}`);
    }
    return wrong.join('; ');
  }

  it('is of many models of all large vendors', () => {
    expect(compared).toBeGreaterThan(800);
  });

  it('is the same, but for differences that somebody judged', () => {
    const open = [...differences].filter(([key]) => !JUDGED.some(({ models }) => models.test(key)));
    expect(open.map(([key, difference]) => `${key}: ${difference}`)).toEqual([]);
  });

  it('has no judgement that nothing needs', () => {
    const keys = [...differences.keys()];
    expect(JUDGED.filter(({ models }) => !keys.some((key) => models.test(key))).map(({ why }) => why)).toEqual([]);
  });
});
