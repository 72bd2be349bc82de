import * as vscode from 'vscode';
import { changeBudgets } from '../../budgets/budgetFile.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { endSnooze, snoozedUntil } from '../../budgets/claims.ts';
import { showInfo } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { regionalLocale } from '../common/settings.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { changeLevels, raiseBudget, removeBudget, showBudget, snoozeBudget } from './budgetActions.ts';
import { askForBudget } from './budgetForm.ts';
import { amountsText, paceText } from './budgetMessages.ts';
import type { BudgetWatch } from './budgetWatch.ts';

/** *Budgets…*: lists the budgets, makes new ones, and changes them. @param name a budget whose actions are shown at once. */
export async function manageBudgets(service: LedgerService, watch: BudgetWatch, name?: string): Promise<void> {
  const { t } = vscode.l10n;
  await watch.refresh();
  const named = watch.states.find(({ budget }) => budget.name === name);
  if (named !== undefined) return changeBudget(named, watch);
  const style = { locale: regionalLocale(), t };
  const add = { label: `$(add) ${t('New Budget…')}`, description: '', detail: '', state: undefined };
  const items = [
    ...watch.states.map((state) => ({
      label: quickPickLabel(state.budget.name),
      description: amountsText(state, style),
      detail: paceText(state, style),
      state,
    })),
    add,
  ];
  // Without a budget the only choice is a new one.
  const chosen =
    items.length === 1
      ? add
      : await vscode.window.showQuickPick(items, {
          title: t('Budgets'),
          placeHolder: t('Choose a budget to change it'),
        });
  if (chosen === undefined) return;
  if (chosen.state === undefined) await addBudget(service, watch);
  else await changeBudget(chosen.state, watch);
}

async function addBudget(service: LedgerService, watch: BudgetWatch): Promise<void> {
  const { t } = vscode.l10n;
  const budget = await askForBudget(
    service,
    watch.states.map(({ budget: { name } }) => name),
  );
  if (budget === undefined) return;
  await changeBudgets((entries) => [...entries, budget]);
  await watch.refresh();
  showInfo(t('Added the budget {0}.', budget.name));
}

async function changeBudget(state: BudgetState, watch: BudgetWatch): Promise<void> {
  const { t } = vscode.l10n;
  const { budget } = state;
  const isSnoozed = snoozedUntil(state, Date.now()) !== undefined;
  const actions: (vscode.QuickPickItem & { act: () => unknown })[] = [
    { label: `$(graph) ${t('Show in Cost History')}`, act: () => showBudget(state) },
    { label: `$(edit) ${t('Change the Amount…')}`, act: () => raiseBudget(state, watch) },
    { label: `$(bell) ${t('Change the Warnings…')}`, act: () => changeLevels(budget, watch) },
    isSnoozed
      ? { label: `$(bell) ${t('End the Snooze')}`, act: () => endSnooze(state) }
      : { label: `$(bell-slash) ${t('Snooze until Tomorrow')}`, act: () => snoozeBudget(state) },
    { label: `$(trash) ${t('Remove…')}`, act: () => removeBudget(budget, watch) },
  ];
  const title = t('Budget {0}', budget.name);
  const chosen = await vscode.window.showQuickPick(actions, { title, placeHolder: t('What to do with it') });
  await chosen?.act();
}
