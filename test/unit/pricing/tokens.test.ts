import { describe, expect, it } from 'vitest';
import { Pricer } from '../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../src/pricing/table.ts';
import { PART_KINDS, splitCounts, unknownOverlap } from '../../../src/pricing/tokens.ts';

const parts = (counts: object): Record<string, number> => {
  const split = splitCounts(counts);
  if (!Array.isArray(split)) throw new Error(split.message);
  return Object.fromEntries(PART_KINDS.map((kind, i) => [kind, split[i]!] as const).filter(([, count]) => count > 0));
};

describe('counts that contradict each other', () => {
  const some = { input_tokens: 10, output_tokens: 10 };
  it.each([
    [
      { cache_write_tokens: 1, cache_write_1h_tokens: 2 },
      'cache_write_1h_tokens',
      'the parts of cache_write_tokens (2) exceed it (1)',
    ],
    [
      { input_audio_tokens: 1, cache_audio_read_tokens: 2, cache_read_tokens: 2 },
      'cache_audio_read_tokens',
      'the parts of input_audio_tokens (2) exceed it (1)',
    ],
    [
      { input_image_tokens: 1, cache_image_read_tokens: 2, cache_read_tokens: 2 },
      'cache_image_read_tokens',
      'the parts of input_image_tokens (2) exceed it (1)',
    ],
    [
      { cache_read_tokens: 3, cache_audio_read_tokens: 2, cache_image_read_tokens: 2 },
      'cache_read_tokens',
      'the parts of cache_read_tokens (4) exceed it (3)',
    ],
    [
      { cache_read_tokens: 6, cache_write_tokens: 5 },
      'cache_read_tokens',
      'the parts of input_tokens (11) exceed it (10): input_tokens must include cache reads and writes',
    ],
    [
      { cache_read_tokens: 6, input_audio_tokens: 5 },
      'input_audio_tokens',
      'the parts of input_tokens (11) exceed it (10)',
    ],
    [
      { reasoning_tokens: 6, output_audio_tokens: 5 },
      'reasoning_tokens',
      'the parts of output_tokens (11) exceed it (10)',
    ],
  ])('%j name the field, and by how much', (more, field, message) => {
    expect(splitCounts({ ...some, ...more })).toEqual({ field, message });
  });
});

describe('the parts of a call', () => {
  it('are disjoint, and add up to input and output', () => {
    const found = parts({
      input_tokens: 1_000,
      cache_read_tokens: 300,
      cache_write_tokens: 60,
      cache_write_1h_tokens: 20,
      input_audio_tokens: 100,
      cache_audio_read_tokens: 30,
      input_image_tokens: 90,
      cache_image_read_tokens: 50,
      input_video_tokens: 70,
      output_tokens: 500,
      reasoning_tokens: 200,
      output_audio_tokens: 11,
      output_image_tokens: 22,
      output_video_tokens: 33,
      output_citation_tokens: 44,
      web_searches: 3,
    });
    expect(found).toEqual({
      input: 460,
      cacheRead: 220,
      cacheWrite5m: 40,
      cacheWrite1h: 20,
      inputAudio: 70,
      cacheAudioRead: 30,
      inputImage: 40,
      cacheImageRead: 50,
      inputVideo: 70,
      output: 190,
      reasoning: 200,
      outputAudio: 11,
      outputImage: 22,
      outputVideo: 33,
      citation: 44,
      webSearches: 3,
      requests: 1,
    });
  });

  it.each([
    ['cache_write_1h_tokens', { cache_write_1h_tokens: 5, cache_write_tokens: 4, input_tokens: 9 }],
    [
      'cache_audio_read_tokens',
      { cache_audio_read_tokens: 5, input_audio_tokens: 4, cache_read_tokens: 9, input_tokens: 9 },
    ],
    [
      'cache_image_read_tokens',
      { cache_image_read_tokens: 5, input_image_tokens: 4, cache_read_tokens: 9, input_tokens: 9 },
    ],
    [
      'cache_read_tokens',
      { cache_audio_read_tokens: 3, cache_image_read_tokens: 3, cache_read_tokens: 5, input_tokens: 9 },
    ],
    ['cache_read_tokens', { cache_read_tokens: 6, cache_write_tokens: 4, input_tokens: 9 }],
    ['input_audio_tokens', { input_image_tokens: 6, input_video_tokens: 4, input_tokens: 9 }],
    ['reasoning_tokens', { output_image_tokens: 6, output_citation_tokens: 4, output_tokens: 9 }],
    ['input_video_tokens', { input_video_tokens: -1 }],
    ['web_searches', { web_searches: 0.5 }],
  ])('are refused by %s', (field, counts) => {
    expect(splitCounts(counts)).toMatchObject({ field });
  });

  it('have an unknown overlap where only one of two is known', () => {
    expect(unknownOverlap({ cache_read_tokens: 1, input_audio_tokens: 1 })).toBe('audio');
    expect(unknownOverlap({ cache_read_tokens: 1, input_image_tokens: 1 })).toBe('image');
    expect(unknownOverlap({ cache_read_tokens: 1, input_image_tokens: 1, cache_image_read_tokens: 0 })).toBeUndefined();
    expect(unknownOverlap({ input_image_tokens: 1 })).toBeUndefined();
  });
});

describe('the prices of images, video and audio', () => {
  const pricer = new Pricer(loadPriceTable());
  const prices = (provider: string, model: string, counts: object): Record<string, string> => {
    const result = pricer.price({ provider, model, timestamp: '2026-11-20T00:00:00Z', ...counts });
    if (result.kind !== 'priced') throw new Error(result.message);
    return Object.fromEntries(
      Object.entries(result.parts).map(([kind, part]) => [kind, `${part.quantity} x ${part.usd}`]),
    );
  };

  it('are those of each field of a record', () => {
    expect(
      prices('openai', 'gpt-image-1', {
        input_tokens: 100,
        input_image_tokens: 60,
        cache_read_tokens: 20,
        cache_image_read_tokens: 10,
        output_tokens: 50,
        output_image_tokens: 50,
      }),
    ).toEqual({
      input: '30 x 5',
      cacheRead: '10 x 1.25',
      inputImage: '50 x 10',
      cacheImageRead: '10 x 2.5',
      outputImage: '50 x 40',
    });
    expect(
      prices('google', 'gemini-2.5-flash', {
        input_tokens: 100,
        input_audio_tokens: 40,
        cache_read_tokens: 20,
        cache_audio_read_tokens: 10,
        output_tokens: 50,
      }),
    ).toEqual({
      input: '50 x 0.3',
      cacheRead: '10 x 0.03',
      inputAudio: '30 x 1',
      cacheAudioRead: '10 x 0.1',
      output: '50 x 2.5',
    });
    expect(
      prices('perplexity', 'sonar-deep-research', {
        input_tokens: 100,
        output_tokens: 100,
        reasoning_tokens: 50,
        output_citation_tokens: 30,
        web_searches: 2,
      }),
    ).toEqual({ input: '100 x 2', output: '20 x 8', reasoning: '50 x 3', citation: '30 x 2', webSearches: '2 x 5' });
  });
});
