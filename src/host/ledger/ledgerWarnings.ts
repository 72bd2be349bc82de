import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { openSettings, showWarning } from '../common/dialogs.ts';
import type { LedgerService } from './ledgerService.ts';

/** Shows each warning of the primary ledger once per window, for example that records cannot be committed to its file. */
export function showLedgerWarnings(service: LedgerService): vscode.Disposable {
  const shown = new Set<string>();
  return service.onDidChange(() => {
    const { primary } = service;
    const reason = unavailable(service);
    if (reason !== undefined && !shown.has(reason)) {
      shown.add(reason);
      showWarning(vscode.l10n.t('Your ledger cannot be opened. {0}', reason), {
        [vscode.l10n.t('Open Settings')]: openSettings,
        [vscode.l10n.t('Try Again')]: () => service.reopen(),
      });
    }
    for (const { severity, code, message } of primary?.state.problems ?? []) {
      const key = JSON.stringify([primary?.path, code]);
      if (severity !== 'warning' || shown.has(key)) continue;
      shown.add(key);
      showWarning(message, {
        [vscode.l10n.t('Verify Ledger')]: () => vscode.commands.executeCommand(COMMANDS.verifyLedger),
      });
    }
  });
}

/** Why the primary ledger cannot be opened, with its path; undefined when it can. */
function unavailable({ snapshot, primary }: LedgerService): string | undefined {
  if (snapshot.failure !== undefined) return snapshot.failure;
  if (primary?.state.health !== 'unavailable') return undefined;
  const reason = primary.state.problems.find(({ severity }) => severity === 'error')?.message ?? '';
  return reason.includes(primary.path) ? reason : `${primary.path}: ${reason}`;
}
