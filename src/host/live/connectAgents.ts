import * as vscode from 'vscode';
import type { SettingsChange } from '../../live/connect/connect.ts';
import { confirm, showInfo, showWarning } from '../common/dialogs.ts';
import type { LiveRecording } from './liveRecording.ts';

/**
 * *Connect Agents for Live Recording…*: connects the checked agents and disconnects the others. Each change of an agent's
 * settings is shown before it is written.
 */
export async function connectAgents(live: LiveRecording): Promise<void> {
  const { t } = vscode.l10n;
  const { CONNECTABLE, HOOKS, applyChange, connection, disconnection, isFound, liveSettings } =
    await import('../../live/index.ts');
  const { connections, token } = await liveSettings();
  const items = [...CONNECTABLE, ...HOOKS].map((agent) => {
    const isConnected = connections[agent.id] !== undefined;
    const found = isFound(agent);
    const description = isConnected ? t('connected') : found ? '' : t('not found');
    return { agent, isConnected, label: agent.title, description, picked: isConnected };
  });
  const chosen = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title: t('Connect Agents for Live Recording'),
    placeHolder: t('Checked agents report each call as it happens. Prompts and answers are never sent.'),
    ignoreFocusOut: true,
  });
  if (chosen === undefined) return;
  const done: SettingsChange[] = [];
  for (const { agent, isConnected } of items) {
    const isWanted = chosen.some((item) => item.agent === agent);
    if (isWanted === isConnected) continue;
    try {
      const change = await (isWanted ? connection(agent) : disconnection(agent));
      if (!(await isAgreed(change, token))) continue;
      await applyChange(change);
      done.push(change);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'SettingsError') throw error;
      showWarning(error.message);
    }
  }
  if (done.length === 0) return;
  await live.refresh();
  const names = done.map(({ agent }) => agent.title).join(', ');
  const restart = [...new Set(done.map(({ agent }) => agent.restart))].join(' ');
  showInfo(t('Changed the settings of {0}. {1}', names, restart), {
    [t('Show File')]: () => vscode.window.showTextDocument(vscode.Uri.file(done[0]!.file)),
  });
}

/** Asks for consent, showing the lines that change. */
async function isAgreed(change: SettingsChange, token: string): Promise<boolean> {
  const { t } = vscode.l10n;
  const { changedLines } = await import('../../live/index.ts');
  const { agent, file, endpoint, before, after } = change;
  if (before === after) return true;
  const question =
    endpoint === undefined ? t('Disconnect {0}?', agent.title) : t('Connect {0} for live recording?', agent.title);
  const detail = [t('{0} changes:', file), ...changedLines(change, token)].join('\n');
  return confirm(question, detail, endpoint === undefined ? t('Disconnect') : t('Connect'));
}
