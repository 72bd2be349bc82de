import type { UsageInput } from '../../usage/record.ts';
import type { RecognisedResponse } from './recognise.ts';

/** Names given by the user, which replace or complete those in a response. */
export interface ResponseNames {
  provider?: string | undefined;
  model?: string | undefined;
  operation?: string | undefined;
}

/** The operation for each API, if the user names none. */
const OPERATIONS: Partial<Record<RecognisedResponse['api'], string>> = {
  'openai-embeddings': 'embedding',
  'cohere-embeddings': 'embedding',
  voyage: 'embedding',
  rerank: 'rerank',
  'gemini-embeddings': 'embedding',
  'ollama-embeddings': 'embedding',
  'openai-images': 'image',
  'openai-speech': 'speech',
  codex: 'agent',
  'openai-realtime': 'realtime',
  'openai-transcription': 'transcription',
  'claude-code': 'agent',
  'gemini-cli': 'agent',
  crewai: 'agent',
  strands: 'agent',
  'openai-eval': 'evaluation',
};

const SUMS: ReadonlySet<string> = new Set(['gemini-cli', 'crewai', 'strands', 'openai-eval']);

/**
 * Converts a recognised response to a usage to record. The response's own id becomes the record's, so that the same response is
 * not recorded twice; a cost given by the provider is a recorded cost. The terms of the call (tier, speed and region) are
 * stored because the price depends on them.
 */
export function usageOfResponse(response: RecognisedResponse, names: ResponseNames = {}): UsageInput {
  const { counts, responseId, timestamp, costUsd, serviceTier, speed, inferenceGeo } = response;
  const usage: UsageInput = {
    provider: names.provider ?? response.provider ?? 'unknown',
    model: names.model ?? response.model ?? 'unknown',
    operation: names.operation ?? OPERATIONS[response.api] ?? 'chat',
    ...counts,
  };
  if (responseId !== undefined && responseId.length <= 256) usage.usage_id = responseId;
  if (timestamp !== undefined) usage.timestamp = timestamp;
  if (costUsd !== undefined) usage.cost_usd = costUsd;
  if (serviceTier !== undefined) usage['service_tier'] = serviceTier;
  if (speed !== undefined) usage['speed'] = speed;
  if (response.audioSeconds !== undefined) usage['audio_seconds'] = response.audioSeconds;
  if (inferenceGeo !== undefined) usage['inference_geo'] = inferenceGeo;
  // Sums of several calls, to which prices of long contexts do not apply.
  if (SUMS.has(response.api)) usage['whole_session'] = true;
  return usage;
}
