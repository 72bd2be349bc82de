import { brokenRule } from '../usage/rules.ts';
import { MAX_COST } from '../usage/limits.ts';
import { countOf, firstText, labelOf, nameOf, textOf, timeOf, type Fields } from '../sources/fields.ts';
import { usageId } from '../sources/reading/identity.ts';
import { logRecord, type LogTokens } from '../sources/record.ts';
import type { FoundUsage } from '../sources/source.ts';
import { payerOf } from '../sources/payer.ts';
import { isRejection, numberOf, type LiveCall } from './liveCall.ts';
import { eventOf, type OtlpRecord } from './otlp.ts';
import { callOfSpan } from './spanCalls.ts';

/**
 * Selects the log records and spans that report a model call, and extracts their usage. Agents report the same spend several
 * times (metrics, events, spans of a whole turn): only one signal per agent is recorded, the one with all counts of a single
 * call.
 */

/** The form in which an agent reports a call in a log record. */
interface AgentEvents {
  /** The record's `agent`. */
  agent: string;
  /** The record's `source`. */
  source: string;
  /** Who bills models whose name does not reveal it. */
  provider: string;
  /** Event names of the signal that is recorded. */
  events: readonly string[];
  /** Attributes that the signal must have, with these values. */
  where?: Readonly<Record<string, string>>;
  tokens(attributes: Fields): LogTokens;
  /** Attributes that identify a call by themselves. */
  request?: readonly string[];
  /** Attributes that contain the session. */
  session: readonly string[];
  /** Attributes that identify a call without a request id, together with the time and the counts. */
  identity: readonly string[];
  /** The agent's own cost figure, USD. */
  cost?(attributes: Fields): number | undefined;
}

const AGENT_EVENTS: readonly AgentEvents[] = [
  {
    agent: 'claude-code',
    source: 'claude-code-otel',
    provider: 'anthropic',
    events: ['api_request', 'claude_code.api_request'],
    // The input excludes cache reads and writes.
    tokens: (attributes) => {
      const cacheRead = count(attributes, 'cache_read_tokens');
      const cacheWrite = count(attributes, 'cache_creation_tokens');
      return {
        input: count(attributes, 'input_tokens') + cacheRead + cacheWrite,
        output: count(attributes, 'output_tokens'),
        cacheRead,
        cacheWrite,
      };
    },
    request: ['request_id'],
    session: ['session.id'],
    identity: ['session.id', 'event.sequence'],
    cost: (attributes) => {
      const micros = numberOf(attributes['cost_usd_micros']);
      return numberOf(attributes['cost_usd']) ?? (micros === undefined ? undefined : micros / 1e6);
    },
  },
  {
    agent: 'codex',
    source: 'codex-otel',
    provider: 'openai',
    events: ['codex.sse_event'],
    where: { 'event.kind': 'response.completed' },
    // `tool_token_count` is the total of the response, not the tokens of tools.
    tokens: (attributes) => withinInput(attributes, 'cached_token_count', 'reasoning_token_count'),
    session: ['conversation.id'],
    identity: ['conversation.id'],
  },
  ...['gemini_cli', 'qwen-code'].map((prefix): AgentEvents => ({
    agent: prefix === 'gemini_cli' ? 'gemini-cli' : 'qwen-code',
    source: prefix === 'gemini_cli' ? 'gemini-cli-otel' : 'qwen-otel',
    provider: prefix === 'gemini_cli' ? 'google' : 'alibaba',
    events: [`${prefix}.api_response`],
    // Thoughts are billed as output and tool prompts as input; neither is included in the other counts.
    tokens: (attributes) => {
      const reasoning = count(attributes, 'thoughts_token_count');
      return {
        input: count(attributes, 'input_token_count') + count(attributes, 'tool_token_count'),
        output: count(attributes, 'output_token_count') + reasoning,
        cacheRead: count(attributes, 'cached_content_token_count'),
        reasoning,
      };
    },
    session: ['session.id'],
    identity: ['session.id', 'prompt_id'],
  })),
];

function withinInput(attributes: Fields, cached: string, reasoning: string): LogTokens {
  const input = count(attributes, 'input_token_count');
  const output = count(attributes, 'output_token_count');
  return {
    input,
    output,
    cacheRead: Math.min(count(attributes, cached), input),
    reasoning: Math.min(count(attributes, reasoning), output),
  };
}

/**
 * @param now time for a call that has none, ms since the epoch.
 * @returns undefined for anything that is not a single model call.
 */
export function callOf(otlp: OtlpRecord, now: number): LiveCall {
  const call = otlp.signal === 'logs' ? callOfEvent(otlp, now) : callOfSpan(otlp, now);
  if (call === undefined || isRejection(call)) return call;
  withResource(call, otlp);
  withinTime(call, now);
  const { loggedCost, record } = call;
  if (loggedCost !== undefined && !(loggedCost >= 0 && loggedCost <= MAX_COST)) {
    return { reason: `cost_usd must be between 0 and ${MAX_COST} (got ${loggedCost})` };
  }
  const broken = brokenRule(record);
  return broken === undefined ? call : { reason: badCount(otlp.attributes) ?? broken.message };
}

function callOfEvent(otlp: OtlpRecord, now: number): LiveCall {
  const { attributes } = otlp;
  const event = eventOf(otlp);
  const rule = AGENT_EVENTS.find(
    ({ events, where = {} }) =>
      events.includes(event ?? '') && Object.entries(where).every(([name, value]) => attributes[name] === value),
  );
  if (rule === undefined) return undefined;
  const tokens = rule.tokens(attributes);
  if (tokens.input + tokens.output === 0) return { reason: `${event!}: the call has no token counts` };
  const timestamp = timeIn(otlp, now);
  const request = firstText(attributes, ...(rule.request ?? []));
  const identity = rule.identity.map((name) => labelOf(JSON.stringify(attributes[name] ?? '')));
  const model = nameOf(textOf(attributes['model']) ?? 'unknown');
  const cost = rule.cost?.(attributes);
  const payer = payerOf({ model });
  const record = logRecord({
    usageId: usageId(
      rule.source,
      request === undefined ? [...identity, timestamp, tokens.input, tokens.output, tokens.cacheRead] : [request],
    ),
    source: rule.source,
    provider: nameOf(payer?.provider ?? rule.provider),
    model,
    operation: 'agent',
    timestamp,
    tokens,
    session: labelOf(firstText(attributes, ...rule.session)),
    more: {
      agent: rule.agent,
      request_id: labelOf(request),
      // A subscription, as the log names it by its limits.
      charge: payer?.charge ?? (textOf(attributes['auth_mode'])?.toLowerCase() === 'chatgpt' ? 'plan' : undefined),
      account: labelOf(firstText(attributes, 'organization.id', 'user.account_id')),
      speed: attributes['speed'] === 'fast' ? 'fast' : undefined,
      tool_version: textOf(attributes['app.version']),
      reported_cost_usd: cost,
    },
  });
  return { record, loggedCost: cost };
}

/** The sender runs on this machine, so a time far ahead is an error. Its call would be missing from the totals of today. */
const AHEAD_MS = 86_400_000;

function withinTime({ record }: FoundUsage, now: number): void {
  if (Date.parse(record.timestamp) <= now + AHEAD_MS) return;
  record['reported_time'] = record.timestamp;
  record.timestamp = new Date(now).toISOString();
}

/** Adds project, account and similar fields, which users set for a program in `OTEL_RESOURCE_ATTRIBUTES`. */
function withResource({ record }: FoundUsage, { resource, attributes }: OtlpRecord): void {
  for (const field of ['project', 'account', 'branch', 'user', 'machine', 'charge', 'commit'] as const) {
    const value = firstText(resource, `llm_spend.${field}`, field) ?? firstText(attributes, `llm_spend.${field}`);
    if (value !== undefined) (record as Record<string, unknown>)[field] = labelOf(value);
  }
  const tags = firstText(resource, 'llm_spend.tags', 'tags');
  // A comma separates the attributes themselves.
  if (tags !== undefined) record['tags'] = tags.split(/[;|\s]+/).filter((tag) => tag !== '');
}

function timeIn({ record, attributes }: OtlpRecord, now: number): string {
  const nanos = Number(record['timeUnixNano']) || Number(record['observedTimeUnixNano']);
  return timeOf(attributes['event.timestamp']) ?? timeOf(Math.floor(nanos / 1e6)) ?? new Date(now).toISOString();
}

/** Exporters write counts as integers, doubles or texts. NaN for anything that is not a count: the record is then rejected. */
function count(attributes: Fields, name: string): number {
  const value = attributes[name];
  return countOf(typeof value === 'string' && value.trim() !== '' ? Number(value) : value);
}

const COUNT = /tokens?(?:_count)?$/;

/** Why a record with NaN in the place of a count is rejected, with the value that was sent. */
function badCount(attributes: Fields): string | undefined {
  const name = Object.keys(attributes).find((each) => COUNT.test(each) && Number.isNaN(count(attributes, each)));
  if (name === undefined) return undefined;
  return `${name}: must be a whole number of tokens, zero or more (got ${JSON.stringify(attributes[name])?.slice(0, 40)})`;
}
