import * as vscode from 'vscode';
import { plain } from '../usage/text.ts';
import { records } from './costText.ts';
import { confirm, inform } from './dialogs.ts';
import { style, undoChange } from './ledgerActions.ts';
import type { LedgerService } from './ledgerService.ts';
import type { Prices } from './prices.ts';
import { repriceReport, signed } from './priceText.ts';
import type { ReportDocuments } from './reportDocuments.ts';

/** Shows what pricing the ledger again would change, and changes it when the person agrees, with a way back. */
export async function repriceLedger(
  service: LedgerService,
  prices: Prices,
  documents: ReportDocuments,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  const progress = { location: vscode.ProgressLocation.Window, title: t('Pricing the ledger again') };
  const found = await vscode.window.withProgress(progress, async () => service.planReprice(prices));
  await documents.show(t('Repricing'), repriceReport(found, service.path, style()));
  const { changes, plan } = found;
  if (changes.length === 0) {
    inform(t('Nothing to reprice: every cost that comes from prices is right.'));
    return 0;
  }
  const detail = t(
    'The known spend changes by {0}. The document shows it by model; costs that callers recorded stay. Undo takes it back.',
    signed(plan.difference, style().locale),
  );
  const question = t('Set the costs of {0} in {1}?', records(changes.length, style()), plain(service.path));
  if (!(await confirm(question, detail, t('Reprice')))) return undefined;
  const { changed, missing, differing } = await service.setCosts(changes);
  const left = missing.length + differing.length;
  const rest = left === 0 ? '' : ` ${t('Changed meanwhile, and left alone: {0}.', records(left, style()))}`;
  inform(`${t('Repriced {0}.', records(changed.length, style()))}${rest}`, {
    [t('Undo')]: () => undoChange(service),
  });
  return changed.length;
}
