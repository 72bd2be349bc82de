import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { showWarning } from '../common/dialogs.ts';
import type { LedgerService } from './ledgerService.ts';

/** Shows each warning of the primary ledger once per window, for example that records cannot be committed to its file. */
export function showLedgerWarnings(service: LedgerService): vscode.Disposable {
  const shown = new Set<string>();
  return service.onDidChange(() => {
    const { primary } = service;
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
