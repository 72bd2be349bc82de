import * as vscode from 'vscode';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import type { Choices } from '../../protocol/choices.ts';
import { shownCosts } from '../../pricing/converted.ts';
import { bucketKey } from '../../usage/time/calendar.ts';
import { PERIOD_NAMES, rangeOf } from '../../usage/time/period.ts';
import type { AggregateQuery, UsageFilter } from '../../usage/query.ts';
import { emptyTotals } from '../../usage/query.ts';
import { within } from '../../usage/summary.ts';
import { plain } from '../../usage/text.ts';
import { historyChoices, tooltipLines } from '../budgets/budgetMessages.ts';
import { calls, recordedCost } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';
import { costText } from '../common/displayMoney.ts';
import { quickPickLabel } from '../common/escape.ts';
import { readSettings, regionalLocale, STATUS_PERIODS } from '../common/settings.ts';
import { scopeName } from '../team/scopeName.ts';
import type { ScopedCosts } from '../team/scopedCosts.ts';
import { workspaceFilter, workspaceName } from './workspaceScope.ts';

interface MenuItem extends vscode.QuickPickItem {
  run?: () => unknown;
}

/** The menu of the status bar item: the periods, this workspace, the last call, the budgets, and the next actions. @param budgets as they stand. */
export async function showStatusMenu(costs: ScopedCosts, budgets: readonly BudgetState[]): Promise<void> {
  const style: TextStyle = { locale: regionalLocale(), t: vscode.l10n.t };
  const { t } = style;
  const chosen = await vscode.window.showQuickPick(menuItems(costs, budgets, style), {
    title: 'LLM Spend',
    placeHolder: t('Pick a period, a budget or an action'),
    matchOnDescription: true,
  });
  await chosen?.run?.();
}

async function menuItems(costs: ScopedCosts, budgets: readonly BudgetState[], style: TextStyle): Promise<MenuItem[]> {
  const { t } = style;
  const spend = costs.health === 'unavailable' ? [] : await spendItems(costs, style);
  return [
    ...spend,
    ...budgetItems(budgets, style),
    separator(''),
    action('graph', t('Open Cost History'), () => openHistory({})),
    action('add', t('Record Usage'), () => vscode.commands.executeCommand(COMMANDS.recordUsage)),
    ...teamItems(costs, style),
    ...scopeItems(style),
  ];
}

async function spendItems(costs: ScopedCosts, style: TextStyle): Promise<MenuItem[]> {
  const { t } = style;
  const periods: MenuItem[] = [];
  for (const period of STATUS_PERIODS) {
    const description = await costOf(costs, rangeOf(period, Date.now(), readSettings().calendar), style);
    const choices = { range: { kind: period }, values: {}, search: '' };
    periods.push({ label: `$(calendar) ${t(PERIOD_NAMES[period])}`, description, run: () => openHistory(choices) });
  }
  return [...periods, ...(await workspaceItems(costs, style)), ...(await lastCall(costs, style))];
}

async function workspaceItems(costs: ScopedCosts, style: TextStyle): Promise<MenuItem[]> {
  const filter = workspaceFilter();
  if (filter === undefined) return [];
  const range = rangeOf('month', Date.now(), readSettings().calendar);
  const choices = { range: { kind: 'month' as const }, values: filter.values ?? {}, search: '' };
  const label = `$(folder) ${style.t('This month in {0}', quickPickLabel(workspaceName()))}`;
  return [
    {
      label,
      description: await costOf(costs, within(filter, range), style),
      run: () => openHistory(choices),
    },
  ];
}

async function costOf(costs: ScopedCosts, filter: UsageFilter, style: TextStyle): Promise<string> {
  const { calendar, currency } = readSettings();
  const query: AggregateQuery = { filter, groupBy: [], calendar };
  const totals = (await costs.aggregate(query))[0]?.totals ?? emptyTotals();
  const shown =
    currency && (await shownCosts((asked) => costs.aggregate(asked), query, [{ key: [], totals }], currency));
  return `${costText(totals, shown?.get(totals), style.locale)} · ${calls(totals.records, style)}`;
}

/** The newest call, which leads to its day. */
async function lastCall(costs: ScopedCosts, { locale, t }: TextStyle): Promise<MenuItem[]> {
  const { rows } = await costs.page({ filter: {}, sort: 'time', descending: true, offset: 0, limit: 1 });
  const record = rows[0]?.record;
  if (record === undefined) return [];
  const at = Date.parse(record.timestamp);
  const day = bucketKey(at, 'day', readSettings().calendar);
  const time = new Date(at).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const range = { kind: 'dates' as const, from: day, to: day };
  return [
    separator(t('Last call')),
    {
      label: `$(chip) ${quickPickLabel(record.model)}`,
      description: `${recordedCost([record], locale)} · ${plain(record.provider, { max: 60 })} · ${time}`,
      run: () => openHistory({ range, values: {}, search: '' }),
    },
  ];
}

function budgetItems(states: readonly BudgetState[], style: TextStyle): MenuItem[] {
  const { calendar } = readSettings();
  const items = states.map((state) => {
    const [line = ''] = tooltipLines(state, style).split('\n');
    const run = (): unknown => openHistory(historyChoices(state, calendar));
    return { label: `$(dashboard) ${quickPickLabel(line)}`, run };
  });
  return items.length === 0 ? [] : [separator(style.t('Budgets')), ...items];
}

/** The scope shown, and the way to another one, if this machine is in a team. */
function teamItems({ scope }: ScopedCosts, { t }: TextStyle): MenuItem[] {
  if (scope === undefined) return [];
  const run = (): unknown => vscode.commands.executeCommand(COMMANDS.team);
  return [{ ...action('organization', t('Team…'), run), description: scopeName(scope, t) }];
}

/** The choice between all spend and that of this workspace, where a folder is open. */
function scopeItems({ t }: TextStyle): MenuItem[] {
  if (workspaceFilter() === undefined) return [];
  const isWorkspace = readSettings().statusBarScope === 'workspace';
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  const set = (value: string): Thenable<void> =>
    section.update(SETTINGS.statusBarScope, value, vscode.ConfigurationTarget.Global);
  return [
    isWorkspace
      ? action('globe', t('Show All Spend in the Status Bar'), () => set('all'))
      : action('folder', t('Show Only This Workspace in the Status Bar'), () => set('workspace')),
  ];
}

function openHistory(choices: Partial<Choices>): Thenable<unknown> {
  return vscode.commands.executeCommand(COMMANDS.openHistory, choices);
}

function action(icon: string, label: string, run: () => unknown): MenuItem {
  return { label: `$(${icon}) ${label}`, run };
}

function separator(label: string): MenuItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
