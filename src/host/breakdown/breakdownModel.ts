import { rangeOf } from '../../usage/time/period.ts';
import type { Period } from '../../usage/time/period.ts';
import type { AggregateQuery, Calendar, Dimension, Group, Totals, UsageFilter } from '../../usage/query.ts';
import type { Choices } from '../../protocol/choices.ts';
import type { MenuRow } from '../../protocol/row.ts';
import { costText } from '../common/displayMoney.ts';
import type { Converted, ShownCosts } from '../../pricing/converted.ts';
import { withoutSnapshot } from '../../usage/line/modelName.ts';
import { valueNanos } from '../../usage/query.ts';
import { bucketSpans } from '../../usage/time/calendar.ts';
import { amountsOf, lastBuckets, sparkline } from '../../usage/time/trend.ts';
import type { TrendSpan } from '../../usage/time/trend.ts';
import { addTotals } from '../../usage/totals.ts';

/** The breakdown tree as data: period > provider > model > operation. */

export const TREE_PERIODS = ['today', 'yesterday', 'week', 'month', 'lastMonth', 'all'] as const satisfies Period[];
export type TreePeriod = (typeof TREE_PERIODS)[number];

/** The dimension of each level below the periods. */
export const LEVELS = ['provider', 'model', 'operation'] as const satisfies Dimension[];

export interface BreakdownNode {
  period: TreePeriod;
  /** One value per level down to this node; empty for a period. */
  path: readonly string[];
  /** The model and its dated snapshots, which the node adds up. Absent above the models. */
  models?: readonly string[] | undefined;
  totals: Totals;
  /** The cost in the user's currency, if that is not USD. */
  shown?: Converted | undefined;
  /** The course of its cost, see `sparkline`. Empty or absent: the period has none. */
  trend?: string | undefined;
  /** Its name as the row shows it, if that is shorter. */
  label?: string | undefined;
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

/** The buckets of a period's trend, few enough for a narrow view: days of a week, weeks of a month, the last twelve months. */
export function trendSpan(period: TreePeriod, now: number, calendar: Calendar): TrendSpan | undefined {
  if (period === 'today' || period === 'yesterday') return undefined;
  if (period === 'all') return lastBuckets(12, 'month', now, calendar);
  const bucket = period === 'week' ? 'day' : 'week';
  const { since, until } = rangeOf(period, now, calendar);
  return { bucket, spans: bucketSpans(since, Math.min(until, now + 1), bucket, calendar) };
}

/** The trend of each child of a node, by its name. @param groups groups by [bucket, dimension of the children]. */
export function childTrends(node: BreakdownNode, groups: readonly Group[], span: TrendSpan): Map<string, string> {
  const isModel = LEVELS[node.path.length] === 'model';
  const byName = new Map<string, Group[]>();
  for (const group of groups) {
    const value = group.key[1] ?? '';
    const name = isModel ? withoutSnapshot(value) : value;
    byName.set(name, [...(byName.get(name) ?? []), group]);
  }
  return new Map([...byName].map(([name, own]) => [name, sparkline(amountsOf(own, span))]));
}

/** The query that returns the node's children as groups. */
export function childrenQuery(node: BreakdownNode, now: number, calendar: Calendar): AggregateQuery {
  const level = LEVELS[node.path.length];
  return { filter: nodeFilter(node, now, calendar), groupBy: level === undefined ? [] : [level], calendar };
}

/**
 * The children of a node, from the groups of {@link childrenQuery}: most expensive first. Dated snapshots are added up in the
 * model that they belong to.
 * @param shown the costs of the groups in the user's currency.
 */
export function childrenOf(node: BreakdownNode, groups: readonly Group[], shown?: ShownCosts): BreakdownNode[] {
  const isModel = LEVELS[node.path.length] === 'model';
  const children = new Map<string, BreakdownNode>();
  for (const { key, totals } of groups) {
    const value = key[0] ?? '';
    const name = isModel ? withoutSnapshot(value) : value;
    const models = isModel ? [value] : node.models;
    const child = { period: node.period, path: [...node.path, name], models, totals, shown: shown?.get(totals) };
    const before = children.get(name);
    children.set(name, before === undefined ? child : added(before, child));
  }
  return [...children.values()].toSorted((a, b) => Number(valueNanos(b.totals) - valueNanos(a.totals)));
}

function added(a: BreakdownNode, b: BreakdownNode): BreakdownNode {
  const shown =
    a.shown === undefined || b.shown === undefined
      ? undefined
      : { ...a.shown, totals: sumOf(a.shown.totals, b.shown.totals) };
  return { ...a, models: [...(a.models ?? []), ...(b.models ?? [])], totals: sumOf(a.totals, b.totals), shown };
}

function sumOf(a: Totals, b: Totals): Totals {
  const sum = { ...a };
  addTotals(sum, b);
  return sum;
}

/** A filter for the records of a node. */
export function nodeFilter({ period, path, models }: BreakdownNode, now: number, calendar: Calendar): UsageFilter {
  const values = { ...nodeValues(path), ...(models && { model: models }) };
  return { ...rangeOf(period, now, calendar), values };
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
  const values = nodeValues(path);
  // The tree folds snapshots.
  return { range: { kind: period }, values, search: '', ...(values.model && { foldSnapshots: true }) };
}

function nodeValues(path: readonly string[]): Partial<Record<Dimension, readonly string[]>> {
  return Object.fromEntries(path.map((value, index) => [LEVELS[index] as Dimension, [value]]));
}
