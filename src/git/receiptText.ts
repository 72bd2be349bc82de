import { costNanos, valueNanos, type Group, type Totals } from '../usage/query.ts';
import { formatTotals } from '../usage/summary.ts';
import { markdownText } from '../usage/text.ts';
import type { Receipt } from './receipt.ts';

/** A line by which a CI step finds its earlier comment. Markdown does not show it. */
export const RECEIPT_MARK = '<!-- llm-spend receipt -->';

const MAX_TEXT = 100;
const MOST_COMMITS = 50;

/** The receipt as a comment of a pull request. */
export function receiptMarkdown(receipt: Receipt): string {
  const { range, commits, totals, byModel, byAuthor, notCommitted, isShallow } = receipt;
  const costly = commits.filter(({ totals: each }) => each.records > 0);
  const title = `### LLM cost of ${code(range)}: ${formatTotals(totals)}`;
  const count = `${commits.length} ${commits.length === 1 ? 'commit' : 'commits'}`;
  const parts = [RECEIPT_MARK, title, `${count}, ${costly.length} with usage.`];
  if (totals.records > 0) parts.push(groupsTable('Model', byModel), groupsTable('Author', byAuthor));
  if (costly.length > 0) {
    const rows = costly.slice(0, MOST_COMMITS).map(({ commit: { hash, subject }, totals: each }) => {
      return `| ${hash.slice(0, 10)} | ${markdownText(subject, { max: MAX_TEXT })} | ${formatTotals(each)} |`;
    });
    const rest = costly.length - MOST_COMMITS;
    if (rest > 0) rows.push(`| | and ${rest} more | |`);
    parts.push(['| Commit | | Cost |', '| --- | --- | ---: |', ...rows].join('\n'));
  }
  parts.push(...receiptNotes(totals, notCommitted, isShallow));
  return `${parts.join('\n\n')}\n`;
}

/** Sentences about what the amount includes and lacks. */
export function receiptNotes(totals: Totals, notCommitted: Totals, isShallow: boolean): string[] {
  const calls = (n: number): string => (n === 1 ? '1 call' : `${n} calls`);
  return [
    ...(totals.estimated > 0 ? [`Estimated from list prices: ${calls(totals.estimated)}.`] : []),
    ...(totals.plan > 0 ? ['Plan usage is shown at list price and is not part of the paid cost.'] : []),
    ...(totals.unpriced > 0 ? [`The cost of ${calls(totals.unpriced)} is unknown, so the amount is a minimum.`] : []),
    ...(notCommitted.records > 0 ? [`Not committed yet, and not included: ${formatTotals(notCommitted)}.`] : []),
    ...(isShallow ? ['This clone is shallow: usage of commits that it lacks is not included.'] : []),
  ];
}

/** Whether the known paid cost is above a limit in nano-dollars. */
export function isAbove(totals: Totals, limit: bigint): boolean {
  return costNanos(totals) > limit;
}

/** The trailer for a commit message: `LLM-Cost: $0.31`; undefined without any usage. */
export function costTrailer(totals: Totals): string | undefined {
  return totals.records === 0 || (valueNanos(totals) === 0n && totals.unpriced === 0)
    ? undefined
    : `LLM-Cost: ${formatTotals(totals)}`;
}

function groupsTable(title: string, groups: readonly Group[]): string {
  const rows = groups.map(({ key, totals }) => {
    const name = markdownText(key[0] ?? '(none)', { max: MAX_TEXT });
    return `| ${name} | ${totals.records} | ${totals.totalTokens} | ${formatTotals(totals)} |`;
  });
  return [`| ${title} | Calls | Tokens | Cost |`, '| --- | ---: | ---: | ---: |', ...rows].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}]/gu, ' ')}\``;
}
