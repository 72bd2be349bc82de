import { join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, textOf, timeOf, type Fields } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { sha1, usageId } from '../reading/identity.ts';
import { foldersIn } from '../reading/places.ts';
import { readJsonFile } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord, type LogTokens } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, including, isNone } from '../tokens.ts';
import { countsIn, messageFields } from '../reading/parts.ts';

/**
 * Codebuff, formerly Manicode: `projects/<project>/chats/<chat>/chat-messages.json`. Counts occur in several places and
 * spellings.
 */
export const codebuff: Source = {
  id: 'codebuff',
  title: 'Codebuff',
  locate: (environment) => {
    const given = foldersIn(environment, 'CODEBUFF_DATA_DIR');
    const { home } = environment;
    const usual = ['manicode', 'manicode-dev', 'manicode-staging'].map((name) => join(home, '.config', name));
    return (given.length > 0 ? given : usual).map((folder) => join(folder, 'projects'));
  },
  matches: (relative) => /^[^/]+\/chats\/[^/]+\/chat-messages\.json$/.test(relative),
  reading: () => ({ kind: 'whole', read: readChat }),
  settle: keepLarger,
};

const SOURCE = 'codebuff-log';
const REPLIES: ReadonlySet<unknown> = new Set(['ai', 'agent', 'assistant']);

function readChat(file: SourceFile, sink: Sink): void {
  const messages = readJsonFile(file, sink);
  if (messages === undefined) return;
  if (!Array.isArray(messages)) return sink.skip('unknown-format', 'not an array of messages');
  const [project, , chat = ''] = file.relative.split('/');
  for (const [index, message] of (messages as unknown[]).entries()) {
    guarded(sink, index + 1, (named) => {
      const fields = messageFields(message, named);
      if (fields === undefined || !(REPLIES.has(fields['variant']) || REPLIES.has(fields['role']))) return;
      readReply(fields, { project, chat, file }, named);
    });
  }
}

interface Place {
  project: string | undefined;
  chat: string;
  file: SourceFile;
}

function readReply(message: Fields, { project, chat, file }: Place, sink: Sink): void {
  const metadata = fieldsOf(message['metadata']);
  const own = fieldsOf(metadata?.['codebuff']);
  const direct = countsIn(metadata, 'usage', sink) ?? countsIn(own, 'usage', sink);
  const past = direct === undefined ? lastCall(metadata) : undefined;
  const counts = direct ?? fieldsOf(past?.['usage']) ?? fieldsOf(fieldsOf(past?.['codebuff'])?.['usage']);
  const tokens = counts === undefined ? { input: 0, output: 0 } : tokensOf(counts);
  if (isNone(tokens)) return;
  const named =
    firstText(metadata, 'model') ?? firstText(own, 'model') ?? firstText(fieldsOf(past?.['codebuff']), 'model');
  const model = nameOf(named ?? 'unknown');
  const timestamp =
    timeOf(message['timestamp']) ??
    timeOf(message['createdAt']) ??
    timeOf(chat.replace(/T(\d\d)-(\d\d)-(\d\d)(?:[-.](\d{3}))?/, 'T$1:$2:$3.$4').replace('.Z', 'Z')) ??
    new Date(file.modifiedAt).toISOString();
  const id = textOf(message['id']);
  const credits = message['credits'] ?? metadata?.['credits'];
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [chat, id ?? sha1(JSON.stringify(message), 'base64')]),
      source: SOURCE,
      provider: nameOf(payerOf({ model })?.provider ?? 'codebuff'),
      model,
      operation: 'agent',
      timestamp,
      tokens,
      project: labelOf(project),
      session: labelOf(chat),
      // Codebuff's own unit: the cost is computed at list price.
      more: { codebuff_credits: typeof credits === 'number' ? credits : undefined },
    }),
  });
}

/** The last call in the state of a run. */
function lastCall(metadata: Fields | undefined): Fields | undefined {
  const session = fieldsOf(fieldsOf(metadata?.['runState'])?.['sessionState']);
  const history = fieldsOf(session?.['mainAgentState'])?.['messageHistory'];
  const calls = (Array.isArray(history) ? (history as unknown[]) : []).flatMap((each) => {
    const options = fieldsOf(fieldsOf(each)?.['providerOptions']);
    return options?.['usage'] !== undefined || fieldsOf(options?.['codebuff'])?.['usage'] !== undefined
      ? [options]
      : [];
  });
  return calls.at(-1);
}

/** Cached tokens under OpenAI's name are part of the prompt; under Anthropic's they are not part of the input. */
function tokensOf(counts: Fields): LogTokens {
  const first = (...names: readonly string[]): number => {
    for (const name of names) if (typeof counts[name] === 'number') return countOf(counts[name]);
    return 0;
  };
  const output = first('outputTokens', 'output_tokens', 'completionTokens', 'completion_tokens');
  const input = first('inputTokens', 'input_tokens', 'promptTokens', 'prompt_tokens');
  const details = fieldsOf(counts['promptTokensDetails'] ?? counts['prompt_tokens_details']);
  const inside = countOf(details?.['cachedTokens'] ?? details?.['cached_tokens']);
  if (inside > 0) return including({ input, output, cacheRead: inside });
  return beside({
    input,
    output,
    cacheRead: first('cacheReadInputTokens', 'cache_read_input_tokens', 'cachedInputTokens'),
    cacheWrite: first('cacheCreationInputTokens', 'cache_creation_input_tokens'),
  });
}
