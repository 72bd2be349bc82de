import * as vscode from 'vscode';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { costNanos, emptyTotals } from '../../usage/query.ts';
import type { Totals } from '../../usage/query.ts';
import { formatTotals } from '../../usage/summary.ts';
import { calls, records } from '../common/costText.ts';
import { showInfo, showWarning } from '../common/dialogs.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';

/** The imported usage before an import, for comparison with the result and as the state that undo returns to. */
export interface ImportedBefore {
  totals: Totals;
  /** Identifies the contents of the ledger of imported usage. */
  cursor: string;
}

export async function importedBefore(service: LedgerService): Promise<ImportedBefore> {
  const ledger = service.imported;
  const { records: held } = await ledger.refresh();
  return { totals: held === 0 ? emptyTotals() : await ledger.summary(), cursor: ledger.cursor };
}

/** Shows the number and cost of the calls added by an import, with the next steps. */
export async function showImported(service: LedgerService, before: ImportedBefore): Promise<void> {
  const { t } = vscode.l10n;
  await service.refresh();
  const added = difference(await service.imported.summary(), before.totals);
  if (added.records <= 0) {
    showInfo(t('There was no new usage to import.'), { [t('Open Cost History')]: openHistory });
    return;
  }
  const cost = formatTotals(added, style().locale);
  showInfo(t('Imported {0}: {1} at list prices.', calls(added.records, style()), cost), {
    [t('Open Cost History')]: openHistory,
    [t('Undo')]: () => undoImport(service, before),
  });
}

/** Removes the imported records, and stops following the agents, which would import them again. */
async function undoImport(service: LedgerService, before: ImportedBefore): Promise<void> {
  const { t } = vscode.l10n;
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  await section.update(SETTINGS.importEnabled, false, vscode.ConfigurationTarget.Global);
  const removed = await service.removeImported(before.totals.records === 0 ? undefined : before.cursor);
  if (removed === undefined) {
    showWarning(t('The import is turned off. Its records stay, because some have changed since.'));
    return;
  }
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
