import { join } from 'node:path';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, stemOf, textOf, timeOf } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { logRecord, type LogTokens } from '../record.ts';
import type { LineParser, ParserState, FoundUsage, Sink, Source, SourceFile } from '../source.ts';
import { countsIn, listIn, messageFields } from '../reading/parts.ts';
import { readJsonObject } from '../reading/whole.ts';

/**
 * Gemini CLI: one file per conversation below `~/.gemini/tmp/<project>/chats`, JSON or, in later versions, JSONL in which a
 * message is written again as it grows: the last line of an id counts.
 */
export const geminiCli: Source = {
  id: 'gemini-cli',
  title: 'Gemini CLI',
  locate: ({ home }) => [join(home, '.gemini', 'tmp')],
  matches: (relative) => /(^|\/)chats\/(.*\/)?[^/]+\.jsonl?$/.test(relative),
  reading: (file) =>
    file.relative.endsWith('.jsonl')
      ? {
          kind: 'lines',
          markers: ['"tokens"', '"sessionId"', '"session_id"', '"model"'],
          parser: (each, state) => new GeminiLines(each, state),
        }
      : { kind: 'whole', read: readChat },
  lastCounts: true,
  settle: (candidate, get) => {
    const there = get(candidate.usage_id);
    if (there === undefined) return [candidate];
    return isSame(candidate, there) ? [] : [candidate];
  },
};

const SOURCE = 'gemini-cli-log';

interface Context {
  session: string;
  model: string | undefined;
  fallbackTime: string;
  project: string | undefined;
}

class GeminiLines implements LineParser {
  readonly #context: Context;

  constructor(file: SourceFile, state: ParserState | undefined) {
    this.#context = { ...contextOf(file), ...(state as Partial<Context> | undefined) };
  }

  state(): ParserState {
    const { session, model } = this.#context;
    return model === undefined ? { session } : { session, model };
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    this.#context.session = firstText(entry, 'sessionId', 'session_id') ?? this.#context.session;
    this.#context.model = textOf(entry['model']) ?? this.#context.model;
    const found = entry['type'] === 'gemini' ? usageOf(entry, this.#context, sink) : undefined;
    if (found !== undefined) sink.usage(found);
  }
}

function readChat(file: SourceFile, sink: Sink): void {
  const chat = readJsonObject(file, sink);
  if (chat === undefined) return;
  const context = contextOf(file);
  context.session = firstText(chat, 'sessionId', 'session_id') ?? context.session;
  context.fallbackTime = timeOf(chat['startTime']) ?? timeOf(chat['lastUpdated']) ?? context.fallbackTime;
  const messages = 'messages' in chat ? listIn(chat, 'messages', sink) : [chat];
  for (const [index, message] of messages.entries()) {
    guarded(sink, index + 1, (named) => {
      const fields = messageFields(message, named);
      const found = fields?.['type'] === 'gemini' ? usageOf(fields, context, named) : undefined;
      if (found !== undefined) named.usage(found);
    });
  }
}

function contextOf({ relative, modifiedAt }: SourceFile): Context {
  return {
    session: stemOf(relative),
    model: undefined,
    fallbackTime: new Date(modifiedAt).toISOString(),
    // In older versions the folder's name is a hash, which is not a project name.
    project: projectOfFolder(relative.split('/')[0] ?? ''),
  };
}

function projectOfFolder(folder: string): string | undefined {
  return folder === '' || /^[0-9a-f]{32,}$/.test(folder) ? undefined : labelOf(folder);
}

function usageOf(message: Fields, context: Context, sink: Sink): FoundUsage | undefined {
  const counts = countsIn(message, 'tokens', sink);
  const model = textOf(message['model']) ?? context.model ?? 'unknown';
  if (counts === undefined) return undefined;
  const tokens = tokensOf(counts);
  if (tokens.input + tokens.output === 0) return undefined;
  const timestamp = timeOf(message['timestamp']) ?? timeOf(message['created_at']) ?? context.fallbackTime;
  const id = textOf(message['id']);
  const record = logRecord({
    usageId: usageId(SOURCE, [context.session, id ?? `${timestamp} ${JSON.stringify(counts)}`]),
    source: SOURCE,
    provider: 'google',
    model: nameOf(model),
    operation: 'agent',
    timestamp,
    tokens,
    session: labelOf(context.session),
    project: context.project,
    more: { message_id: id },
  });
  return { record };
}

/** Cached tokens are part of the input only if the total shows it; thoughts are billed as output, tool tokens as input. */
function tokensOf(counts: Fields): LogTokens {
  const cached = countOf(counts['cached']);
  const thoughts = countOf(counts['thoughts']);
  const tool = countOf(counts['tool']);
  const input = countOf(counts['input']);
  const output = countOf(counts['output']);
  const total = countOf(counts['total']);
  const parts = input + output + thoughts + tool;
  const inside = cached > 0 && total === parts;
  const plain = inside ? Math.max(0, input - cached) : input;
  // Only the total is known: it is counted as output, as ccusage does.
  if (parts + cached === 0) return { input: 0, output: total };
  return { input: plain + cached + tool, output: output + thoughts, cacheRead: cached, reasoning: thoughts };
}

function isSame(a: FoundUsage['record'], b: FoundUsage['record']): boolean {
  return (
    a.input_tokens === b.input_tokens &&
    a.output_tokens === b.output_tokens &&
    a.cache_read_tokens === b.cache_read_tokens &&
    a.reasoning_tokens === b.reasoning_tokens &&
    a.model === b.model &&
    a.timestamp === b.timestamp
  );
}
