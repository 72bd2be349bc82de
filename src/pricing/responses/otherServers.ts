import type { GivenCounts } from '../tokens.ts';
import { isObject, numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';

/** Responses of servers and tools whose shape no other vendor has. */

export type OtherApi = 'llama-cpp' | 'replicate' | 'watsonx' | 'gemini-cli' | 'crewai' | 'strands' | 'openai-eval';

export function otherShape(response: JsonObject): OtherApi | undefined {
  if (numberAt(response, 'tokens_evaluated') !== undefined && numberAt(response, 'tokens_predicted') !== undefined) {
    return 'llama-cpp';
  }
  if (numberAt(objectAt(response, 'metrics') ?? {}, 'input_token_count') !== undefined) return 'replicate';
  if (objectsAt(response, 'results').some((each) => numberAt(each, 'generated_token_count') !== undefined)) {
    return 'watsonx';
  }
  if (modelsOfRun(response).length > 0) return 'gemini-cli';
  if (crewUsage(response) !== undefined) return 'crewai';
  if (strandsUsage(response) !== undefined) return 'strands';
  return evalByModel(response).length > 0 ? 'openai-eval' : undefined;
}

/** `CrewOutput` and `UsageMetrics` of CrewAI: the sums of a crew's calls. */
function crewUsage(response: JsonObject): JsonObject | undefined {
  const usages = [objectAt(response, 'token_usage'), objectAt(response, 'usage_metrics'), response];
  return usages.find(
    (each) =>
      each !== undefined &&
      numberAt(each, 'prompt_tokens') !== undefined &&
      numberAt(each, 'successful_requests') !== undefined,
  );
}

/** `AgentResult` and `EventLoopMetrics` of Strands Agents: the sums of an agent's calls. */
function strandsUsage(response: JsonObject): JsonObject | undefined {
  const usage = objectAt(response, 'accumulated_usage') ?? objectIn(response, 'metrics', 'accumulated_usage');
  return usage !== undefined && numberAt(usage, 'inputTokens') !== undefined ? usage : undefined;
}

/** A response for each model of a run of OpenAI's evals. */
export function evalByModel(response: JsonObject): JsonObject[] {
  if (response['object'] !== 'eval.run') return [];
  return objectsAt(response, 'per_model_usage').map((usage) => ({
    ...response,
    model: usage['model_name'] ?? response['model'],
    used: usage,
  }));
}

/** Seconds of audio of a transcription that is billed by its length; undefined for any other response. */
export function audioSecondsOf(response: JsonObject): number | undefined {
  const usage = objectAt(response, 'usage') ?? {};
  if (usage['type'] === 'duration') return numberAt(usage, 'seconds');
  const isVerbose = typeof response['text'] === 'string' && Array.isArray(response['segments']);
  // Versions of the SDK print the number as text.
  const duration = numberAt(response, 'duration') ?? Number(textAt(response, 'duration') ?? NaN);
  return isVerbose && Object.keys(usage).length === 0 && Number.isFinite(duration) ? duration : undefined;
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
  crewai: (response) => {
    const usage = crewUsage(response) ?? {};
    return {
      input_tokens: numberAt(usage, 'prompt_tokens'),
      output_tokens: numberAt(usage, 'completion_tokens'),
      cache_read_tokens: numberAt(usage, 'cached_prompt_tokens'),
      cache_write_tokens: numberAt(usage, 'cache_creation_tokens'),
      reasoning_tokens: numberAt(usage, 'reasoning_tokens'),
    };
  },
  // Bedrock's and Anthropic's inputs exclude the cache, those of other vendors include it: the total shows which.
  strands: (response) => {
    const usage = strandsUsage(response) ?? {};
    const [input, output] = [numberAt(usage, 'inputTokens') ?? 0, numberAt(usage, 'outputTokens') ?? 0];
    const read = numberAt(usage, 'cacheReadInputTokens') ?? 0;
    const write = numberAt(usage, 'cacheWriteInputTokens') ?? 0;
    const total = numberAt(usage, 'totalTokens') ?? Infinity;
    const beside = total >= input + output + read + write ? read + write : 0;
    return {
      input_tokens: input + beside,
      output_tokens: output,
      cache_read_tokens: read,
      cache_write_tokens: write,
    };
  },
  'openai-eval': (response) => {
    const used = objectAt(response, 'used') ?? {};
    return {
      input_tokens: numberAt(used, 'prompt_tokens'),
      output_tokens: numberAt(used, 'completion_tokens'),
      cache_read_tokens: numberAt(used, 'cached_tokens'),
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
