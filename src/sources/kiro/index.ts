import { join } from 'node:path';
import { fieldsOf, firstText, labelOf, nameOf, parseJson, stemOf, timeOf, type Fields } from '../fields.ts';
import { usageId } from '../reading/identity.ts';
import { foldersOr } from '../reading/places.ts';
import { readTextFile } from '../reading/whole.ts';
import { logRecord } from '../record.ts';
import type { Sink, Source, SourceFile } from '../source.ts';
import { settleEntry } from '../generic/index.ts';

/**
 * Kiro, which logs credits but no tokens: in the description of a command-line session, and in the messages of an editor
 * session. The price of a credit is the public one outside a plan, so the cost is an estimate.
 */
export const kiro: Source = {
  id: 'kiro',
  title: 'Kiro',
  locate: (environment) =>
    foldersOr(environment, 'KIRO_HOME', join(environment.home, '.kiro')).map((folder) => join(folder, 'sessions')),
  matches: (relative) => /^cli\/[^/]+\.json$/.test(relative) || /\/sess_[^/]+\/messages\.jsonl$/.test(relative),
  reading: () => ({ kind: 'whole', read: readSession }),
  settle: settleEntry,
};

const SOURCE = 'kiro-log';
/** USD, public price of a credit outside a plan. */
const CREDIT_USD = 0.04;
/** Deeper than the turns of a session are nested. */
const MAX_DEPTH = 12;

function readSession(file: SourceFile, sink: Sink): void {
  const text = readTextFile(file, sink);
  if (text === undefined) return;
  const documents = file.relative.endsWith('.jsonl') ? text.split('\n') : [text];
  const parts = file.relative.split('/');
  const session: Session = {
    id: parts[0] === 'cli' ? stemOf(file.relative) : parts.at(-2)!.replace(/^sess_/, ''),
    time: new Date(file.modifiedAt).toISOString(),
    folder: undefined,
    model: 'auto',
    turns: 0,
  };
  for (const [index, document] of documents.entries()) {
    if (document.trim() === '') continue;
    const value = parseJson(document);
    if (value === undefined) sink.skip('not-json', undefined, index + 1);
    else walk(value, session, sink, 0);
  }
}

/** A session, and the usage found in it so far. */
interface Session {
  id: string;
  time: string;
  folder: string | undefined;
  model: string;
  turns: number;
}

/** Finds metered usage at any depth. */
function walk(value: unknown, session: Session, sink: Sink, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const each of value as unknown[]) walk(each, session, sink, depth + 1);
    return;
  }
  const fields = fieldsOf(value);
  if (fields === undefined) return;
  session.folder = firstText(fields, 'cwd') ?? session.folder;
  session.model = firstText(fields, 'model_id', 'modelId', 'model') ?? session.model;
  session.time = timeIn(fields) ?? session.time;
  const metered = fields['metering_usage'] ?? fields['meteringUsage'] ?? fields['usageSummary'];
  if (Array.isArray(metered)) return tell(fields, metered as unknown[], session, sink);
  for (const each of Object.values(fields)) if (typeof each === 'object') walk(each, session, sink, depth + 1);
}

function timeIn(fields: Fields): string | undefined {
  for (const name of ['end_timestamp', 'endTime', 'timestamp', 'created_at', 'createdAt']) {
    const time = timeOf(fields[name]);
    if (time !== undefined) return time;
  }
  return undefined;
}

function tell(turn: Fields, metered: readonly unknown[], session: Session, sink: Sink): void {
  let credits = 0;
  for (const each of metered.map(fieldsOf)) {
    const unit = firstText(each, 'unit');
    const value = each?.['value'] ?? each?.['usage'];
    if (unit !== undefined && !/^credits?$/i.test(unit)) return sink.skip('unknown-format', `unit ${unit}`);
    if (typeof value === 'number' && value > 0) credits += value;
  }
  session.turns++;
  if (!(credits > 0)) return;
  const id = firstText(turn, 'loop_id', 'executionId', 'execution_id', 'turn_id', 'id') ?? `turn ${session.turns}`;
  const record = logRecord({
    usageId: usageId(SOURCE, [session.id, id]),
    source: SOURCE,
    provider: 'kiro',
    model: nameOf(session.model),
    operation: 'agent',
    timestamp: session.time,
    tokens: { input: 0, output: 0 },
    folder: session.folder,
    session: labelOf(session.id),
    more: { charge: 'credits', kiro_credits: credits },
  });
  Object.assign(record, {
    cost_usd: credits * CREDIT_USD,
    cost_known: true,
    billing_mode: 'estimated',
    price_source: `${SOURCE}: credits at $${CREDIT_USD}`,
  });
  sink.usage({ record, isPriced: true });
}
