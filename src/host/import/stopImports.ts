import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';

/** Stops following the agents, which would import undone usage again. */
export async function stopImports(): Promise<void> {
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  if (section.get(SETTINGS.importEnabled) !== true) return;
  await section.update(SETTINGS.importEnabled, false, vscode.ConfigurationTarget.Global);
}
