import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NANOS_PER_USD } from '../../usage/money.ts';
import { columnsOf, readDatabase, readTable, type DatabaseRow, type Rows } from '../reading/database.ts';
import { countOf, labelOf, nameOf, textOf } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { databaseTime } from '../reading/databaseTime.ts';
import { logRecord } from '../record.ts';
import type { FoundUsage, Sink, SourceFile } from '../source.ts';
import { including, isNone } from '../tokens.ts';
import { vendorOf } from '../vendors.ts';

/** The session database of Copilot CLI. Its input counts include cached tokens, its output counts reasoning. */

const SOURCE = 'copilot-cli-log';
/** USD per AI credit. */
const CREDIT_USD = 0.01;
/** While telemetry is on, a session missing from it may just be new. */
const SETTLED_MS = 10 * 60_000;

/** @param telemetry folders and files of spans; sessions in these are skipped. */
export function readStore(file: SourceFile, sink: Sink, telemetry: readonly string[]): void {
  const otel = new Set<unknown>(telemetry.flatMap((place) => [...sessionsIn(place)]));
  readDatabase(file, sink, (rows) => {
    const sessions = sessionsOf(rows);
    const table = {
      name: 'assistant_usage_events',
      needed: ['id', 'session_id', 'model', 'input_tokens', 'output_tokens', 'created_at'],
      wanted: ['cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens', 'total_nano_aiu', 'initiator'],
    };
    readTable(rows, sink, table, (row) => {
      if (otel.has(row['session_id'])) return;
      const found = usageOf(row, sessions);
      if (typeof found === 'string') return sink.skip(found, String(row['id']));
      if (found === undefined) return;
      if (otel.size > 0 && Date.now() - Date.parse(found.record.timestamp) < SETTLED_MS) return;
      sink.usage(found);
    });
  });
}

interface Session {
  cwd: string | undefined;
  branch: string | undefined;
}

function sessionsOf(rows: Rows): ReadonlyMap<unknown, Session> {
  const there = columnsOf(rows, 'sessions');
  if (!there.has('cwd')) return new Map();
  const branch = there.has('branch') ? 'branch' : 'NULL AS branch';
  return new Map(
    [...rows(`SELECT id, cwd, ${branch} FROM sessions`)].map((row) => [
      row['id'],
      { cwd: textOf(row['cwd']), branch: textOf(row['branch']) },
    ]),
  );
}

function usageOf(row: DatabaseRow, sessions: ReadonlyMap<unknown, Session>): FoundUsage | 'no-time' | undefined {
  const tokens = including({
    input: countOf(row['input_tokens']),
    output: countOf(row['output_tokens']),
    cacheRead: countOf(row['cache_read_tokens']),
    cacheWrite: countOf(row['cache_write_tokens']),
    reasoning: countOf(row['reasoning_tokens']),
  });
  const units = row['total_nano_aiu'];
  const credits = typeof units === 'number' && units >= 0 ? units / Number(NANOS_PER_USD) : undefined;
  if (isNone(tokens) && !credits) return undefined;
  const timestamp = databaseTime(row['created_at']);
  if (timestamp === undefined) return 'no-time';
  const session = textOf(row['session_id']);
  const { cwd, branch } = sessions.get(row['session_id']) ?? { cwd: undefined, branch: undefined };
  const model = nameOf(textOf(row['model']) ?? 'unknown');
  const record = logRecord({
    // Row numbers start over when the database is recreated: the other values of the row make the id unique.
    usageId: usageId(SOURCE, [session, String(row['id']), timestamp, model, tokens.input, tokens.output]),
    source: SOURCE,
    provider: vendorOf(model) ?? 'github-copilot',
    model,
    operation: 'agent',
    timestamp,
    tokens,
    folder: cwd,
    branch: labelOf(branch),
    session: labelOf(session),
    more: { store_row: Number(row['id']), ai_credits: credits, charge: credits === undefined ? undefined : 'credits' },
  });
  if (credits === undefined) return { record };
  Object.assign(record, {
    cost_usd: credits * CREDIT_USD,
    cost_known: true,
    billing_mode: 'estimated',
    price_source: `${SOURCE}: AI credits at $${CREDIT_USD}`,
  });
  return { record, isPriced: true };
}

/** Sessions found in each file, by path and size, so that a second import does not read the telemetry again. */
const known = new Map<string, ReadonlySet<string>>();
const CONVERSATION =
  /"gen_ai\.conversation\.id"\s*:\s*"([^"]+)"|"key"\s*:\s*"gen_ai\.conversation\.id"\s*,\s*"value"\s*:\s*\{\s*"stringValue"\s*:\s*"([^"]+)"/g;
const CHUNK = 4 * 1024 * 1024;
/** Longer than any match of {@link CONVERSATION}. */
const OVERLAP = 1024;

/** The sessions in a file of telemetry, or in those of a folder. */
function sessionsIn(place: string): ReadonlySet<string> {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return new Set();
  if (!stats.isDirectory()) return sessionsInFile(place);
  const names = readdirSync(place).filter((name) => name.endsWith('.jsonl'));
  return new Set(names.flatMap((name) => [...sessionsInFile(join(place, name))]));
}

function sessionsInFile(path: string): ReadonlySet<string> {
  const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
  const key = `${path} ${size} ${mtimeMs}`;
  let sessions = known.get(key);
  if (sessions === undefined) known.set(key, (sessions = scan(path)));
  return sessions;
}

function scan(path: string): ReadonlySet<string> {
  const sessions = new Set<string>();
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(CHUNK);
    let before = '';
    for (let at = 0; ;) {
      const read = readSync(fd, bytes, 0, CHUNK, at);
      if (read === 0) return sessions;
      at += read;
      const text = before + bytes.toString('latin1', 0, read);
      for (const [, plain, typed] of text.matchAll(CONVERSATION)) sessions.add((plain ?? typed)!);
      before = text.slice(-OVERLAP);
    }
  } finally {
    closeSync(fd);
  }
}
