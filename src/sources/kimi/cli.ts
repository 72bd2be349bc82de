import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf, timeOf, type Fields } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersIn } from '../reading/places.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type LineParser, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone, takeTotal } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';

/**
 * Kimi CLI, the predecessor of Kimi Code: `sessions/<hash of the folder>/<session>/wire.jsonl`, and one file below `subagents/`
 * for each agent. A status has the counts of the last call.
 */
export const kimiCli: Source = {
  id: 'kimi-cli',
  title: 'Kimi CLI',
  locate: (environment) => {
    const given = [...foldersIn(environment, 'KIMI_DATA_DIR'), ...foldersIn(environment, 'KIMI_SHARE_DIR')];
    const homes = given.length > 0 ? given : [join(environment.home, '.kimi')];
    return homes.map((home) => join(home, 'sessions'));
  },
  matches: (relative) => /^[^/]+\/[^/]+\/(subagents\/[^/]+\/)?wire\.jsonl$/.test(relative),
  reading: () => ({ kind: 'lines', markers: ['"token_usage"'], parser: (file) => new WireLines(file) }),
  settle: keepLarger,
};

const SOURCE = 'kimi-cli-log';
/** The tool's name for its provider's current model. */
const OWN_NAME = 'kimi-for-coding';
/** Time at which the provider assigned another model to the name. */
const RENAMED_MS = 1_776_698_890_072;

class WireLines implements LineParser {
  readonly #parts: readonly string[];
  readonly #home: string;
  #told: { model: string; folder: string | undefined } | undefined;

  constructor({ path, relative }: SourceFile) {
    this.#parts = relative.split('/');
    this.#home = dirname(path.slice(0, path.length - relative.length - 1));
  }

  state(): null {
    return null;
  }

  line(bytes: Buffer, sink: Sink): void {
    const entry = fieldsOf(parseJson(bytes.toString('utf8')));
    if (entry === undefined) return sink.skip('not-json');
    const message = fieldsOf(entry['message']);
    const payload = fieldsOf(message?.['payload']);
    if (message?.['type'] !== 'StatusUpdate') return;
    const counts = countsIn(payload, 'token_usage', sink);
    if (counts === undefined) return;
    const timestamp = timeOf(entry['timestamp']);
    if (timestamp === undefined) return sink.skip('no-time');
    const tokens = beside({
      input: countOf(counts['input_other']),
      output: countOf(counts['output']),
      cacheRead: countOf(counts['input_cache_read']),
      cacheWrite: countOf(counts['input_cache_creation']),
    });
    if (isNone(tokens)) takeTotal(tokens, countOf(counts['total']));
    if (isNone(tokens)) return;
    const [hash, session, , agent] = this.#parts;
    const messageId = textOf(payload?.['message_id']);
    this.#told ??= { model: configuredModel(this.#home), folder: folderOfHash(this.#home, hash ?? '') };
    const { model, folder } = this.#told;
    const key = [tokens.input, tokens.cacheRead, tokens.cacheWrite, tokens.output];
    sink.usage({
      record: logRecord({
        usageId: usageId(SOURCE, [session, agent, messageId, String(entry['timestamp']), ...key]),
        source: SOURCE,
        provider: 'moonshotai',
        model: nameOf(modelAt(model, timestamp)),
        operation: agent === undefined ? 'agent' : 'subagent',
        timestamp,
        tokens,
        folder,
        session: labelOf(session),
        more: { message_id: messageId, model_name: model === OWN_NAME ? model : undefined },
      }),
    });
  }
}

/** The provider's name of the model that `kimi-for-coding` referred to at a time. */
export function modelAt(model: string, timestamp: string): string {
  if (model !== OWN_NAME) return model;
  return Date.parse(timestamp) < RENAMED_MS ? 'kimi-k2.5' : 'kimi-k2.6';
}

/** The log names no model, so the model in the settings is used, although it may have been another one at that time. */
function configuredModel(home: string): string {
  const settings = jsonIn(join(home, 'config.json'));
  const named = firstText(settings, 'model', 'default_model');
  return (
    named ?? /^\s*(?:default_)?model\s*=\s*["']([^"']+)["']/m.exec(textIn(join(home, 'config.toml')))?.[1] ?? OWN_NAME
  );
}

/** The folder whose MD5 is the name of the sessions' folder, from the list in `kimi.json`. */
function folderOfHash(home: string, hash: string): string | undefined {
  const folders = jsonIn(join(home, 'kimi.json'))?.['work_dirs'];
  for (const each of Array.isArray(folders) ? (folders as unknown[]) : []) {
    const path = textOf(fieldsOf(each)?.['path']);
    if (path !== undefined && md5(path) === hash) return path;
  }
  return undefined;
}

function md5(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('md5').update(text).digest('hex');
}

function jsonIn(path: string): Fields | undefined {
  return fieldsOf(parseJson(textIn(path)));
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
