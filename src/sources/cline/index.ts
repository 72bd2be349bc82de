import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { guarded } from '../reading/guarded.ts';
import { usageId } from '../reading/identity.ts';
import { editorFolders } from '../reading/places.ts';
import { readJsonFile } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord, type LogTokens } from '../record.ts';
import {
  keepLarger,
  type FoundUsage,
  type Sink,
  type Source,
  type SourceEnvironment,
  type SourceFile,
} from '../source.ts';
import { beside, including, isNone } from '../tokens.ts';
import { messageFields } from '../reading/parts.ts';

/**
 * Cline and its forks: one folder per task, with the messages shown to the user in `ui_messages.json`. Messages of the kind
 * `api_req_started` contain the counts of a request, as JSON in their text.
 */
interface Extension {
  id: string;
  title: string;
  /** The editor's folder name for the extension. */
  folder: string;
  /** Task folders in other places. */
  more?: (environment: SourceEnvironment) => string[];
  /** Whether `tokensIn` includes cached tokens; if it is smaller than they are, it does not. */
  isInputWhole: boolean;
}

function extension({ id, title, folder, more, isInputWhole }: Extension): Source {
  return {
    id,
    title,
    locate: (environment) => [
      ...editorFolders(environment).map((user) => join(user, 'globalStorage', folder, 'tasks')),
      ...(more?.(environment) ?? []),
    ],
    matches: (relative) => /^[^/]+\/ui_messages\.json$/.test(relative),
    enters: (relative) => !relative.includes('/'),
    reading: () => ({ kind: 'whole', read: (file, sink) => readTask(file, sink, `${id}-log`, isInputWhole) }),
    settle: keepLarger,
  };
}

export const cline = extension({
  id: 'cline',
  title: 'Cline',
  folder: 'saoudrizwan.claude-dev',
  more: ({ home }) => [join(home, '.cline', 'data', 'tasks')],
  isInputWhole: false,
});
export const rooCode = extension({
  id: 'roo-code',
  title: 'Roo Code',
  folder: 'rooveterinaryinc.roo-cline',
  isInputWhole: true,
});
export const kiloCode = extension({
  id: 'kilo-code',
  title: 'Kilo Code',
  folder: 'kilocode.kilo-code',
  isInputWhole: true,
});
export const zooCode = extension({
  id: 'zoo-code',
  title: 'Zoo Code',
  folder: 'zoocodeorganization.zoo-code',
  isInputWhole: true,
});

function readTask(file: SourceFile, sink: Sink, source: string, isInputWhole: boolean): void {
  const messages = readJsonFile(file, sink);
  if (messages === undefined) return;
  if (!Array.isArray(messages)) return sink.skip('unknown-format', 'not an array of messages');
  const folder = dirname(file.path);
  const task = {
    id: file.relative.split('/')[0] ?? '',
    models: modelsOf(folder),
    folder: undefined as string | undefined,
  };
  const occurrences = new Map<string, number>();
  for (const [index, message] of (messages as unknown[]).entries()) {
    guarded(sink, index + 1, (named) => {
      const fields = messageFields(message, named);
      if (fields?.['type'] !== 'say') return;
      const request = requestOf(fields);
      if (request === undefined) return;
      if (request === 'not-json') return named.skip('not-json');
      task.folder ??= folderIn(textOf(request['request']));
      const at = timeOf(fields['ts']);
      if (at === undefined) return named.skip('no-time');
      const time = String(fields['ts']);
      // Several requests may begin in the same millisecond.
      const nth = occurrences.get(time) ?? 0;
      occurrences.set(time, nth + 1);
      const found = usageOf(request, { source, task, at, time, nth, isInputWhole });
      if (found !== undefined) named.usage(found);
    });
  }
}

/** The counts in a message's text; for a condensed context only the cost is logged. */
function requestOf(message: Fields): Fields | 'not-json' | undefined {
  if (message['say'] === 'condense_context') {
    const cost = fieldsOf(message['contextCondense'])?.['cost'];
    return typeof cost === 'number' && cost > 0 ? { cost, isCondensed: true } : undefined;
  }
  if (message['say'] !== 'api_req_started' && message['say'] !== 'deleted_api_reqs') return undefined;
  const { text } = message;
  if (text === undefined || text === null || text === '') return undefined;
  return (typeof text === 'string' ? fieldsOf(parseJson(text)) : undefined) ?? 'not-json';
}

interface Request {
  source: string;
  task: { id: string; models: readonly Model[]; folder: string | undefined };
  at: string;
  time: string;
  nth: number;
  isInputWhole: boolean;
}

function usageOf(request: Fields, { source, task, at, time, nth, isInputWhole }: Request): FoundUsage | undefined {
  const tokens = tokensOf(request, isInputWhole);
  const cost = typeof request['cost'] === 'number' && request['cost'] > 0 ? request['cost'] : undefined;
  if (isNone(tokens) && cost === undefined) return undefined;
  const used = task.models.findLast((model) => model.ms <= Date.parse(at)) ?? task.models[0];
  const model = nameOf(used?.model ?? 'unknown');
  const payer = payerOf({ model, provider: used?.provider });
  const record = logRecord({
    usageId: usageId(source, nth === 0 ? [task.id, time] : [task.id, time, nth]),
    source,
    provider: nameOf(payer?.provider ?? 'unknown'),
    model,
    operation: request['isCondensed'] === true ? 'condense' : 'agent',
    timestamp: at,
    tokens,
    folder: task.folder,
    session: labelOf(task.id),
    more: { charge: payer?.charge },
  });
  return { record, loggedCost: cost };
}

function tokensOf(request: Fields, isInputWhole: boolean): LogTokens {
  const counts = {
    input: countOf(request['tokensIn']),
    output: countOf(request['tokensOut']),
    cacheRead: countOf(request['cacheReads']),
    cacheWrite: countOf(request['cacheWrites']),
  };
  return isInputWhole ? including(counts) : beside(counts);
}

interface Model {
  /** Start time, ms. */
  ms: number;
  model: string;
  provider: string | undefined;
}

/** The models of a task by time; without a list of them, the `<model>` in its conversation. */
function modelsOf(folder: string): readonly Model[] {
  const usage = fieldsOf(readBeside(folder, 'task_metadata.json'))?.['model_usage'];
  const models = (Array.isArray(usage) ? (usage as unknown[]) : []).flatMap((entry): Model[] => {
    const fields = fieldsOf(entry);
    const model = firstText(fields, 'model_id');
    const ms = Date.parse(timeOf(fields?.['ts']) ?? '');
    if (model === undefined || Number.isNaN(ms)) return [];
    return [{ ms, model, provider: firstText(fields, 'model_provider_id') }];
  });
  if (models.length > 0) return models.sort((a, b) => a.ms - b.ms);
  const told = /<model>([^<]{1,256})<\/model>/.exec(
    JSON.stringify(readBeside(folder, 'api_conversation_history.json') ?? ''),
  );
  return told === null ? [] : [{ ms: 0, model: told[1]!.trim(), provider: undefined }];
}

function readBeside(folder: string, name: string): unknown {
  try {
    return parseJson(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
}

function folderIn(request: string | undefined): string | undefined {
  return /Current Workspace Directory \(([^)\n]+)\)/.exec(request ?? '')?.[1];
}
