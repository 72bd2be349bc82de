import type { GivenCounts } from '../tokens.ts';
import { isObject, numberAt, objectAt, objectIn, objectsAt, type JsonObject } from './json.ts';

/** Responses of servers and tools whose shape no other vendor has. */

export type OtherApi = 'llama-cpp' | 'replicate' | 'watsonx' | 'gemini-cli';

export function otherShape(response: JsonObject): OtherApi | undefined {
  if (numberAt(response, 'tokens_evaluated') !== undefined && numberAt(response, 'tokens_predicted') !== undefined) {
    return 'llama-cpp';
  }
  if (numberAt(objectAt(response, 'metrics') ?? {}, 'input_token_count') !== undefined) return 'replicate';
  if (objectsAt(response, 'results').some((each) => numberAt(each, 'generated_token_count') !== undefined)) {
    return 'watsonx';
  }
  return modelsOfRun(response).length > 0 ? 'gemini-cli' : undefined;
}

export const OTHER_READERS: Readonly<Record<OtherApi, (response: JsonObject) => GivenCounts>> = {
  // The native API of llama.cpp's server.
  'llama-cpp': (response) => ({
    input_tokens: numberAt(response, 'tokens_evaluated'),
    output_tokens: numberAt(response, 'tokens_predicted'),
    cache_read_tokens: numberAt(objectAt(response, 'timings') ?? {}, 'cache_n'),
  }),
  // A prediction.
  replicate: (response) => {
    const metrics = objectAt(response, 'metrics') ?? {};
    return {
      input_tokens: numberAt(metrics, 'input_token_count'),
      output_tokens: numberAt(metrics, 'output_token_count'),
    };
  },
  // Text generation; chats have the shape of OpenAI's.
  watsonx: (response) => {
    const sum = (field: string): number =>
      objectsAt(response, 'results').reduce((total, each) => total + (numberAt(each, field) ?? 0), 0);
    return { input_tokens: sum('input_token_count'), output_tokens: sum('generated_token_count') };
  },
  // One model of a run, as `runByModel` returns it. Thoughts are beside the candidates, and prompts of tools beside the prompt.
  'gemini-cli': (response) => {
    const tokens = objectIn(response, 'used', 'tokens') ?? {};
    const thoughts = numberAt(tokens, 'thoughts') ?? 0;
    return {
      input_tokens: (numberAt(tokens, 'prompt') ?? 0) + (numberAt(tokens, 'tool') ?? 0),
      output_tokens: (numberAt(tokens, 'candidates') ?? 0) + thoughts,
      cache_read_tokens: numberAt(tokens, 'cached'),
      reasoning_tokens: thoughts,
    };
  },
};

/** `stats.models` of `gemini -p --output-format json` and `qwen -p`: sums by model. */
function modelsOfRun(response: JsonObject): [name: string, used: JsonObject][] {
  const models = Object.entries(objectIn(response, 'stats', 'models') ?? {});
  return models.filter(
    (entry): entry is [string, JsonObject] =>
      isObject(entry[1]) && numberAt(objectAt(entry[1], 'tokens') ?? {}, 'prompt') !== undefined,
  );
}

/** A response for each model of a run. */
export function runByModel(response: JsonObject): JsonObject[] {
  return modelsOfRun(response).map(([model, used]) => ({ ...response, model, used }));
}
