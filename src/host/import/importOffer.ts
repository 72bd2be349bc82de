import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { showInfo } from '../common/dialogs.ts';
import type { AgentImport } from './agentImport.ts';

const OFFERED = 'llmSpend.import.offered';
/** Delay after the editor's start, so that the question is not lost among others. */
const DELAY_MS = 4_000;

/**
 * Asks once whether to import the usage of the coding agents on this machine. Only checks whether their folders exist; no log
 * is opened before the user agrees.
 */
export function offerImport(context: vscode.ExtensionContext, agents: AgentImport): vscode.Disposable {
  const memory = context.globalState;
  if (memory.get(OFFERED) === true) return { dispose: () => {} };
  const timer = setTimeout(() => void ask(memory, agents), DELAY_MS);
  return { dispose: () => clearTimeout(timer) };
}

async function ask(memory: vscode.Memento, agents: AgentImport): Promise<void> {
  const configured = vscode.workspace.getConfiguration(SETTINGS_SECTION).inspect(SETTINGS.importEnabled);
  // The user has already decided, through the setting.
  if (configured?.globalValue !== undefined) return;
  const found = await agents.found();
  if (found.length === 0) return;
  await memory.update(OFFERED, true);
  const { t } = vscode.l10n;
  const names = new Intl.ListFormat(vscode.env.language).format(found.map(({ title }) => title));
  const question =
    found.length === 1 ? t('{0} found. Import its usage?', names) : t('{0} found. Import their usage?', names);
  showInfo(question, {
    [t('Import')]: () => agents.importFound(),
    [t('Choose…')]: () => agents.ask(),
    [t('Not Now')]: () => undefined,
  });
}
