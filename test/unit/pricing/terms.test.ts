import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { Pricer } from '../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { termsFactor } from '../../../src/pricing/terms.ts';
import { bundledProviders } from './bundledData.ts';
import { usd } from './usd.ts';

/** The prices of a model under other terms, which the data of genai-prices has and its library does not read. */
interface Variant {
  when: Readonly<Record<string, string>>;
  constraint?: { start_date?: string };
  prices: ModelPrice;
}

const NOW = Date.parse('2026-11-27T00:00:00Z');

/** The list prices in force, without those of single hours. */
function pricesNow(prices: ModelInfo['prices']): ModelPrice {
  if (!Array.isArray(prices)) return prices;
  const started = prices.filter(
    ({ constraint }) =>
      constraint === undefined || ('start_date' in constraint && Date.parse(constraint.start_date) <= NOW),
  );
  return (started.at(-1) ?? prices[0]!).prices;
}

const base = (price: ModelPrice[string]): number | undefined => (typeof price === 'object' ? price.base : price);

/** Where the data differs from our factor, and why. */
const JUDGED: readonly (readonly [model: RegExp, kind: RegExp, why: string])[] = [
  [/^mistral-large-4$/, /./, 'the data has rounded prices of a batch, a half is 0.515'],
  [/^gpt-image|^gpt-5\.4$/, /^cache/, 'a half of a price with three digits, rounded to two'],
  [/^gemini-3\.5-flash-lite$/, /^cache/, 'a half is 0.015, which the page rounds to 0.02'],
];

interface Case {
  provider: string;
  model: string;
  when: string;
  variant: Variant;
  list: ModelPrice;
}

/** Of each kind, the one in force. Routes of OpenRouter and Perplexity's fast search are no terms of ours. */
function variantsNow(model: ModelInfo): Map<string, Variant> {
  const found = new Map<string, Variant>();
  for (const variant of (model as { price_variants?: Variant[] }).price_variants ?? []) {
    const { when, constraint } = variant;
    if ('search_type' in when || 'route' in when) continue;
    if (Date.parse(constraint?.start_date ?? '1970-01-01') <= NOW) found.set(Object.values(when).join(), variant);
  }
  return found;
}

const cases = bundledProviders.flatMap(({ id: provider, models }) =>
  models.flatMap((model) =>
    [...variantsNow(model)].map(([when, variant]): Case => ({
      provider,
      model: model.id,
      when,
      variant,
      list: pricesNow(model.prices),
    })),
  ),
);

describe('the factors of tiers and speeds', () => {
  it('are compared for many models', () => {
    expect(cases.length).toBeGreaterThan(170);
  });

  it.each(cases)('$provider/$model $when', ({ provider, model, variant, list }) => {
    const { processing, service_tier, speed } = variant.when;
    const factor = termsFactor(provider, model, { tier: processing ?? service_tier, speed, geo: undefined });
    if ('unknown' in factor) throw new Error(factor.unknown);
    for (const [kind, price] of Object.entries(variant.prices)) {
      const [theirs, normal] = [base(price), base(list[kind])];
      if (theirs === undefined || normal === undefined || !kind.endsWith('_mtok')) continue;
      const keeps = kind.startsWith('cache_') && kind.includes('read') && factor.keeps?.includes('cacheRead') === true;
      const isJudged = JUDGED.some(([models, kinds]) => models.test(model) && kinds.test(kind));
      const ours = normal * (keeps ? 1 : factor.times);
      expect(Math.abs(ours - theirs) / theirs, `${kind}: ours ${ours}, theirs ${theirs}`).toBeLessThan(
        isJudged ? 0.4 : 0.004,
      );
    }
  });
});

describe('several terms', () => {
  it('multiply, and each is named', () => {
    const terms = { tier: 'batch', speed: undefined, geo: 'us' };
    expect(termsFactor('anthropic', 'claude-opus-4-6', terms)).toEqual({
      times: 0.55,
      mode: 'batch-us',
      keeps: undefined,
    });
  });

  it('that are empty are the usual ones', () => {
    const call = { provider: 'anthropic', model: 'claude-opus-4-6', input_tokens: 1_000_000 };
    const result = new Pricer(loadPriceTable()).price({ ...call, service_tier: '', speed: '', inference_geo: '' });
    expect(usd(result)).toBe('5');
  });
});

describe('prices that the data lacks', () => {
  const pricer = new Pricer(loadPriceTable());
  const cost = (usage: object): string => {
    const result = pricer.price({ provider: '', model: '', ...usage });
    return result.kind === 'priced' ? usd(result) : result.code;
  };

  it.each([
    ['openai', 'gpt-4o-audio-preview-2024-12-17', '0.12'],
    ['openai', 'gpt-4o-mini-audio-preview-2024-12-17', '0.03'],
    ['azure', 'gpt-4o-audio-preview-2024-12-17', '0.12'],
  ])('%s/%s charges audio more than text', (provider, model, expected) => {
    const audio = { input_audio_tokens: 1_000, output_audio_tokens: 1_000 };
    expect(cost({ provider, model, input_tokens: 1_000, output_tokens: 1_000, ...audio })).toBe(expected);
  });

  it.each([
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', '1.98495'],
    ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', '1.8045'],
    ['anthropic.claude-sonnet-4-20250514-v1:0', '1.8045'],
  ])('%s costs more above 200,000 input tokens', (model, expected) => {
    const over = { input_tokens: 300_000, output_tokens: 200 };
    expect(cost({ provider: 'aws', model, ...over })).toBe(expected);
  });

  it.each([
    ['us.anthropic.claude-3-5-haiku-20241022-v1:0', 1_000_000, '1.6'],
    ['global.anthropic.claude-sonnet-4-20250514-v1:0', 200_000, '1.2'],
    ['global.anthropic.claude-sonnet-4-20250514-v1:0', 300_000, '3.6'],
  ])('%s: writing %d tokens for an hour costs twice the input', (model, tokens, expected) => {
    const counts = { input_tokens: tokens, cache_write_tokens: tokens, cache_write_1h_tokens: tokens };
    expect(cost({ provider: 'bedrock', model, ...counts })).toBe(expected);
  });

  it.each([
    ['dashscope', 'qwen3-max-2026-01-23', '0.0072'],
    ['alibaba', 'qwen3-coder-plus-2025-07-22', '0.006'],
    ['dashscope', 'qwen3-vl-plus', '0.0018'],
    ['mistral', 'magistral-medium-latest', '0.009'],
    ['mistral', 'magistral-small-latest', '0.00075'],
    ['mistral', 'magistral-medium-2509', '0.007'],
    ['x.ai', 'grok-4-0709', '0.018'],
    // A request with the default search context.
    ['perplexity', 'sonar', '0.007'],
    ['perplexity', 'sonar-pro', '0.024'],
  ])('%s/%s', (provider, model, expected) => {
    expect(cost({ provider, model, input_tokens: 1_000, output_tokens: 1_000 })).toBe(expected);
  });
});
