import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersIn, foldersOr } from '../reading/places.ts';
import { readJsonObject } from '../reading/whole.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

/** Droid (Factory): sums of each session in `<session>.settings.json`, beside the session's log. */
export const droid: Source = {
  id: 'droid',
  title: 'Droid',
  locate: (environment) => {
    const { home } = environment;
    const given = foldersIn(environment, 'DROID_SESSIONS_DIR');
    if (given.length > 0) return given;
    return foldersOr(environment, 'FACTORY_DIR', join(home, '.factory')).map((folder) => join(folder, 'sessions'));
  },
  matches: (relative) => relative.endsWith('.settings.json'),
  reading: () => ({ kind: 'whole', read: readSession }),
  settle: keepLarger,
};

const SOURCE = 'droid-log';
/** Number of bytes at the start of a session's log that are searched for its model. */
const HEAD = 512 * 1024;

function readSession(file: SourceFile, sink: Sink): void {
  const settings = readJsonObject(file, sink);
  const counts = countsIn(settings, 'tokenUsage', sink);
  if (settings === undefined || counts === undefined) return;
  const tokens = beside(
    {
      input: countOf(counts['inputTokens']),
      output: countOf(counts['outputTokens']),
      cacheRead: countOf(counts['cacheReadTokens']),
      cacheWrite: countOf(counts['cacheCreationTokens']),
      reasoning: countOf(counts['thinkingTokens']),
    },
    'beside',
  );
  // In some sessions only the total is known: it is counted as output, as ccusage does.
  const rest = countOf(counts['totalTokens']) - tokens.input - tokens.output;
  if (rest > 0) tokens.output += rest;
  if (isNone(tokens)) return;
  const session = file.relative.slice(file.relative.lastIndexOf('/') + 1).replace(/\.settings\.json$/, '');
  const log = logHead(file.path.replace(/\.settings\.json$/, '.jsonl'));
  const model = modelName(textOf(settings['model']) ?? /Model:\s*([^\n\\"]+)/.exec(log)?.[1] ?? 'unknown');
  const provider = textOf(settings['providerLock']);
  const payer = payerOf({ model, provider });
  const begun = timeOf(settings['providerLockTimestamp']) ?? new Date(file.modifiedAt).toISOString();
  const first = fieldsOf(parseJson(log.slice(0, Math.max(0, log.indexOf('\n')))));
  sink.usage({
    record: logRecord({
      usageId: usageId(SOURCE, [session]),
      source: SOURCE,
      provider: nameOf(payer?.provider ?? 'unknown'),
      model,
      operation: 'agent',
      timestamp: begun,
      tokens,
      folder: firstText(first, 'cwd'),
      session: labelOf(session),
      more: { ...WHOLE_SESSION, charge: payer?.charge },
    }),
  });
}

/** `custom:Claude Opus 4.5 [Anthropic]` -> `claude-opus-4-5`. */
function modelName(name: string): string {
  return nameOf(
    name
      .replace(/^custom:/, '')
      .replace(/\[[^\]]*\]/g, '')
      .trim()
      .replace(/[\s.]+/g, '-')
      .replace(/-+$/, '')
      .toLowerCase(),
  );
}

function logHead(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(HEAD);
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEAD, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
