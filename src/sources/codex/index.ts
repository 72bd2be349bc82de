import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Factor } from '../../pricing/priceSource.ts';
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
  timeKey,
  timeOf,
} from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { isEarlier, logRecord } from '../record.ts';
import { keepPreferred } from '../source.ts';
import type { LineParser, ParserState, FoundUsage, Sink, Source, SourceEnvironment, SourceFile } from '../source.ts';

/**
 * Codex: one JSONL file ("rollout") a session, in `sessions/` and, once archived, in `archived_sessions/`.
 *
 * Counts are cumulative, with the last call's beside them. Agents' files begin with a replay of their parent's, all in
 * one second. Branched sessions hold copies of what came before. What counts is as ccusage has it (`docs/sources.md`).
 */
export const codex: Source = {
  id: 'codex',
  title: 'Codex',
  locate: ({ env, home }: SourceEnvironment): string[] => {
    const given = (env['CODEX_HOME'] ?? '')
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
    const homes = given.length > 0 ? given : [join(home, '.codex')];
    return homes.flatMap((folder) => [join(folder, 'sessions'), join(folder, 'archived_sessions')]);
  },
  matches: (relative) => relative.endsWith('.jsonl'),
  choose: (files) => {
    const active = new Set(files.flatMap((file) => (isArchived(file) ? [] : [`${homeOf(file)}\0${file.relative}`])));
    return files.filter((file) => !isArchived(file) || !active.has(`${homeOf(file)}\0${file.relative}`));
  },
  reading: () => ({
    kind: 'lines',
    markers: ['"token_count"', '"turn_context"', '"session_meta"', 'thread_spawn'],
    parser: (file, state) => new CodexLines(file, state),
  }),
  settle: (candidate, get) => keepPreferred(candidate, get, isEarlier),
};

const SOURCE = 'codex-log';
/** What was run before the log said it. */
const DEFAULT_MODEL = 'gpt-5';
const SPAWNED = 'thread_spawn';
/** How far into a file it may say that it is an agent's. */
const HEAD = 16 * 1024;
/** What a fast turn costs, in list prices. */
const FAST_GPT_55 = 2.5;
const FAST = 2;

interface Totals {
  input: number;
  cached: number;
  output: number;
  reasoning: number;
  total: number;
}

/** What the lines so far said that later ones depend on. */
interface Context {
  model: string | undefined;
  /** The model is a guess. */
  guessed: boolean;
  session: string | undefined;
  cwd: string | undefined;
  branch: string | undefined;
  version: string | undefined;
  /** It is the file of an agent that another session started. */
  spawned: boolean;
  totals: Totals | undefined;
  /** Of an agent's file the first usage, until the next one shows whether it began a replay. */
  first: { second: string; found: FoundUsage | undefined } | undefined;
  /** The second that holds the replay, as long as it lasts. */
  replay: string | undefined;
  /** Whether there is a replay is known. */
  begun: boolean;
}

const START: Context = {
  model: undefined,
  guessed: false,
  session: undefined,
  cwd: undefined,
  branch: undefined,
  version: undefined,
  spawned: false,
  totals: undefined,
  first: undefined,
  replay: undefined,
  begun: false,
};

class CodexLines implements LineParser {
  readonly #file: SourceFile;
  readonly #context: Context;
  #fast: boolean | undefined;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#file = file;
    this.#context = { ...START, ...(state as Partial<Context> | undefined) };
  }

  state(): ParserState {
    return JSON.parse(JSON.stringify(this.#context)) as ParserState;
  }

  line(bytes: Buffer, sink: Sink, offset: number): void {
    const context = this.#context;
    if (offset < HEAD && !context.spawned) {
      const at = bytes.indexOf(SPAWNED);
      context.spawned = at !== -1 && offset + at + SPAWNED.length <= HEAD;
    }
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const payload = fieldsOf(entry['payload']);
    if (payload === undefined) return;
    switch (entry['type']) {
      case 'session_meta':
        // Those of a replay come after the file's own.
        context.session ??= textOf(payload['id']);
        context.cwd ??= textOf(payload['cwd']);
        context.version ??= textOf(payload['cli_version']);
        context.branch ??= firstText(fieldsOf(payload['git']), 'branch');
        return;
      case 'turn_context':
        context.cwd = textOf(payload['cwd']) ?? context.cwd;
        this.#setModel(modelOf(payload));
        return;
      case 'event_msg':
        if (payload['type'] === 'token_count') this.#count(entry, payload, sink);
        return;
      default:
    }
  }

  /** A replay is written at once: in a file that nobody writes any more, a single usage is none. */
  end(sink: Sink, isQuiet: boolean): boolean {
    const found = this.#context.first?.found;
    if (found === undefined) return false;
    if (isQuiet) sink.usage(found);
    return !isQuiet;
  }

  #setModel(model: string | undefined): void {
    if (model === undefined) return;
    this.#context.model = model;
    this.#context.guessed = false;
  }

  #count(entry: Fields, payload: Fields, sink: Sink): void {
    const context = this.#context;
    const info = fieldsOf(payload['info']);
    const total = totalsOf(info?.['total_token_usage']);
    const last = totalsOf(info?.['last_token_usage']);
    if (total === undefined && last === undefined) return;
    // A count that is none would spoil all differences after it.
    if (!isWhole(total) || !isWhole(last)) return sink.skip('invalid', 'a token count is not a whole number');
    const timestamp = timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    const second = timestamp.slice(0, 19);
    if (context.replay === second) {
      context.totals = total ?? context.totals;
      return;
    }
    context.replay = undefined;
    if (context.first !== undefined) {
      const { first } = context;
      context.first = undefined;
      context.begun = true;
      if (first.second === second) {
        context.replay = second;
        context.totals = total ?? context.totals;
        return;
      }
      if (first.found !== undefined) sink.usage(first.found);
    }
    const found = this.#usageOf(entry, info, total, last, timestamp);
    if (context.spawned && !context.begun) context.first = { second, found };
    else if (found !== undefined) sink.usage(found);
  }

  #usageOf(
    entry: Fields,
    info: Fields | undefined,
    total: Totals | undefined,
    last: Totals | undefined,
    timestamp: string,
  ): FoundUsage | undefined {
    const context = this.#context;
    const before = context.totals;
    context.totals = total ?? before;
    // The same event told again: its totals have not moved.
    if (total !== undefined && before !== undefined && sameTotals(total, before)) return undefined;
    const counts = last ?? difference(total!, before);
    if (counts.input + counts.cached + counts.output + counts.reasoning === 0) return undefined;
    this.#setModel(modelOf(fieldsOf(entry['payload'])) ?? modelOf(info));
    if (context.model === undefined) {
      context.model = DEFAULT_MODEL;
      context.guessed = true;
    }
    const model = nameOf(context.model);
    const record = logRecord({
      usageId: usageId(SOURCE, [
        timeKey(entry['timestamp'], timestamp),
        model,
        counts.input,
        counts.cached,
        counts.output,
        counts.reasoning,
        counts.total,
      ]),
      source: SOURCE,
      provider: 'openai',
      model,
      operation: context.spawned ? 'subagent' : 'agent',
      timestamp,
      tokens: {
        input: counts.input,
        output: counts.output,
        cacheRead: Math.min(counts.cached, counts.input),
        reasoning: Math.min(counts.reasoning, counts.output),
      },
      project: projectOf(context.cwd),
      branch: labelOf(context.branch),
      session: labelOf(context.session ?? stemOf(this.#file.relative)),
      more: { tool_version: context.version, model_assumed: context.guessed || undefined },
    });
    return { record, factor: this.#factor(model) };
  }

  #factor(model: string): Factor | undefined {
    this.#fast ??= isFast(homeOf(this.#file));
    if (!this.#fast) return undefined;
    return { times: /gpt-5\.5/.test(model) ? FAST_GPT_55 : FAST, mode: 'fast' };
  }
}

function modelOf(fields: Fields | undefined): string | undefined {
  return firstText(fields, 'model', 'model_name') ?? firstText(fieldsOf(fields?.['metadata']), 'model');
}

function totalsOf(value: unknown): Totals | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const input = countOf(fields['input_tokens']);
  const output = countOf(fields['output_tokens']);
  return {
    input,
    cached: countOf(fields['cached_input_tokens'] ?? fields['cache_read_input_tokens']),
    output,
    reasoning: countOf(fields['reasoning_output_tokens']),
    total: countOf(fields['total_tokens']) || input + output,
  };
}

function isWhole(counts: Totals | undefined): boolean {
  return counts === undefined || Object.values(counts).every((count: number) => !Number.isNaN(count));
}

function difference(now: Totals, before: Totals | undefined): Totals {
  if (before === undefined) return now;
  const rise = (name: keyof Totals): number => Math.max(0, now[name] - before[name]);
  return {
    input: rise('input'),
    cached: rise('cached'),
    output: rise('output'),
    reasoning: rise('reasoning'),
    total: rise('total'),
  };
}

function sameTotals(a: Totals, b: Totals): boolean {
  return (
    a.input === b.input &&
    a.cached === b.cached &&
    a.output === b.output &&
    a.reasoning === b.reasoning &&
    a.total === b.total
  );
}

function isArchived(file: SourceFile): boolean {
  return folderOf(file).endsWith('archived_sessions');
}

/** The folder that {@link codex}'s `locate` named. */
function folderOf({ path, relative }: SourceFile): string {
  return path.slice(0, path.length - relative.length - 1);
}

function homeOf(file: SourceFile): string {
  return dirname(folderOf(file));
}

/** Whether the configuration asks for the fast service: logs do not say it. */
function isFast(home: string): boolean {
  try {
    return /^\s*service_tier\s*=\s*["'](fast|priority)["']/m.test(readFileSync(join(home, 'config.toml'), 'utf8'));
  } catch {
    return false;
  }
}
