import type { GivenCounts } from '../tokens.ts';
import { numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';

/** `usageMetadata` of the generateContent and Live APIs of Gemini and Vertex. */
export function geminiCounts(response: JsonObject): GivenCounts {
  const usage = objectAt(response, 'usageMetadata') ?? {};
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
    web_searches: geminiSearches(response, textAt(response, 'modelVersion')),
  };
}

/** The searches of a call that are charged. */
export function geminiSearches(response: JsonObject, model: string | undefined): number {
  return charged(
    groundings(response).reduce((sum, each) => sum + sizeOf(each['webSearchQueries'] ?? each['web_search_queries']), 0),
    model,
  );
}

/** The metadata of the answers that searched, as Gemini sends them, or as LangChain and Vercel's AI SDK pass them on. */
export function groundings(response: JsonObject): JsonObject[] {
  const metadata = objectAt(response, 'providerMetadata') ?? {};
  const found = [
    ...objectsAt(response, 'candidates').map((candidate) => objectAt(candidate, 'groundingMetadata')),
    objectIn(response, 'response_metadata', 'grounding_metadata'),
    objectIn(metadata, 'google', 'groundingMetadata') ?? objectIn(metadata, 'vertex', 'groundingMetadata'),
  ];
  return found.filter((each) => each !== undefined);
}

/**
 * Up to Gemini 2.5, Google charges for a call with searches once; since Gemini 3, for each search.
 * https://ai.google.dev/gemini-api/docs/pricing
 */
function charged(searches: number, model = ''): number {
  return /(?:^|\/)gemini-[12]\b/.test(model) ? Math.min(1, searches) : searches;
}

const sizeOf = (list: unknown): number => (Array.isArray(list) ? list.length : 0);

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
    web_searches: charged(toolsOf(response).get('google_search') ?? 0, textAt(response, 'model')),
  };
}

/** How often an interaction used each tool that has a fee: as its usage says, else by its steps. */
export function toolsOf(response: JsonObject): Map<string, number> {
  const uses = new Map<string, number>();
  const counted = objectsAt(objectAt(response, 'usage') ?? {}, 'grounding_tool_count');
  for (const { type, count } of counted) {
    if (typeof count === 'number' && count > 0) uses.set(String(type), (uses.get(String(type)) ?? 0) + count);
  }
  if (counted.length > 0) return uses;
  for (const step of objectsAt(response, 'steps')) {
    const tool = /^(google_search|google_maps|retrieval)_call$/.exec(String(step['type']))?.[1];
    if (tool === undefined) continue;
    uses.set(tool, (uses.get(tool) ?? 0) + (sizeOf(objectAt(step, 'arguments')?.['queries']) || 1));
  }
  return uses;
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
