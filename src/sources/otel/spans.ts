import type { Fields } from '../fields.ts';
import { fieldsOf, firstText, labelOf, nameOf, textOf, timeOf } from '../fields.ts';
import { sha1, usageId } from '../reading/identity.ts';
import { logRecord } from '../record.ts';
import { isNone } from '../tokens.ts';
import type { FoundUsage } from '../source.ts';
import { conventional } from './otherNames.ts';
import { spanPayer } from './spanPayer.ts';
import { spanTier } from './spanTier.ts';
import { spanTokens } from './spanTokens.ts';

/**
 * OpenTelemetry's semantic conventions for generative AI: spans and events with `gen_ai.usage.*`. A call may have both a span
 * and an event, and an agent's span summarises its calls: the most detailed entry counts.
 */

/** From the most to the least detailed; a call covered by a better kind is omitted from the others. */
export const KINDS = ['chat', 'inference', 'turn', 'agent'] as const;
export type Kind = (typeof KINDS)[number];

export interface SpanUsage {
  kind: Kind;
  trace: string | undefined;
  response: string | undefined;
  found: FoundUsage;
}

/** Attributes as a flat object: as written by file exporters, or as OTLP's list of typed values. */
export function attributesOf(value: unknown): Fields | undefined {
  if (!Array.isArray(value)) return fieldsOf(value);
  const flat: Record<string, unknown> = {};
  for (const each of value) {
    const { key, value: typed } = (fieldsOf(each) ?? {}) as { key?: unknown; value?: unknown };
    if (typeof key === 'string') flat[key] = typedValue(fieldsOf(typed));
  }
  return flat;
}

function typedValue(typed: Fields | undefined): unknown {
  if (typed === undefined) return undefined;
  // 64-bit integers are strings in OTLP's JSON.
  if (typed['intValue'] !== undefined) return Number(typed['intValue']);
  return typed['doubleValue'] ?? typed['stringValue'] ?? typed['boolValue'];
}

/** @param record a span or event. @param fallbackTime used if it has no time. */
export function usageOfSpan(source: string, record: Fields, fallbackTime: string): SpanUsage | undefined {
  const given = attributesOf(record['attributes']);
  if (given === undefined) return undefined;
  const attributes = conventional(given);
  const kind = kindOf(record, attributes, source);
  if (kind === undefined) return undefined;
  const context = fieldsOf(record['spanContext']);
  const tokens = spanTokens(attributes);
  if (isNone(tokens)) return undefined;
  const model = firstText(attributes, 'gen_ai.response.model', 'gen_ai.request.model') ?? 'unknown';
  const trace = hexId(record['traceId']) ?? hexId(context?.['traceId']);
  const span = hexId(record['spanId']) ?? hexId(context?.['spanId']);
  const response = textOf(attributes['gen_ai.response.id']);
  const timestamp = spanTime(record) ?? fallbackTime;
  const payer = spanPayer(attributes, model);
  const record_ = logRecord({
    usageId: usageId(
      source,
      trace !== undefined && span !== undefined ? [kind, trace, span] : [kind, fingerprint(record)],
    ),
    source,
    provider: nameOf(payer.provider),
    model: nameOf(model),
    operation: nameOf(textOf(attributes['gen_ai.operation.name']) ?? 'chat'),
    timestamp,
    tokens,
    session: labelOf(
      firstText(
        attributes,
        'gen_ai.conversation.id',
        'copilot_chat.session_id',
        'copilot_chat.chat_session_id',
        'session.id',
        'github.copilot.interaction_id',
      ) ?? trace,
    ),
    folder: firstText(attributes, 'process.cwd', 'workspace.folder'),
    more: { response_id: response, charge: payer.charge, service_tier: spanTier(attributes) },
  });
  return { kind, trace, response, found: { record: record_ } };
}

/** Drops usages that are covered by a more detailed entry. */
export function withoutRepeats(told: readonly SpanUsage[]): FoundUsage[] {
  const traces = new Map<string, number>();
  const responses = new Map<string, number>();
  const note = (known: Map<string, number>, id: string | undefined, rank: number): void => {
    if (id !== undefined) known.set(id, Math.min(known.get(id) ?? Infinity, rank));
  };
  for (const { kind, trace, response } of told) {
    note(traces, trace, KINDS.indexOf(kind));
    note(responses, response, KINDS.indexOf(kind));
  }
  return told.flatMap(({ kind, trace, response, found }) => {
    const rank = KINDS.indexOf(kind);
    const better = (known: Map<string, number>, id: string | undefined): boolean =>
      id !== undefined && (known.get(id) ?? Infinity) < rank;
    return better(traces, trace) || better(responses, response) ? [] : [found];
  });
}

function kindOf(record: Fields, attributes: Fields, source: string): Kind | undefined {
  const operation = attributes['gen_ai.operation.name'];
  const name = textOf(record['name']) ?? '';
  if (isSpan(record)) {
    if (operation === 'invoke_agent' || name.startsWith('invoke_agent ')) return 'agent';
    if (operation === 'execute_tool') return undefined;
    // Copilot bills its chats.
    if (operation === 'embeddings') return source === 'otel' ? 'chat' : undefined;
    return operation !== undefined || name.startsWith('chat ') ? 'chat' : undefined;
  }
  const event = attributes['event.name'];
  const body = firstText(record, 'body', '_body') ?? '';
  if (event === 'gen_ai.client.inference.operation.details' || body.startsWith('GenAI inference:')) return 'inference';
  return event === 'copilot_chat.agent.turn' || body.startsWith('copilot_chat.agent.turn') ? 'turn' : undefined;
}

function isSpan(record: Fields): boolean {
  if (typeof record['type'] === 'string') return record['type'] === 'span';
  return (
    textOf(record['name']) !== undefined &&
    ['spanId', 'traceId', 'startTime', 'endTime', 'startTimeUnixNano', 'duration', 'kind'].some(
      (field) => record[field] !== undefined,
    )
  );
}

/** `[seconds, nanoseconds]`, ISO 8601, nanoseconds as text or number, or milliseconds. */
function spanTime(record: Fields): string | undefined {
  for (const field of ['endTime', 'endTimeUnixNano', 'timeUnixNano', 'timestamp', 'time', 'startTime', 'hrTime']) {
    const value = record[field];
    if (Array.isArray(value) && typeof value[0] === 'number') {
      const time = timeOf(Math.floor(value[0] * 1000 + Number(value[1] ?? 0) / 1e6));
      if (time !== undefined) return time;
    }
    const nanos = field.endsWith('UnixNano') ? Number(value) / 1e6 : undefined;
    const time = timeOf(nanos === undefined ? value : Math.floor(nanos));
    if (time !== undefined) return time;
  }
  return undefined;
}

/** The id of a trace or span; undefined for zeros, which mean that there is none. */
export function hexId(value: unknown): string | undefined {
  const text = textOf(value);
  if (text === undefined || /^0+$/.test(text)) return undefined;
  return /^[\dA-F]+$/i.test(text) ? text.toLowerCase() : text;
}

function fingerprint(record: Fields): string {
  return sha1(JSON.stringify(record), 'hex');
}
