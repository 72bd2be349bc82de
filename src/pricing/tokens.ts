/**
 * Splits the token counts of a call into disjoint parts, each of which has one price.
 *
 * The fields are those of a usage record plus those that only some responses have (audio, images, ...); names and meanings are
 * those of genai-prices: `input_tokens` includes all cache reads and writes, `output_tokens` all reasoning.
 */

import { PRICED_COUNTS } from '../columns/priceTerms.ts';

/** The kinds of parts, each of which has one price. */
export const PART_KINDS = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'inputAudio',
  'cacheAudioRead',
  'inputImage',
  'cacheImageRead',
  'inputVideo',
  'output',
  'reasoning',
  'outputAudio',
  'outputImage',
  'outputVideo',
  'citation',
  'webSearches',
  'requests',
] as const;
export type PartKind = (typeof PART_KINDS)[number];

/** Whole counts. An absent count is 0. */
export const COUNT_FIELDS = [
  'input_tokens',
  'output_tokens',
  /** Part of the input, as are the writes. */
  'cache_read_tokens',
  'cache_write_tokens',
  /** Part of `cache_write_tokens`. */
  'cache_write_1h_tokens',
  /** Part of the output. */
  'reasoning_tokens',
  ...PRICED_COUNTS,
] as const;
export type CountField = (typeof COUNT_FIELDS)[number];
export type Counts = Partial<Record<CountField, number>>;
/** The same, where undefined is equivalent to absent. */
export type GivenCounts = { readonly [field in CountField]?: number | undefined };

/** The quantity of each part, in the order of {@link PART_KINDS}. `requests` is always 1: the call itself. */
export type Split = number[];

/** Contradictory counts: the wrong field and the reason. */
export interface CountProblem {
  field: CountField;
  message: string;
}

/** Which kind, if both audio (or image) input and cached input occur but their overlap is not known. */
export function unknownOverlap(counts: GivenCounts): 'audio' | 'image' | undefined {
  if (!counts.cache_read_tokens) return undefined;
  if (counts.input_audio_tokens && counts.cache_audio_read_tokens === undefined) return 'audio';
  if (counts.input_image_tokens && counts.cache_image_read_tokens === undefined) return 'image';
  return undefined;
}

/** Splits the counts into parts that add up to input and output, or returns why that is impossible. */
export function splitCounts(counts: GivenCounts): Split | CountProblem {
  for (const field of COUNT_FIELDS) {
    const count = counts[field];
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
      return { field, message: `${field} must be a whole number, 0 or more` };
    }
  }
  const input = counts.input_tokens ?? 0;
  const cacheRead = counts.cache_read_tokens ?? 0;
  const write1h = counts.cache_write_1h_tokens ?? 0;
  const cacheWrite = counts.cache_write_tokens ?? write1h;
  const audioRead = counts.cache_audio_read_tokens ?? 0;
  const imageRead = counts.cache_image_read_tokens ?? 0;
  const audio = counts.input_audio_tokens ?? audioRead;
  const image = counts.input_image_tokens ?? imageRead;
  const video = counts.input_video_tokens ?? 0;
  const output = counts.output_tokens ?? 0;
  const reasoning = counts.reasoning_tokens ?? 0;
  const outputAudio = counts.output_audio_tokens ?? 0;
  const outputImage = counts.output_image_tokens ?? 0;
  const outputVideo = counts.output_video_tokens ?? 0;
  const citation = counts.output_citation_tokens ?? 0;

  const plain = input - cacheRead - cacheWrite - (audio - audioRead) - (image - imageRead) - video;
  const plainOutput = output - reasoning - outputAudio - outputImage - outputVideo - citation;
  const problem =
    exceeds('cache_write_1h_tokens', write1h, 'cache_write_tokens', cacheWrite) ??
    exceeds('cache_audio_read_tokens', audioRead, 'input_audio_tokens', audio) ??
    exceeds('cache_image_read_tokens', imageRead, 'input_image_tokens', image) ??
    exceeds('cache_read_tokens', audioRead + imageRead, 'cache_read_tokens', cacheRead) ??
    withCacheHint(exceeds('cache_read_tokens', cacheRead + cacheWrite, 'input_tokens', input)) ??
    exceeds('input_audio_tokens', input - plain, 'input_tokens', input) ??
    exceeds('reasoning_tokens', output - plainOutput, 'output_tokens', output);
  if (problem !== undefined) return problem;

  return [
    plain,
    cacheRead - audioRead - imageRead,
    cacheWrite - write1h,
    write1h,
    audio - audioRead,
    audioRead,
    image - imageRead,
    imageRead,
    video,
    plainOutput,
    reasoning,
    outputAudio,
    outputImage,
    outputVideo,
    citation,
    counts.web_searches ?? 0,
    1,
  ];
}

function exceeds(field: CountField, size: number, whole: CountField, limit: number): CountProblem | undefined {
  return size <= limit ? undefined : { field, message: `the parts of ${whole} (${size}) exceed it (${limit})` };
}

function withCacheHint(problem: CountProblem | undefined): CountProblem | undefined {
  if (problem === undefined) return undefined;
  return { ...problem, message: `${problem.message}: input_tokens must include cache reads and writes` };
}
