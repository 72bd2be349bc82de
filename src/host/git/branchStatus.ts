import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION, VIEWS } from '../../contributions.ts';
import { formatTotals } from '../../usage/summary.ts';
import { plain } from '../../usage/text.ts';
import { onDidChangeSettings, regionalLocale } from '../common/settings.ts';
import type { CommitCosts } from './commitCosts.ts';

/** The cost of the work that is not committed yet in the status bar, if the user wants it. */
export class BranchStatus implements vscode.Disposable {
  readonly #costs: CommitCosts;
  readonly #subscriptions: vscode.Disposable[];
  #item: vscode.StatusBarItem | undefined;
  #use: vscode.Disposable | undefined;

  constructor(costs: CommitCosts) {
    this.#costs = costs;
    this.#subscriptions = [
      costs.onDidChange(() => this.#show()),
      onDidChangeSettings([SETTINGS.statusBarBranch], () => this.#follow()),
    ];
    this.#follow();
  }

  dispose(): void {
    this.#stop();
    for (const each of this.#subscriptions) each.dispose();
  }

  #follow(): void {
    const isWanted = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.statusBarBranch) === true;
    if (!isWanted) this.#stop();
    else if (this.#item === undefined) {
      this.#item = vscode.window.createStatusBarItem('llmSpend.branch', vscode.StatusBarAlignment.Left, 0);
      this.#item.name = vscode.l10n.t('LLM Spend: Branch');
      this.#item.command = `${VIEWS.commits}.focus`;
      this.#use = this.#costs.use();
      this.#show();
    }
  }

  #stop(): void {
    this.#use?.dispose();
    this.#item?.dispose();
    this.#use = undefined;
    this.#item = undefined;
  }

  #show(): void {
    const item = this.#item;
    if (item === undefined) return;
    const [branch] = this.#costs.branches;
    if (branch === undefined) {
      item.hide();
      return;
    }
    const { t } = vscode.l10n;
    const { notCommitted, ofBranch, branch: name } = branch.costs;
    const locale = regionalLocale();
    const cost = formatTotals(notCommitted, locale);
    item.text = `$(git-commit) ${cost}`;
    const whole = ofBranch && t('{0} cost {1} so far.', plain(name ?? '', { max: 60 }), formatTotals(ofBranch, locale));
    item.tooltip = [t('Not committed yet: {0}.', cost), ...(whole === undefined ? [] : [whole])].join('\n');
    item.accessibilityInformation = { label: item.tooltip };
    item.show();
  }
}
