import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { openSettings, showWarning } from '../common/dialogs.ts';
import type { LedgerService } from './ledgerService.ts';
import { namedProblem } from './ledgerSnapshot.ts';
import type { ShownLedger } from './ledgerSnapshot.ts';

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
    const damage = damageOf(service);
    if (damage !== undefined && !shown.has(damage)) {
      shown.add(damage);
      showWarning(vscode.l10n.t('Your ledger is damaged. {0}', damage), {
        [vscode.l10n.t('Repair Ledger…')]: () => vscode.commands.executeCommand(COMMANDS.repairLedger),
        [vscode.l10n.t('Verify Ledger')]: () => vscode.commands.executeCommand(COMMANDS.verifyLedger),
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
  return errorOf(primary);
}

/** How the primary ledger is damaged, with its path; undefined when it is not. */
function damageOf({ primary }: LedgerService): string | undefined {
  return primary?.state.health === 'damaged' ? errorOf(primary) : undefined;
}

function errorOf(ledger: ShownLedger): string {
  const reason = ledger.state.problems.find(({ severity }) => severity === 'error')?.message ?? '';
  return namedProblem(ledger, reason);
}
