import type { UsageRecord } from '../../usage/record.ts';
import { termText } from '../../usage/tables/termText.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, labelOf, nameOf, stemOf, textOf, timeKey, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { Members } from '../reading/members/index.ts';
import { payerOf, type Payer } from '../payer.ts';
import { logRecord, type LogTokens } from '../record.ts';
import type { LineParser, ParserState, Sink, SourceFile } from '../source.ts';

export const SOURCE = 'claude-code-log';
/** Keys with their quotes do not occur in strings, where quotes are escaped. */
export const USAGE_MARKER = '"usage"';
const NO_MODEL = 'unknown';
const SYNTHETIC = '<synthetic>';
const VERSION = /^\d+\.\d+\.\d/;
/** Parses the lines of a Claude Code session. */
export class ClaudeLines implements LineParser {
  readonly #source: string;
  readonly #session: string;
  readonly #folder: string | undefined;
  readonly #agent: string | undefined;
  /** Lines without an id, by their content: each counts, even if two are equal. */
  readonly #nameless: Map<string, number>;

  /** @param source source of the records. A message has the same id whichever tool logs it. */
  constructor({ relative }: SourceFile, state: ParserState | undefined, source = SOURCE) {
    this.#source = source;
    const parts = relative.split('/');
    const isAgent = parts.length >= 3 && parts.at(-2) === 'subagents';
    this.#session = isAgent ? parts.at(-3)! : stemOf(relative);
    this.#agent = isAgent ? stemOf(relative) : undefined;
    this.#folder = parts.length > 1 ? parts[0] : undefined;
    this.#nameless = new Map(Object.entries((state ?? {}) as Record<string, number>));
  }

  state(): ParserState {
    return Object.fromEntries(this.#nameless);
  }

  line(bytes: Buffer, sink: Sink): void {
    const line = (lines ??= new Members(PATHS));
    if (!line.read(bytes)) return sink.skip('not-json');
    const at = !line.has(USAGE) && line.isObject(PROGRESS) ? IN_PROGRESS : 0;
    // The marker occurred elsewhere in the line.
    if (!line.isObject(at + USAGE)) return;
    const message = line.value(at + AT['message.id']);
    const named = line.value(at + AT['message.model']);
    const invalid = invalidity(line, at, message, named);
    if (invalid !== undefined) return sink.skip('not-a-usage', invalid);
    const timestamp = timeOf(line.value(at + AT.timestamp));
    if (timestamp === undefined) return sink.skip('no-time');
    const calls = callsOf(line, at);
    for (const [index, { tokens, model, searches }] of calls.entries()) {
      if (tokens.input + tokens.output === 0) continue;
      const messageId = textOf(message);
      const callId = messageId === undefined || index === 0 ? messageId : `${messageId}/${index + 1}`;
      const id = callId === undefined ? this.#namelessId(line, at, index) : messageUsageId(callId);
      const record = this.#record(line, at, { id, timestamp, tokens, model: model ?? textOf(named) });
      if (callId !== undefined) record['message_id'] = callId;
      if (calls.length > 1) record['iterations'] = calls.length;
      if (searches > 0) record['web_searches'] = searches;
      const logged = line.value(at + AT.costUSD);
      const isSaid = index === 0 && typeof logged === 'number' && logged > 0;
      sink.usage({ record, loggedCost: isSaid ? logged : undefined });
    }
  }

  #record(
    line: Members,
    at: number,
    call: { id: string; timestamp: string; tokens: LogTokens; model: string | undefined },
  ): UsageRecord {
    const sidechain = line.value(at + AT.isSidechain) === true;
    const { id, timestamp, tokens, model } = call;
    const name = model === undefined || model === SYNTHETIC ? NO_MODEL : nameOf(model);
    const payer = payerOfMessage(name, line.value(at + AT['message.id']));
    return logRecord({
      usageId: id,
      source: this.#source,
      provider: payer.provider,
      model: name,
      operation: sidechain || this.#agent !== undefined ? 'subagent' : 'agent',
      timestamp,
      tokens,
      folder: textOf(line.value(AT.cwd)),
      project: labelOf(this.#folder),
      branch: labelOf(textOf(line.value(AT.gitBranch))),
      session: labelOf(this.#session),
      more: {
        tool_version: at === 0 ? textOf(line.value(AT.version)) : undefined,
        charge: payer.charge,
        request_id: textOf(line.value(at + AT.requestId)),
        sidechain: sidechain || undefined,
        speed: termText(line.value(at + AT['message.usage.speed'])),
        service_tier: unusual(line.value(at + AT['message.usage.service_tier'])),
        inference_geo: unusual(line.value(at + AT['message.usage.inference_geo'])),
      },
    });
  }

  /** @param index index of the call within the line. */
  #namelessId(line: Members, at: number, index: number): string {
    const time = line.value(at + AT.timestamp);
    const says = usageId(SOURCE, [
      this.#session,
      this.#agent,
      textOf(line.value(at + AT.uuid)),
      timeKey(time, timeOf(time) ?? ''),
      JSON.stringify([AT.requestId, AT['message.model'], USAGE].map((each) => line.value(at + each))),
      ...(index > 0 ? [index] : []),
    ]);
    const times = (this.#nameless.get(says) ?? 0) + 1;
    this.#nameless.set(says, times);
    return times === 1 ? says : usageId(SOURCE, [says, times]);
  }
}

/** A call that is billed separately. */
interface Call {
  tokens: LogTokens;
  /** undefined: the model of the reply. */
  model: string | undefined;
  searches: number;
}

/**
 * The calls of a reply. `usage.iterations` lists them if there were several: turns of the model, an advisor, a compaction. The
 * counts beside that list omit some of them, so only the list counts.
 */
function callsOf(line: Members, at: number): readonly Call[] {
  const searches = countOf(line.value(at + AT['message.usage.server_tool_use.web_search_requests']));
  const usage = tokensOf(
    (path) => line.value(at + AT[`message.usage.${path}`]),
    line.isObject(at + AT['message.usage.cache_creation']),
  );
  const whole: Call = { tokens: usage, model: undefined, searches };
  const listed = at + AT['message.usage.iterations'];
  const list = line.has(listed) ? line.value(listed) : undefined;
  const iterations = (Array.isArray(list) ? list : []).map(fieldsOf).filter(isCall);
  const calls = iterations.map((iteration, index): Call => {
    const inside = (path: string): unknown =>
      path.split('.').reduce<unknown>((value, name) => fieldsOf(value)?.[name], iteration);
    const tokens = tokensOf(inside, fieldsOf(iteration['cache_creation']) !== undefined);
    return { tokens, model: textOf(iteration['model']), searches: index === searcher(iterations) ? searches : 0 };
  });
  const [only] = calls;
  const isWhole = calls.length === 1 && only!.model === undefined && isSame(only!.tokens, usage);
  return calls.length === 0 || isWhole ? [whole] : calls;
}

function isCall(iteration: Fields | undefined): iteration is Fields {
  return typeof iteration?.['input_tokens'] === 'number';
}

/** The index of the turn to which web searches belong: the first one of the model itself. */
function searcher(iterations: readonly Fields[]): number {
  return Math.max(
    0,
    iterations.findIndex(({ type }) => type === 'message'),
  );
}

function isSame(a: LogTokens, b: LogTokens): boolean {
  return a.input === b.input && a.output === b.output && a.cacheRead === b.cacheRead && a.cacheWrite === b.cacheWrite;
}

type CountPath =
  | 'input_tokens'
  | 'output_tokens'
  | 'cache_read_input_tokens'
  | 'cache_creation_input_tokens'
  | 'cache_creation.ephemeral_5m_input_tokens'
  | 'cache_creation.ephemeral_1h_input_tokens';

/**
 * @param value returns the value at a path below a usage.
 * @param isSplit whether cache writes are also listed by duration.
 */
function tokensOf(value: (path: CountPath) => unknown, isSplit: boolean): LogTokens {
  const cacheRead = countOf(value('cache_read_input_tokens'));
  const short = countOf(value('cache_creation.ephemeral_5m_input_tokens'));
  const cacheWrite1h = countOf(value('cache_creation.ephemeral_1h_input_tokens'));
  // The two durations replace the total if they exist.
  const cacheWrite = isSplit ? short + cacheWrite1h : countOf(value('cache_creation_input_tokens'));
  return {
    input: countOf(value('input_tokens')) + cacheRead + cacheWrite,
    output: countOf(value('output_tokens')),
    cacheRead,
    cacheWrite,
    cacheWrite1h,
  };
}

/** A term of a call that changes its price; undefined for the default, which need not be stored. */
function unusual(value: unknown): string | undefined {
  const term = termText(value);
  return term === undefined || USUAL.has(term) ? undefined : term;
}

const USUAL: ReadonlySet<string> = new Set(['standard', 'default', 'global', 'not_available']);

/** The members of a reply that are read. */
const REPLY = [
  'timestamp',
  'uuid',
  'version',
  'sessionId',
  'requestId',
  'cwd',
  'gitBranch',
  'isSidechain',
  'costUSD',
  'message.id',
  'message.model',
  'message.usage',
  'message.usage.input_tokens',
  'message.usage.output_tokens',
  'message.usage.cache_read_input_tokens',
  'message.usage.cache_creation_input_tokens',
  'message.usage.cache_creation',
  'message.usage.cache_creation.ephemeral_5m_input_tokens',
  'message.usage.cache_creation.ephemeral_1h_input_tokens',
  'message.usage.iterations',
  'message.usage.speed',
  'message.usage.service_tier',
  'message.usage.inference_geo',
  'message.usage.server_tool_use.web_search_requests',
] as const;
/** A line contains a reply, or a progress message that contains the reply of an agent. */
const PATHS = [...REPLY, 'data.message', ...REPLY.map((path) => `data.message.${path}`)];
const AT = Object.fromEntries(REPLY.map((path, i) => [path, i])) as Record<(typeof REPLY)[number], number>;
const USAGE = AT['message.usage'];
const PROGRESS = REPLY.length;
/** Offset from a member of the line's own reply to that of the nested reply. */
const IN_PROGRESS = PROGRESS + 1;

/** Created for the first line: an import that finds nothing new does not need it. */
let lines: Members | undefined;

/** Lines of a message are consecutive. */
let lastMessage: { id: string; usageId: string } | undefined;

/** The id of the record of a message's first request. */
export function messageUsageId(id: string): string {
  if (lastMessage?.id !== id) lastMessage = { id, usageId: usageId(SOURCE, [id]) };
  return lastMessage.usageId;
}

/** Ids of messages begin with the name of a cloud if Anthropic does not serve the model itself. */
const CLOUD_ID = /^msg_(bdrk|vrtx)_/;
const payers = new Map<string, Payer>();

/** The provider that serves a message. Logs do not contain the endpoint. */
function payerOfMessage(model: string, id: unknown): Payer {
  const cloud = typeof id === 'string' ? (CLOUD_ID.exec(id)?.[0] ?? '') : '';
  const key = `${cloud}${model}`;
  let payer = payers.get(key);
  if (payer === undefined) {
    if (payers.size > MOST_PAYERS) payers.clear();
    payer = payerOf({ model, messageId: cloud }) ?? { provider: 'anthropic' };
    payers.set(key, payer);
  }
  return payer;
}

/** Bounds the memory used for a log with hostile names. */
const MOST_PAYERS = 1_000;

/** The lines that ccusage skips: those of other programs in the same folders. A nested reply has no version and no session. */
function invalidity(line: Members, at: number, message: unknown, model: unknown): string | undefined {
  if (at === 0) {
    const version = line.value(AT.version);
    if (typeof version === 'string' && !VERSION.test(version)) return 'version is not one of Claude Code';
    if (line.value(AT.sessionId) === '') return 'sessionId is empty';
  }
  if (line.value(at + AT.requestId) === '') return 'requestId is empty';
  if (message === '') return 'message.id is empty';
  if (model === '') return 'message.model is empty';
  return undefined;
}
