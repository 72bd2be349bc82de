import * as vscode from 'vscode';
import { quickPickLabel } from '../common/escape.ts';
import { chooseScope } from './scopeChoice.ts';
import { usableMembership, forgetPassword, passwordOf, runSync, type TeamWindow } from './teamWindow.ts';

/** *Leave Team…*: asks whether the records that this machine sent stay in the team's ledger. */
export async function askToLeave(window: TeamWindow): Promise<void> {
  const { t } = vscode.l10n;
  const membership = usableMembership();
  if (membership === undefined) {
    window.dialogs.showInfo(t('This machine is not in a team.'));
    return;
  }
  const { url } = membership;
  const { confirm, showInfo } = window.dialogs;
  const items = [
    { isForgetting: false, label: t('Leave'), detail: t('The records that this machine sent stay there.') },
    {
      isForgetting: true,
      label: t('Leave and Remove My Records…'),
      detail: t('Everything that this machine sent is removed there.'),
    },
  ];
  const title = t('Leave {0}', quickPickLabel(url));
  const chosen = await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true });
  if (chosen === undefined) return;
  if (chosen.isForgetting) {
    const question = t('Remove everything that this machine sent to {0}?', url);
    const detail = t('The ledgers of this machine are not changed.');
    if (!(await confirm(question, detail, t('Leave and Remove')))) return;
  }
  const password = await passwordOf(window, url);
  const args = ['--leave', ...(chosen.isForgetting ? ['--forget'] : [])];
  const options = { location: vscode.ProgressLocation.Notification, title: t('Leaving the team') };
  const { withdrawn } = await vscode.window.withProgress(options, () =>
    runSync<{ withdrawn: number }>(window, args, { password }),
  );
  await forgetPassword(window, url);
  await chooseScope('machine');
  showInfo(
    chosen.isForgetting
      ? t('Left the team of {0}. Records removed from its ledger: {1}.', url, withdrawn)
      : t('Left the team of {0}. The records that this machine sent stay there.', url),
  );
}
