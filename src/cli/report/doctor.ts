import type { LiveAgent } from '../../live/liveReport.ts';
import { withoutCounts, type SourceCoverage } from '../../sources/coverage.ts';
import type { RecordScan } from '../../sources/scan.ts';
import { formatUsd, nanosToUsd, type Nanos } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { ageText, quotaAgent, type QuotaSample } from '../../usage/time/quota.ts';
import { totalsJson } from '../output/json.ts';
import { table } from '../output/table.ts';
import { styled, type Terminal } from '../output/terminal.ts';
import { OLD_PRICES_DAYS } from '../../prices/priceAge.ts';
import { counted, whole } from './numbers.ts';
import { totalsText } from './totals.ts';
import { t, tMessage, tText } from '../language/text.ts';

/** Findings of `llm-spend doctor`, which the cost history also shows. */
export interface DoctorReport {
  sources: readonly SourceCoverage[];
  scan: RecordScan;
  live: readonly LiveAgent[];
  /** Current windows of plans, and when each is used up. */
  quota: readonly { sample: QuotaSample; end: number | 'lasts' | undefined }[];
  /** Sessions whose cost Claude Code itself reported; undefined: none. */
  sessions: { sessions: number; agentNanos: Nanos; logNanos: Nanos } | undefined;
  prices: { version: string; date: string; days: number | undefined };
  /** ms since the epoch. */
  now: number;
}

/** Days before the deletion of a log at which it is reported. */
const SOON_DAYS = 7;

export function doctorJson(report: DoctorReport): Record<string, unknown> {
  const { scan, live, quota, sessions, prices } = report;
  return {
    sources: report.sources.map((source) => sourceJson(source)),
    without_counts: withoutCounts(),
    priced: scan.priced,
    unpriced: scan.unpriced,
    assumed: scan.assumed.map(({ model, priceOf, records }) => ({ model, price_of: priceOf, records })),
    estimated_tokens: scan.estimated,
    price_table: prices,
    live: live.map(({ id, title, connected, lastHeard, joined }) => ({
      agent: id,
      title,
      connected: connected ?? null,
      last_heard: lastHeard ?? null,
      joined:
        joined === undefined
          ? null
          : { calls: joined.calls, log_tokens: joined.logTokens, live_tokens: joined.liveTokens },
    })),
    quota: quota.map(({ sample, end }) => ({
      agent: sample.agent,
      window: sample.name,
      used_percent: sample.usedPercent,
      resets_at: isoOf(sample.resetsAt),
      sampled_at: isoOf(sample.at),
      empty_at: typeof end === 'number' ? isoOf(end) : null,
      lasts: end === 'lasts',
    })),
    lower_bound:
      sessions === undefined
        ? null
        : {
            sessions: sessions.sessions,
            agent_usd: nanosToUsd(sessions.agentNanos),
            log_usd: nanosToUsd(sessions.logNanos),
          },
    advice: adviceOf(report),
    live_lines: live.map((agent) => liveLine(agent, report.now)),
    plan_lines: quota.map(({ sample, end }) => quotaLine(sample, end, report.now)),
    count_lines: countLines(report),
    price_lines: priceLines(report),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

function sourceJson(source: SourceCoverage): object {
  const { id, title, state, places, files, totals, firstDay, lastDay, daysWithout, deletedInDays, remarks } = source;
  return {
    source: id,
    title,
    state,
    places,
    files,
    first_day: firstDay ?? null,
    last_day: lastDay ?? null,
    days_without_records: daysWithout,
    logs_deleted_in_days: deletedInDays ?? null,
    remarks,
    totals: totalsJson(totals),
  };
}

export function doctorText(report: DoctorReport, { out }: Terminal): string {
  const shown = report.sources.filter(({ state, totals }) => state !== 'missing' || totals.records > 0);
  const missing = report.sources.filter((source) => !shown.includes(source)).map(({ title }) => title);
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    [t`What to do`, adviceOf(report)],
    [t`Live`, report.live.map((agent) => liveLine(agent, report.now))],
    [t`Plans`, report.quota.map(({ sample, end }) => quotaLine(sample, end, report.now))],
    [t`Counts`, countLines(report)],
    [t`Prices`, priceLines(report)],
  ];
  return [
    shown.length === 0 ? t`No logs of a known agent were found.` : sourceTable(shown, out.columns),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0 ? [] : [[styled(out, 'bold', title), ...lines.map((line) => `  ${plain(line)}`)].join('\n')],
    ),
    t`Not found: ${missing.join(', ')}`,
    t`Cannot be imported, because they store no token counts on this machine: ${withoutCounts()
      .map(({ title }) => title)
      .join(', ')}`,
  ].join('\n\n');
}

function sourceTable(shown: readonly SourceCoverage[], width: number | undefined): string {
  const columns = [
    { title: t`Source` },
    { title: t`Logs`, align: 'right' as const },
    { title: t`Imported`, align: 'right' as const },
    { title: t`First day` },
    { title: t`Last day` },
    { title: t`Missing days`, align: 'right' as const },
    { title: t`Cost`, align: 'right' as const },
  ];
  const rows = shown.map(({ title, files, totals, firstDay, lastDay, daysWithout }) => [
    title,
    files === 0 ? t`none` : whole(files),
    totals.records === 0 ? t`nothing` : whole(totals.records),
    firstDay ?? '',
    lastDay ?? '',
    // A day without records is not a day that cost nothing.
    daysWithout === 0 ? '' : whole(daysWithout),
    totals.records === 0 ? '' : totalsText(totals),
  ]);
  return table(columns, rows, { width });
}

/** The steps that would cover more, as sentences. */
export function adviceOf({ sources, scan, prices }: DoctorReport): string[] {
  const perSource = sources
    .filter(({ state, totals }) => state !== 'missing' || totals.records > 0)
    .flatMap(({ id, title, state, totals, deletedInDays, remarks }) => [
      ...(state === 'found' && totals.records === 0 ? [`${title}: llm-spend import ${id}`] : []),
      ...(deletedInDays !== undefined && deletedInDays <= SOON_DAYS
        ? [
            t`${title} deletes its oldest log in ${counted(deletedInDays, 'day')}: import it, or keep logs longer: llm-spend doctor --keep-logs 365`,
          ]
        : []),
      ...remarks.map((remark) => `${title}: ${tMessage(remark)}`),
    ]);
  return [
    ...perSource,
    ...(scan.unpriced > 0 ? [t`${counted(scan.unpriced, 'record')} without a price: llm-spend unpriced`] : []),
    ...(prices.days !== undefined && prices.days > OLD_PRICES_DAYS
      ? [t`The prices are ${prices.days} days old: llm-spend prices update downloads the latest.`]
      : []),
  ];
}

/** The state of an agent, and how much of its live reports its log contains. */
function liveLine({ title, connected, lastHeard, joined }: LiveAgent, now: number): string {
  const heard =
    lastHeard === undefined ? t`no report yet` : t`last report ${ageWords(now - Date.parse(lastHeard))} ago`;
  const connection = connected === undefined ? '' : connected ? t`connected, ` : t`not connected, `;
  const state = `${title}: ${connection}${heard}.`;
  if (joined === undefined || joined.liveTokens === 0) return state;
  const { calls, logTokens, liveTokens } = joined;
  const both = t`Of ${counted(calls, 'call')} in both its log and its live reports`;
  if (logTokens === liveTokens) return `${state} ${t`${both} the tokens agree.`}`;
  const share = `${((100 * logTokens) / liveTokens).toFixed(1)} %`;
  return `${state} ${t`${both}, the log has ${whole(logTokens)} tokens, ${share} of the ${whole(liveTokens)} reported live.`}`;
}

/** `40 min`, `3 h`, `2 days`. */
function ageWords(ms: number): string {
  return ageText(ms).replace(/^(\d+) days$/, (_, days: string) => counted(Number(days), 'day'));
}

/** `Claude Code, 5 h: 62 %, at this pace empty in 40 min`, `Codex, week: 31 %, lasts (as of 3 h ago)`. */
export function quotaLine(
  { agent, name, usedPercent, at }: QuotaSample,
  end: number | 'lasts' | undefined,
  now: number,
): string {
  const used = `${quotaAgent(agent)}, ${tText(name)}: ${Math.round(usedPercent)} %`;
  const lasts =
    end === undefined ? '' : end === 'lasts' ? t`, lasts` : t`, at this pace empty in ${ageWords(end - now)}`;
  return `${used}${lasts} (${t`as of ${ageWords(now - at)} ago`})`;
}

function countLines({ scan, sessions }: DoctorReport): string[] {
  const { estimated } = scan;
  return [
    ...(estimated.records === 0
      ? []
      : [t`${whole(estimated.tokens)} tokens of ${counted(estimated.records, 'record')} are a guess of the source.`]),
    ...(sessions === undefined
      ? []
      : [
          t`Claude Code counted ${formatUsd(sessions.agentNanos)} in ${counted(sessions.sessions, 'session')}; its logs give ${sessions.logNanos < sessions.agentNanos ? '>= ' : ''}${formatUsd(sessions.logNanos)} at list price.`,
        ]),
  ];
}

function priceLines({ scan, prices }: DoctorReport): string[] {
  const { priced, unpriced, assumed } = scan;
  return [
    t`${counted(priced, 'record')} with a known cost, ${whole(unpriced)} without${unpriced > 0 ? `: ${t`llm-spend unpriced shows why`}` : ''}.`,
    ...assumed.map(
      ({ model, priceOf, records }) =>
        t`${counted(records, 'record')} of ${model} at the price of ${priceOf}, which is assumed.`,
    ),
    ...(prices.days === undefined
      ? []
      : [t`The price table dates from ${prices.date}, ${counted(prices.days, 'day')} ago.`]),
  ];
}
