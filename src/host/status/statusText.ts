import { formatAmount } from '../../usage/amount.ts';
import type { Amount } from '../../usage/amount.ts';
import { formatUsd } from '../../usage/money.ts';
import { formatTotals } from '../../usage/summary.ts';
import type { SpendSummary } from '../../usage/summary.ts';
import type { Totals } from '../../usage/query.ts';
import type { Scope } from '../../usage/dimensions.ts';
import { PERIOD_NAMES } from '../../usage/time/period.ts';
import { sparkline } from '../../usage/time/trend.ts';
import { markdownText, plain } from '../../usage/text.ts';
import { ageText, quotaAgent } from '../../usage/time/quota.ts';
import type { QuotaSample } from '../../usage/time/quota.ts';
import { compact, count } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';
import { costText } from '../common/displayMoney.ts';
import type { ShownCosts } from '../../pricing/converted.ts';
import type { Health } from '../ledger/ledgerSnapshot.ts';
import { scopeName } from '../team/scopeName.ts';
import type { StatusPeriod } from '../common/settings.ts';

/** The data of the status bar item. */
export interface StatusModel {
  health: Health;
  /** Why it is damaged or unavailable, most severe first, as display text. */
  problems: readonly string[];
  /** Display text of problems that do not affect totals. */
  warnings: readonly string[];
  /** The period whose total is shown. */
  period: StatusPeriod;
  /** undefined until the ledger has been read. */
  spend: SpendSummary | undefined;
  /** The current windows of plans, and when each is used up. */
  quota?: readonly { sample: QuotaSample; end: number | 'lasts' | undefined }[];
  /** Age of the price table in days, if it is old. */
  priceDays?: number | undefined;
  /** ms since the epoch. */
  now?: number;
  /** The costs of the last {@link TREND_DAYS} days. */
  trend?: { amounts: readonly bigint[]; days: readonly string[] } | undefined;
  /** Costs in the user's currency, if that is not USD. */
  shown?: { currency: string; costs: ShownCosts; forecast: Amount | undefined } | undefined;
  /** The name of the workspace, if only its calls are shown. */
  scope?: string | undefined;
  /** Whether any record could be read, of this workspace or another. */
  hasUsage?: boolean;
  /** The machines whose costs are shown, if this one is in a team, and why the team may lack records. */
  team?: { scope: Scope; problem: string | undefined } | undefined;
  /** Whether the first reading takes long. */
  slow?: boolean | undefined;
}

/** Days that the trend in the tooltip covers. */
export const TREND_DAYS = 14;

/** The commands that the tooltip links to. */
export interface StatusLinks {
  open: string;
  record: string;
  verify: string;
  prices: string;
  updatePrices: string;
  team: string;
}

const MAX_PROBLEM = 200;
const MAX_WARNINGS = 3;
const MAX_NAME = 40;

/** The text with its icon. Contains no text of records. */
export function statusText(model: StatusModel, style: TextStyle): string {
  const icon = isWarning(model.health) || model.warnings.length > 0 ? '$(warning)' : '$(credit-card)';
  if (model.health === 'loading' && model.slow === true) return `$(loading~spin) ${style.t('reading the ledger')}`;
  if (model.spend === undefined)
    return model.health === 'unavailable' ? `${icon} ${unavailableText(model, style)}` : `${icon} …`;
  // If nothing could be read, the sum must not read as zero.
  if (model.health === 'damaged' && model.spend.all.records === 0 && model.hasUsage !== true)
    return `${icon} ${style.t('unreadable')}`;
  return `${icon} ${costOf(model, model.spend[model.period], style)}`;
}

function unavailableText({ team }: StatusModel, { t }: TextStyle): string {
  return team === undefined || team.scope === 'machine' ? t('no ledger') : t('team unreachable');
}

/** The text for screen readers. */
export function statusLabel(model: StatusModel, style: TextStyle): string {
  const { t } = style;
  const [reason] = model.problems;
  if (model.health === 'unavailable') {
    const title = t('LLM spend: the ledger cannot be opened');
    return reason === undefined ? title : `${title}. ${plain(reason, { max: MAX_PROBLEM })}`;
  }
  if (model.spend === undefined) return t('LLM spend: reading the ledger');
  const period = t(PERIOD_NAMES[model.period]);
  const cost = costOf(model, model.spend[model.period], style);
  const label =
    model.scope === undefined
      ? t('LLM spend, {0}: {1}', period, cost)
      : t('LLM spend of this workspace, {0}: {1}', period, cost);
  if (model.health === 'damaged') {
    const damaged = t('{0}. The ledger is damaged', label);
    return reason === undefined ? damaged : `${damaged}. ${plain(reason, { max: MAX_PROBLEM })}`;
  }
  return model.warnings.length > 0 ? t('{0}. The ledger needs attention', label) : label;
}

/** Markdown. Text from records and files is escaped; the links are ours. */
export function statusTooltip(model: StatusModel, links: StatusLinks, style: TextStyle): string {
  const { t } = style;
  const parts = ['**LLM Spend**'];
  if (isWarning(model.health)) {
    const title = model.health === 'damaged' ? t('The ledger is damaged.') : t('The ledger cannot be opened.');
    const reason = model.problems[0];
    parts.push(`**${title}** ${reason === undefined ? '' : markdownText(reason, { max: MAX_PROBLEM })}`);
  }
  for (const warning of model.warnings.slice(0, MAX_WARNINGS)) {
    parts.push(`**${t('Warning')}:** ${markdownText(warning, { max: MAX_PROBLEM })}`);
  }
  if (isWarning(model.health) || model.warnings.length > 0) parts.push(`[${t('Verify Ledger')}](${links.verify})`);
  const { spend } = model;
  if (model.scope !== undefined) {
    parts.push(t('Only this workspace: {0}', markdownText(model.scope, { max: MAX_NAME })));
  }
  if (model.team !== undefined) {
    const { scope, problem } = model.team;
    parts.push(`${t('Costs of')}: [${scopeName(scope, t)}](${links.team})`);
    if (problem !== undefined && scope !== 'machine') {
      const text = t('The newest calls of this machine may be missing: {0}', problem);
      parts.push(`**${t('Warning')}:** ${markdownText(text, { max: MAX_PROBLEM })}`);
    }
  }
  if (spend !== undefined) parts.push(periodTable(model, spend, style));
  const trend = trendText(model, style);
  if (trend !== undefined) parts.push(trend);
  if (spend?.forecastNanos !== undefined) {
    const { currency = '', forecast } = model.shown ?? {};
    // If a day of the month has no rate, the month and its forecast are in USD.
    const amount =
      forecast === undefined
        ? formatUsd(spend.forecastNanos, style.locale)
        : formatAmount(forecast, currency, style.locale);
    parts.push(markdownText(t('Projected for this month: {0}', amount)));
  }
  if (spend !== undefined && spend.topModels.length > 0) {
    const rows = spend.topModels.map(({ model: name, totals }) =>
      tableRow(markdownText(name, { max: MAX_NAME }), spaced(markdownText(costOf(model, totals, style)))),
    );
    parts.push([tableRow(t('Top models this month'), spaced(t('Cost'))), '|:--|--:|', ...rows].join('\n'));
  }
  parts.push(...notes(model, links, style));
  parts.push(`[${t('Open Cost History')}](${links.open}) · [${t('Record Usage')}](${links.record})`);
  return parts.join('\n\n');
}

/** `Last 14 days: ▁▂▁█▃ (highest on Nov 20)`. */
function trendText({ trend }: StatusModel, style: TextStyle): string | undefined {
  const marks = sparkline(trend?.amounts ?? []);
  if (trend === undefined || marks === '') return undefined;
  const most = trend.amounts.reduce((at, each, index) => (each > (trend.amounts[at] ?? 0n) ? index : at), 0);
  const format = new Intl.DateTimeFormat(style.locale, { month: 'short', day: 'numeric', timeZone: 'UTC' });
  const day = format.format(Date.parse(trend.days[most] ?? ''));
  return style.t('Last {0} days: {1} (highest on {2})', trend.amounts.length, marks, day);
}

/** Sentences below the tables. */
function notes(model: StatusModel, links: StatusLinks, style: TextStyle): string[] {
  const { t } = style;
  const { spend } = model;
  const parts: string[] = [];
  for (const { sample, end } of model.quota ?? []) {
    parts.push(markdownText(quotaText(sample, end, model.now ?? 0, style), { max: MAX_PROBLEM }));
  }
  if (spend !== undefined && model.priceDays !== undefined) {
    parts.push(`${t('The prices are {0} days old.', model.priceDays)} [${t('Download')}](${links.updatePrices})`);
  }
  if (spend !== undefined && model.shown !== undefined) {
    const usd = formatTotals(spend[model.period], style.locale);
    parts.push(markdownText(t('Shown in {0} at your rates. Stored in USD: {1}.', model.shown.currency, usd)));
  }
  if (spend !== undefined && spend.all.unpriced > 0) {
    const unpriced =
      spend.all.unpriced === 1
        ? t('1 unpriced call')
        : t('{0} unpriced calls', count(spend.all.unpriced, style.locale));
    parts.push(`[${t('Set prices for {0}', unpriced)}](${links.prices})`);
  }
  return parts;
}

/** `Claude Code, 5 h: 62 %, at this pace empty in 40 min (as of 2 min ago)`. */
function quotaText(sample: QuotaSample, end: number | 'lasts' | undefined, now: number, { t }: TextStyle): string {
  const used = `${quotaAgent(sample.agent)}, ${sample.name}: ${Math.round(sample.usedPercent)} %`;
  const age = t('as of {0} ago', ageText(now - sample.at));
  if (end === undefined) return `${used} (${age})`;
  const lasts = end === 'lasts' ? t('lasts') : t('at this pace empty in {0}', ageText(end - now));
  return `${used}, ${lasts} (${age})`;
}

function periodTable(model: StatusModel, spend: SpendSummary, style: TextStyle): string {
  const { t } = style;
  const row = (period: StatusPeriod): string => {
    const of = spend[period];
    const name = t(PERIOD_NAMES[period]);
    return tableRow(
      period === model.period ? `**${name}**` : name,
      ...[
        markdownText(costOf(model, of, style)),
        count(of.records, style.locale),
        compact(of.totalTokens, style.locale),
      ].map(spaced),
    );
  };
  const head = ['', ...[t('Cost'), t('Calls'), t('Tokens')].map(spaced)];
  return [tableRow(...head), '|:--|--:|--:|--:|', ...(['today', 'week', 'month', 'all'] as const).map(row)].join('\n');
}

function costOf({ shown }: StatusModel, totals: Totals, { locale }: TextStyle): string {
  return costText(totals, shown?.costs.get(totals), locale);
}

function isWarning(health: Health): boolean {
  return health === 'damaged' || health === 'unavailable';
}

/** The editor draws table columns without a gap. */
function spaced(cell: string): string {
  return `&nbsp;&nbsp;&nbsp;${cell}`;
}

function tableRow(...cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}
