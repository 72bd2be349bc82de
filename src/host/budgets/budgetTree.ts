import * as vscode from 'vscode';
import { COMMANDS, VIEWS } from '../../contributions.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { plain } from '../../usage/text.ts';
import { regionalLocale } from '../common/settings.ts';
import type { TextStyle } from '../common/costText.ts';
import { amountsText, figureLines, stateLabel, tooltipLines } from './budgetMessages.ts';
import type { BudgetWatch } from './budgetWatch.ts';
import { inLanguage } from '../common/language.ts';

/** A row: a budget, or one of its figures. */
type BudgetNode = { state: BudgetState } | { name: string; value: string };

/** The view *Budgets*: each budget with what is spent, left and expected. */
export class BudgetTree implements vscode.TreeDataProvider<BudgetNode>, vscode.Disposable {
  readonly #watch: BudgetWatch;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(watch: BudgetWatch) {
    this.#watch = watch;
    this.#subscriptions = [
      this.#changed,
      vscode.window.createTreeView(VIEWS.budgets, { treeDataProvider: this }),
      watch.onDidChange(() => this.#changed.fire(undefined)),
    ];
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }

  getChildren(node?: BudgetNode): BudgetNode[] {
    // Without children the editor shows the view's welcome text.
    if (node === undefined) return this.#watch.states.map((state) => ({ state }));
    return 'state' in node ? figureLines(node.state, style()) : [];
  }

  getTreeItem(node: BudgetNode): vscode.TreeItem {
    if (!('state' in node)) {
      const figure = new vscode.TreeItem(node.name);
      figure.description = node.value;
      figure.accessibilityInformation = { label: `${node.name}: ${node.value}` };
      return figure;
    }
    const { state } = node;
    const name = plain(state.budget.name, { max: 100 });
    const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = state.budget.name;
    item.description = amountsText(state, style());
    item.iconPath = iconOf(state);
    item.tooltip = tooltipLines(state, style());
    item.contextValue = 'budget';
    item.accessibilityInformation = { label: stateLabel(state, style()) };
    item.command = {
      command: COMMANDS.budgets,
      title: vscode.l10n.t('Budgets'),
      arguments: [{ budget: state.budget.name }],
    };
    return item;
  }
}

function iconOf({ isOver, level }: BudgetState): vscode.ThemeIcon {
  if (isOver) return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  if (level !== undefined) return new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  return new vscode.ThemeIcon('pass');
}

function style(): TextStyle {
  return { locale: regionalLocale(), t: vscode.l10n.t, message: inLanguage };
}
