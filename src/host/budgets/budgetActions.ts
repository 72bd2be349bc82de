import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { limitOf, type Budget } from '../../budgets/budget.ts';
import { changeBudgets } from '../../budgets/budgetFile.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { snooze } from '../../budgets/claims.ts';
import { nextBucket } from '../../usage/time/calendar.ts';
import { confirm } from '../common/dialogs.ts';
import { readSettings } from '../common/settings.ts';
import { chooseScope, wantedScope } from '../team/scopeChoice.ts';
import { askForAmount, askForLevels } from './budgetForm.ts';
import { amountText, historyChoices } from './budgetMessages.ts';

/** Actions on one budget. */

/** Raising a budget proposes this much more. */
const RAISE_PERCENT = 150n;

/** Looks at the budgets again, after a change of their file. */
export interface Refreshed {
  refresh(): Promise<void>;
}

/** Shows the budget's records, in its scope. */
export async function showBudget(state: BudgetState): Promise<void> {
  const { scope = 'machine' } = state.budget;
  if (scope !== wantedScope()) await chooseScope(scope);
  await vscode.commands.executeCommand(COMMANDS.openHistory, historyChoices(state, readSettings().calendar));
}

export function snoozeBudget(state: BudgetState): void {
  snooze(state, nextBucket(Date.now(), 'day', readSettings().calendar));
}

export async function raiseBudget({ budget }: BudgetState, watch: Refreshed): Promise<void> {
  const { t } = vscode.l10n;
  const value = amountText(budget, (limitOf(budget) * RAISE_PERCENT) / 100n);
  const amount = await askForAmount(t('Raise the Budget {0}', budget.name), t('The new amount for the period'), value);
  if (amount !== undefined) await replace({ ...budget, amount }, watch);
}

export async function changeLevels(budget: Budget, watch: Refreshed): Promise<void> {
  const levels = await askForLevels(vscode.l10n.t('Warnings of the Budget {0}', budget.name), budget.levels);
  if (levels !== undefined) await replace({ ...budget, levels }, watch);
}

export async function removeBudget(budget: Budget, watch: Refreshed): Promise<void> {
  const { t } = vscode.l10n;
  const isAgreed = await confirm(t('Remove the budget {0}?', budget.name), t('No record is changed.'), t('Remove'));
  if (!isAgreed) return;
  await changeBudgets((entries) => entries.filter((each) => !isNamed(each, budget.name)));
  await watch.refresh();
}

async function replace(budget: Budget, watch: Refreshed): Promise<void> {
  await changeBudgets((entries) => entries.map((each) => (isNamed(each, budget.name) ? budget : each)));
  await watch.refresh();
}

function isNamed(entry: unknown, name: string): boolean {
  return (entry as Partial<Budget> | null)?.name === name;
}
