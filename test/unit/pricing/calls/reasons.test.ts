import { describe, expect, it } from 'vitest';
import { loadPricer, Pricer, type PriceInput } from '../../../../src/pricing/price.ts';
import { tableWith } from './ownTable.ts';

/** Why a call has no price, word by word: a user reads it, and learns from it what to do. */

const tokens = { input_tokens: 1_000, output_tokens: 100 };
const pricer = loadPricer();
const reason = (usage: Partial<PriceInput>, by = pricer): string => {
  const result = by.price({ provider: 'openai', model: 'gpt-5', ...usage });
  if (result.kind === 'priced') throw new Error(`priced: ${result.priceSource}`);
  return `${result.code}: ${result.message}`;
};

describe('a call without usable counts', () => {
  it.each([
    [{}, 'no-tokens: There are no token counts to compute a cost from.'],
    [{ input_tokens: 0, output_tokens: 0 }, 'no-tokens: There are no token counts to compute a cost from.'],
    [{ total_tokens: 0 }, 'no-tokens: There are no token counts to compute a cost from.'],
    [{ total_tokens: 5 }, 'no-tokens: Only the total of the tokens is known; input and output have different prices.'],
    [{ output_tokens: -1 }, 'invalid-counts: output_tokens must be a whole number, 0 or more.'],
    [{ input_tokens: 1, web_searches: true }, 'invalid-counts: web_searches must be a whole number, 0 or more.'],
    [
      { input_tokens: 1, cache_read_tokens: 2 },
      'invalid-counts: the parts of input_tokens (2) exceed it (1): input_tokens must include cache reads and writes.',
    ],
    [
      { input_tokens: 10 ** 15 },
      'too-large: The tokens would cost $1250000000; more than $1000000 is considered a mistake.',
    ],
  ])('%j: %s', (counts, text) => {
    expect(reason(counts)).toBe(text);
  });

  it.each([
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'cache_write_tokens',
    'cache_write_1h_tokens',
    'reasoning_tokens',
    'input_audio_tokens',
    'cache_audio_read_tokens',
    'input_image_tokens',
    'cache_image_read_tokens',
    'input_video_tokens',
    'output_audio_tokens',
    'output_image_tokens',
    'output_video_tokens',
    'output_citation_tokens',
    'web_searches',
  ])('names %s where it is no number', (field) => {
    expect(reason({ ...tokens, [field]: '5' })).toBe(`invalid-counts: ${field} must be a whole number, 0 or more.`);
    // A count that is not there is none.
    const nothing = { ...tokens, [field]: null };
    const without = field === 'input_tokens' ? { output_tokens: 100 } : tokens;
    expect(pricer.price({ provider: 'openai', model: 'gpt-5', ...nothing })).toMatchObject({
      nanos: nanosOf(field === 'output_tokens' ? { input_tokens: 1_000 } : without),
    });
  });
});

function nanosOf(counts: object): bigint | undefined {
  const result = pricer.price({ provider: 'openai', model: 'gpt-5', ...counts });
  return result.kind === 'priced' ? result.nanos : undefined;
}

it('a million dollars is no mistake, a nano-dollar more is one', () => {
  const prices = { input_mtok: 1_000_000, output_mtok: 0.001 };
  const costly = new Pricer(tableWith({ costly: prices }));
  const call = { provider: 'mine', model: 'costly', input_tokens: 1_000_000 };
  expect(costly.price(call)).toMatchObject({ kind: 'priced', nanos: 10n ** 15n });
  expect(reason({ ...call, output_tokens: 1 }, costly)).toBe(
    'too-large: The tokens would cost $1000000.000000001; more than $1000000 is considered a mistake.',
  );
});

describe('a call of names without a price', () => {
  const long = (length: number): string => 'x'.repeat(length);
  it.each<[string, string, string]>([
    ['nobody', 'gpt-5', 'unknown-provider: The price table does not know the provider "nobody".'],
    ['codex', 'gpt-unheard', 'unknown-model: The price table has no model "gpt-unheard" of "openai".'],
    ['Mistral', ' none ', 'unknown-model: The price table has no model " none " of "mistral".'],
    [
      'youtube',
      'captions',
      'no-list-price: There are no published prices for "youtube"; set a custom price (0 if it is free).',
    ],
    [
      'Text_Generation WebUI',
      'llama',
      'no-list-price: There are no published prices for "Text_Generation WebUI"; set a custom price (0 if it is free).',
    ],
    [
      'copilot',
      'gpt-4o',
      'no-token-price: The price table lists github-copilot/gpt-4o without a price for tokens (free, part of a subscription, or billed otherwise).',
    ],
    [
      'openai',
      'text-embedding-3-small',
      'part-without-price: The price table has no price for this part of the call: output.',
    ],
    [long(80), 'm', `unknown-provider: The price table does not know the provider "${long(80)}".`],
    [long(81), 'm', `unknown-provider: The price table does not know the provider "${long(77)}...".`],
    ['openai', long(200), `unknown-model: The price table has no model "${long(77)}..." of "openai".`],
    ['"', 'm', String.raw`unknown-provider: The price table does not know the provider "\"".`],
  ])('%s %s: %s', (provider, model, text) => {
    expect(reason({ provider, model, ...tokens })).toBe(text);
  });
});

it('the time of a call matters only where a price depends on it', () => {
  const call = { ...tokens, timestamp: 'yesterday' };
  expect(reason({ ...call, model: 'o3' })).toBe('invalid-time: The time of the call is invalid.');
  expect(pricer.price({ provider: 'openai', model: 'gpt-4o', ...call })).toMatchObject({ kind: 'priced' });
  // Of one's own prices, too.
  const own = { model: 'gpt-4o', input: 1, output: 1 };
  const always = new Pricer(pricer.table, [own]);
  expect(always.price({ provider: 'openai', model: 'gpt-4o', ...call })).toMatchObject({ kind: 'priced' });
  const dated = new Pricer(pricer.table, [{ ...own, from: '2026-01-01' }]);
  expect(reason({ ...call, model: 'gpt-4o' }, dated)).toBe('invalid-time: The time of the call is invalid.');
  // They hold at all times, whatever the table has.
  const o3 = new Pricer(pricer.table, [{ ...own, model: 'o3' }]);
  expect(o3.price({ provider: 'openai', model: 'o3', ...call })).toMatchObject({ kind: 'priced' });
});

describe('cached audio and images', () => {
  const plain = { input_mtok: 1, output_mtok: 1, cache_read_mtok: 0.5 };
  const by = new Pricer(
    tableWith({
      plain,
      audio: { ...plain, cache_audio_read_mtok: 0.7 },
      images: { ...plain, cache_image_read_mtok: 0.8 },
    }),
  );
  const audio = { input_tokens: 200, cache_read_tokens: 50, input_audio_tokens: 60 };
  const image = { input_tokens: 200, cache_read_tokens: 50, input_image_tokens: 60 };
  it.each([
    ['audio', audio, 'audio'],
    ['images', image, 'image'],
  ])('that have a price of their own (%s) must be counted: %j', (model, counts, kind) => {
    expect(reason({ provider: 'mine', model, ...counts }, by)).toBe(
      `unknown-overlap: How many of the cached tokens were ${kind} is unknown, and these have a different price (cache_${kind}_read_tokens).`,
    );
  });

  it.each([
    // 150 at the price of other input, 50 at that of reading.
    ['plain', audio],
    ['plain', image],
    ['audio', image],
    ['images', audio],
  ])('of a model with the price of other cached input (%s) need not: %j', (model, counts) => {
    const result = by.price({ provider: 'mine', model, ...counts });
    expect(result).toMatchObject({ kind: 'priced', nanos: 175_000n });
  });
});

describe('a call under terms whose price is not known', () => {
  it.each<[string, string, object, string]>([
    [
      'anthropic',
      'claude-sonnet-4-5',
      { service_tier: 'priority' },
      'For anthropic/claude-sonnet-4-5, the service tier "priority" is paid for in advance, so a single call has no price.',
    ],
    [
      'openai',
      'gpt-5',
      { service_tier: 'SCALE' },
      'For openai/gpt-5, the service tier "scale" is paid for in advance, so a single call has no price.',
    ],
    [
      'google',
      'gemini-2.5-flash',
      { service_tier: 'provisioned' },
      'For google/gemini-2.5-flash, the service tier "provisioned" is paid for in advance, so a single call has no price.',
    ],
    [
      'aws',
      'amazon.nova-pro-v1:0',
      { service_tier: 'reserved' },
      'For aws/amazon.nova-pro-v1:0, the service tier "reserved" is paid for in advance, so a single call has no price.',
    ],
    [
      'mistral',
      'mistral-large-2411',
      { service_tier: 'priority' },
      'For mistral/mistral-large, the price of the service tier "priority" is unknown.',
    ],
    [
      'openai',
      'gpt-5',
      { service_tier: 'my_own' },
      'For openai/gpt-5, the price of the service tier "my-own" is unknown.',
    ],
    [
      'anthropic',
      'claude-haiku-4-5',
      { speed: 'fast' },
      'For anthropic/claude-haiku-4-5, the price of the speed "fast" is unknown.',
    ],
    [
      'anthropic',
      'claude-haiku-4-5',
      { inference_geo: 'mars' },
      'For anthropic/claude-haiku-4-5, the price of the region "mars" is unknown.',
    ],
    [
      'openai',
      'gpt-5',
      { service_tier: 'y'.repeat(50) },
      `For openai/gpt-5, the price of the service tier "${'y'.repeat(40)}" is unknown.`,
    ],
  ])('%s %s %j', (provider, model, terms, text) => {
    expect(reason({ provider, model, ...tokens, ...terms })).toBe(`unknown-terms: ${text}`);
  });
});
