import { isObject, numberAt, objectAt, objectIn, objectsAt, textAt, type JsonObject } from './json.ts';
import { evalByModel, runByModel } from './otherServers.ts';
import type { Shape } from './shape.ts';

/** A call that is billed separately: a response may contain several. */
export interface Call {
  shape: Shape;
  /** Distinguishes the calls of one response in their ids; empty for the first one. */
  suffix: string;
}

/** The calls in a response: Claude's iterations, the models that Claude Code used in one run, or those of OpenAI's image tool. */
export function callsOf(shape: Shape): Call[] {
  if (shape.api === 'openai-responses' || shape.api === 'openai-images') return withImageCalls(shape);
  if (shape.api === 'anthropic-messages') return iterations(shape);
  if (shape.api === 'openai-chat') return breakdown(shape);
  if (shape.api === 'gemini-cli' || shape.api === 'openai-eval') {
    const runs = shape.api === 'gemini-cli' ? runByModel(shape.response) : evalByModel(shape.response);
    return runs.map((response) => ({
      shape: { ...shape, response },
      suffix: runs.length === 1 ? '' : `/${textAt(response, 'model')}`,
    }));
  }
  return shape.api === 'claude-code' ? modelsUsed(shape) : [{ shape, suffix: '' }];
}

/**
 * A response of OpenAI, and what its image tool used beside it: `tool_usage.image_gen` of the image model, and `svg_usage` of the
 * author of a vector image. (The SDK's docstrings: "separate from base model `usage`".)
 */
function withImageCalls(shape: Shape): Call[] {
  const { output: _, data: __, tool_usage: ___, svg_usage: ____, ...rest } = shape.response;
  const authors = [shape.response, ...objectsAt(shape.response, 'output')]
    .map((each) => objectAt(each, 'svg_usage'))
    .filter((each) => each !== undefined);
  const calls: Call[] = [{ shape, suffix: '' }];
  const images = imagesByTool(shape.response);
  if (images)
    calls.push({ shape: { ...shape, api: 'openai-images', response: { ...rest, ...images } }, suffix: '/images' });
  for (const [index, { model, reasoning_tokens, ...usage }] of authors.entries()) {
    const response = { ...rest, model, usage: { ...usage, output_tokens_details: { reasoning_tokens } } };
    const suffix = index === 0 ? '/svg' : `/svg-${index + 1}`;
    calls.push({ shape: { ...shape, api: 'openai-responses', response }, suffix });
  }
  return calls;
}

/** Model and usage of OpenAI's image tool; undefined if it was not used, or the response does not name its model. */
export function imagesByTool(response: JsonObject): { model: string; usage: JsonObject } | undefined {
  const usage = objectIn(response, 'tool_usage', 'image_gen') ?? {};
  const models = objectsAt(response, 'tools').flatMap((tool) =>
    tool['type'] === 'image_generation' ? (textAt(tool, 'model') ?? []) : [],
  );
  const isUsed = (numberAt(usage, 'input_tokens') ?? 0) + (numberAt(usage, 'output_tokens') ?? 0) > 0;
  return isUsed && models[0] !== undefined ? { model: models[0], usage } : undefined;
}

/** `usage_breakdown` of Groq's Compound, which bills each model that it used. */
function breakdown(shape: Shape): Call[] {
  const models = objectsAt(objectAt(shape.response, 'usage_breakdown') ?? {}, 'models').filter(
    (each) => textAt(each, 'model') !== undefined && objectAt(each, 'usage') !== undefined,
  );
  if (models.length === 0) return [{ shape, suffix: '' }];
  return models.map(({ model, usage }, index) => ({
    shape: { ...shape, response: { ...shape.response, model, usage } },
    suffix: index === 0 ? '' : `/${index + 1}`,
  }));
}

/**
 * `usage.iterations`: each turn of the model, an advisor, a compaction or a fallback model is a call with its own counts. The
 * top-level counts omit some of them.
 */
function iterations(shape: Shape): Call[] {
  const { response } = shape;
  const usage = objectAt(response, 'usage') ?? {};
  const list = objectsAt(usage, 'iterations').filter((each) => numberAt(each, 'input_tokens') !== undefined);
  const isSaidOnce = list.length === 0 || numberAt(usage, 'cost') !== undefined;
  if (isSaidOnce || (list.length === 1 && isSameCall(list[0]!, usage))) return [{ shape, suffix: '' }];
  const searching = Math.max(
    0,
    list.findIndex(({ type }) => type === 'message'),
  );
  return list.map((iteration, index) => {
    const { service_tier, speed, inference_geo, server_tool_use } = usage;
    const terms = { service_tier, speed, inference_geo, ...(index === searching ? { server_tool_use } : {}) };
    const model = textAt(iteration, 'model');
    const own = { ...response, usage: { ...terms, ...iteration } };
    return {
      shape: { ...shape, response: model === undefined ? own : { ...own, model, content: undefined } },
      suffix: index === 0 ? '' : `/${index + 1}`,
    };
  });
}

/** Whether a single iteration has the same counts as the top level, which has more details. */
function isSameCall(iteration: JsonObject, usage: JsonObject): boolean {
  const fields = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'];
  return (
    textAt(iteration, 'model') === undefined &&
    fields.every((field) => (numberAt(iteration, field) ?? 0) === (numberAt(usage, field) ?? 0))
  );
}

/** `modelUsage` of `claude -p --output-format json`: counts and costs by model. */
function modelsUsed(shape: Shape): Call[] {
  const models = Object.entries(objectAt(shape.response, 'modelUsage') ?? {}).filter(
    (entry): entry is [string, JsonObject] => isObject(entry[1]),
  );
  if (models.length === 0) return [{ shape, suffix: '' }];
  return models.map(([name, used]) => {
    const response = {
      ...shape.response,
      model: name.replace(/\[1m\]$/, ''),
      total_cost_usd: numberAt(used, 'costUSD'),
      usage: {
        input_tokens: numberAt(used, 'inputTokens'),
        output_tokens: numberAt(used, 'outputTokens'),
        cache_read_input_tokens: numberAt(used, 'cacheReadInputTokens'),
        cache_creation_input_tokens: numberAt(used, 'cacheCreationInputTokens'),
        server_tool_use: { web_search_requests: numberAt(used, 'webSearchRequests') },
      },
    };
    return { shape: { ...shape, response }, suffix: models.length === 1 ? '' : `/${name}` };
  });
}
