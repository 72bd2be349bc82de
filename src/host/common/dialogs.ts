import * as vscode from 'vscode';
import { COMMANDS, EXTENSION_ID } from '../../contributions.ts';
import { notificationText } from './escape.ts';
import { inLanguage } from './language.ts';
import { pathIn, remedyOf } from './remedies.ts';

/** Notifications and questions about actions started by the user. */

/** Follow-up actions, keyed by the text of their button. */
export type Actions = Readonly<Record<string, () => unknown>>;

/** Shows that an action succeeded. Returns at once; a button's action runs when it is chosen. */
export function showInfo(text: string, actions: Actions = {}): void {
  void offer(vscode.window.showInformationMessage(notificationText(text), ...Object.keys(actions)), actions);
}

/** Shows a warning. If it names a file and no action is given, it offers to show the file. */
export function showWarning(text: string, actions: Actions = showFileAction(text)): void {
  void offer(vscode.window.showWarningMessage(notificationText(inLanguage(text)), ...Object.keys(actions)), actions);
}

/** Shows an error, and writes its details to the log. */
export function showFailure(error: unknown, log: vscode.LogOutputChannel): void {
  log.error(error instanceof Error ? error : String(error));
  showError(error);
}

/** Asks for confirmation of a destructive action; false if the user declines. */
export async function confirm(question: string, detail: string, yes: string): Promise<boolean> {
  const options = {
    modal: true,
    detail: detail
      .split('\n')
      .map((line) => notificationText(inLanguage(line)))
      .join('\n'),
  };
  return (await vscode.window.showWarningMessage(notificationText(question), options, yes)) === yes;
}

function showError(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  const actions: Actions = {
    ...remedyActions(error, text),
    [vscode.l10n.t('Show Log')]: () => vscode.commands.executeCommand(COMMANDS.showLog),
  };
  void offer(vscode.window.showErrorMessage(notificationText(inLanguage(text)), ...Object.keys(actions)), actions);
}

/** The button that fixes the error. */
function remedyActions(error: unknown, text: string): Actions {
  const { t } = vscode.l10n;
  switch (remedyOf(error)) {
    case 'repair':
      return { [t('Repair Ledger…')]: () => vscode.commands.executeCommand(COMMANDS.repairLedger) };
    case 'settings':
      return { [t('Open Settings')]: openSettings };
    case 'showFile':
      return showFileAction(text);
    case undefined:
      return {};
  }
}

function showFileAction(text: string): Actions {
  const path = pathIn(text);
  return path === undefined ? {} : showFile(path);
}

/** The button that shows a file or folder. */
export function showFile(path: string): Actions {
  return { [vscode.l10n.t('Show File')]: () => reveal(vscode.Uri.file(path)) };
}

/** In the system's file manager; where the window has none for this file, in a browser or on another machine, in the editor. */
async function reveal(file: vscode.Uri): Promise<void> {
  const { uiKind, remoteName } = vscode.env;
  if (uiKind === vscode.UIKind.Desktop && remoteName === undefined) {
    await vscode.commands.executeCommand('revealFileInOS', file);
    return;
  }
  const isFile = await isPlainFile(file);
  const folder = vscode.Uri.joinPath(file, '..');
  const chosen = isFile ? [file] : await vscode.window.showOpenDialog({ defaultUri: folder, canSelectFiles: true });
  if (chosen?.[0] !== undefined) await vscode.commands.executeCommand('vscode.open', chosen[0]);
}

async function isPlainFile(file: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.stat(file)).type === vscode.FileType.File;
  } catch {
    return false;
  }
}

export function openSettings(): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${EXTENSION_ID}`);
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
