import * as vscode from 'vscode';
import { SETTINGS, VIEWS } from '../../contributions.ts';
import { PERIOD_NAMES, rangeOf } from '../../usage/time/period.ts';
import type { AggregateQuery, Calendar, Group } from '../../usage/query.ts';
import { formatTotals } from '../../usage/summary.ts';
import { amountsOf, sparkline, trendQuery } from '../../usage/time/trend.ts';
import { markdownText, plain } from '../../usage/text.ts';
import {
  childrenOf,
  childrenQuery,
  childTrends,
  isLeaf,
  levelOf,
  nodeId,
  TREE_PERIODS,
  trendSpan,
} from './breakdownModel.ts';
import type { BreakdownNode } from './breakdownModel.ts';
import { rowDescription, rowNames } from './rowText.ts';
import type { RowTexts } from './rowText.ts';
import { calls, compact, costNotes } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';
import { shownCosts } from '../../pricing/converted.ts';
import { costText } from '../common/displayMoney.ts';
import type { ShownCosts } from '../../pricing/converted.ts';
import type { ScopedCosts } from '../team/scopedCosts.ts';
import { onDidChangeSettings, readSettings, regionalLocale } from '../common/settings.ts';

const ICONS = { provider: 'cloud', model: 'chip', operation: 'zap' } as const;
const MAX_LABEL = 100;

/** A native tree of spend by period, provider, model and operation. Children are queried when a node is expanded. */
export class BreakdownTree implements vscode.TreeDataProvider<BreakdownNode>, vscode.Disposable {
  readonly #costs: ScopedCosts;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(costs: ScopedCosts) {
    this.#costs = costs;
    const refresh = (): void => this.#changed.fire(undefined);
    this.#subscriptions = [
      this.#changed,
      vscode.window.createTreeView(VIEWS.breakdown, { treeDataProvider: this, showCollapseAll: true }),
      costs.onDidChange(refresh),
      onDidChangeSettings([SETTINGS.timeZone, SETTINGS.weekStart, SETTINGS.currency], refresh),
    ];
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }

  async getChildren(node?: BreakdownNode): Promise<BreakdownNode[]> {
    const { calendar } = readSettings();
    const now = Date.now();
    if (node !== undefined) {
      const query = childrenQuery(node, now, calendar);
      const groups = await this.#costs.aggregate(query);
      const children = childrenOf(node, groups, await this.#shown(query, groups));
      const trends = await this.#trends(node, now, calendar);
      const labels = rowNames(children.map(rowOf), node.path.length + 1);
      return children.map((child, i) => ({ ...child, trend: trends?.get(child.path.at(-1) ?? ''), label: labels[i] }));
    }
    // Without children the editor shows the view's welcome text.
    if (!this.#costs.hasUsage) return [];
    return Promise.all(
      TREE_PERIODS.map(async (period) => {
        const filter = rangeOf(period, now, calendar);
        const totals = await this.#costs.summary(filter);
        const shown = await this.#shown({ filter, groupBy: [], calendar }, [{ key: [], totals }]);
        const span = trendSpan(period, now, calendar);
        const trend =
          span && sparkline(amountsOf(await this.#costs.aggregate(trendQuery(span, filter, calendar)), span));
        return { period, path: [], totals, shown: shown?.get(totals), trend };
      }),
    );
  }

  /** The trends of a node's children, by their names; undefined if its period has none. */
  async #trends(node: BreakdownNode, now: number, calendar: Calendar): Promise<Map<string, string> | undefined> {
    const span = trendSpan(node.period, now, calendar);
    const { filter, groupBy } = childrenQuery(node, now, calendar);
    if (span === undefined) return undefined;
    return childTrends(node, await this.#costs.aggregate(trendQuery(span, filter, calendar, groupBy[0])), span);
  }

  /** The costs of the groups in the user's currency; undefined if that is USD. */
  async #shown(query: AggregateQuery, groups: readonly Group[]): Promise<ShownCosts | undefined> {
    const { currency } = readSettings();
    if (currency === undefined) return undefined;
    return shownCosts((asked) => this.#costs.aggregate(asked), query, groups, currency);
  }

  getTreeItem(node: BreakdownNode): vscode.TreeItem {
    const style: TextStyle = { locale: regionalLocale(), t: vscode.l10n.t };
    const level = levelOf(node);
    const { name, cost } = rowOf(node);
    const label = node.label ?? name;
    const item = new vscode.TreeItem(label, collapsibleState(node));
    item.id = nodeId(node);
    item.description = rowDescription({ name: label, cost }, node.path.length, node.trend);
    item.iconPath = new vscode.ThemeIcon(level === undefined ? 'calendar' : ICONS[level]);
    item.tooltip = tooltip(name, node, style);
    item.accessibilityInformation = { label: `${name}, ${cost}` };
    item.contextValue = contextOf(node);
    return item;
  }
}

/** The whole name and the cost of a node. */
function rowOf({ period, path, totals, shown }: BreakdownNode): RowTexts {
  const { t } = vscode.l10n;
  const name = plain(path.at(-1) ?? t(PERIOD_NAMES[period]), { max: MAX_LABEL });
  return { name, cost: totals.records === 0 ? t('nothing') : costText(totals, shown, regionalLocale()) };
}

/** The words by which the menus of the manifest choose their items. */
function contextOf({ path, totals }: BreakdownNode): string {
  return [path.length === 0 ? 'period' : 'group', ...(totals.unpriced > 0 ? ['unpriced'] : [])].join(' ');
}

function collapsibleState(node: BreakdownNode): vscode.TreeItemCollapsibleState {
  if (isLeaf(node)) return vscode.TreeItemCollapsibleState.None;
  return node.path.length === 0 && node.period === 'month'
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
}

function tooltip(name: string, { totals, shown, trend = '' }: BreakdownNode, style: TextStyle): vscode.MarkdownString {
  const { locale, t } = style;
  const tokens = t(
    '{0}, {1} tokens in, {2} out',
    calls(totals.records, style),
    compact(totals.inputTokens, locale),
    compact(totals.outputTokens, locale),
  );
  const lines = [
    `**${markdownText(name, { max: MAX_LABEL })}**: ${markdownText(costText(totals, shown, locale))} ${trend}`.trimEnd(),
    ...(shown === undefined ? [] : [markdownText(t('Stored in USD: {0}.', formatTotals(totals, locale)))]),
    markdownText(tokens),
    ...costNotes(totals, style, shown).map((note) => markdownText(note)),
  ];
  return new vscode.MarkdownString(lines.join('\n\n'));
}
