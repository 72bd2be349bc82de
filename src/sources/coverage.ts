import { existsSync } from 'node:fs';
import { emptyTotals, type Calendar, type Totals } from '../usage/query.ts';
import type { Ask } from '../usage/summary.ts';
import { addTotals } from '../usage/totals.ts';
import { AGENTS } from './agents.ts';
import { cleanupDays } from './claude-code/cleanup.ts';
import { counterparts } from './joining.ts';
import { findLogs } from './reading/walk.ts';
import type { Source, SourceEnvironment } from './source.ts';
import { WITHOUT_TOKENS } from './withoutTokens.ts';

/** How much of the usage on this machine a ledger contains. */

export interface SourceCoverage {
  id: string;
  title: string;
  /** `found`: there are logs. `empty`: there is a folder without logs. `missing`: neither. */
  state: 'found' | 'empty' | 'missing';
  places: string[];
  files: number;
  /** Records imported from it. */
  totals: Totals;
  /** Local days (`2026-11-23`); undefined if nothing was imported. */
  firstDay: string | undefined;
  lastDay: string | undefined;
  /** Days between the two without a record. Whether the tool was used on them is unknown. */
  daysWithout: number;
  /** Days until the tool deletes its oldest log; undefined if it deletes none, or the period is unknown. */
  deletedInDays: number | undefined;
  /** Facts that make the figures incomplete, as sentences. */
  remarks: string[];
}

export interface CoverageOptions {
  environment: SourceEnvironment;
  calendar: Calendar;
  /** ms since the epoch. */
  now: number;
}

const DAY_MS = 86_400_000;
const REMARKS: Readonly<Partial<Record<string, string>>> = {
  'claude-code':
    "Counts of interrupted replies are placeholders, so the sum is a lower bound (>=). Compare with Claude Code's own /cost.",
  'copilot-chat': "VS Code's chats have no cached tokens; github.copilot.chat.otel.dbSpanExporter.enabled adds them.",
  cursor: 'Export the CSV of the dashboard (cursor.com, Usage) into ~/.cursor/usage-exports.',
  kiro: 'Kiro logs credits, not tokens.',
};

/** The coverage of each source, and the tools that leave no counts on the disk. */
export async function coverageOf(ask: Ask, options: CoverageOptions): Promise<SourceCoverage[]> {
  const result: SourceCoverage[] = [];
  for (const source of AGENTS) result.push(await sourceCoverage(source, ask, options));
  return result;
}

/** Names and alternatives of tools without token counts. */
export function withoutCounts(): { id: string; title: string; instead: string }[] {
  return Object.entries(WITHOUT_TOKENS).map(([id, tool]) => ({ id, ...tool }));
}

async function sourceCoverage(source: Source, ask: Ask, options: CoverageOptions): Promise<SourceCoverage> {
  const { environment, calendar, now } = options;
  const places = source.locate(environment);
  const { files } = await findLogs(source, places);
  const log = `${source.id}-log`;
  // A call that was received live before its log was read keeps its source. Spans of `otel` may be of any program.
  const live = counterparts(log).filter((each) => each !== 'otel');
  const filter = { values: { source: [log, `${source.id}-csv`, ...live] } };
  const groups = await ask({ filter, groupBy: ['day'], calendar });
  const totals = emptyTotals();
  for (const group of groups) addTotals(totals, group.totals);
  const days = groups.flatMap(({ key }) => key[0] ?? []);
  const [firstDay, lastDay] = [days[0], days.at(-1)];
  const span = firstDay === undefined ? 0 : Math.round((Date.parse(lastDay!) - Date.parse(firstDay)) / DAY_MS) + 1;
  const isThere = files.length > 0 || places.some((place) => existsSync(place));
  const kept = source.id === 'claude-code' ? cleanupDays(environment) : undefined;
  const oldest = files.reduce((least, { modifiedAt }) => Math.min(least, modifiedAt), Number.POSITIVE_INFINITY);
  const hasUsage = files.length > 0 || totals.records > 0;
  const remark = REMARKS[source.id];
  return {
    id: source.id,
    title: source.title,
    state: files.length > 0 ? 'found' : isThere ? 'empty' : 'missing',
    places,
    files: files.length,
    totals,
    firstDay,
    lastDay,
    daysWithout: span - days.length,
    deletedInDays:
      kept === undefined || files.length === 0 ? undefined : Math.max(0, Math.ceil((oldest - now) / DAY_MS + kept)),
    remarks: remark === undefined || !(hasUsage || source.id === 'cursor') ? [] : [remark],
  };
}
