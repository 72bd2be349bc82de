import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { notificationText } from './escape.ts';

/** Notifications and questions about actions started by the user. */

/** Follow-up actions, keyed by the text of their button. */
export type Actions = Readonly<Record<string, () => unknown>>;

/** Shows that an action succeeded. Returns at once; a button's action runs when it is chosen. */
export function showInfo(text: string, actions: Actions = {}): void {
  void offer(vscode.window.showInformationMessage(notificationText(text), ...Object.keys(actions)), actions);
}

export function showWarning(text: string, actions: Actions = {}): void {
  void offer(vscode.window.showWarningMessage(notificationText(text), ...Object.keys(actions)), actions);
}

/** Shows an error, and writes its details to the log. */
export function showFailure(error: unknown, log: vscode.LogOutputChannel): void {
  log.error(error instanceof Error ? error : String(error));
  showError(error);
}

/** Asks for confirmation of a destructive action; false if the user declines. */
export async function confirm(question: string, detail: string, yes: string): Promise<boolean> {
  const options = { modal: true, detail: detail.split('\n').map(notificationText).join('\n') };
  return (await vscode.window.showWarningMessage(notificationText(question), options, yes)) === yes;
}

function showError(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  const actions: Actions = { [vscode.l10n.t('Show Log')]: () => vscode.commands.executeCommand(COMMANDS.showLog) };
  void offer(vscode.window.showErrorMessage(notificationText(text), ...Object.keys(actions)), actions);
}

async function offer(shown: Thenable<string | undefined>, actions: Actions): Promise<void> {
  const chosen = await shown;
  if (chosen === undefined) return;
  try {
    await actions[chosen]?.();
  } catch (error) {
    showError(error);
  }
}
