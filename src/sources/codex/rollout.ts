import { termText } from '../../usage/tables/termText.ts';
import type { Fields } from '../fields.ts';
import { fieldsOf, firstText, labelOf, nameOf, parseJson, stemOf, textOf, timeKey, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { payerOf, type Payer } from '../payer.ts';
import { logRecord } from '../record.ts';
import type { FoundUsage, LineParser, ParserState, Sink, SourceFile } from '../source.ts';
import { areWhole, countsOf, difference, isNothing, countsKey, tokensOf, type Counts } from './counts.ts';
import { sessionOf } from './family.ts';
import { configuredEndpoint, configuredTier, homeOf, tierOf } from './home.ts';
import { newReplay, Replay, type ReplayState } from './replay.ts';
import { countsIn } from '../reading/parts.ts';

const SOURCE = 'codex-log';
/** The model of calls before the log names one. */
export const DEFAULT_MODEL = 'gpt-5';
const SPAWNED = 'thread_spawn';
/** Maximum distance from the beginning of a file at which it may say that it belongs to an agent. */
const HEAD = 16 * 1024;

/** State from earlier lines on which later ones depend. */
interface Context {
  model: string | undefined;
  /** Whether the model is a guess. */
  guessed: boolean;
  session: string | undefined;
  cwd: string | undefined;
  branch: string | undefined;
  version: string | undefined;
  /** The provider's name in the log. */
  provider: string | undefined;
  /** The tier in the log; undefined: the one in the configuration. */
  tier: string | undefined;
  /** Whether it is the file of an agent started by another session. */
  spawned: boolean;
  totals: Counts | undefined;
  replay: ReplayState;
  /** In an agent's file: the first usage, until the next one shows whether it began a replay. */
  first: { at: number; found: FoundUsage | undefined } | undefined;
  /** In an agent's file: time of the last event, while events are replayed. */
  burstAt: number | undefined;
  /** Whether it is known if there is a replay. */
  begun: boolean;
}

const BURST_MS = 1_000;

function newContext(): Context {
  return {
    model: undefined,
    guessed: false,
    session: undefined,
    cwd: undefined,
    branch: undefined,
    version: undefined,
    provider: undefined,
    tier: undefined,
    spawned: false,
    totals: undefined,
    replay: newReplay(),
    first: undefined,
    burstAt: undefined,
    begun: false,
  };
}

/** An event with token counts. */
interface CountEvent {
  payload: Fields;
  info: Fields | undefined;
  total: Counts | undefined;
  last: Counts | undefined;
  timestamp: string;
  /** Represents the time in the id of the usage. */
  timeKey: string;
}

/** Parses the lines of a Codex session. */
export class CodexLines implements LineParser {
  readonly #file: SourceFile;
  readonly #context: Context;
  readonly #replay: Replay;
  #configured: { tier: string | undefined } | undefined;
  #endpoint: { url: string | undefined } | undefined;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#file = file;
    this.#context = { ...newContext(), ...structuredClone(state as Partial<Context> | undefined) };
    this.#replay = new Replay(file, this.#context.replay);
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
    const isCount = entry['type'] === 'event_msg' && payload['type'] === 'token_count';
    if (isCount) return this.#count(entry, payload, sink);
    if (entry['type'] === 'session_meta') {
      this.#begin(payload, timeOf(payload['timestamp'] ?? entry['timestamp']));
      this.#replay.session(Date.parse(timeOf(entry['timestamp']) ?? ''));
    } else if (entry['type'] === 'turn_context') this.#turn(payload);
    else if (payload['type'] === 'thread_settings_applied') this.#settings(fieldsOf(payload['thread_settings']));
  }

  /** A replay is written without pauses, so in a file that is no longer written to, a single usage is not a replay. */
  end(sink: Sink, isQuiet: boolean): boolean {
    const found = this.#context.first?.found;
    if (found === undefined) return false;
    if (isQuiet) sink.usage(found);
    return !isQuiet;
  }

  /** The file's own session comes before those that a replay repeats. */
  #begin(payload: Fields, start: string | undefined): void {
    const context = this.#context;
    const { replay } = context;
    const { id, parent, starter } = sessionOf(payload);
    const isOwn = context.session === undefined || context.session === id;
    if (isOwn) {
      const from = parent ?? starter;
      if (from !== undefined && !replay.ancestors.includes(from)) replay.ancestors.unshift(from);
      if (parent !== undefined) replay.isFork = true;
      if (start !== undefined) replay.start ??= Date.parse(start);
    } else if (id !== undefined && (replay.isFork || context.spawned)) {
      replay.isFork = true;
      if (!replay.ancestors.includes(id)) replay.ancestors.push(id);
    }
    context.session ??= id;
    context.cwd ??= textOf(payload['cwd']);
    context.version ??= textOf(payload['cli_version']);
    context.provider ??= textOf(payload['model_provider']);
    context.branch ??= firstText(fieldsOf(payload['git']), 'branch');
  }

  #turn(payload: Fields): void {
    this.#replay.turn(textOf(payload['turn_id']));
    this.#context.cwd = textOf(payload['cwd']) ?? this.#context.cwd;
    this.#setModel(modelOf(payload));
  }

  /** Settings apply from here on; if they do not name a tier, it is the default, whatever the configuration says. */
  #settings(settings: Fields | undefined): void {
    if (settings === undefined) return;
    this.#context.tier = termText(settings['service_tier']) ?? 'default';
    if (this.#context.model === undefined || this.#context.guessed) this.#setModel(textOf(settings['model']));
  }

  #setModel(model: string | undefined): void {
    if (model === undefined) return;
    this.#context.model = model;
    this.#context.guessed = false;
  }

  #count(entry: Fields, payload: Fields, sink: Sink): void {
    const context = this.#context;
    const info = countsIn(payload, 'info', sink);
    const total = countsOf(info?.['total_token_usage']);
    const last = countsOf(info?.['last_token_usage']);
    if (total === undefined && last === undefined) return;
    // An invalid count would make all later differences wrong.
    if (!areWhole(total) || !areWhole(last)) return sink.skip('invalid', 'a token count is not a whole number');
    const timestamp = timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    const at = Date.parse(timestamp);
    const event = { payload, info, total, last, timestamp, timeKey: timeKey(entry['timestamp'], timestamp) };
    if (this.#replay.has(context.session, total, at)) {
      const repeated = this.#usageOf(event);
      if (repeated !== undefined) sink.usage({ ...repeated, isRepeat: true });
      return;
    }
    if (this.#isBurst(at, sink)) {
      context.totals = total ?? context.totals;
      return;
    }
    const found = this.#usageOf(event);
    const { isFork, last: replayed } = context.replay;
    if (context.spawned && !isFork && replayed === undefined && !context.begun) context.first = { at, found };
    else if (found !== undefined) sink.usage(found);
  }

  /** Whether an event of an agent belongs to a replay that names no session: at least two events in a burst. */
  #isBurst(at: number, sink: Sink): boolean {
    const context = this.#context;
    const { first } = context;
    if (first !== undefined) {
      context.first = undefined;
      context.begun = true;
      if (at - first.at < BURST_MS) context.burstAt = first.at;
      else if (first.found !== undefined) sink.usage(first.found);
    }
    if (context.burstAt === undefined) return false;
    const isBurst = at - context.burstAt < BURST_MS;
    context.burstAt = isBurst ? at : undefined;
    return isBurst;
  }

  #usageOf({ payload, info, total, last, timestamp, timeKey: time }: CountEvent): FoundUsage | undefined {
    const context = this.#context;
    const before = context.totals;
    context.totals = total ?? before;
    // A repetition of the same event: its totals have not changed.
    if (total !== undefined && before !== undefined && countsKey(total) === countsKey(before)) return undefined;
    const counts = last ?? difference(total!, before);
    if (isNothing(counts)) return undefined;
    this.#setModel(modelOf(payload) ?? modelOf(info));
    if (context.model === undefined) {
      context.model = DEFAULT_MODEL;
      context.guessed = true;
    }
    const model = nameOf(context.model);
    const payer = this.#payer(model);
    const { input, cached, output, reasoning } = counts;
    const record = logRecord({
      usageId: usageId(SOURCE, [time, model, input, cached, output, reasoning, counts.total]),
      source: SOURCE,
      provider: nameOf(payer.provider),
      model,
      operation: context.spawned ? 'subagent' : 'agent',
      timestamp,
      tokens: tokensOf(counts),
      folder: context.cwd,
      branch: labelOf(context.branch),
      session: labelOf(context.session ?? stemOf(this.#file.relative)),
      more: {
        tool_version: context.version,
        model_assumed: context.guessed || undefined,
        service_tier: this.#tier(),
        charge: payer.charge ?? chargeOf(payload['rate_limits']),
      },
    });
    return { record, mayRepeat: this.#replay.doubts };
  }

  /** Codex can be used with other providers: the log names them, and the configuration has their addresses. */
  #payer(model: string): Payer {
    const { provider } = this.#context;
    if (provider === undefined || provider === 'openai') return { provider: 'openai' };
    this.#endpoint ??= { url: configuredEndpoint(homeOf(this.#file), provider) };
    const name = provider === 'oss' ? 'ollama' : provider;
    return payerOf({ model, provider: name, endpoint: this.#endpoint.url }) ?? { provider: name };
  }

  #tier(): string | undefined {
    const { tier } = this.#context;
    if (tier !== undefined) return tierOf(tier);
    this.#configured ??= { tier: tierOf(configuredTier(homeOf(this.#file))) };
    return this.#configured.tier;
  }
}

/** The limits of a plan are logged beside the counts if the user is signed in with a plan. */
function chargeOf(limits: unknown): 'plan' | undefined {
  const fields = fieldsOf(limits);
  return textOf(fields?.['plan_type']) !== undefined || fieldsOf(fields?.['primary']) !== undefined
    ? 'plan'
    : undefined;
}

export function modelOf(fields: Fields | undefined): string | undefined {
  return firstText(fields, 'model', 'model_name') ?? firstText(fieldsOf(fields?.['metadata']), 'model');
}

/** Whether a session's events may be a replay of a session whose file was not found yet. */
export function mayChange(state: ParserState | undefined): boolean {
  return (state as Partial<Context> | undefined)?.replay?.isOpen === true;
}
