import { aiSdkPart, bedrockAgent, langChainChunk } from './frameworkEvents.ts';
import type { EventReader, OpenStream } from './openStream.ts';
import { geminiAsSent } from './asSent.ts';
import { groundings } from './geminiCounts.ts';
import { isObject, numberAt, objectAt, objectsAt, termAt, textAt, type JsonObject } from './json.ts';

/** Reads the events of each vendor's streams, with one reader for each kind of stream. */

/** `message_start` has the input's usage, `message_delta` the output so far (and may repeat the input). */
const anthropic: EventReader = (value, open, start) => {
  const type = textAt(value, 'type') ?? '';
  if (type === 'message_start') {
    const message = objectAt(value, 'message');
    if (message === undefined) return false;
    start('anthropic', { ...message });
    return true;
  }
  if (!/^(?:message_delta|message_stop|content_block_(?:start|delta|stop)|ping)$/.test(type)) return false;
  const stream = open.get('anthropic');
  if (stream === undefined) {
    // Pasted from the middle: the last delta may still contain the whole usage.
    if (type === 'message_delta' && objectAt(value, 'usage') !== undefined) {
      start('anthropic', { type: 'message', usage: value['usage'] }).cut = false;
    }
    return true;
  }
  if (type === 'content_block_start') {
    const model = fallbackModel(objectAt(value, 'content_block'));
    if (model !== undefined) stream.response['model'] = model;
    const block = objectAt(value, 'content_block');
    if (block?.['type'] === 'server_tool_use') {
      stream.response['content'] = [...objectsAt(stream.response, 'content'), block];
    }
  }
  if (type === 'message_delta') {
    stream.response['usage'] = { ...objectAt(stream.response, 'usage'), ...withoutNulls(objectAt(value, 'usage')) };
    stream.cut = false;
  }
  if (type === 'message_stop') open.delete('anthropic');
  return true;
};

/** The model that answers after a block of Claude's content reports that another one declined. */
export function fallbackModel(block: JsonObject | undefined): string | undefined {
  if (block?.['type'] !== 'fallback') return undefined;
  return textAt(objectAt(block, 'to') ?? {}, 'model');
}

/** The lines of `claude -p --output-format stream-json`: the last one summarises the others. */
const claudeCode: EventReader = (value, open, start) => {
  const session = textAt(value, 'session_id');
  if (session === undefined) return false;
  const key = `claude-code ${session}`;
  const stream = open.get(key);
  if (value['type'] === 'result') {
    if (stream === undefined) return false;
    stream.response = value;
    stream.cut = false;
    open.delete(key);
    return true;
  }
  if (!/^(?:system|assistant|user|stream_event|rate_limit_event)$/.test(textAt(value, 'type') ?? '')) return false;
  if (stream === undefined) start(key, { type: 'claude-code' });
  return true;
};

/** Turns of `codex exec --json`: each repeats the counts of the turns before it. */
const codexTurn: EventReader = (value, open, start) => {
  const type = textAt(value, 'type');
  if (type === 'thread.started') open.delete('codex');
  const total = type === 'turn.completed' ? objectAt(value, 'usage') : undefined;
  if (total === undefined) return false;
  const before = objectAt(open.get('codex')?.response ?? {}, 'total') ?? {};
  const counts = Object.entries(total).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const isGrown = counts.every(([field, count]) => count >= (numberAt(before, field) ?? 0));
  const usage = counts.map(([field, count]) => [field, isGrown ? count - (numberAt(before, field) ?? 0) : count]);
  start('codex', { ...value, usage: Object.fromEntries(usage) as JsonObject, total }, false).cut = false;
  return true;
};

/** Perplexity ends its streams with `chat.completion.done`, and reasons in `chat.reasoning`. */
const CHAT_CHUNK = /^chat\.(?:completion\.(?:chunk|done)|reasoning(?:\.done)?)$/;

/** Chunks with the same id; the last one contains usage (`stream_options.include_usage`), for some vendors each one does. */
const chatChunk: EventReader = (value, open, start) => {
  const kind = textAt(value, 'object') ?? '';
  const key = `chat ${textAt(value, 'id') ?? ''}`;
  // MiniMax ends its streams with the whole response.
  if (!CHAT_CHUNK.test(kind) && !(kind === 'chat.completion' && open.has(key))) return false;
  const stream = open.get(key) ?? start(key, { ...value, object: 'chat.completion' });
  const choices = objectsAt(value, 'choices');
  const groq = objectAt(value, 'x_groq') ?? {};
  const usage =
    objectAt(value, 'usage') ??
    objectAt(groq, 'usage') ??
    // Moonshot
    choices.map((choice) => objectAt(choice, 'usage')).find((each) => each !== undefined);
  if (usage !== undefined) stream.response['usage'] = usage;
  for (const field of ['model', 'provider', 'service_tier']) {
    const text = field === 'service_tier' ? termAt(value, field) : textAt(value, field);
    if (text !== undefined) stream.response[field] = text;
  }
  for (const source of [groq, value]) {
    for (const field of ['base_resp', 'usage_breakdown']) if (field in source) stream.response[field] = source[field];
  }
  const used = choices.find((choice) => Array.isArray(objectAt(choice, 'delta')?.['executed_tools']));
  if (used !== undefined) stream.response['choices'] = [{ ...used, message: used['delta'] }];
  const finished = choices.some((choice) => Boolean(choice['finish_reason']));
  if (finished || usage !== undefined || kind === 'chat.completion.done') stream.cut = false;
  return true;
};

/** The last event contains the whole response. In xAI's realtime API the usage is next to it. */
const openaiResponse: EventReader = (value, open, start) => {
  const type = textAt(value, 'type') ?? '';
  if (!type.startsWith('response.')) return false;
  const response = objectAt(value, 'response');
  if (response === undefined) return true;
  const key = `response ${textAt(response, 'id') ?? ''}`;
  const stream = open.get(key) ?? start(key, response);
  const usage = objectAt(response, 'usage') ?? objectAt(value, 'usage');
  stream.response = usage === undefined ? response : { ...response, usage };
  if (/^response\.(?:completed|incomplete|failed|done|cancelled)$/.test(type)) stream.cut = false;
  return true;
};

const RUN_ENDS = /^(?:completed|failed|incomplete|cancelled|expired)$/;

/** An Assistants run and its steps: the run's usage is the sum of its steps. */
const assistantsRun: EventReader = (value, open, start) => {
  const isRun = value['object'] === 'thread.run';
  const id = isRun ? textAt(value, 'id') : value['object'] === 'thread.run.step' ? textAt(value, 'run_id') : undefined;
  if (id === undefined) return false;
  const key = `run ${id}`;
  const known = open.get(key);
  if (!isRun) {
    // A single step is all that is known of its run until another one arrives.
    if (known === undefined) start(key, value, false).cut = false;
    else if (known.response['object'] === 'thread.run.step') addStep(known, value);
    return true;
  }
  const stream = known ?? start(key, value, false);
  if (known !== undefined) stream.streamed = true;
  stream.response = value;
  stream.cut = !RUN_ENDS.test(textAt(value, 'status') ?? 'completed');
  return true;
};

/** Further events of a step repeat it; other steps add to it. */
function addStep(stream: OpenStream, step: JsonObject): void {
  stream.streamed = true;
  const usage = objectAt(step, 'usage');
  if (usage === undefined) return;
  const before = objectAt(stream.response, 'usage');
  if (before === undefined || stream.response['id'] === step['id']) {
    stream.response = step;
    return;
  }
  const sum = Object.fromEntries(
    ['prompt_tokens', 'completion_tokens'].map((field) => [
      field,
      (numberAt(before, field) ?? 0) + (numberAt(usage, field) ?? 0),
    ]),
  );
  stream.response = { ...step, usage: { ...usage, ...sum } };
}

/** Chunks with the same `responseId`, each with the counts so far; the last one has a `finishReason`. */
const gemini: EventReader = (value, open, start) => {
  const chunk = geminiAsSent(objectAt(value, 'response') ?? value);
  // A line of a batch's output is a whole response, marked as part of a batch.
  if ('response' in value && (textAt(value, 'key') !== undefined || objectAt(value, 'request') !== undefined))
    return false;
  const { candidates } = chunk;
  const id = textAt(chunk, 'responseId');
  const key = `gemini ${id ?? ''}`;
  const known = open.get(key);
  if (!Array.isArray(candidates) && (known === undefined || objectAt(chunk, 'usageMetadata') === undefined)) {
    return false;
  }
  const stream = known ?? start(key, chunk, false);
  if (known !== undefined) {
    const said = groundings(chunk).length > 0 ? {} : { candidates: grounded(known.response, candidates) };
    stream.response = { ...known.response, ...chunk, ...said };
    stream.streamed = true;
  }
  if (Array.isArray(candidates) && candidates.some((each) => isObject(each) && each['finishReason'])) {
    stream.cut = false;
    if (id === undefined) open.delete(key);
  }
  return true;
};

/** The candidates of a chunk, or those of a chunk before it that says what was searched. */
function grounded(before: JsonObject, candidates: unknown): unknown {
  return groundings(before).length > 0 || candidates === undefined ? before['candidates'] : candidates;
}

/** The last event of an interaction contains it whole; the first one only its beginning. */
const geminiInteraction: EventReader = (value, open, start) => {
  const type = textAt(value, 'event_type') ?? '';
  if (!/^(?:interaction|step|content)\./.test(type)) return false;
  const interaction = objectAt(value, 'interaction');
  if (interaction === undefined) return true;
  const key = `interaction ${textAt(interaction, 'id') ?? ''}`;
  const stream = open.get(key) ?? start(key, interaction);
  stream.response = { ...stream.response, ...interaction };
  if (/^interaction\.(?:completed?|failed|cancelled)$/.test(type)) stream.cut = false;
  return true;
};

/** One line per token, the last with `done: true` and the counts. */
const ollama: EventReader = (value, open, start) => {
  if (typeof value['done'] !== 'boolean' || textAt(value, 'model') === undefined) return false;
  const known = open.get('ollama');
  const stream = known ?? start('ollama', value, !value['done']);
  stream.response = value;
  if (value['done']) {
    stream.cut = false;
    open.delete('ollama');
  }
  return true;
};

/** Llama and Titan on Bedrock: the first chunk has the input count, the last one the output count and the stop reason. */
const bedrockText: EventReader = (value, open, start) => {
  const isLlama = typeof value['generation'] === 'string';
  if (!isLlama && typeof value['outputText'] !== 'string') return false;
  const known = open.get('bedrock');
  const reason = isLlama ? value['stop_reason'] : value['completionReason'];
  const ends = typeof reason === 'string' && reason !== '';
  const stream = known ?? start('bedrock', value, !ends);
  stream.response = { ...stream.response, ...withoutNulls(value) };
  if (ends) {
    stream.cut = false;
    open.delete('bedrock');
  }
  return true;
};

/** Each event of Alibaba's own API repeats the counts so far. */
const dashscope: EventReader = (value, open, start) => {
  const id = textAt(value, 'request_id');
  if (id === undefined || objectAt(value, 'output') === undefined || objectAt(value, 'usage') === undefined) {
    return false;
  }
  const key = `dashscope ${id}`;
  const known = open.get(key);
  const stream = known ?? start(key, value, false);
  if (known !== undefined) stream.streamed = true;
  stream.response = value;
  stream.cut = false;
  return true;
};

function withoutNulls(value: JsonObject | undefined): JsonObject {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, each]) => each !== null));
}

export const EVENT_READERS: readonly EventReader[] = [
  claudeCode,
  codexTurn,
  aiSdkPart,
  langChainChunk,
  bedrockAgent,
  anthropic,
  chatChunk,
  openaiResponse,
  assistantsRun,
  gemini,
  geminiInteraction,
  ollama,
  bedrockText,
  dashscope,
];
