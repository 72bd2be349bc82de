import { formatAmount } from '../../usage/amount.ts';
import type { Amount } from '../../usage/amount.ts';
import { formatUsd } from '../../usage/money.ts';
import { formatTotals } from '../../usage/summary.ts';
import type { SpendSummary } from '../../usage/summary.ts';
import type { Totals } from '../../usage/query.ts';
import { markdownText } from '../../usage/text.ts';
import { compact, count } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';
import { costText } from '../common/displayMoney.ts';
import type { ShownCosts } from '../../pricing/converted.ts';
import type { Health } from '../ledger/ledgerSnapshot.ts';
import type { StatusPeriod } from '../common/settings.ts';

/** What the status bar tells of. */
export interface StatusModel {
  health: Health;
  /** Why it is damaged or unavailable, the gravest first, in words for people. */
  problems: readonly string[];
  /** The period whose total is the item's text. */
  period: StatusPeriod;
  /** undefined until the ledger was read. */
  spend: SpendSummary | undefined;
  /** Costs in another currency than USD, where the person wants one. */
  shown?: { currency: string; costs: ShownCosts; forecast: Amount | undefined } | undefined;
}

/** Commands by what their links say; the tooltip links to nothing else. */
export interface StatusLinks {
  open: string;
  record: string;
  verify: string;
}

const MAX_PROBLEM = 200;
const MAX_NAME = 40;

export function periodName(period: StatusPeriod, { t }: TextStyle): string {
  switch (period) {
    case 'today':
      return t('Today');
    case 'week':
      return t('This week');
    case 'month':
      return t('This month');
    case 'all':
      return t('All time');
  }
}

/** With the icon in front, as the status bar draws it. No text of a record stands in it. */
export function statusText(model: StatusModel, style: TextStyle): string {
  const icon = isWarning(model.health) ? '$(warning)' : '$(credit-card)';
  if (model.spend === undefined) return model.health === 'unavailable' ? `${icon} LLM` : `${icon} …`;
  // A sum of nothing must not look as if nothing was spent.
  if (model.health === 'damaged' && model.spend.all.records === 0) return `${icon} ${style.t('unreadable')}`;
  return `${icon} ${costOf(model, model.spend[model.period], style)}`;
}

/** What a screen reader says. */
export function statusLabel(model: StatusModel, style: TextStyle): string {
  const { t } = style;
  if (model.health === 'unavailable') return t('LLM spend: the ledger cannot be opened');
  if (model.spend === undefined) return t('LLM spend: reading the ledger');
  const label = t(
    'LLM spend, {0}: {1}',
    periodName(model.period, style),
    costOf(model, model.spend[model.period], style),
  );
  return model.health === 'damaged' ? t('{0}. The ledger is damaged', label) : label;
}

/** Markdown. Text that comes from a record or a file is escaped; the links are ours. */
export function statusTooltip(model: StatusModel, links: StatusLinks, style: TextStyle): string {
  const { t } = style;
  const parts = ['**LLM Spend**'];
  if (isWarning(model.health)) {
    const title = model.health === 'damaged' ? t('The ledger is damaged.') : t('The ledger cannot be opened.');
    const reason = model.problems[0];
    parts.push(`**${title}** ${reason === undefined ? '' : markdownText(reason, { max: MAX_PROBLEM })}`);
    parts.push(`[${t('Verify Ledger')}](${links.verify})`);
  }
  const { spend } = model;
  if (spend !== undefined) {
    const row = (period: StatusPeriod): string => {
      const of = spend[period];
      const name = periodName(period, style);
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
    parts.push(
      [tableRow(...head), '|:--|--:|--:|--:|', ...(['today', 'week', 'month', 'all'] as const).map(row)].join('\n'),
    );
  }
  if (spend?.forecastNanos !== undefined) {
    const { currency = '', forecast } = model.shown ?? {};
    // Without a rate for a day the month is in USD, and so is where it is heading.
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
  if (spend !== undefined && model.shown !== undefined) {
    const usd = formatTotals(spend[model.period], style.locale);
    parts.push(markdownText(t('Shown in {0} at your rates. Stored in USD: {1}.', model.shown.currency, usd)));
  }
  parts.push(`[${t('Open Cost History')}](${links.open}) · [${t('Record Usage')}](${links.record})`);
  return parts.join('\n\n');
}

function costOf({ shown }: StatusModel, totals: Totals, { locale }: TextStyle): string {
  return costText(totals, shown?.costs.get(totals), locale);
}

function isWarning(health: Health): boolean {
  return health === 'damaged' || health === 'unavailable';
}

/** The editor draws the columns of a table without a gap. */
function spaced(cell: string): string {
  return `&nbsp;&nbsp;&nbsp;${cell}`;
}

function tableRow(...cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}
