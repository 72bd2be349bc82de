import type { Totals } from '../../usage/query.ts';
import { table } from '../output/table.ts';
import type { Money } from './money.ts';
import { counted, whole } from './numbers.ts';

/** The grand total, one figure per line, with costs listed by origin. */
export function totalsTable(totals: Totals, money: Money, width: number | undefined): string {
  const rows: [string, string, string][] = [
    ['Records', whole(totals.records), ''],
    ['Input tokens', whole(totals.inputTokens), ''],
  ];
  if (totals.cacheReadTokens > 0) rows.push(['  read from cache', whole(totals.cacheReadTokens), '']);
  if (totals.cacheWriteTokens > 0) rows.push(['  written to cache', whole(totals.cacheWriteTokens), '']);
  rows.push(['Output tokens', whole(totals.outputTokens), '']);
  if (totals.reasoningTokens > 0) rows.push(['  for reasoning', whole(totals.reasoningTokens), '']);
  // If no cost is known, the sum must not read as zero.
  const cost = totals.records > 0 && totals.unpriced === totals.records ? 'unknown' : money.cost(totals);
  rows.push(['Total tokens', whole(totals.totalTokens), '']);
  if (totals.guessedTokens > 0)
    rows.push(['  estimated', whole(totals.guessedTokens), 'counts that a source estimated']);
  rows.push(['Cost', cost, '']);
  if (totals.estimated > 0) {
    const recorded = totals.records - totals.estimated - totals.unpriced - totals.plan;
    rows.push(['  recorded', money.recorded(totals), counted(recorded, 'record')]);
    rows.push(['  estimated', money.estimated(totals), counted(totals.estimated, 'record')]);
  }
  if (totals.unpriced > 0) {
    rows.push(['  unknown', counted(totals.unpriced, 'record'), 'not included in totals, see llm-spend unpriced']);
  }
  if (totals.plan > 0)
    rows.push(['Plan usage', money.plan(totals), `${counted(totals.plan, 'record')} at list price, not in the cost`]);
  const columns = [{ title: '' }, { title: '', align: 'right' }, { title: '' }] as const;
  // The column titles are empty, because the lines have labels.
  return table(columns, rows, { width, indent: 2 }).split('\n').slice(1).join('\n');
}
