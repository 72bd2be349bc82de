import type { Totals } from '../../usage/query.ts';
import { formatPaidAndPlan, formatTotals } from '../../usage/summary.ts';
import { table } from '../output/table.ts';
import type { Money } from './money.ts';
import { counted, whole } from './numbers.ts';
import { t } from '../language/text.ts';

/** The grand total, one figure per line, with costs listed by origin. */
export function totalsTable(totals: Totals, money: Money, width: number | undefined): string {
  const rows: [string, string, string][] = [
    [t`Records`, whole(totals.records), ''],
    [t`Input tokens`, whole(totals.inputTokens), ''],
  ];
  if (totals.cacheReadTokens > 0) rows.push([`  ${t`read from cache`}`, whole(totals.cacheReadTokens), '']);
  if (totals.cacheWriteTokens > 0) rows.push([`  ${t`written to cache`}`, whole(totals.cacheWriteTokens), '']);
  rows.push([t`Output tokens`, whole(totals.outputTokens), '']);
  if (totals.reasoningTokens > 0) rows.push([`  ${t`for reasoning`}`, whole(totals.reasoningTokens), '']);
  // If no cost is known, the sum must not read as zero.
  const cost = totals.records > 0 && totals.unpriced === totals.records ? t`unknown` : money.cost(totals);
  rows.push([t`Total tokens`, whole(totals.totalTokens), '']);
  if (totals.guessedTokens > 0)
    rows.push([`  ${t`estimated`}`, whole(totals.guessedTokens), t`counts that a source estimated`]);
  rows.push([t`Cost`, cost, '']);
  if (totals.estimated > 0) {
    const recorded = totals.records - totals.estimated - totals.unpriced - totals.plan;
    rows.push([`  ${t`recorded`}`, money.recorded(totals), counted(recorded, 'record')]);
    rows.push([`  ${t`estimated`}`, money.estimated(totals), counted(totals.estimated, 'record')]);
  }
  if (totals.unpriced > 0) {
    rows.push([
      `  ${t`unknown`}`,
      counted(totals.unpriced, 'record'),
      t`not included in totals, see llm-spend unpriced`,
    ]);
  }
  if (totals.plan > 0)
    rows.push([t`Plan usage`, money.plan(totals), t`${counted(totals.plan, 'record')} at list price, not in the cost`]);
  const columns = [{ title: '' }, { title: '', align: 'right' }, { title: '' }] as const;
  // The column titles are empty, because the lines have labels.
  return table(columns, rows, { width, indent: 2 }).split('\n').slice(1).join('\n');
}

/** {@link formatTotals} in the language of the user: `$4.20 + 12 unpriced`. */
export function totalsText(totals: Totals): string {
  return formatTotals(totals).split(' + ').map(inWords).join(' + ');
}

/** {@link formatPaidAndPlan} in the language of the user. */
export function paidAndPlanText(totals: Totals): string | undefined {
  return formatPaidAndPlan(totals)?.split(', ').map(inWords).join(', ');
}

function inWords(part: string): string {
  const [amount = '', words = ''] = part.split(/ (.*)/s);
  switch (words) {
    case 'plan':
      return t`${amount} plan`;
    case 'unpriced':
      return t`${amount} unpriced`;
    case 'paid':
      return t`${amount} paid`;
    case 'of plan usage at list price':
      return t`${amount} of plan usage at list price`;
    default:
      return part;
  }
}
