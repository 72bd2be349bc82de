import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { commandShim, shellShim } from './shims.ts';
import type { Shim } from './shims.ts';
import { makeFolders } from '../../system/paths.ts';

/**
 * Makes `llm-spend` available as a command in every terminal of the editor. The user's own installation comes first on the
 * PATH. Never rejects: a failure only means that terminals lack the command.
 */
export async function provideCommand(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<void> {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'bin').fsPath;
  const options = {
    runtime: process.execPath,
    cli: vscode.Uri.joinPath(context.extensionUri, 'dist', 'cli.js').fsPath,
    profile: process.env['USERPROFILE'],
  };
  const shims = process.platform === 'win32' ? [shellShim(options), commandShim(options)] : [shellShim(options)];
  try {
    makeFolders(folder);
    for (const shim of shims) await writeShim(folder, shim);
  } catch (error) {
    log.warn(`The command llm-spend is not in the terminals: ${String(error)}`);
    return;
  }
  const variables = context.environmentVariableCollection;
  variables.description = vscode.l10n.t('Adds the command llm-spend to the PATH.');
  const value = `${delimiter}${folder}`;
  // A change would mark every open terminal as out of date.
  if (variables.get('PATH')?.value === value) return;
  // Shells set the PATH when they start, so it is extended again after that.
  variables.append('PATH', value, { applyAtProcessCreation: true, applyAtShellIntegration: true });
}

/** Replaces the file atomically, because a terminal may be starting it. */
async function writeShim(folder: string, { name, text }: Shim): Promise<void> {
  const file = join(folder, name);
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return;
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, text, { mode: 0o755 });
  // The mode above is subject to the umask.
  await chmod(temporary, 0o755);
  await rename(temporary, file);
}
