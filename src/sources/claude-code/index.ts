import { join } from 'node:path';
import { valueEnd } from '../../ledger/elements.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { Fields } from '../fields.ts';
import {
  countOf,
  fieldsOf,
  firstText,
  labelOf,
  nameOf,
  parseJson,
  projectOf,
  stemOf,
  textOf,
  timeOf,
} from '../fields.ts';
import { usageId } from '../identity.ts';
import { isEarlier, logRecord, type LogTokens } from '../record.ts';
import type { LineParser, Lookup, ParserState, Sink, Source, SourceEnvironment, SourceFile } from '../types.ts';

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
const CONTENT = Buffer.from('"content":[');
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
    const written = fieldsOf(parseJson(withoutContent(bytes)));
    if (written === undefined) return sink.skip('not-json');
    const entry = replyOf(written);
    const message = fieldsOf(entry['message']);
    const usage = fieldsOf(message?.['usage']);
    // The marker stood elsewhere.
    if (message === undefined || usage === undefined) return;
    const invalid = invalidity(entry, message);
    if (invalid !== undefined) return sink.skip('not-a-usage', invalid);
    const timestamp = timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    const tokens = tokensOf(usage);
    if (tokens.input + tokens.output === 0) return;

    const messageId = textOf(message['id']);
    const requestId = textOf(entry['requestId']);
    const sidechain = entry['isSidechain'] === true;
    const named = textOf(message['model']);
    const model = named === undefined || named === SYNTHETIC ? NO_MODEL : nameOf(named);
    const fast = usage['speed'] === 'fast';
    const searches = countOf(fieldsOf(usage['server_tool_use'])?.['web_search_requests']);
    const record = logRecord({
      usageId: messageId === undefined ? this.#namelessId(entry, message, timestamp) : messageUsageId(messageId),
      source: SOURCE,
      provider: 'anthropic',
      model,
      operation: sidechain || this.#agent !== undefined ? 'subagent' : 'agent',
      timestamp,
      tokens,
      project: projectOf(textOf(entry['cwd'])) ?? labelOf(this.#folder),
      branch: labelOf(textOf(entry['gitBranch'])),
      session: labelOf(this.#session),
      more: {
        tool_version: firstText(entry, 'version'),
        message_id: messageId,
        request_id: requestId,
        sidechain: sidechain || undefined,
        speed: textOf(usage['speed']),
        web_searches: searches || undefined,
      },
    });
    const times = fast ? FAST.find(([pattern]) => pattern.test(model))?.[1] : undefined;
    const logged = entry['costUSD'];
    sink.usage({
      record,
      factor: times === undefined ? undefined : { times, mode: 'fast' },
      loggedCost: typeof logged === 'number' && logged > 0 ? logged : undefined,
    });
  }

  #namelessId(entry: Fields, message: Fields, timestamp: string): string {
    const says = usageId(SOURCE, [
      this.#session,
      this.#agent,
      textOf(entry['uuid']),
      timestamp,
      JSON.stringify([entry['requestId'], message['model'], message['usage']]),
    ]);
    const times = (this.#nameless.get(says) ?? 0) + 1;
    this.#nameless.set(says, times);
    return times === 1 ? says : usageId(SOURCE, [says, times]);
  }
}

/**
 * A line without what was said in it, which is most of it and nothing that we keep: its JSON is read in half the time.
 * Where that is not to be had so simply, the line as it is.
 */
function withoutContent(bytes: Buffer): string {
  const at = bytes.indexOf(CONTENT);
  const start = at + CONTENT.length;
  const end = at === -1 ? -1 : valueEnd(bytes, start - 1, bytes.length);
  return end === -1 ? bytes.toString() : bytes.toString('utf8', 0, start) + bytes.toString('utf8', end - 1);
}

/** The reply that a line tells: itself, or one of an agent whose progress it tells. */
function replyOf(entry: Fields): Fields {
  if (fieldsOf(entry['message'])?.['usage'] !== undefined) return entry;
  const progress = fieldsOf(fieldsOf(entry['data'])?.['message']);
  if (progress === undefined) return entry;
  return { ...progress, cwd: entry['cwd'], gitBranch: entry['gitBranch'], version: undefined, sessionId: undefined };
}

/** Lines of a message follow each other. */
let lastMessage: { id: string; usageId: string } | undefined;

function messageUsageId(id: string): string {
  if (lastMessage?.id !== id) lastMessage = { id, usageId: usageId(SOURCE, [id]) };
  return lastMessage.usageId;
}

/** What ccusage leaves out: lines of other programs in the same folders. */
function invalidity(entry: Fields, message: Fields): string | undefined {
  const version = entry['version'];
  if (typeof version === 'string' && !VERSION.test(version)) return 'version is not one of Claude Code';
  if (entry['sessionId'] === '') return 'sessionId is empty';
  if (entry['requestId'] === '') return 'requestId is empty';
  if (message['id'] === '') return 'message.id is empty';
  if (message['model'] === '') return 'message.model is empty';
  return undefined;
}

function tokensOf(usage: Fields): LogTokens {
  const cacheRead = countOf(usage['cache_read_input_tokens']);
  const split = fieldsOf(usage['cache_creation']);
  const cacheWrite1h = countOf(split?.['ephemeral_1h_input_tokens']);
  const cacheWrite =
    split === undefined
      ? countOf(usage['cache_creation_input_tokens'])
      : countOf(split['ephemeral_5m_input_tokens']) + cacheWrite1h;
  return {
    input: countOf(usage['input_tokens']) + cacheRead + cacheWrite,
    output: countOf(usage['output_tokens']),
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
