import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { plain } from '../../usage/text.ts';
import { SCOPES } from '../../usage/dimensions.ts';
import { quickPickLabel } from '../common/escape.ts';
import { askToJoin, showPreview } from './joinTeam.ts';
import { chooseScope, wantedScope } from './scopeChoice.ts';
import { scopeName } from './scopeName.ts';
import type { TeamMember } from './teamMember.ts';
import { runSync, type TeamWindow } from './teamWindow.ts';
import { inLanguage } from '../common/language.ts';

/** The output of `llm-spend sync --status --json`. */
interface Status {
  waits: boolean;
  added: number;
  in_step_at: string | null;
  problem: string | null;
  refused: readonly { usage_id: string; reason: string }[];
}

interface MenuItem extends vscode.QuickPickItem {
  run?: () => unknown;
}

const MAX_PROBLEM = 300;
const MAX_REFUSED = 5;

/** *Team…*: what waits and since when, the scopes to show, and the actions. */
export async function showMenu(window: TeamWindow, member: TeamMember | undefined): Promise<void> {
  if (member === undefined) return askToJoin(window);
  const { t } = vscode.l10n;
  const chosen = await vscode.window.showQuickPick(menuItems(window, member), {
    title: t('Team: {0}', quickPickLabel(member.membership.url)),
    placeHolder: t('Pick whose costs to show, or an action'),
    matchOnDescription: true,
  });
  await chosen?.run?.();
}

async function menuItems(window: TeamWindow, member: TeamMember): Promise<MenuItem[]> {
  const { t } = vscode.l10n;
  const status = await runSync<Status>(window, ['--status', '--ledger', window.service.path]);
  const scopes = SCOPES.map((scope): MenuItem => {
    const isShown = scope === wantedScope();
    return {
      label: `${isShown ? '$(check)' : '$(blank)'} ${scopeName(scope, t)}`,
      description: isShown ? t('shown now') : '',
      run: () => chooseScope(scope),
    };
  });
  return [
    { label: t('State'), kind: vscode.QuickPickItemKind.Separator },
    ...statusItems(window, status, member),
    { label: t('Show the costs of'), kind: vscode.QuickPickItemKind.Separator },
    ...scopes,
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(sync) ${t('Sync Now')}`, run: () => syncAndShow(window, member) },
    { label: `$(eye) ${t('Show What Leaves This Machine')}`, run: () => showPreview(window) },
    { label: `$(sign-out) ${t('Leave Team…')}`, run: () => vscode.commands.executeCommand(COMMANDS.leaveTeam) },
  ];
}

/** All of them synchronise when picked. */
function statusItems(window: TeamWindow, status: Status, member: TeamMember): MenuItem[] {
  const { t } = vscode.l10n;
  const { user, machine } = member.membership;
  const run = (): Promise<void> => syncAndShow(window, member);
  const since =
    status.in_step_at === null ? t('never') : new Date(status.in_step_at).toLocaleString(vscode.env.language);
  const waiting = status.added > 0 ? t('Records not sent yet: {0}', status.added) : t('Changes not sent yet');
  const items: MenuItem[] = [
    {
      label: status.waits ? `$(cloud-upload) ${waiting}` : `$(pass) ${t('In step')}`,
      description: `${t('last in step: {0}', since)} · ${plain(user)}, ${plain(machine)}`,
      run,
    },
  ];
  if (status.problem !== null) {
    const label = `$(warning) ${t('The last attempt failed')}`;
    items.push({ label, detail: quickPickLabel(plain(inLanguage(status.problem), { max: MAX_PROBLEM })), run });
  }
  for (const { usage_id: id, reason } of status.refused.slice(0, MAX_REFUSED)) {
    items.push({
      label: `$(error) ${t('Refused: {0}', quickPickLabel(id))}`,
      detail: quickPickLabel(inLanguage(reason)),
      run,
    });
  }
  return items;
}

/** Sends what waits now, and shows the result. */
export async function syncAndShow({ dialogs }: TeamWindow, member: TeamMember | undefined): Promise<void> {
  const { t } = vscode.l10n;
  if (member === undefined) {
    dialogs.showInfo(t('This machine is not in a team.'), {
      [t('Join a Team Ledger…')]: () => vscode.commands.executeCommand(COMMANDS.joinTeam),
    });
    return;
  }
  const options = { location: vscode.ProgressLocation.Window, title: t('Synchronising with the team') };
  const outcome = await vscode.window.withProgress(options, () => member.syncNow());
  if (outcome === undefined) return;
  const { sent, withdrawn, refused } = outcome;
  if (refused.length > 0) {
    dialogs.showWarning(t('In step with the team, except for refused records: {0}.', refused.length), {
      [t('Team…')]: () => vscode.commands.executeCommand(COMMANDS.team),
    });
  } else dialogs.showInfo(t('In step with the team. Records sent: {0}, withdrawn: {1}.', sent, withdrawn));
}
