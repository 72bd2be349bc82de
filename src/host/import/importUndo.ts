import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { costNanos, emptyTotals } from '../../usage/query.ts';
import type { Totals } from '../../usage/query.ts';
import { formatTotals } from '../../usage/summary.ts';
import { calls, records } from '../common/costText.ts';
import { showInfo } from '../common/dialogs.ts';
import { style } from '../ledger/ledgerActions.ts';
import { stopImports } from './stopImports.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';

/** The imported usage before an import, for comparison with the result. */
export async function importedBefore(service: LedgerService): Promise<Totals> {
  const { records: held } = await service.imported.refresh();
  return held === 0 ? emptyTotals() : await service.imported.summary();
}

/** The end of an import. */
export interface ImportEnd {
  /** The time by which undo knows the import; null if it changed nothing. */
  undoableAt: string | null;
  /** Whether all logs could be read. If not, there may be new usage that was not imported. */
  isComplete: boolean;
}

/** Shows the number and cost of the calls added by an import, with the next steps. */
export async function showImported(service: LedgerService, before: Totals, end: ImportEnd): Promise<void> {
  const { t } = vscode.l10n;
  await service.refresh();
  const added = difference(await service.imported.summary(), before);
  const { undoableAt, isComplete } = end;
  if (added.records <= 0) {
    if (isComplete) showInfo(t('There was no new usage to import.'), { [t('Open Cost History')]: openHistory });
    return;
  }
  const cost = formatTotals(added, style().locale);
  showInfo(t('Imported {0}: {1} at list prices.', calls(added.records, style()), cost), {
    [t('Open Cost History')]: openHistory,
    ...(undoableAt === null ? {} : { [t('Undo')]: () => undoImported(service, before.records, undoableAt) }),
  });
}

/** Removes the imported records, and stops following the agents, which would import them again. */
async function undoImported(service: LedgerService, before: number, undoableAt: string): Promise<void> {
  const { t } = vscode.l10n;
  await stopImports();
  // Usage that the agents logged since was imported by itself.
  // No button to cancel: a part of an import that stays would be a wrong total.
  const progress = { location: vscode.ProgressLocation.Notification, title: t('Undoing the import…') };
  const removed = await vscode.window.withProgress(progress, () => service.undoImport(undoableAt, before === 0));
  showInfo(t('Removed {0}. The import is turned off.', records(removed, style())));
}

function openHistory(): Thenable<unknown> {
  return vscode.commands.executeCommand(COMMANDS.openHistory);
}

/** The totals of the records added in between, as far as {@link formatTotals} shows them. */
function difference(after: Totals, before: Totals): Totals {
  return {
    ...emptyTotals(),
    records: after.records - before.records,
    recordedNanos: after.recordedNanos - before.recordedNanos,
    estimatedNanos: costNanos(after) - after.recordedNanos - before.estimatedNanos,
    estimated: after.estimated - before.estimated,
    unpriced: after.unpriced - before.unpriced,
  };
}
