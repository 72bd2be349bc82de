import type { UsageRecord } from '../usage/record.ts';

/**
 * The parts of a record that change its price and that no other column holds, as one text: counts of audio, images and
 * searches, fast mode, the region, and the factor in its price source. Most records have none. Ledgers on disk contain these
 * texts (the column `terms`), so their form never changes.
 */

/** Counts that are kept even if they are 0: an absent one means that the overlap with the cache is unknown. */
const OVERLAPS: readonly string[] = ['cache_audio_read_tokens', 'cache_image_read_tokens'];
export const PRICED_COUNTS = [
  'input_audio_tokens',
  /** Part of both `cache_read_tokens` and `input_audio_tokens`. */
  'cache_audio_read_tokens',
  'input_image_tokens',
  'cache_image_read_tokens',
  'input_video_tokens',
  'output_audio_tokens',
  'output_image_tokens',
  'output_video_tokens',
  'output_citation_tokens',
  'web_searches',
] as const;
const TEXTS: readonly string[] = ['speed', 'inference_geo'];
const MAX_TEXT = 64;
const FACTOR = /^(?:genai-prices |custom: |free).* x(\d+(?:\.\d+)?) ([a-z][a-z0-9-]*)(?:; repriced [\d-]+)?$/s;

/** {@link priceTerms}, parsed. `price_factor` is the factor and the mode with which the record was priced. */
export interface PriceTerms {
  speed?: string;
  inference_geo?: string;
  whole_session?: true;
  price_factor?: [times: number, mode: string];
  /** The counts; a value that is no count is replaced by -1. */
  [count: string]: unknown;
}

/** @returns undefined for a record that has none of them. */
export function priceTerms(record: UsageRecord): string | undefined {
  let terms: PriceTerms | undefined;
  for (const field of PRICED_COUNTS) {
    const value = record[field];
    if (value === undefined || value === null || (value === 0 && !OVERLAPS.includes(field))) continue;
    (terms ??= {})[field] = typeof value === 'number' ? value : -1;
  }
  for (const field of TEXTS) {
    const value = record[field];
    if (typeof value === 'string' && value !== '') (terms ??= {})[field] = value.slice(0, MAX_TEXT);
  }
  if (record['whole_session'] === true) (terms ??= {}).whole_session = true;
  const source = record.price_source;
  // Most sources have no factor, and a regular expression takes several times as long.
  const factor = typeof source === 'string' && source.includes(' x') ? FACTOR.exec(source) : null;
  if (factor !== null) (terms ??= {}).price_factor = [Number(factor[1]), factor[2]!];
  return terms && JSON.stringify(terms);
}

/** Texts of which a row with price terms contains at least one. */
export const PRICE_TERM_MARKS: readonly string[] = [
  '_audio_tokens"',
  '_image_tokens"',
  '_video_tokens"',
  'audio_read_tokens"',
  'image_read_tokens"',
  '"output_citation_tokens"',
  '"web_searches"',
  '"speed"',
  '"inference_geo"',
  '"whole_session"',
  ' x',
];

export function parsePriceTerms(text: string | null): PriceTerms {
  return text === null ? {} : (JSON.parse(text) as PriceTerms);
}
