import { describe, expect, it } from 'vitest';
import { termsFactor, termsOf } from '../../../../src/pricing/terms.ts';

/** The factors of vendors' price pages, exactly, for the first and the last model that each is for. */

const CACHE = ['cacheRead', 'cacheAudioRead', 'cacheImageRead'];

const factor = (name: string, terms: object): unknown => {
  const [provider = '', model = ''] = name.split(' ');
  const found = termsFactor(provider, model, { tier: undefined, speed: undefined, geo: undefined, ...terms });
  if ('unknown' in found) return found.isPrepaid ? 'prepaid' : 'unknown';
  return found.keeps === undefined ? found.times : [found.times, found.keeps];
};

describe('a tier', () => {
  it.each<[string, string, unknown]>([
    ['batch', 'openai gpt-3.5-turbo-1106', 1],
    ['batch', 'azure gpt-3.5-turbo-1106', 1],
    ['batch', 'openai x-gpt-3.5-turbo-1106', 0.5],
    ['batch', 'openai gpt-5', 0.5],
    ['batch', 'azure gpt-5', 0.5],
    ['batch', 'anthropic claude-opus-5', 0.5],
    ['batch', 'aws nova', 0.5],
    ['batch', 'mistral codestral', 0.5],
    ['batch', 'groq llama', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-pro', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-flash', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-flash-lite', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-flash-lite-preview-09-2025', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-flash-06-2025', [0.5, CACHE]],
    ['batch', 'google gemini-2.5-flash-image', 0.5],
    ['batch', 'google gemini-2.5-prox', 0.5],
    ['batch', 'google x-gemini-2.5-pro', 0.5],
    ['batch', 'google gemini-3-flash', [0.5, CACHE]],
    ['batch', 'google gemini-3.1-pro-customtools', [0.5, CACHE]],
    ['batch', 'google gemini-3.5-flash', 0.5],
    ['batch', 'x-ai grok-4', 0.8],
    ['batch', 'cohere command-r', 'unknown'],
    ['flex', 'openai o3', 0.5],
    ['flex', 'openai o4-mini', 0.5],
    ['flex', 'azure gpt-5', 0.5],
    ['flex', 'openai gpt-6', 0.5],
    ['flex', 'openai gpt-4o', 'unknown'],
    ['flex', 'openai x-gpt-5', 'unknown'],
    ['flex', 'google gemini-2.5-pro', [0.5, CACHE]],
    ['flex', 'google gemini-3.5-flash', 0.5],
    ['flex', 'aws nova', 0.5],
    ['flex', 'groq llama', 1],
    ['flex', 'anthropic claude-opus-5', 'unknown'],
    ['priority', 'openai gpt-4o-mini', 1.666666666667],
    ['priority', 'openai x-gpt-4o-mini', 'unknown'],
    ['priority', 'openai gpt-4o-2024-05-13', 1.75],
    ['priority', 'openai x-gpt-4o-2024-05-13', 'unknown'],
    ['priority', 'openai gpt-4o', 1.7],
    ['priority', 'openai gpt-4o-2024-08-06', 1.7],
    ['priority', 'openai gpt-4o-audio', 'unknown'],
    ['priority', 'openai x-gpt-4o', 'unknown'],
    ['priority', 'openai gpt-4.1-nano', 2],
    ['priority', 'openai x-gpt-4.1-nano', 'unknown'],
    ['priority', 'openai gpt-4.1', 1.75],
    ['priority', 'openai gpt-4.1-mini', 1.75],
    ['priority', 'openai o3', 1.75],
    ['priority', 'openai o3-2025-04-16', 1.75],
    ['priority', 'openai o3-mini', 'unknown'],
    ['priority', 'openai x-o3', 'unknown'],
    ['priority', 'openai o4-mini', 1.818181818182],
    ['priority', 'openai x-o4-mini', 'unknown'],
    ['priority', 'openai gpt-5-mini', 1.8],
    ['priority', 'openai gpt-5.1-codex-mini', 1.8],
    ['priority', 'openai gpt-5.4-mini', 2],
    ['priority', 'openai gpt-5.5', 2.5],
    ['priority', 'openai gpt-5.5-pro', 'unknown'],
    ['priority', 'openai gpt-5', 2],
    ['priority', 'azure gpt-6', 2],
    ['priority', 'openai gpt-5-nano', 'unknown'],
    ['priority', 'openai gpt-5-pro', 'unknown'],
    ['priority', 'openai x-gpt-5', 'unknown'],
    ['priority', 'google gemini-3.5-flash', 1.8],
    ['priority', 'google claude-opus-5', 'unknown'],
    ['priority', 'google x-gemini', 'unknown'],
    ['priority', 'aws nova', 1.75],
    ['priority', 'anthropic claude-opus-5', 'prepaid'],
    ['scale', 'openai gpt-5', 'prepaid'],
    ['provisioned', 'azure gpt-5', 'prepaid'],
    ['reserved', 'aws nova', 'prepaid'],
    // OpenAI's newer name of its priority tier, and of no other vendor's.
    ['fast', 'openai gpt-5', 2],
    ['fast', 'azure gpt-5', 2],
    ['fast', 'openai gpt-5-nano', 'unknown'],
    ['fast', 'aws nova', 'unknown'],
    ['fast', 'google gemini-3.5-flash', 'unknown'],
    ['ultrafast', 'openai gpt-6-astra', 6],
    ['ultrafast', 'openai gpt-6.1-sol', 6],
    ['ultrafast', 'openai gpt-6', 'unknown'],
    ['ultrafast', 'openai x-gpt-6-astra', 'unknown'],
    ['ultrafast', 'azure gpt-6-astra', 'unknown'],
    ['toString', 'openai gpt-5', 'unknown'],
  ])('%s of %s: %j', (tier, name, times) => {
    expect(factor(name, { tier })).toEqual(times);
  });
});

describe("Claude's fast mode and regions", () => {
  it.each<[object, string, unknown]>([
    [{ speed: 'fast' }, 'anthropic claude-opus-4-6', 6],
    [{ speed: 'fast' }, 'anthropic claude-opus-4-7', 6],
    [{ speed: 'fast' }, 'anthropic x-claude-opus-4-7', 'unknown'],
    [{ speed: 'fast' }, 'anthropic claude-opus-4-8', 2],
    [{ speed: 'fast' }, 'anthropic claude-opus-5', 2],
    [{ speed: 'fast' }, 'anthropic claude-fable-5-2', 2],
    [{ speed: 'fast' }, 'anthropic claude-mythos-5-2', 2],
    [{ speed: 'fast' }, 'anthropic claude-mythos-5', 'unknown'],
    [{ speed: 'fast' }, 'anthropic claude-opus-4-5', 'unknown'],
    [{ speed: 'fast' }, 'anthropic x-claude-opus-5', 'unknown'],
    // A speed, and no tier of OpenAI's.
    [{ speed: 'fast' }, 'openai gpt-5', 'unknown'],
    [{ geo: 'us' }, 'anthropic claude-opus-4-6', 1.1],
    [{ geo: 'us' }, 'anthropic claude-opus-4-8', 1.1],
    [{ geo: 'us' }, 'anthropic claude-opus-4-5', 'unknown'],
    [{ geo: 'us' }, 'anthropic claude-sonnet-4-6', 1.1],
    [{ geo: 'us' }, 'anthropic claude-sonnet-4-5', 'unknown'],
    ...['opus', 'sonnet', 'haiku', 'fable', 'mythos'].map(
      (family) => [{ geo: 'us' }, `anthropic claude-${family}-5`, 1.1] as [object, string, unknown],
    ),
    [{ geo: 'us' }, 'anthropic claude-mythos-preview', 1.1],
    [{ geo: 'us' }, 'anthropic x-claude-opus-5', 'unknown'],
    [{ geo: 'us' }, 'azure gpt-5', 1.1],
    [{ geo: 'us' }, 'azure gpt-6', 1.1],
    [{ geo: 'us' }, 'openai gpt-5', 'unknown'],
    [{ geo: 'eu' }, 'azure gpt-5', 1.1],
    [{ geo: 'eu' }, 'azure x-gpt-6', 1.1],
    [{ geo: 'eu' }, 'azure gpt-6', 1.2],
    [{ geo: 'eu' }, 'anthropic claude-opus-5', 'unknown'],
    // Together they multiply, and the first that keeps a price decides which.
    [{ tier: 'batch', speed: 'fast', geo: 'us' }, 'anthropic claude-opus-5', 1.1],
    [{ tier: 'priority', geo: 'eu' }, 'azure gpt-6', 2.4],
    [{ tier: 'batch', geo: 'mars' }, 'anthropic claude-opus-5', 'unknown'],
    [{}, 'anthropic claude-opus-5', 1],
  ])('%j of %s: %j', (terms, name, times) => {
    expect(factor(name, terms)).toEqual(times);
  });

  it('are named in the order of tier, speed and region', () => {
    const terms = { tier: 'batch', speed: 'fast', geo: 'us' };
    expect(termsFactor('anthropic', 'claude-opus-5', terms)).toMatchObject({ mode: 'batch-fast-us' });
    // As the record has it.
    const fast = { tier: 'fast', speed: undefined, geo: undefined };
    expect(termsFactor('openai', 'gpt-5', fast)).toMatchObject({ mode: 'fast' });
  });

  it.each([
    [{ tier: 'x' }, 'the service tier "x"', false],
    [{ speed: 'x' }, 'the speed "x"', false],
    [{ geo: 'x' }, 'the region "x"', false],
    [{ tier: 'batch', speed: 'y', geo: 'x' }, 'the speed "y"', false],
    [{ tier: 'priority' }, 'the service tier "priority"', true],
    // A speed of that name is nothing that is paid for in advance by anybody else.
    [{ tier: 'a'.repeat(41) }, `the service tier "${'a'.repeat(40)}"`, false],
  ])('%j of Claude are unknown as %s', (terms, unknown, isPrepaid) => {
    const given = { tier: undefined, speed: undefined, geo: undefined, ...terms };
    expect(termsFactor('anthropic', 'claude-opus-5', given)).toEqual({ unknown, isPrepaid });
  });
});

describe('the terms of a record', () => {
  it.each([
    [{}, undefined, undefined],
    [{ service_tier: 'Batch' }, undefined, { tier: 'batch', speed: undefined, geo: undefined }],
    [{ service_tier: 'a_b_c' }, undefined, { tier: 'a-b-c', speed: undefined, geo: undefined }],
    [{ speed: 'FAST' }, undefined, { tier: undefined, speed: 'fast', geo: undefined }],
    [{ inference_geo: 'us' }, undefined, { tier: undefined, speed: undefined, geo: 'us' }],
    // The name of the deployment says where it is.
    [{ inference_geo: 'us' }, 'eu', { tier: undefined, speed: undefined, geo: 'eu' }],
    [{}, 'eu', { tier: undefined, speed: undefined, geo: 'eu' }],
    [{ service_tier: undefined, speed: null }, undefined, undefined],
    // Of another type they are unknown ones.
    [{ service_tier: 5, inference_geo: [] }, undefined, { tier: '5', speed: undefined, geo: '[]' }],
  ])('of %j in %s are %j', (usage, zone, terms) => {
    expect(termsOf(usage, zone)).toEqual(terms);
  });

  it.each(['', 'standard', 'DEFAULT', 'auto', 'on_demand', 'on-demand', 'unspecified', 'Global', 'not_available'])(
    'are the usual ones with %j',
    (name) => {
      expect(termsOf({ service_tier: name, speed: name, inference_geo: name })).toBeUndefined();
    },
  );
});
