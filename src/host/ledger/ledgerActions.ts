import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { storeKind } from '../../system/paths.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';
import { confirm, showInfo, showWarning } from '../common/dialogs.ts';
import { repairSteps, undoName, verdict, verificationReport } from './ledgerReport.ts';
import { stopImports } from '../import/stopImports.ts';
import type { LedgerService } from './ledgerService.ts';
import type { ReportDocuments } from '../common/reportDocuments.ts';
import { regionalLocale } from '../common/settings.ts';
import { inLanguage } from '../common/language.ts';

/** Actions on the ledger's file as a whole. Each rejects with a readable error. */

/** The editor does not pass larger text documents to extensions (its limit is 50 MB); it still shows them. */
const MAX_DOCUMENT = 40 * 2 ** 20;

export interface OpenLedgerRequest {
  /** One of the ledgers shown; the primary one if absent. */
  path?: string;
  /** The record at which to place the cursor. */
  usageId?: string;
}

/** Opens the ledger's file in an editor; offers to create it if it does not exist. */
export async function openLedgerFile(service: LedgerService, request: OpenLedgerRequest = {}): Promise<void> {
  const path = request.path ?? service.path;
  const shown = service.snapshot.ledgers.find((ledger) => ledger.path === path);
  const { t } = vscode.l10n;
  if (shown?.state.health === 'missing') {
    const create = t('Create');
    const yes = await confirm(t('There is no ledger yet.'), t('It will be created at {0}.', plain(path)), create);
    if (!yes) return;
    await createEmptyLedger(path);
    await service.refresh();
  }
  const uri = vscode.Uri.file(path);
  if (storeKind(path) === 'sqlite') {
    showInfo(t('The ledger is an SQLite database, which cannot be shown as text: {0}', plain(path)), {
      [t('Export as CSV…')]: () => vscode.commands.executeCommand(COMMANDS.exportCsv),
      [t('Copy Path')]: () => vscode.env.clipboard.writeText(path),
    });
    return;
  }
  const selection =
    request.usageId === undefined || (shown?.state.bytes ?? 0) > MAX_DOCUMENT
      ? undefined
      : await find(uri, JSON.stringify(request.usageId));
  await vscode.commands.executeCommand('vscode.open', uri, selection === undefined ? {} : { selection });
}

/** Describes the ledgers in a document, and shows a summary with the next action. */
export async function showVerification(service: LedgerService, documents: ReportDocuments): Promise<void> {
  const { t } = vscode.l10n;
  const shown = new Set(service.snapshot.ledgers.map(({ path }) => path));
  // inkwell's ledger is looked up on every machine, but listed only if it exists.
  const found = (await service.verify()).filter(({ path }) => shown.has(path) || path === service.path);
  await documents.show(t('Ledger Report'), verificationReport(found, style()));
  const gravest =
    found.find(({ health }) => health === 'unavailable') ??
    found.find(({ health }) => health === 'damaged') ??
    found[0];
  if (gravest === undefined) return;
  const text = verdict(gravest, style());
  if (gravest.health !== 'damaged') showInfo(text);
  else if (gravest.path === service.path) {
    showWarning(text, { [t('Repair Ledger…')]: () => vscode.commands.executeCommand(COMMANDS.repairLedger) });
  } else showWarning(text);
}

/** Shows the steps of a repair, and repairs the ledger if the user agrees. */
export async function askToRepair(service: LedgerService): Promise<void> {
  const { t } = vscode.l10n;
  const plan = await service.repairable();
  if (plan.actions.length === 0) {
    showInfo(t('The ledger needs no repair.'));
    return;
  }
  if (!(await confirm(t('Repair the ledger?'), repairSteps(plan, style()), t('Repair')))) return;
  const done = await service.repair();
  const kept = done.keptIn === undefined ? '' : ` ${t('Unreadable data is kept in {0}.', plain(done.keptIn))}`;
  showInfo(`${t('The ledger is repaired: {0}.', records(done.records, style()))}${kept}`);
}

/** Empties the primary ledger if the user agrees, and offers to undo that. */
export async function askToClear(service: LedgerService): Promise<void> {
  const { t } = vscode.l10n;
  const path = service.path;
  const number = records(service.primary?.state.records ?? 0, style());
  const yes = await confirm(
    t('Clear the ledger?'),
    t('{0} will be removed from {1}. A copy is kept beside it, and Undo restores the ledger.', number, plain(path)),
    t('Clear'),
  );
  if (!yes) return;
  const { removed } = await service.clear();
  showInfo(t('Cleared {0}.', records(removed, style())), {
    [t('Undo')]: () => undoLastChange(service),
  });
}

/** Reverts the last change, and names it. */
export async function undoLastChange(service: LedgerService): Promise<void> {
  const { t } = vscode.l10n;
  if ((await service.undoable())?.undone === 'import') await stopImports();
  const undone = await service.undo();
  showInfo(undone === undefined ? t('There is nothing to undo.') : t('Undid the {0}.', undoName(undone, style())));
}

/** Asks first, because the command palette does not show what the last change was. */
export async function askToUndo(service: LedgerService): Promise<void> {
  const { t } = vscode.l10n;
  const last = await service.undoable();
  if (last === undefined) {
    showInfo(t('There is nothing to undo.'));
    return;
  }
  const at = new Date(last.at).toLocaleString(regionalLocale());
  if (await confirm(t('Undo the {0}?', undoName(last, style())), t('The change was made on {0}.', at), t('Undo'))) {
    await undoLastChange(service);
  }
}

export function style(): TextStyle {
  return { locale: regionalLocale(), t: vscode.l10n.t, message: inLanguage };
}

/** Writes `[]` atomically, without replacing a file that another process created first. */
async function createEmptyLedger(path: string): Promise<void> {
  try {
    await writeFileAtomically(path, '[]\n', { replace: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function find(uri: vscode.Uri, text: string): Promise<vscode.Range | undefined> {
  const document = await vscode.workspace.openTextDocument(uri);
  const at = document.getText().indexOf(text);
  return at < 0 ? undefined : new vscode.Range(document.positionAt(at), document.positionAt(at + text.length));
}
