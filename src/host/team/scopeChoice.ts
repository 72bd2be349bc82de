import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { SCOPES } from '../../usage/dimensions.ts';
import type { Scope } from '../../usage/dimensions.ts';

/** The scope that the user chose, which counts once this machine is in a team. */
export function wantedScope(): Scope {
  const scope = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.scope);
  return SCOPES.find((each) => each === scope) ?? 'machine';
}

/** Shows the costs of a scope in all views of all windows. */
export async function chooseScope(scope: Scope): Promise<void> {
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  await section.update(SETTINGS.scope, scope === 'machine' ? undefined : scope, vscode.ConfigurationTarget.Global);
}
