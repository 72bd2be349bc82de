import * as vscode from 'vscode';
import { CONTEXT_KEYS } from '../contributions.ts';
import type { LedgerService } from './ledger/ledgerService.ts';

/** Updates the context keys of `when` clauses when the ledgers change. */
export function followContext(service: LedgerService): vscode.Disposable {
  const set = (): void => {
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS.health, service.health);
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS.hasUsage, service.hasUsage);
  };
  set();
  return service.onDidChange(set);
}
