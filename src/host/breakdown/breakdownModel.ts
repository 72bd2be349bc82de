import { rangeOf } from '../../usage/time/period.ts';
import type { Period } from '../../usage/time/period.ts';
import type { AggregateQuery, Calendar, Dimension, Group, Totals, UsageFilter } from '../../usage/query.ts';
import type { Choices } from '../../protocol/choices.ts';
import type { MenuRow } from '../../protocol/row.ts';
import { costText } from '../common/displayMoney.ts';
import type { Converted } from '../../pricing/converted.ts';

/** The breakdown tree as data: period > provider > model > operation. */

export const TREE_PERIODS = ['today', 'yesterday', 'week', 'month', 'lastMonth', 'all'] as const satisfies Period[];
export type TreePeriod = (typeof TREE_PERIODS)[number];

/** The dimension of each level below the periods. */
export const LEVELS = ['provider', 'model', 'operation'] as const satisfies Dimension[];

export interface BreakdownNode {
  period: TreePeriod;
  /** One value per level down to this node; empty for a period. */
  path: readonly string[];
  totals: Totals;
  /** The cost in the user's currency, if that is not USD. */
  shown?: Converted | undefined;
}

/** Stable over refreshes, so that the editor keeps expanded and selected nodes. */
export function nodeId({ period, path }: BreakdownNode): string {
  return JSON.stringify([period, ...path]);
}

/** Whether the argument of a command is a row of the tree. */
export function isBreakdownNode(value: object): value is BreakdownNode {
  return 'period' in value && 'path' in value && Array.isArray(value.path);
}

/** The dimension of a node; undefined for a period. */
export function levelOf({ path }: BreakdownNode): (typeof LEVELS)[number] | undefined {
  return LEVELS[path.length - 1];
}

export function isLeaf({ path, totals }: BreakdownNode): boolean {
  return path.length === LEVELS.length || totals.records === 0;
}

/** The query that returns the node's children as groups. */
export function childrenQuery(node: BreakdownNode, now: number, calendar: Calendar): AggregateQuery {
  const level = LEVELS[node.path.length];
  return { filter: nodeFilter(node, now, calendar), groupBy: level === undefined ? [] : [level], calendar };
}

/** The children of a node, from the groups of {@link childrenQuery} in their order: most expensive first. */
export function childrenOf(node: BreakdownNode, groups: readonly Group[]): BreakdownNode[] {
  return groups.map(({ key, totals }) => ({ period: node.period, path: [...node.path, key[0] ?? ''], totals }));
}

/** A filter for the records of a node. */
export function nodeFilter({ period, path }: BreakdownNode, now: number, calendar: Calendar): UsageFilter {
  return { ...rangeOf(period, now, calendar), values: nodeValues(path) };
}

/** The node as the row of a context menu. */
export function nodeRow(node: BreakdownNode, now: number, calendar: Calendar, locale: string): MenuRow {
  const name = node.path.at(-1) ?? node.period;
  return {
    place: 'tree',
    text: `${name}\t${costText(node.totals, node.shown, locale)}`,
    values: node.path.map((value, index) => [LEVELS[index] as Dimension, value]),
    filter: nodeFilterMessage(nodeFilter(node, now, calendar)),
  };
}

function nodeFilterMessage({ values, ...filter }: UsageFilter): NonNullable<MenuRow['filter']> {
  const copy = Object.entries(values ?? {}).map(([dimension, list]) => [dimension, [...list]]);
  return { ...filter, values: Object.fromEntries(copy) as NonNullable<MenuRow['filter']>['values'] };
}

/** The choices with which the cost history shows a node. */
export function nodeChoices({ period, path }: BreakdownNode): Partial<Choices> {
  return { range: { kind: period }, values: nodeValues(path), search: '' };
}

function nodeValues(path: readonly string[]): Partial<Record<Dimension, readonly string[]>> {
  return Object.fromEntries(path.map((value, index) => [LEVELS[index] as Dimension, [value]]));
}
