import { join } from 'node:path';
import type { DatabaseRow } from '../reading/database.ts';
import { readDatabase, readTable } from '../reading/database.ts';
import type { Fields } from '../fields.ts';
import { countOf, fieldsOf, firstText, labelOf, nameOf, parseJson, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { databaseTime } from '../reading/databaseTime.ts';
import { localData } from '../reading/places.ts';
import { payerOf } from '../payer.ts';
import { logRecord, WHOLE_SESSION, type LogTokens } from '../record.ts';
import { keepLarger, type Sink, type Source, type SourceFile } from '../source.ts';
import { beside, isNone } from '../tokens.ts';
import { countsIn } from '../reading/parts.ts';
import { withoutZstd, zstd } from '../reading/zstd.ts';

/**
 * Zed: threads in an SQLite database, each a JSON document, usually compressed. It contains the counts of each of the user's
 * messages, and those of the whole thread, which may be larger.
 */
export const zed: Source = {
  id: 'zed',
  title: 'Zed',
  locate: (environment) => {
    const name = environment.platform === 'linux' ? 'zed' : 'Zed';
    return [join(localData(environment), name, 'threads', 'threads.db')];
  },
  matches: (relative) => relative.endsWith('threads.db'),
  reading: () => ({ kind: 'whole', read: readThreads }),
  settle: keepLarger,
};

const SOURCE = 'zed-log';
/** The id of the part of a thread that none of its messages covers. */
const REST = 'rest';

function readThreads(file: SourceFile, sink: Sink): void {
  readDatabase(file, sink, (rows) => {
    const table = { name: 'threads', needed: ['id', 'updated_at', 'data'], wanted: ['data_type', 'created_at'] };
    readTable(rows, sink, table, (row) => readThread(row, sink));
  });
}

function readThread(row: DatabaseRow, sink: Sink): void {
  const id = String(row['id']);
  const thread = documentOf(row, sink, id);
  if (thread === undefined) return;
  const timestamp = databaseTime(row['updated_at']);
  if (timestamp === undefined) return sink.skip('no-time', id);
  const used = fieldsOf(thread['model']);
  const model = nameOf(firstText(used, 'model') ?? 'unknown');
  const payer = payerOf({ model, provider: firstText(used, 'provider') });
  const tell = (key: string, tokens: LogTokens): void => {
    if (isNone(tokens)) return;
    sink.usage({
      record: logRecord({
        usageId: usageId(SOURCE, [id, key]),
        source: SOURCE,
        provider: nameOf(payer?.provider ?? 'unknown'),
        model,
        operation: 'agent',
        timestamp,
        tokens,
        session: labelOf(id),
        // A message may have taken several calls, and the only time logged is the thread's last change.
        more: { ...WHOLE_SESSION, charge: payer?.charge },
      }),
    });
  };
  const requests = countsIn(thread, 'request_token_usage', sink) ?? {};
  const told: LogTokens[] = Object.keys(requests).map((message) => {
    const tokens = tokensOf(countsIn(requests, message, sink));
    tell(message, tokens);
    return tokens;
  });
  tell(REST, remainder(tokensOf(countsIn(thread, 'cumulative_token_usage', sink)), told));
}

function documentOf(row: DatabaseRow, sink: Sink, id: string): Fields | undefined {
  const { data } = row;
  let text: string | undefined;
  if (typeof data === 'string') text = data;
  else if (data instanceof Uint8Array) {
    if (row['data_type'] !== 'zstd') text = Buffer.from(data).toString('utf8');
    else text = zstd()?.zstdDecompressSync(data).toString('utf8');
    if (text === undefined) sink.skip('unreadable', withoutZstd(id));
  } else sink.skip('not-json', id);
  if (text === undefined) return undefined;
  const fields = fieldsOf(parseJson(text));
  if (fields === undefined) sink.skip('not-json', textOf(id));
  return fields;
}

function tokensOf(counts: Fields | undefined): LogTokens {
  return beside({
    input: countOf(counts?.['input_tokens']),
    output: countOf(counts?.['output_tokens']),
    cacheRead: countOf(counts?.['cache_read_input_tokens']),
    cacheWrite: countOf(counts?.['cache_creation_input_tokens']),
  });
}

/** The part of the whole beyond the sum of its parts. */
function remainder(whole: LogTokens, parts: readonly LogTokens[]): LogTokens {
  const left = (count: (tokens: LogTokens) => number): number =>
    Math.max(0, count(whole) - parts.reduce((sum, each) => sum + count(each), 0));
  const cacheRead = left((each) => each.cacheRead ?? 0);
  const cacheWrite = left((each) => each.cacheWrite ?? 0);
  const plain = left((each) => each.input - (each.cacheRead ?? 0) - (each.cacheWrite ?? 0));
  return { input: plain + cacheRead + cacheWrite, output: left((each) => each.output), cacheRead, cacheWrite };
}
