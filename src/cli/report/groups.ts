import { isBucket, type Group, type Totals } from '../../usage/query.ts';
import { table, type Column, type TableOptions } from '../output/table.ts';
import type { Money } from './money.ts';
import { whole } from './numbers.ts';
import { t, tText } from '../language/text.ts';

/** Spending by group. */
export interface Breakdown {
  /** The groupings: a column each. */
  by: readonly string[];
  groups: readonly Group[];
  /** The total below the groups, if it is to be shown. It may be less than their sum, because a record may be in several groups. */
  all?: Totals;
}

/** Prints one line per group. */
export function groupTable({ by, groups, all }: Breakdown, money: Money, options: TableOptions): string {
  const shownTotals = all === undefined ? groups.map(({ totals }) => totals) : [all];
  const estimated = shownTotals.some((totals) => totals.estimated > 0);
  const guessed = shownTotals.some((totals) => totals.guessedTokens > 0);
  const unpriced = shownTotals.some((totals) => totals.unpriced > 0);
  const plan = shownTotals.some((totals) => totals.plan > 0);
  const columns: Column[] = [
    ...by.map((grouping) => ({ title: title(grouping), shrinks: grouping !== 'block' && !isBucket(grouping) })),
    { title: t`Records`, align: 'right' as const, dropOrder: 1 },
    { title: t`Input`, align: 'right' as const, dropOrder: 4 },
    { title: t`Output`, align: 'right' as const, dropOrder: 4 },
    { title: t`Tokens`, align: 'right' as const, dropOrder: 2 },
    ...(guessed ? [{ title: t`Estimated tokens`, align: 'right' as const, dropOrder: 3 }] : []),
    { title: t`Cost`, align: 'right' as const },
    ...(estimated ? [{ title: t`Estimated`, align: 'right' as const, dropOrder: 3 }] : []),
    ...(plan ? [{ title: t`Plan`, align: 'right' as const }] : []),
    ...(unpriced ? [{ title: t`Unpriced`, align: 'right' as const }] : []),
  ];
  const figures = (totals: Totals): string[] => [
    whole(totals.records),
    whole(totals.inputTokens),
    whole(totals.outputTokens),
    whole(totals.totalTokens),
    ...(guessed ? [totals.guessedTokens > 0 ? whole(totals.guessedTokens) : ''] : []),
    costCell(totals, money),
    ...(estimated ? [totals.estimated > 0 ? money.estimated(totals) : ''] : []),
    ...(plan ? [totals.plan > 0 ? money.plan(totals) : ''] : []),
    ...(unpriced ? [totals.unpriced > 0 ? whole(totals.unpriced) : ''] : []),
  ];
  const rows = groups.map(({ key, totals }) => [...by.map((_, i) => key[i] ?? t`(none)`), ...figures(totals)]);
  if (all === undefined) return table(columns, rows, options);
  const sum = [t`Total`, ...by.slice(1).map(() => ''), ...figures(all)];
  return table(columns, [...rows, sum], { ...options, footer: true });
}

/** A zero would look like a cost where none is known, or where a plan covers all of it. */
function costCell(totals: Totals, money: Money): string {
  const { records, unpriced, plan } = totals;
  if (records > 0 && unpriced === records) return t`unknown`;
  return plan > 0 && plan + unpriced === records ? '' : money.cost(totals);
}

/** The heading of a column of groups. */
function title(grouping: string): string {
  return tText(grouping === 'pr' ? 'Pull request' : grouping.charAt(0).toUpperCase() + grouping.slice(1));
}

/** The heading of a breakdown: `By model`. */
export function byText(grouping: string): string {
  return tText(`By ${grouping}`);
}
