import type { UsageRecord } from '../usage/record.ts';
import { textOf } from './fields.ts';

/**
 * Prevents counting a call twice: an agent reports a call live (OpenTelemetry) and writes it to its log, and the two reports
 * are joined here. Exact ids decide if both have them (`request_id`, `response_id`); otherwise the session, the counts and the
 * time do. The two become one record, under the id of the one that came first: its tokens are those of the more complete
 * report, its project, branch and session are the log's, and `confirmed_by` names the other report, so that either may arrive
 * again.
 */

/** Maximum time between the two reports of a call, ms: a log has the time of a line, an event that of the response. */
export const MEETING_MS = 120_000;

const LIVE = /-otel$|^otel$/;

export function isLive(record: UsageRecord): boolean {
  return LIVE.test(textOf(record['source']) ?? '');
}

/** The `source` of a log's reports, and of the live reports of the same calls. */
const PAIRS: readonly (readonly [log: string, live: string])[] = [
  ['claude-code-log', 'claude-code-otel'],
  ['codex-log', 'codex-otel'],
  ['gemini-cli-log', 'gemini-cli-otel'],
  ['qwen-code-log', 'qwen-otel'],
  ['copilot-chat-log', 'otel'],
  ['copilot-cli-log', 'otel'],
];

/** Sources whose log consists of two stores, each of which has its own report of a call. */
const TWO_STORES: ReadonlySet<unknown> = new Set(['copilot-cli-log']);

export function hasTwoStores(source: unknown): boolean {
  return TWO_STORES.has(source);
}

/** The `source` values of the other reports of the same calls; none when a source has only one kind of report. */
export function counterparts(source: unknown): readonly string[] {
  const live = PAIRS.flatMap(([log, other]) => (source === log ? [other] : source === other ? [log] : []));
  return hasTwoStores(source) ? [...live, String(source)] : live;
}

/** Whether neither of two reports of a call was received live. */
function areOfTwoStores(a: UsageRecord, b: UsageRecord): boolean {
  return hasTwoStores(a['source']) && a['source'] === b['source'];
}

/** Whether two reports are from the same store, so that they are of two calls. Rows of a database have `store_row`. */
function areOfOneStore(a: UsageRecord, b: UsageRecord): boolean {
  return a['source'] === b['source'] && (a['store_row'] === undefined) === (b['store_row'] === undefined);
}

/** The value of `confirmed_by` for a record's other report. */
function reportOf(record: UsageRecord): string {
  return `${String(record['source'])} ${record.usage_id}`;
}

/**
 * Finds the stored records that match reports of calls. A stored record matches at most one report.
 * @param stored records of the counterpart sources, at most {@link MEETING_MS} away from the reports.
 */
export class Meeting {
  readonly #confirmed = new Map<string, UsageRecord>();
  readonly #byId = new Map<string, UsageRecord>();
  readonly #byCounts = new Map<string, UsageRecord[]>();

  constructor(stored: Iterable<UsageRecord>) {
    for (const record of stored) this.#keep(record);
  }

  /** The stored record of the same call, merged with this report; undefined when there is none. */
  join(report: UsageRecord): UsageRecord | undefined {
    const confirmed = this.#confirmed.get(reportOf(report));
    if (confirmed !== undefined) return merged(confirmed, report);
    const met = this.#meet(report);
    if (met === undefined) return undefined;
    const record = merged(met, report);
    // The same report may come twice at once.
    this.#confirmed.set(reportOf(report), record);
    return record;
  }

  #keep(record: UsageRecord): void {
    const by = textOf(record['confirmed_by']);
    if (by !== undefined) {
      this.#confirmed.set(by, record);
      return;
    }
    for (const id of idsOf(record)) if (!this.#byId.has(id)) this.#byId.set(id, record);
    const key = countsOf(record);
    const equal = this.#byCounts.get(key);
    if (equal === undefined) this.#byCounts.set(key, [record]);
    else equal.push(record);
  }

  #meet(report: UsageRecord): UsageRecord | undefined {
    const wanted = counterparts(report['source']);
    const isOther = (each: UsageRecord): boolean =>
      wanted.includes(String(each['source'])) && !areOfOneStore(each, report);
    const exact = idsOf(report)
      .map((id) => this.#byId.get(id))
      .find((each) => each !== undefined && isOther(each));
    const time = Date.parse(report.timestamp);
    const near = (this.#byCounts.get(countsOf(report)) ?? [])
      .filter((each) => isOther(each) && !areTwoCalls(each, report))
      .map((each) => ({ each, apart: Math.abs(Date.parse(each.timestamp) - time) }))
      .filter(({ apart }) => apart <= MEETING_MS)
      .toSorted((a, b) => a.apart - b.apart)[0];
    const met = exact ?? near?.each;
    if (met !== undefined) this.#take(met);
    return met;
  }

  #take(record: UsageRecord): void {
    for (const id of idsOf(record)) this.#byId.delete(id);
    const equal = this.#byCounts.get(countsOf(record));
    equal?.splice(equal.indexOf(record), 1);
  }
}

const ID_FIELDS = ['request_id', 'response_id'] as const;

/** Iterations of a reply share the request; the first one is joined with the live report. */
function idsOf(record: UsageRecord): string[] {
  if (textOf(record['message_id'])?.includes('/') === true) return [];
  return ID_FIELDS.flatMap((field) => {
    const id = textOf(record[field]);
    return id === undefined ? [] : [`${field} ${id}`];
  });
}

/** Whether both have an id of the same kind, and these differ. An id that only one of them has says nothing. */
function areTwoCalls(a: UsageRecord, b: UsageRecord): boolean {
  return ID_FIELDS.some(
    (field) => textOf(a[field]) !== undefined && textOf(b[field]) !== undefined && a[field] !== b[field],
  );
}

function countsOf(record: UsageRecord): string {
  const { session_id, input_tokens, output_tokens, cache_read_tokens = 0 } = record;
  return [session_id ?? '', input_tokens, output_tokens, cache_read_tokens].join(' ');
}

const TOKEN_FIELDS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
] as const;
const COST_FIELDS = ['cost_usd', 'cost_known', 'billing_mode', 'price_source'] as const;

/**
 * Merges two reports into one record, under the id of `there`. Its cost is that of the report whose tokens count.
 * @param there a stored record, possibly already merged.
 * @param report the other report, or the same one again.
 */
export function merged(there: UsageRecord, report: UsageRecord): UsageRecord {
  const isNew = textOf(there['confirmed_by']) === undefined;
  const [log, live] = isLive(report) ? [there, report] : [report, there];
  // For place fields the log's values win; both reports have the call itself.
  const record: UsageRecord = { ...live, ...log, usage_id: there.usage_id };
  // Notes that an import keeps beside a record's fields.
  for (const symbol of Object.getOwnPropertySymbols(record)) Reflect.deleteProperty(record, symbol);
  const fuller = fullerOf(log, live);
  for (const field of [...TOKEN_FIELDS, ...COST_FIELDS]) {
    if (fuller[field] === undefined) delete record[field];
    else (record as Record<string, unknown>)[field] = fuller[field];
  }
  record.timestamp = there.timestamp;
  record.source = there.source ?? null;
  record.confirmed_by = isNew ? reportOf(report) : (there.confirmed_by ?? null);
  noteTotals(record, { there, report, isNew });
  return record;
}

/**
 * Keeps the tokens by the log and by the live report: their difference is the only available measure of a log's accuracy. Iterations of a
 * reply are not compared, because the live report covers all of them.
 */
function noteTotals(
  record: UsageRecord,
  { there, report, isNew }: { there: UsageRecord; report: UsageRecord; isNew: boolean },
): void {
  if (typeof record['iterations'] === 'number' || areOfTwoStores(there, report)) return;
  const told = isLive(report) ? 'live_tokens' : 'log_tokens';
  const other = isLive(report) ? 'log_tokens' : 'live_tokens';
  record[told] = Math.max(report.total_tokens, Number(isNew ? 0 : (there[told] ?? 0)));
  record[other] = isNew ? there.total_tokens : (there[other] ?? there.total_tokens);
}

/**
 * If both are equal, returns the log's, which splits cache writes by duration. A log that lists a reply's iterations counts
 * each separately.
 */
function fullerOf(log: UsageRecord, live: UsageRecord): UsageRecord {
  if (typeof log['iterations'] === 'number') return log;
  // Only a row of the database says what was charged.
  if (areOfTwoStores(log, live)) return log['store_row'] === undefined ? live : log;
  return live.total_tokens > log.total_tokens ? live : log;
}
