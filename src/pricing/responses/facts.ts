import { isObject, numberAt, objectAt, objectIn, objectsAt, termAt, textAt, type JsonObject } from './json.ts';
import { billPassedOn } from './asSent.ts';
import { fallbackModel } from './streamEvents.ts';
import type { Shape } from './shape.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Facts of a response other than its counts: model, time, terms and cost. */

export function modelOf({ response, outerModel }: Shape): string | undefined {
  const { content } = response;
  const fallbacks = Array.isArray(content)
    ? content.map((block) => fallbackModel(block as JsonObject)).filter((model) => model !== undefined)
    : [];
  const metadata = objectAt(response, 'response_metadata') ?? {};
  return (
    fallbacks.at(-1) ??
    textAt(response, 'model') ??
    textAt(response, 'modelVersion') ??
    textAt(response, 'model_version') ??
    textAt(response, 'modelId') ??
    textAt(response, 'model_name') ??
    textAt(response, 'model_id') ??
    textAt(response, 'modelName') ??
    // Mistral's conversations
    objectsAt(response, 'outputs')
      .map((each) => textAt(each, 'model'))
      .find((name) => name !== undefined) ??
    textAt(objectAt(response, 'response') ?? {}, 'modelId') ??
    textAt(objectIn(response, 'response', 'body') ?? {}, 'model') ??
    textAt(metadata, 'model_name') ??
    textAt(metadata, 'model') ??
    textAt(metadata, 'model_id') ??
    outerModel
  );
}

export function idOf(response: JsonObject): string | undefined {
  return (
    textAt(objectAt(response, 'response_metadata') ?? {}, 'id') ??
    textAt(response, 'id') ??
    textAt(response, 'responseId') ??
    textAt(response, 'response_id') ??
    textAt(response, 'provider_response_id') ??
    textAt(response, 'request_id') ??
    textAt(objectAt(response, 'response') ?? {}, 'id') ??
    (response['type'] === 'result' ? (textAt(response, 'uuid') ?? textAt(response, 'session_id')) : undefined)
  );
}

/** Converts seconds since the epoch or ISO 8601, as used by the APIs, to ISO 8601. */
export function timeOf(response: JsonObject): string | undefined {
  const seconds = numberAt(response, 'created') ?? numberAt(response, 'created_at');
  const text =
    textAt(response, 'created_at') ??
    textAt(response, 'createTime') ??
    textAt(response, 'created') ??
    textAt(response, 'timestamp') ??
    textAt(objectAt(response, 'response') ?? {}, 'timestamp');
  const ms = seconds === undefined ? Date.parse(text ?? '') : seconds * 1000;
  // Between 2020 and 2100: a number outside is not the time of a response.
  return ms > 1.577e12 && ms < 4.102e12 ? new Date(ms).toISOString() : undefined;
}

const USUAL_TIERS: ReadonlySet<string> = new Set(['default', 'standard', 'auto', 'on-demand', 'unspecified']);
/** https://cloud.google.com/vertex-ai/docs/reference/rest/v1/GenerateContentResponse#TrafficType */
const TRAFFIC: Readonly<Record<string, string>> = {
  TRAFFIC_TYPE_UNSPECIFIED: 'default',
  ON_DEMAND: 'default',
  ON_DEMAND_FLEX: 'flex',
  ON_DEMAND_PRIORITY: 'priority',
  ON_DEMAND_OFFPEAK: 'offpeak',
  PROVISIONED_THROUGHPUT: 'provisioned',
};

/** A kind of traffic that is not known keeps its name, so that it is not priced as the usual one. */
function trafficTier(gemini: JsonObject): string | undefined {
  const type = termAt(gemini, 'trafficType');
  return type === undefined ? undefined : (ownValue(TRAFFIC, type) ?? type);
}

/** The tier of the call in lowercase, unless it is the default tier. */
export function serviceTierOf({ response, isBatch }: Shape): string | undefined {
  if (isBatch) return 'batch';
  const usage = objectAt(response, 'usage') ?? {};
  const gemini = objectAt(response, 'usageMetadata') ?? {};
  const said =
    termAt(response, 'service_tier') ??
    termAt(usage, 'service_tier') ??
    termAt(gemini, 'serviceTier') ??
    trafficTier(gemini) ??
    // Bedrock
    termAt(objectAt(response, 'serviceTier') ?? {}, 'type') ??
    (objectAt(response, 'performanceConfig')?.['latency'] === 'optimized' ? 'latency-optimized' : undefined) ??
    // LangChain and Vercel's AI SDK
    termAt(objectAt(response, 'response_metadata') ?? {}, 'service_tier') ??
    Object.values(objectAt(response, 'providerMetadata') ?? {})
      .map((each) => (isObject(each) ? termAt(each, 'serviceTier') : undefined))
      .find((each) => each !== undefined);
  // xAI's SDK prints `SERVICE_TIER_PRIORITY`.
  const tier = said
    ?.toLowerCase()
    .replace(/^service_tier_/, '')
    .replaceAll('_', '-');
  return tier === undefined || USUAL_TIERS.has(tier) ? undefined : tier;
}

/** The cost of the call in USD according to the provider or its agent. */
export function costOf(shape: Shape, provider: string | undefined): number | undefined {
  const cost = saidCost(shape, provider);
  return cost !== undefined && cost >= 0 ? cost : undefined;
}

function saidCost({ api, response }: Shape, provider: string | undefined): number | undefined {
  const usage = { ...objectAt(response, 'usage'), ...billPassedOn(response) };
  if (api === 'claude-code') return numberAt(response, 'total_cost_usd');
  if (api === 'openrouter-generation') return generationCost(response);
  if (provider === 'vercel') return vercelCost(usage, ['cost', 'market_cost', 'gateway_cost']) ?? openRouterCost(usage);
  if (provider === 'openrouter') return openRouterCost(usage);
  if (provider === 'perplexity') return numberAt(objectAt(usage, 'cost') ?? {}, 'total_cost');
  if (provider === 'deepinfra') return numberAt(usage, 'estimated_cost');
  if (provider === 'github-copilot') {
    // A billionth of a credit, which costs one cent.
    const nano = numberAt(objectAt(response, 'copilot_usage') ?? {}, 'total_nano_aiu');
    return nano === undefined ? undefined : nano / 1e11;
  }
  if (provider === 'x-ai') {
    // A text where xAI's SDK prints it: 64-bit numbers are texts in the JSON form of protocol buffers.
    const ticks = numberAt(usage, 'cost_in_usd_ticks') ?? Number(textAt(usage, 'cost_in_usd_ticks') ?? NaN);
    return Number.isFinite(ticks) ? ticks / 1e10 : undefined;
  }
  const gateway = objectIn(response, 'providerMetadata', 'gateway') ?? {};
  return vercelCost(gateway, ['cost', 'marketCost', 'gatewayCost']);
}

/**
 * The bill of Vercel's AI Gateway with its own fees. For a call with the user's own key it charges these alone, and the vendor
 * the market's price.
 */
function vercelCost(said: JsonObject, fields: readonly [string, string, string]): number | undefined {
  const [cost, market, total] = fields.map((field) => numberAt(said, field) ?? decimalAt(said, field));
  if (cost === undefined) return undefined;
  const isOwnKey = market !== undefined && (cost === 0 || said['is_byok'] === true);
  return isOwnKey ? market + (total ?? cost) : (total ?? cost);
}

function decimalAt(object: JsonObject, field: string): number | undefined {
  const text = textAt(object, field);
  return text !== undefined && /^\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Like {@link openRouterCost}, in the record of a finished call. */
function generationCost(response: JsonObject): number | undefined {
  const cost = numberAt(response, 'total_cost') ?? numberAt(response, 'usage');
  return openRouterCost({
    cost,
    is_byok: response['is_byok'],
    cost_details: { upstream_inference_cost: response['upstream_inference_cost'] },
  });
}

/** If users bring their own key, the vendor bills the call and OpenRouter only its fee: the cost is the sum. */
function openRouterCost(usage: JsonObject): number | undefined {
  const cost = numberAt(usage, 'cost');
  if (usage['is_byok'] !== true) return cost;
  const upstream = numberAt(objectAt(usage, 'cost_details') ?? {}, 'upstream_inference_cost');
  return upstream === undefined ? undefined : upstream + (cost ?? 0);
}

/** Whether the provider reports a failed call, which costs nothing unless it has token counts. */
export function hasFailed(response: JsonObject): boolean {
  return (
    /^(?:failed|cancelled|expired)$/.test(textAt(response, 'status') ?? '') || objectAt(response, 'error') !== undefined
  );
}

/** Whether a batch or a response still runs: a record of its counts so far would keep the id from those at its end. */
export function isUnfinished(response: JsonObject): boolean {
  return /^(?:validating|queued|in_progress|finalizing|cancelling)$/.test(textAt(response, 'status') ?? '');
}
