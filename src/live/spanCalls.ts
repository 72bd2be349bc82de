import { fieldsOf, labelOf, nameOf, textOf, type Fields } from '../sources/fields.ts';
import { hexId, usageOfSpan } from '../sources/otel/spans.ts';
import { usageId } from '../sources/reading/identity.ts';
import { numberOf, type LiveCall } from './liveCall.ts';
import type { OtlpRecord } from './otlp.ts';

/** Handles spans of a single model call. Parents that summarise their calls are skipped, as are events that repeat a span. */
export function callOfSpan(otlp: OtlpRecord, now: number): LiveCall {
  const { attributes, resource, record } = otlp;
  const operation = operationIn(otlp);
  if (operation === undefined) return undefined;
  const span = { ...record, attributes: { ...attributes, 'gen_ai.operation.name': 'chat' } };
  const usage = usageOfSpan('otel', span, new Date(now).toISOString());
  if (usage === undefined) {
    // A failed call has no counted cost.
    if (hasFailed(record)) return undefined;
    return { reason: `${String(record['name'])}: the call has no token counts` };
  }
  const { found } = usage;
  found.record.operation = nameOf(operation);
  // Two instrumentations in one program report a response in two spans.
  if (usage.response !== undefined) found.record.usage_id = usageId('otel', responseKey(usage.response, record));
  const credits = numberOf(attributes['copilot_chat.copilot_usage_nano_aiu']);
  if (credits !== undefined) found.record['ai_credits'] = credits / 1e9;
  const cost = numberOf(attributes['llm.cost.total']);
  if (cost !== undefined && cost > 0) {
    found.record['reported_cost_usd'] = cost;
    found.loggedCost = cost;
  }
  const service = textOf(resource['service.name']);
  if (service !== undefined && !service.startsWith('unknown_service')) found.record['agent'] = labelOf(service) ?? null;
  return found;
}

/** Ollama's ids have three digits and come again and again. Ids of providers have at least 20 characters. */
const LONG_ID = 16;

function responseKey(response: string, { traceId, spanId }: Fields): string[] {
  if (response.length >= LONG_ID) return ['response', response];
  return ['response', response, hexId(traceId) ?? hexId(spanId) ?? ''];
}

const CALLS: ReadonlySet<string> = new Set(['chat', 'text_completion', 'generate_content', 'embeddings', 'completion']);
/** Operations that contain calls, or are none. */
const NO_CALL = /agent|tool|workflow|task|chain|retriev|step|plan|memory|evaluat/;

/**
 * The operation of a single model call; undefined for other spans. The Vercel AI SDK names none until version 7: its `do...`
 * spans are single calls, and their parents repeat the counts. A span without a known operation is a call if it has the id of a
 * response.
 */
function operationIn({ record, attributes }: OtlpRecord): string | undefined {
  const named = textOf(attributes['gen_ai.operation.name'])?.toLowerCase();
  const operation = named === 'embedding' ? 'embeddings' : named;
  if (operation !== undefined && CALLS.has(operation)) return operation;
  if (operation !== undefined && NO_CALL.test(operation)) return undefined;
  const name = textOf(record['name']) ?? '';
  if (name.startsWith('ai.')) return /\.do(Generate|Stream|Embed)$/.test(name) ? 'chat' : undefined;
  return textOf(attributes['gen_ai.response.id']) === undefined ? undefined : (operation ?? 'chat');
}

function hasFailed(record: Fields): boolean {
  const code = fieldsOf(record['status'])?.['code'];
  return code === 2 || code === 'STATUS_CODE_ERROR';
}
