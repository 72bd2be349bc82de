import type { ModelPrice } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { listPrice, tierFor, type ListPrice } from '../../../../src/pricing/listPrice.ts';
import { PART_KINDS } from '../../../../src/pricing/tokens.ts';

/** The price of each part of a call, from a model's entry in the table. */

const list = (price: ModelPrice, { provider = 'mine', model = 'm' } = {}): ListPrice => {
  const found = listPrice({ provider, model, price, since: undefined });
  if (found === undefined) throw new Error('no price for tokens');
  return found;
};
const ratesOf = (price: ListPrice, input = 0): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tierFor(price, input).rates).map(([kind, { usd, per }]) => [kind, `${usd}/${per}`]),
  );

describe('the price of each part', () => {
  const all = {
    input_mtok: 1,
    cache_read_mtok: 2,
    cache_write_mtok: 3,
    cache_write_1h_mtok: 4,
    input_audio_mtok: 5,
    cache_audio_read_mtok: 6,
    input_image_mtok: 7,
    cache_image_read_mtok: 8,
    input_video_mtok: 9,
    output_mtok: 10,
    output_reasoning_mtok: 11,
    output_audio_mtok: 12,
    output_image_mtok: 13,
    output_video_mtok: 14,
    output_citation_mtok: 15,
    web_searches_kcount: 16,
    requests_kcount: 17,
  };

  it('is its own where there is one', () => {
    const own = list(all);
    const expected = PART_KINDS.map((kind, i) => [kind, `${i + 1}/${i < 15 ? '1000000' : '1000'}`]);
    expect(ratesOf(own)).toEqual(Object.fromEntries(expected));
    expect(own).toMatchObject({ cachedAudio: true, cachedImages: true, longCache: true, cacheRead: true });
  });

  it('else that of what it is a kind of', () => {
    const plain = list({ input_mtok: 1, output_mtok: 10 });
    expect(plain).toMatchObject({ cachedAudio: false, cachedImages: false, longCache: false, cacheRead: false });
    expect(plain.tiers).toHaveLength(1);
    const isOutput = (kind: string): boolean => /^output|reasoning|citation/.test(kind);
    expect(ratesOf(plain)).toEqual(
      Object.fromEntries(PART_KINDS.slice(0, 15).map((kind) => [kind, isOutput(kind) ? '10/1000000' : '1/1000000'])),
    );
    const { cache_audio_read_mtok: _, cache_image_read_mtok: __, cache_write_1h_mtok: ___, ...some } = all;
    expect(ratesOf(list(some))).toMatchObject({
      cacheAudioRead: '2/1000000',
      cacheImageRead: '2/1000000',
      cacheWrite1h: '3/1000000',
    });
    expect(ratesOf(list({ input_mtok: 1, input_audio_mtok: 5, input_image_mtok: 7 }))).toMatchObject({
      cacheAudioRead: '5/1000000',
      cacheImageRead: '7/1000000',
      cacheRead: '1/1000000',
    });
  });

  it('is none where neither has one', () => {
    expect(ratesOf(list({ output_mtok: 10, output_audio_mtok: 12 }))).toEqual({
      output: '10/1000000',
      reasoning: '10/1000000',
      outputAudio: '12/1000000',
      outputImage: '10/1000000',
      outputVideo: '10/1000000',
      citation: '10/1000000',
    });
    expect(Object.keys(ratesOf(list({ input_mtok: 0 })))).toHaveLength(9);
    expect(listPrice({ provider: 'p', model: 'm', since: undefined, price: { requests_kcount: 1 } })).toBeUndefined();
    expect(listPrice({ provider: 'p', model: 'm', since: undefined, price: {} })).toBeUndefined();
  });
});

it('sizes of calls have their own prices, in whatever order they are listed', () => {
  const price = list({
    input_mtok: {
      base: 1,
      tiers: [
        { start: 200, price: 3 },
        { start: 100, price: 2 },
      ],
    },
    output_mtok: { base: 10, tiers: [{ start: 150, price: 20 }] },
    cache_read_mtok: 0.5,
  });
  expect(price.tiers.map(({ above }) => above)).toEqual([-1, 100, 150, 200]);
  const at = (input: number): string => {
    const { input: plain, output, cacheRead } = tierFor(price, input).rates;
    return `${plain?.usd} ${output?.usd} ${cacheRead?.usd}`;
  };
  expect([0, 100, 101, 150, 151, 200, 201, 9_999].map(at)).toEqual([
    '1 10 0.5',
    '1 10 0.5',
    '2 10 0.5',
    '2 10 0.5',
    '2 20 0.5',
    '2 20 0.5',
    '3 20 0.5',
    '3 20 0.5',
  ]);
});

describe('cache writes for an hour', () => {
  const hour = (provider: string, model: string, price: ModelPrice): [string | undefined, boolean] => {
    const found = list(price, { provider, model });
    return [found.tiers.at(-1)?.rates.cacheWrite1h?.usd, found.longCache];
  };
  const price = { input_mtok: 3, cache_write_mtok: 3.75, output_mtok: 15 };

  it.each(['aws', 'google', 'azure'])('of Claude at %s cost twice the input', (provider) => {
    expect(hour(provider, 'x.claude-y', price)).toEqual(['6', true]);
    const tiers = [{ start: 200_000, price: 6 }];
    expect(hour(provider, 'claude', { ...price, input_mtok: { base: 3, tiers } })).toEqual(['12', true]);
    // Its own price wins; without a price for writing or for input there is nothing to double.
    expect(hour(provider, 'claude', { ...price, cache_write_1h_mtok: 7 })).toEqual(['7', true]);
    expect(hour(provider, 'claude', { input_mtok: 3 })).toEqual(['3', false]);
    expect(hour(provider, 'claude', { output_mtok: 3, cache_write_mtok: 4 })).toEqual(['4', false]);
    expect(hour(provider, 'nova', price)).toEqual(['3.75', false]);
  });

  it('of OpenAI cost twice its other writes, and no other vendor has such a rule', () => {
    expect(hour('openai', 'gpt-6', price)).toEqual(['7.5', true]);
    expect(hour('openai', 'gpt-6', { input_mtok: 3 })).toEqual(['3', false]);
    const tiers = [{ start: 272_000, price: 8 }];
    expect(hour('openai', 'gpt-6', { ...price, cache_write_mtok: { base: 3.75, tiers } })).toEqual(['16', true]);
    expect(list({ ...price, cache_write_mtok: { base: 3.75, tiers } }, { provider: 'openai' }).tiers).toMatchObject([
      { above: -1, rates: { cacheWrite5m: { usd: '3.75' }, cacheWrite1h: { usd: '7.5' } } },
      { above: 272_000, rates: { cacheWrite5m: { usd: '8' }, cacheWrite1h: { usd: '16' } } },
    ]);
    expect(hour('anthropic', 'claude', price)).toEqual(['3.75', false]);
    expect(hour('openrouter', 'claude', price)).toEqual(['3.75', false]);
  });
});
