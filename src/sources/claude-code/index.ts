import { join } from 'node:path';
import type { UsageRecord } from '../../usage/record.ts';
import { countOf, labelOf, nameOf, projectOf, stemOf, textOf, timeKey, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { Members } from '../reading/members/members.ts';
import { isEarlier, logRecord, type LogTokens } from '../record.ts';
import type { LineParser, Lookup, ParserState, Sink, Source, SourceEnvironment, SourceFile } from '../source.ts';

/**
 * Claude Code: one JSONL file a session below `projects/`, one below `<session>/subagents/` for each of its agents.
 *
 * Replies are streamed: each has several lines, whose counts grow. Sidechains (`/btw`, agents) repeat messages of their
 * parent under request ids of their own. What counts is as ccusage has it (`docs/sources.md`).
 */
export const claudeCode: Source = {
  id: 'claude-code',
  title: 'Claude Code',
  locate: ({ env, home }: SourceEnvironment): string[] => {
    const given = (env['CLAUDE_CONFIG_DIR'] ?? '')
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
    if (given.length > 0) {
      return given.map((path) => {
        const folder = path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
        return /[\\/]projects[\\/]?$/.test(folder) ? folder : join(folder, 'projects');
      });
    }
    return [
      join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'claude', 'projects'),
      join(home, '.claude', 'projects'),
    ];
  },
  matches: (relative) => relative.endsWith('.jsonl'),
  reading: () => ({ kind: 'lines', markers: [MARKER], parser: (file, state) => new ClaudeLines(file, state) }),
  settle,
};

const SOURCE = 'claude-code-log';
/** Keys with their quotes stand in no text, where quotes are escaped. */
const MARKER = '"usage":{';
const NO_MODEL = 'unknown';
const SYNTHETIC = '<synthetic>';
const VERSION = /^\d+\.\d+\.\d/;
/** What a fast reply costs, in list prices, by model. */
const FAST: readonly (readonly [RegExp, number])[] = [
  [/opus-4-[67]/, 6],
  [/opus-4-8/, 2],
];

class ClaudeLines implements LineParser {
  readonly #session: string;
  readonly #folder: string | undefined;
  readonly #agent: string | undefined;
  /** Lines without an id, by what they say: each counts, also when two say the same. */
  readonly #nameless: Map<string, number>;

  constructor({ relative }: SourceFile, state: ParserState | undefined) {
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
    // The marker stood elsewhere.
    if (!line.isObject(at + USAGE)) return;
    const isProgress = at !== 0;
    const version = isProgress ? undefined : line.value(AT.version);
    const message = line.value(at + AT['message.id']);
    const request = line.value(at + AT.requestId);
    const named = line.value(at + AT['message.model']);
    const invalid = invalidity(version, isProgress ? undefined : line.value(AT.sessionId), request, message, named);
    if (invalid !== undefined) return sink.skip('not-a-usage', invalid);
    const timestamp = timeOf(line.value(at + AT.timestamp));
    if (timestamp === undefined) return sink.skip('no-time');
    const tokens = tokensOf(line, at);
    if (tokens.input + tokens.output === 0) return;

    const messageId = textOf(message);
    const sidechain = line.value(at + AT.isSidechain) === true;
    const modelName = textOf(named);
    const model = modelName === undefined || modelName === SYNTHETIC ? NO_MODEL : nameOf(modelName);
    const speed = line.value(at + AT['message.usage.speed']);
    const searches = countOf(line.value(at + AT['message.usage.server_tool_use.web_search_requests']));
    const record = logRecord({
      usageId:
        messageId === undefined
          ? this.#namelessId(line, at, timeKey(line.value(at + AT.timestamp), timestamp))
          : messageUsageId(messageId),
      source: SOURCE,
      provider: 'anthropic',
      model,
      operation: sidechain || this.#agent !== undefined ? 'subagent' : 'agent',
      timestamp,
      tokens,
      project: projectOf(textOf(line.value(AT.cwd))) ?? labelOf(this.#folder),
      branch: labelOf(textOf(line.value(AT.gitBranch))),
      session: labelOf(this.#session),
      more: {
        tool_version: textOf(version),
        message_id: messageId,
        request_id: textOf(request),
        sidechain: sidechain || undefined,
        speed: textOf(speed),
        web_searches: searches || undefined,
      },
    });
    const times = speed === 'fast' ? FAST.find(([pattern]) => pattern.test(model))?.[1] : undefined;
    const logged = line.value(at + AT.costUSD);
    sink.usage({
      record,
      factor: times === undefined ? undefined : { times, mode: 'fast' },
      loggedCost: typeof logged === 'number' && logged > 0 ? logged : undefined,
    });
  }

  #namelessId(line: Members, at: number, timestamp: string): string {
    const says = usageId(SOURCE, [
      this.#session,
      this.#agent,
      textOf(line.value(at + AT.uuid)),
      timestamp,
      JSON.stringify([AT.requestId, AT['message.model'], USAGE].map((each) => line.value(at + each))),
    ]);
    const times = (this.#nameless.get(says) ?? 0) + 1;
    this.#nameless.set(says, times);
    return times === 1 ? says : usageId(SOURCE, [says, times]);
  }
}

/** What is looked at of a reply. */
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
  'message.usage.speed',
  'message.usage.server_tool_use.web_search_requests',
] as const;
/** A line tells a reply, or holds the one of an agent whose progress it tells. */
const PATHS = [...REPLY, 'data.message', ...REPLY.map((path) => `data.message.${path}`)];
const AT = Object.fromEntries(REPLY.map((path, i) => [path, i])) as Record<(typeof REPLY)[number], number>;
const USAGE = AT['message.usage'];
const PROGRESS = REPLY.length;
/** From a member of the line's own reply to the one of the reply within. */
const IN_PROGRESS = PROGRESS + 1;

/** Made for the first line: an import that finds nothing new does without. */
let lines: Members | undefined;

/** Lines of a message follow each other. */
let lastMessage: { id: string; usageId: string } | undefined;

function messageUsageId(id: string): string {
  if (lastMessage?.id !== id) lastMessage = { id, usageId: usageId(SOURCE, [id]) };
  return lastMessage.usageId;
}

/** What ccusage leaves out: lines of other programs in the same folders. */
function invalidity(
  version: unknown,
  session: unknown,
  request: unknown,
  message: unknown,
  model: unknown,
): string | undefined {
  if (typeof version === 'string' && !VERSION.test(version)) return 'version is not one of Claude Code';
  if (session === '') return 'sessionId is empty';
  if (request === '') return 'requestId is empty';
  if (message === '') return 'message.id is empty';
  if (model === '') return 'message.model is empty';
  return undefined;
}

function tokensOf(line: Members, at: number): LogTokens {
  const count = (path: (typeof REPLY)[number]): number => countOf(line.value(at + AT[path]));
  const cacheRead = count('message.usage.cache_read_input_tokens');
  const isSplit = line.isObject(at + AT['message.usage.cache_creation']);
  const cacheWrite1h = count('message.usage.cache_creation.ephemeral_1h_input_tokens');
  const cacheWrite = isSplit
    ? count('message.usage.cache_creation.ephemeral_5m_input_tokens') + cacheWrite1h
    : count('message.usage.cache_creation_input_tokens');
  return {
    input: count('message.usage.input_tokens') + cacheRead + cacheWrite,
    output: count('message.usage.output_tokens'),
    cacheRead,
    cacheWrite,
    cacheWrite1h,
  };
}

/**
 * One record for each (message, request), the largest; of a message that stands in sidechains only, one in all; and a
 * sidechain never beside the real one.
 *
 * The record whose id is made of the message alone is the one of the first request id in their order, or of the
 * sidechain; those of further request ids have ids of their own. So every rule is a look at one or two ids, and the
 * order in which files are read does not matter.
 */
function settle(candidate: UsageRecord, get: Lookup): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  const messageId = textOf(candidate['message_id']);
  if (there === undefined) return [candidate];
  if (messageId === undefined) return [];
  if (isSidechain(candidate)) return isSidechain(there) && isLarger(candidate, there) ? [candidate] : [];
  if (isSidechain(there)) return [candidate];
  const [request, taken] = [requestOf(candidate), requestOf(there)];
  if (request === taken) return isLarger(candidate, there) ? [candidate] : [];
  const other = { ...(request < taken ? there : candidate) };
  other.usage_id = usageId(SOURCE, [messageId, requestOf(other)]);
  const known = get(other.usage_id);
  const moved = known === undefined || isLarger(other, known) ? [other] : [];
  return request < taken ? [candidate, ...moved] : moved;
}

function isSidechain(record: UsageRecord): boolean {
  return record['sidechain'] === true;
}

function requestOf(record: UsageRecord): string {
  return textOf(record['request_id']) ?? '';
}

function isLarger(candidate: UsageRecord, there: UsageRecord): boolean {
  if (candidate.total_tokens !== there.total_tokens) return candidate.total_tokens > there.total_tokens;
  const [speed, known] = [candidate['speed'] !== undefined, there['speed'] !== undefined];
  return speed === known ? isEarlier(candidate, there) : speed;
}
