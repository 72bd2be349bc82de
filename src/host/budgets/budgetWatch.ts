import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, SETTINGS } from '../../contributions.ts';
import { limitOf, type Budget } from '../../budgets/budget.ts';
import { budgetsPath, changeBudgets, readBudgets } from '../../budgets/budgetFile.ts';
import { budgetState, type BudgetState } from '../../budgets/budgetState.ts';
import { claimCrossing, snooze, snoozedUntil } from '../../budgets/claims.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { nextBucket } from '../../usage/time/calendar.ts';
import { showWarning, type Actions } from '../common/dialogs.ts';
import { onDidChangeSettings, readSettings, regionalLocale } from '../common/settings.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { amountText, crossingMessage, historyChoices, statusLine, tooltipLines } from './budgetMessages.ts';

/** A burst of records is looked at once, soon enough for a message within a second. */
const TIMING = { quietMs: 100, maxWaitMs: 500 };
/** A window without the focus leaves the message to the one that has it. */
const UNFOCUSED_MS = 2_000;
/** Raising a budget proposes this much more. */
const RAISE_PERCENT = 150n;

/**
 * Watches the budgets: an item in the status bar from the first level on, and one warning for each level, in one window of all.
 * Without budgets it shows and asks nothing.
 */
export class BudgetWatch implements vscode.Disposable {
  readonly #service: LedgerService;
  readonly #log: vscode.LogOutputChannel;
  readonly #item: vscode.StatusBarItem;
  readonly #looking: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  /** The last budgets that could be read: a file that is damaged for a while does not switch warnings off. */
  #budgets: readonly Budget[] = [];
  #problem = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(service: LedgerService, log: vscode.LogOutputChannel) {
    this.#service = service;
    this.#log = log;
    this.#item = vscode.window.createStatusBarItem('llmSpend.budget', vscode.StatusBarAlignment.Right, 99);
    this.#item.name = vscode.l10n.t('LLM Spend: Budget');
    this.#item.command = COMMANDS.openHistory;
    this.#looking = new Coalescer(() => this.#look(), {
      timing: TIMING,
      onError: (error) => this.#log.warn(`Budgets: ${String(error)}`),
    });
    const look = (): void => this.#looking.request();
    const file = new vscode.RelativePattern(vscode.Uri.file(dirname(budgetsPath())), 'budgets.json');
    const watcher = vscode.workspace.createFileSystemWatcher(file);
    this.#subscriptions = [
      this.#item,
      this.#looking,
      watcher,
      watcher.onDidChange(look),
      watcher.onDidCreate(look),
      watcher.onDidDelete(look),
      service.onDidChange(look),
      onDidChangeSettings([SETTINGS.timeZone, SETTINGS.weekStart], look),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const each of this.#subscriptions) each.dispose();
  }

  async #look(): Promise<void> {
    this.#read();
    const { snapshot } = this.#service;
    clearTimeout(this.#timer);
    if (this.#budgets.length === 0 || !snapshot.loaded || snapshot.ledgers.length === 0) {
      this.#item.hide();
      return;
    }
    const now = Date.now();
    const { calendar } = readSettings();
    const states: BudgetState[] = [];
    for (const budget of this.#budgets) {
      states.push(await budgetState(budget, this.#service, now, calendar));
    }
    this.#show(states);
    await this.#warn(states);
    // A new day begins new periods.
    this.#timer = setTimeout(() => this.#looking.request(), nextBucket(now, 'day', calendar) - now + 1_000);
  }

  #read(): void {
    const { t } = vscode.l10n;
    let problem = '';
    try {
      const { budgets, problems } = readBudgets();
      this.#budgets = budgets;
      problem = problems.join(' ');
    } catch (error) {
      problem = (error as Error).message;
    }
    if (problem !== '' && problem !== this.#problem) {
      showWarning(problem, {
        [t('Show File')]: () => vscode.window.showTextDocument(vscode.Uri.file(budgetsPath())),
      });
    }
    this.#problem = problem;
  }

  #show(states: readonly BudgetState[]): void {
    const reached = states.filter(({ level }) => level !== undefined).toSorted((a, b) => b.percent - a.percent);
    const [worst] = reached;
    if (worst === undefined) {
      this.#item.hide();
      return;
    }
    const style = { locale: regionalLocale(), t: vscode.l10n.t };
    const background = worst.isOver ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground';
    this.#item.text = `$(${worst.isOver ? 'error' : 'warning'}) ${statusLine(worst, style)}`;
    this.#item.backgroundColor = new vscode.ThemeColor(background);
    this.#item.tooltip = states.map((state) => tooltipLines(state, style)).join('\n');
    this.#item.accessibilityInformation = { label: crossingMessage(worst, worst.level!, style), role: 'button' };
    this.#item.show();
  }

  /** Of all windows the one with the focus claims first. */
  async #warn(states: readonly BudgetState[]): Promise<void> {
    const reached = states.filter(({ level }) => level !== undefined);
    if (reached.length === 0) return;
    if (!vscode.window.state.focused) await new Promise((resolve) => setTimeout(resolve, UNFOCUSED_MS));
    const now = Date.now();
    for (const state of reached) {
      if (snoozedUntil(state, now) !== undefined) continue;
      const claimed = claimCrossing(state, now);
      if (claimed === undefined) continue;
      const style = { locale: regionalLocale(), t: vscode.l10n.t };
      showWarning(crossingMessage(state, claimed.level, style), this.#actions(state));
      claimed.shown();
    }
  }

  #actions(state: BudgetState): Actions {
    const { t } = vscode.l10n;
    return {
      [t('Show')]: () =>
        vscode.commands.executeCommand(COMMANDS.openHistory, historyChoices(state, readSettings().calendar)),
      [t('Raise…')]: () => this.#raise(state),
      [t('Snooze until Tomorrow')]: () => snooze(state, nextBucket(Date.now(), 'day', readSettings().calendar)),
    };
  }

  async #raise({ budget }: BudgetState): Promise<void> {
    const { t } = vscode.l10n;
    const value = amountText(budget, (limitOf(budget) * RAISE_PERCENT) / 100n);
    const amount = await vscode.window.showInputBox({
      title: t('Raise the Budget {0}', budget.name),
      prompt: t('The new amount for the period'),
      value,
      validateInput: (text) =>
        /^\d{1,12}(\.\d{1,9})?$/.test(text.trim()) && Number(text) > 0
          ? undefined
          : t('Enter an amount such as 50 or 12.50'),
    });
    if (amount === undefined) return;
    await changeBudgets((entries) =>
      entries.map((each) =>
        (each as Partial<Budget> | null)?.name === budget.name ? { ...budget, amount: amount.trim() } : each,
      ),
    );
    this.#looking.request();
  }
}
