import type { GivenCounts } from '../tokens.ts';
import { numberAt, objectAt, objectsAt, textAt, type JsonObject } from './json.ts';

/** `usageMetadata` of the generateContent and Live APIs of Gemini and Vertex, also as printed by the Python SDK. */
export function geminiCounts(response: JsonObject): GivenCounts {
  const usage = objectAt(response, 'usageMetadata') ?? camelCase(objectAt(response, 'usage_metadata') ?? {});
  const thoughts = numberAt(usage, 'thoughtsTokenCount') ?? 0;
  const output = numberAt(usage, 'candidatesTokenCount') ?? numberAt(usage, 'responseTokenCount') ?? 0;
  const made = modalities(usage, 'candidatesTokensDetails', 'responseTokensDetails');
  return {
    ...inputParts(
      (numberAt(usage, 'promptTokenCount') ?? 0) + (numberAt(usage, 'toolUsePromptTokenCount') ?? 0),
      numberAt(usage, 'cachedContentTokenCount'),
      modalities(usage, 'promptTokensDetails', 'toolUsePromptTokensDetails'),
      Array.isArray(usage['cacheTokensDetails']) ? modalities(usage, 'cacheTokensDetails') : undefined,
    ),
    output_tokens: output + thoughts,
    reasoning_tokens: thoughts,
    output_audio_tokens: made.audio,
    output_image_tokens: made.image,
    output_video_tokens: made.video,
    web_searches: searches(response),
  };
}

/**
 * Up to Gemini 2.5, Google charges for a call with searches once; since Gemini 3, for each search.
 * https://ai.google.dev/gemini-api/docs/pricing
 */
function searches(response: JsonObject): number {
  const count = objectsAt(response, 'candidates').reduce((sum, candidate) => {
    const queries = objectAt(candidate, 'groundingMetadata')?.['webSearchQueries'];
    return sum + (Array.isArray(queries) ? queries.length : 0);
  }, 0);
  const model = textAt(response, 'modelVersion') ?? textAt(response, 'model_version') ?? '';
  return /(?:^|\/)gemini-[12]\b/.test(model) ? Math.min(1, count) : count;
}

/** Embeddings of Gemini's API, and of Vertex AI, which counts each text. */
export function geminiEmbeddings(response: JsonObject): GivenCounts {
  const counted = countedTexts(response);
  if (counted.length === 0) return geminiCounts(response);
  const tokens = counted.map((each) => numberAt(each, 'token_count') ?? numberAt(each, 'tokenCount') ?? 0);
  return { input_tokens: tokens.reduce((sum, each) => sum + each, 0), output_tokens: 0 };
}

/** The counts of each embedded text, as Vertex AI sends them, or as Google's SDKs pass them on. */
export function countedTexts(response: JsonObject): JsonObject[] {
  const predicted = objectsAt(response, 'predictions').map((each) => objectAt(each, 'embeddings') ?? {});
  const texts = [...predicted, ...objectsAt(response, 'embeddings')];
  return texts.map((each) => objectAt(each, 'statistics')).filter((each) => each !== undefined);
}

/** `usage` of the Interactions API. */
export function interactionCounts(response: JsonObject): GivenCounts {
  const usage = objectAt(response, 'usage') ?? {};
  // The first versions of the API, and of Google's SDKs, had the other name.
  const thoughts = numberAt(usage, 'total_thought_tokens') ?? numberAt(usage, 'total_reasoning_tokens') ?? 0;
  const made = modalities(usage, 'output_tokens_by_modality');
  return {
    ...inputParts(
      (numberAt(usage, 'total_input_tokens') ?? 0) + (numberAt(usage, 'total_tool_use_tokens') ?? 0),
      numberAt(usage, 'total_cached_tokens'),
      modalities(usage, 'input_tokens_by_modality', 'tool_use_tokens_by_modality'),
      Array.isArray(usage['cached_tokens_by_modality']) ? modalities(usage, 'cached_tokens_by_modality') : undefined,
    ),
    output_tokens: (numberAt(usage, 'total_output_tokens') ?? 0) + thoughts,
    reasoning_tokens: thoughts,
    output_audio_tokens: made.audio,
    output_image_tokens: made.image,
    output_video_tokens: made.video,
    web_searches: objectsAt(usage, 'grounding_tool_count')
      .filter(({ type }) => type === 'google_search')
      .reduce((sum, each) => sum + (numberAt(each, 'count') ?? 0), 0),
  };
}

interface Modalities {
  audio: number;
  image: number;
  video: number;
}

function modalities(usage: JsonObject, ...fields: readonly string[]): Modalities {
  const sums: Modalities = { audio: 0, image: 0, video: 0 };
  for (const entry of fields.flatMap((field) => objectsAt(usage, field))) {
    const modality = (textAt(entry, 'modality') ?? '').toLowerCase();
    const tokens = numberAt(entry, 'tokenCount') ?? numberAt(entry, 'token_count') ?? numberAt(entry, 'tokens') ?? 0;
    // Gemini counts documents as images of their pages.
    const name = modality === 'document' ? 'image' : modality;
    if (name === 'audio' || name === 'image' || name === 'video') sums[name] += tokens;
  }
  return sums;
}

/** @param cached by modality; undefined if the response does not have it. */
function inputParts(input: number, cacheRead: number | undefined, given: Modalities, cached?: Modalities): GivenCounts {
  // Cached video costs the same as other cached tokens, so only uncached video is counted as video.
  const uncached = Math.max(0, given.video - (cached?.video ?? 0));
  return {
    input_tokens: input,
    cache_read_tokens: cacheRead,
    input_audio_tokens: given.audio,
    input_image_tokens: given.image,
    input_video_tokens: Math.min(uncached, Math.max(0, input - (cacheRead ?? 0))),
    cache_audio_read_tokens: cached?.audio,
    cache_image_read_tokens: cached?.image,
  };
}

/** `prompt_token_count` -> `promptTokenCount`. */
function camelCase(usage: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(usage).map(([field, value]) => [
      field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
