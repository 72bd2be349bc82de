import type { Ledger } from '../ledger/ledger.ts';
import type { UsageRecord } from '../usage/record.ts';
import { isLive } from './joining.ts';

/** Programs with an OpenTelemetry SDK that are no agent with a log that we read. */
export const OTHER_PROGRAMS = 'otel, other programs';

/** Records read at a time. */
const PAGE = 10_000;

/** Findings that need every record. */
export interface RecordScan {
  priced: number;
  unpriced: number;
  /** Records with the price of a similar model. */
  assumed: { model: string; priceOf: string; records: number }[];
  /** Records in which a source guessed counts, and how many tokens. */
  estimated: { records: number; tokens: number };
  /** By the source of live reports, for example `claude-code-otel`; that of Copilot is `otel`, and {@link OTHER_PROGRAMS} are apart. */
  live: Map<string, LiveScan>;
}

export interface LiveScan {
  /** Time of the newest call that was received live, ISO 8601. */
  lastHeard: string;
  /** Calls that were received live and also read from a log. */
  joined: number;
  /** Their tokens by the log, and by the live reports. */
  logTokens: number;
  liveTokens: number;
}

export async function scanRecords(ledgers: readonly Ledger[]): Promise<RecordScan> {
  const scan: RecordScan = {
    priced: 0,
    unpriced: 0,
    assumed: [],
    estimated: { records: 0, tokens: 0 },
    live: new Map(),
  };
  const assumed = new Map<string, RecordScan['assumed'][number]>();
  for (const ledger of ledgers) {
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await ledger.page({ filter: {}, sort: 'time', descending: false, offset, limit: PAGE });
      for (const { record } of rows) {
        addPrice(record, scan, assumed);
        const { estimated_tokens: guessed = 0 } = record;
        if (guessed > 0) {
          scan.estimated.records++;
          scan.estimated.tokens += guessed;
        }
        addLive(record, scan.live);
      }
      if (rows.length < PAGE) break;
    }
  }
  scan.assumed = [...assumed.values()].sort((a, b) => b.records - a.records);
  return scan;
}

function addPrice(record: UsageRecord, scan: RecordScan, assumed: Map<string, RecordScan['assumed'][number]>): void {
  if (record.cost_known) scan.priced++;
  else scan.unpriced++;
  const priceOf = / [^\s/]+\/(\S+) assumed/.exec(record.price_source ?? '')?.[1];
  if (priceOf === undefined) return;
  const key = `${record.model}\0${priceOf}`;
  const known = assumed.get(key) ?? { model: record.model, priceOf, records: 0 };
  known.records++;
  assumed.set(key, known);
}

/** All spans of model calls have the source `otel`. */
function isOfCopilot({ agent, source, confirmed_by: other }: UsageRecord): boolean {
  return [agent, source, other].some((text) => typeof text === 'string' && /\bcopilot\b/.test(text));
}

function addLive(record: UsageRecord, live: Map<string, LiveScan>): void {
  const { source, confirmed_by: other } = record;
  const report = isLive(record) ? source : other?.split(' ')[0];
  if (typeof report !== 'string' || !/-otel$|^otel$/.test(report)) return;
  const reporter = report === 'otel' && !isOfCopilot(record) ? OTHER_PROGRAMS : report;
  const known = live.get(reporter) ?? { lastHeard: '', joined: 0, logTokens: 0, liveTokens: 0 };
  if (record.timestamp > known.lastHeard) known.lastHeard = record.timestamp;
  const { log_tokens: byLog, live_tokens: byLive } = record;
  if (typeof byLog === 'number' && typeof byLive === 'number') {
    known.joined++;
    known.logTokens += byLog;
    known.liveTokens += byLive;
  }
  live.set(reporter, known);
}
