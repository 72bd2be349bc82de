import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { AMOUNT, checkedBudget, DEFAULT_LEVELS, type Budget } from '../../budgets/budget.ts';
import { membershipPath } from '../../system/paths.ts';
import { DIMENSION_LABELS, FIELD_DIMENSIONS, SCOPES, type Scope } from '../../usage/dimensions.ts';
import { DAY } from '../../usage/time/zone.ts';
import { quickPickLabel } from '../common/escape.ts';
import { readSettings } from '../common/settings.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { scopeName } from '../team/scopeName.ts';

/** The questions with which a budget is made or changed. Each returns undefined when the user leaves. */

const LEVELS = /^\s*\d{1,4}(\.\d{1,2})?\s*%?(\s*,\s*\d{1,4}(\.\d{1,2})?\s*%?)*\s*$/;
/** Values that were used in these days are offered. */
const OFFERED_DAYS = 90;

/** A budget from a few steps. @param names the names that are taken. */
export async function askForBudget(service: LedgerService, names: readonly string[]): Promise<Budget | undefined> {
  const { t } = vscode.l10n;
  const name = await askForName(t('New Budget (1/5): Name'), names);
  if (name === undefined) return undefined;
  const amount = await askForAmount(t('New Budget (2/5): Amount'), t('The amount for the period, in USD'), '');
  if (amount === undefined) return undefined;
  const period = await askForPeriod(t('New Budget (3/5): Period'));
  if (period === undefined) return undefined;
  const filter = await askForFilter(service, t('New Budget (4/5): What Counts'));
  if (filter === undefined) return undefined;
  const scope = await askForScope(t('New Budget (4/5): Whose Calls Count'));
  if (scope === undefined) return undefined;
  const levels = await askForLevels(t('New Budget (5/5): Warnings'), DEFAULT_LEVELS);
  if (levels === undefined) return undefined;
  return checkedBudget({ name, amount, ...period, levels, ...filter, scope });
}

function askForName(title: string, names: readonly string[]): Thenable<string | undefined> {
  const { t } = vscode.l10n;
  return trimmed(
    vscode.window.showInputBox({
      title,
      prompt: t('A short name, such as site or all'),
      ignoreFocusOut: true,
      validateInput: (text) => {
        if (text.trim() === '' || text.trim().length > 100) return t('Enter a name of at most 100 characters');
        return names.includes(text.trim()) ? t('Another budget has this name') : undefined;
      },
    }),
  );
}

export function askForAmount(title: string, prompt: string, value: string): Thenable<string | undefined> {
  const { t } = vscode.l10n;
  return trimmed(
    vscode.window.showInputBox({
      title,
      prompt,
      value,
      ignoreFocusOut: true,
      validateInput: (text) =>
        AMOUNT.test(text.trim()) && Number(text) > 0 ? undefined : t('Enter an amount such as 50 or 12.50'),
    }),
  );
}

export async function askForLevels(title: string, levels: readonly number[]): Promise<number[] | undefined> {
  const { t } = vscode.l10n;
  const text = await vscode.window.showInputBox({
    title,
    prompt: t('Percentages at which to warn; the last one of at least 100 is the limit'),
    value: levels.join(', '),
    ignoreFocusOut: true,
    validateInput: (typed) =>
      LEVELS.test(typed) && numbers(typed).every((level) => level > 0 && level <= 1_000)
        ? undefined
        : t('Enter percentages such as 50, 80, 100'),
  });
  return text === undefined ? undefined : numbers(text);
}

function numbers(text: string): number[] {
  return text.split(',').map((part) => Number(part.replace('%', '').trim()));
}

async function askForPeriod(title: string): Promise<Pick<Budget, 'period' | 'start'> | undefined> {
  const { t } = vscode.l10n;
  const items = [
    { label: t('Each month'), period: 'month' },
    { label: t('Each month, from another day…'), period: 'start' },
    { label: t('Each week'), period: 'week' },
    { label: t('Each day'), period: 'day' },
    { label: t('Each year'), period: 'year' },
    { label: t('Always the last 30 days'), period: '30d' },
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: t('How long the amount must last'),
    ignoreFocusOut: true,
  });
  if (chosen?.period === 'week') return { period: 'week', start: readSettings().calendar.firstDayOfWeek };
  if (chosen?.period !== 'start') return chosen && { period: chosen.period };
  const day = await vscode.window.showInputBox({
    title,
    prompt: t('The day of the month on which it begins, 1 to 31'),
    value: '15',
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^\d{1,2}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 31 ? undefined : t('Enter 1 to 31'),
  });
  return day === undefined ? undefined : { period: 'month', start: Number(day) };
}

async function askForFilter(service: LedgerService, title: string): Promise<Pick<Budget, 'filter'> | undefined> {
  const { t } = vscode.l10n;
  const all = { label: t('All calls'), dimension: undefined };
  const fields = FIELD_DIMENSIONS.map(({ name }) => ({ label: t(DIMENSION_LABELS[name]), dimension: name }));
  const items = [all, ...fields];
  const options = { title, placeHolder: t('Which calls count'), ignoreFocusOut: true };
  const chosen = await vscode.window.showQuickPick(items, options);
  if (chosen?.dimension === undefined) return chosen && {};
  const { dimension } = chosen;
  const { calendar } = readSettings();
  const filter = { since: Date.now() - OFFERED_DAYS * DAY };
  const groups = await service.aggregate({ filter, groupBy: [dimension], calendar });
  const values = groups.flatMap(({ key }) => key[0] ?? []);
  const picked = await vscode.window.showQuickPick(
    values.map((value) => ({ label: quickPickLabel(value), value })),
    {
      title,
      canPickMany: true,
      placeHolder:
        values.length === 0 ? t('No calls with it in the last 90 days') : t('Select the values that the budget covers'),
      ignoreFocusOut: true,
    },
  );
  if (picked === undefined || picked.length === 0) return undefined;
  return { filter: { [dimension]: picked.map(({ value }) => value) } };
}

/** Asks whose calls count. Outside of a team there is no choice. */
async function askForScope(title: string): Promise<Scope | undefined> {
  if (!existsSync(membershipPath())) return 'machine';
  const { t } = vscode.l10n;
  const items = SCOPES.map((scope) => ({ label: scopeName(scope, t), scope }));
  const chosen = await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true });
  return chosen?.scope;
}

async function trimmed(text: Thenable<string | undefined>): Promise<string | undefined> {
  return (await text)?.trim();
}
