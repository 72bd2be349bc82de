import { beforeAll, describe, expect, it } from 'vitest';
import type { CustomPrice } from '../../../src/pricing/custom.ts';
import { loadPricer, Pricer, type PriceInput } from '../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { bundledProviders } from './bundledData.ts';
import { priced, usd } from './usd.ts';

const million = { input_tokens: 1_000_000, output_tokens: 1_000_000 };
const small = { input_tokens: 10_000, output_tokens: 2_000 };

let pricer: Pricer;
beforeAll(async () => {
  pricer = loadPricer();
});

describe('list prices', () => {
  const cached = { input_tokens: 100_000, cache_read_tokens: 80_000, cache_write_tokens: 15_000, output_tokens: 2_000 };

  it.each<[PriceInput, string]>([
    [{ provider: 'anthropic', model: 'claude-sonnet-4-5', ...small }, '0.06'],
    [{ provider: 'anthropic', model: 'claude-sonnet-4-5', ...cached }, '0.12525'],
    [{ provider: 'anthropic', model: 'claude-sonnet-4-5', ...cached, cache_write_1h_tokens: 15_000 }, '0.159'],
    [{ provider: 'openai', model: 'gpt-5', ...small, cache_read_tokens: 6_000 }, '0.02575'],
    [{ provider: 'google', model: 'gemini-2.5-flash', ...small }, '0.008'],
    [{ provider: 'openai', model: 'o3', ...million, timestamp: '2025-05-01T00:00:00Z' }, '50'],
    [{ provider: 'openai', model: 'o3', ...million, timestamp: '2026-05-01T00:00:00Z' }, '10'],
  ])('%j costs $%s', (usage, cost) => {
    expect(usd(pricer.price(usage))).toBe(cost);
  });

  it('prices the whole call at the long-context price, and says so', () => {
    const call = (input_tokens: number) =>
      priced(pricer.price({ provider: 'gemini', model: 'gemini-2.5-pro', input_tokens, output_tokens: 0 }));
    expect(call(200_000).parts.input?.usd).toBe('1.25');
    expect(call(200_000).rules).toEqual([]);
    expect(call(200_001).parts.input).toMatchObject({ quantity: 200_001, usd: '2.5' });
    expect(call(200_001).rules).toMatchObject([{ code: 'long-context' }]);
  });

  it('prices audio and reasoning where the table tells them apart', () => {
    const audio = priced(
      pricer.price({ provider: 'google', model: 'gemini-2.5-flash', ...small, input_audio_tokens: 4_000 }),
    );
    expect(audio.parts).toMatchObject({ input: { quantity: 6_000 }, inputAudio: { quantity: 4_000, usd: '1' } });
    const thinking = priced(
      pricer.price({ provider: 'perplexity', model: 'sonar-deep-research', ...small, reasoning_tokens: 500 }),
    );
    expect(thinking.parts).toMatchObject({ output: { quantity: 1_500, usd: '8' }, reasoning: { usd: '3' } });
  });

  it('adds the price of a request, and of web searches', () => {
    const sonar = priced(pricer.price({ provider: 'perplexity', model: 'sonar', input_tokens: 1, output_tokens: 1 }));
    expect(sonar.parts.requests).toEqual({ quantity: 1, usd: '5', per: 1_000, nanos: 5_000_000n });
    const search = priced(pricer.price({ provider: 'claude', model: 'claude-haiku-4-5', ...small, web_searches: 2 }));
    expect(search.parts.webSearches).toMatchObject({ quantity: 2, nanos: 20_000_000n });
  });

  it('says by which price, and from where', () => {
    const result = priced(pricer.price({ provider: 'claude', model: 'claude-sonnet-4-5-20250929', ...small }));
    expect(result.matched).toEqual({ by: 'table', provider: 'anthropic', model: 'claude-sonnet-4-5' });
    expect(result.priceSource).toBe('genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-4-5');
  });

  it('multiplies by the factor of a mode', () => {
    const usage = { provider: 'claude', model: 'claude-opus-4-6', ...small, timestamp: '2026-06-01T00:00:00Z' };
    const fast = priced(pricer.price(usage, { factor: { times: 6, mode: 'fast' } }));
    expect(fast.nanos).toBe(6n * priced(pricer.price(usage)).nanos);
    expect(fast.priceSource).toMatch(/ x6 fast$/);
    expect(fast.rules.map(({ code }) => code)).toContain('factor');
  });

  it('is not cheaper for one-hour cache writes without a word where the table has no price for them', () => {
    const usage = { provider: 'openai', model: 'gpt-5', ...small, cache_write_tokens: 10, cache_write_1h_tokens: 10 };
    expect(priced(pricer.price(usage)).rules.map(({ code }) => code)).toContain('no-hour-price');
  });
});

describe('names', () => {
  it.each([
    ['claude', 'claude-haiku-4-5', 'anthropic/claude-haiku-4-5'],
    ['Claude-Code', 'claude-haiku-4-5', 'anthropic/claude-haiku-4-5'],
    ['claude_code', 'claude-sonnet-4-5[1m]', 'anthropic/claude-sonnet-4-5'],
    ['anthropic', 'anthropic/claude-haiku-4-5', 'anthropic/claude-haiku-4-5'],
    ['codex', 'gpt-5-codex', 'openai/gpt-5'],
    ['openai', 'openai/gpt-5', 'openai/gpt-5'],
    ['gemini', 'models/gemini-2.5-flash', 'google/gemini-2.5-flash'],
    ['vertex_ai', 'publishers/google/models/gemini-2.5-flash', 'google/gemini-2.5-flash'],
    ['vertex', 'claude-sonnet-4-5@20250929', 'google/claude-sonnet-4-5'],
    [
      'bedrock',
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    ['azure_openai', 'gpt-5', 'azure/gpt-5'],
    ['openrouter', 'anthropic/claude-sonnet-4.5', 'openrouter/anthropic/claude-sonnet-4.5'],
    ['grok', 'grok-4-0709', 'x-ai/grok-4-0709'],
  ])('%s %s is %s', (provider, model, name) => {
    const { matched } = priced(pricer.price({ provider, model, ...small }));
    expect(matched.by === 'table' && `${matched.provider}/${matched.model}`).toBe(name);
  });
});

describe('unpriced, never $0', () => {
  it.each<[string, PriceInput]>([
    ['unknown-provider', { provider: 'nobody', model: 'gpt-5', ...small }],
    ['unknown-provider', { provider: '__proto__', model: 'constructor', ...small }],
    ['unknown-model', { provider: 'openai', model: 'gpt-unheard-of', ...small }],
    ['unknown-model', { provider: 'claude-code', model: '<synthetic>', ...small }],
    ['no-list-price', { provider: 'youtube', model: 'captions', ...small }],
    ['no-list-price', { provider: 'Ollama', model: 'gpt-oss:120b-cloud', ...small }],
    ['no-list-price', { provider: 'vllm', model: 'llama3', ...small }],
    ['no-list-price', { provider: 'lm_studio', model: 'gpt-5', charge: 'metered', ...small }],
    ['no-token-price', { provider: 'copilot', model: 'gpt-4o', ...small }],
    ['no-token-price', { provider: 'groq', model: 'whisper-large-v3', ...small }],
    ['part-without-price', { provider: 'openai', model: 'text-embedding-3-small', ...small }],
    ['no-tokens', { provider: 'openai', model: 'gpt-5' }],
    ['no-tokens', { provider: 'openai', model: 'gpt-5', total_tokens: 100 }],
    ['invalid-counts', { provider: 'openai', model: 'gpt-5', input_tokens: 10, cache_read_tokens: 11 }],
    ['invalid-counts', { provider: 'openai', model: 'gpt-5', input_tokens: 10, output_tokens: 1, reasoning_tokens: 2 }],
    ['invalid-counts', { provider: 'openai', model: 'gpt-5', input_tokens: -1 }],
    ['invalid-counts', { provider: 'openai', model: 'gpt-5', input_tokens: 0.5 }],
    ['invalid-counts', { provider: 'openai', model: 'gpt-5', input_tokens: '10' }],
    [
      'unknown-overlap',
      { provider: 'google', model: 'gemini-2.5-flash', ...small, cache_read_tokens: 5, input_audio_tokens: 5 },
    ],
    ['too-large', { provider: 'openai', model: 'gpt-5', input_tokens: Number.MAX_SAFE_INTEGER }],
    ['invalid-time', { provider: 'openai', model: 'o3', ...small, timestamp: 'yesterday' }],
  ])('%s: %j', (code, usage) => {
    expect(pricer.price(usage)).toMatchObject({
      kind: 'unpriced',
      code,
      message: expect.stringMatching(/^.{20,}\.$/s),
    });
  });

  it("has no list price of one's own server, whatever downloaded data says", () => {
    const prices = { input_mtok: 1, output_mtok: 2 };
    const models = [{ id: 'llama3', name: 'Llama', match: { equals: 'llama3' }, prices }];
    const server = { id: 'vllm', name: 'vLLM', api_pattern: '', pricing_urls: [], models };
    const fetched = { providers: [...bundledProviders, server, { ...server, id: 'sold' }], date: '2026-11-28' };
    const other = new Pricer(loadPriceTable(fetched));
    expect(other.price({ provider: 'vllm', model: 'llama3', ...small })).toMatchObject({ code: 'no-list-price' });
    expect(usd(other.price({ provider: 'sold', model: 'llama3', ...small }))).toBe('0.014');
  });

  it('prices an embedding, which has no output', () => {
    expect(usd(pricer.price({ provider: 'openai', model: 'text-embedding-3-small', input_tokens: 1_000_000 }))).toBe(
      '0.02',
    );
  });
});

describe('custom prices', () => {
  const withCustom = (...customPrices: CustomPrice[]): Pricer => new Pricer(pricer.table, customPrices);
  const sonnet = { provider: 'claude', model: 'claude-sonnet-4-5', ...million };

  it('win over the table, and say so', () => {
    const result = priced(withCustom({ provider: 'anthropic', model: 'claude-*', input: 1, output: 2 }).price(sonnet));
    expect(result.nanos).toBe(3_000_000_000n);
    expect(result.priceSource).toBe('custom: anthropic/claude-*');
    expect(result.rules).toMatchObject([{ code: 'custom' }]);
  });

  it('may say that something costs nothing', () => {
    const local = withCustom({ provider: 'ollama', model: '*', input: 0, output: 0 });
    expect(usd(local.price({ provider: 'ollama', model: 'llama3', ...million }))).toBe('0');
  });

  it('hold from their day on; before it the next best does', () => {
    const prices = withCustom(
      { model: 'claude-sonnet-4-5', input: 1, output: 1, from: '2026-02-01' },
      { model: 'claude-sonnet-4-5', input: 2, output: 2, from: '2026-03-01' },
      { model: 'claude-*', input: 5, output: 5, from: '2026-01-01' },
    );
    const at = (timestamp: string): string => priced(prices.price({ ...sonnet, timestamp })).priceSource;
    expect(at('2025-12-31T23:59:59Z')).toMatch(/^genai-prices /);
    expect(at('2026-01-01T00:00:00Z')).toBe('custom: claude-* from 2026-01-01');
    expect(at('2026-02-28T23:59:59Z')).toBe('custom: claude-sonnet-4-5 from 2026-02-01');
    expect(at('2026-02-28T23:59:59-01:00')).toBe('custom: claude-sonnet-4-5 from 2026-03-01');
  });

  it('the most specific one wins', () => {
    const prices = withCustom(
      { model: 'claude-sonnet-*', input: 1, output: 1 },
      { model: '*', input: 2, output: 2 },
      { provider: 'claude', model: 'claude-sonnet-*', input: 3, output: 3 },
      { model: 'CLAUDE-*', input: 4, output: 4 },
    );
    expect(usd(prices.price(sonnet))).toBe('6');
    expect(usd(prices.price({ ...sonnet, provider: 'vertex' }))).toBe('2');
    expect(usd(prices.price({ ...sonnet, model: 'other' }))).toBe('4');
  });

  it('price cache tokens and reasoning as input and output unless they say otherwise', () => {
    const counts = { input_tokens: 4_000_000, cache_read_tokens: 1_000_000, cache_write_tokens: 2_000_000 };
    const usage = { ...sonnet, ...counts, cache_write_1h_tokens: 1_000_000, reasoning_tokens: 1_000_000 };
    expect(usd(withCustom({ model: '*', input: 1, output: 10 }).price(usage))).toBe('14');
    const all = { model: '*', input: 1, output: 10, cache_read: 0.1, cache_write: 2, cache_write_1h: 4, reasoning: 20 };
    expect(usd(withCustom(all).price(usage))).toBe('27.1');
  });
});
