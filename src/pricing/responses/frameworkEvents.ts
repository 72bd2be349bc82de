import { isObject, numberAt, objectAt, textAt, type JsonObject } from './json.ts';
import type { EventReader } from './openStream.ts';

/** Reads the streams of frameworks. */

const PARTS =
  /^(?:start|start-step|raw|abort|message-metadata|(?:text|reasoning|tool-input)-(?:start|delta|end|available)|stream-start|response-metadata|tool-output-available|tool-call|tool-result|source(?:-\w+)?|file|data-[\w-]+)$/;

/**
 * Parts of a stream of Vercel's AI SDK: a call ends with `finish-step`, and the run with `finish`, whose usage is the sum of its
 * calls. Version 4 separates the two by `isContinued`.
 */
export const aiSdkPart: EventReader = (value, open, start) => {
  const type = textAt(value, 'type') ?? '';
  const isStep = type === 'finish-step' || typeof value['isContinued'] === 'boolean';
  const key = 'ai-sdk';
  if (isStep) {
    if (objectAt(value, 'usage') !== undefined) start(key, { ...value, finishReason: 'stop' }).cut = false;
    return true;
  }
  const isEnd = type === 'finish' || (type === '' && textAt(value, 'finishReason') !== undefined);
  if (isEnd && open.has(key)) {
    open.delete(key);
    return true;
  }
  if (type === 'finish') {
    const usage = objectAt(value, 'totalUsage') ?? objectAt(value, 'usage');
    if (usage === undefined) return true;
    start(key, { ...value, usage, finishReason: 'stop' }).cut = false;
    open.delete(key);
    return true;
  }
  // Other streams have events of these names.
  return PARTS.test(type) && objectAt(value, 'usage') === undefined && objectAt(value, 'response') === undefined;
};

/** Chunks of a message of LangChain. Each has a part of the usage, and the message has the sum. */
export const langChainChunk: EventReader = (value, open, start) => {
  const chunk = objectAt(value, 'kwargs') ?? value;
  const name = textAt(chunk, 'type') ?? textAt(value, 'type') ?? '';
  const isConstructed = Array.isArray(value['id']) && (value['id'] as unknown[]).at(-1) === 'AIMessageChunk';
  if (name !== 'AIMessageChunk' && !isConstructed) return false;
  const key = `langchain ${textAt(chunk, 'id') ?? ''}`;
  const known = open.get(key);
  if (known === undefined) {
    start(key, chunk).cut = false;
    return true;
  }
  const usage = added(objectAt(known.response, 'usage_metadata') ?? {}, objectAt(chunk, 'usage_metadata') ?? {});
  const metadata = { ...objectAt(known.response, 'response_metadata'), ...objectAt(chunk, 'response_metadata') };
  const counted = Object.keys(usage).length > 0 ? { usage_metadata: usage } : {};
  known.response = { ...known.response, ...counted, response_metadata: metadata };
  return true;
};

function added(before: JsonObject, more: JsonObject): JsonObject {
  const sums: JsonObject = { ...before };
  for (const [field, each] of Object.entries(more)) {
    if (typeof each === 'number') sums[field] = (numberAt(before, field) ?? 0) + each;
    else if (isObject(each)) sums[field] = added(objectAt(before, field) ?? {}, each);
  }
  return sums;
}

/** The trace of an agent on Bedrock: each call of a model has an event with the model, and one with its usage. */
export const bedrockAgent: EventReader = (value, open, start) => {
  const event = objectAt(value, 'trace');
  const parts = Object.entries(objectAt(event ?? {}, 'trace') ?? event ?? {});
  if (parts.length === 0 || !parts.every(([name]) => name.endsWith('Trace'))) return false;
  for (const [, part] of parts) {
    if (!isObject(part)) continue;
    const asked = objectAt(part, 'modelInvocationInput') ?? {};
    const model = textAt(asked, 'foundationModel');
    if (model !== undefined) {
      const known = { response: { modelId: model }, streamed: true, cut: false };
      open.set(`agent ${textAt(asked, 'traceId')}`, known);
    }
    const answered = objectAt(part, 'modelInvocationOutput') ?? {};
    const { usage, startTime } = objectAt(answered, 'metadata') ?? {};
    if (!isObject(usage)) continue;
    const id = textAt(answered, 'traceId');
    const call = { ...open.get(`agent ${id}`)?.response, id, usage, metrics: {}, timestamp: startTime };
    start(`agent-call ${id}`, call).cut = false;
  }
  return true;
};
