import * as vscode from 'vscode';
import type { LedgerReprice } from '../../ledger/reprice.ts';
import type { RepriceGroup } from '../../pricing/reprice.ts';
import { formatUsd } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { confirm, showInfo } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style, undoLastChange } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from './prices.ts';
import { repriceReport, signed } from './priceText.ts';
import type { ReportDocuments } from '../common/reportDocuments.ts';

/** Shows what repricing the ledger would change, and applies it if the user agrees. Undo reverts it. */
export async function repriceLedger(
  service: LedgerService,
  prices: Prices,
  documents: ReportDocuments,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  const found = await withProgress(() => service.planReprice(prices));
  const costsStay = t('Costs that callers reported do not change.');
  const nothing = t('Nothing to recalculate: all estimated costs match the current prices.');
  return showAndSet(service, documents, found, { consequence: costsStay, nothing });
}

/**
 * Does the same for costs reported by callers, for models that the user selects: list prices replace them. No model is
 * preselected.
 */
export async function repriceRecorded(
  service: LedgerService,
  prices: Prices,
  documents: ReportDocuments,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  const { plan } = await withProgress(() => service.planReprice(prices, { named: () => true }));
  const recorded = plan.groups.filter(({ reason }) => reason === 'asked');
  if (recorded.length === 0) {
    showInfo(t('All recorded costs match the list prices.'));
    return 0;
  }
  const chosen = await chooseModels(recorded);
  if (chosen === undefined || chosen.length === 0) return undefined;
  const names = new Set(chosen.map(nameOf));
  const isChosen = (model: Model): boolean => names.has(nameOf(model));
  const found = await withProgress(() => service.planReprice(prices, { only: isChosen, named: isChosen }));
  const replaced = t('Costs that callers reported are replaced by estimates.');
  const nothing = t('Nothing to recalculate: another program changed the records.');
  return showAndSet(service, documents, found, { consequence: replaced, nothing });
}

type Model = Pick<RepriceGroup, 'provider' | 'model'>;

function nameOf({ provider, model }: Model): string {
  return JSON.stringify([provider, model]);
}

async function chooseModels(groups: readonly RepriceGroup[]): Promise<readonly Model[] | undefined> {
  const { t } = vscode.l10n;
  const { locale } = style();
  const items = groups.map((group) => ({
    label: quickPickLabel(`${group.provider} ${group.model}`),
    description: t(
      '{0}: reported {1}, list price ~{2}',
      records(group.records, style()),
      formatUsd(group.before, locale),
      formatUsd(group.after, locale),
    ),
    group,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Replace Reported Costs with List Prices'),
    placeHolder: t('Choose the models whose reported costs are replaced by list prices'),
    canPickMany: true,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return chosen?.map(({ group }) => group);
}

function withProgress(plan: () => Promise<LedgerReprice>): Thenable<LedgerReprice> {
  const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Recalculating costs') };
  return vscode.window.withProgress(progress, plan);
}

interface RepriceTexts {
  /** Explains what happens to recorded costs. */
  consequence: string;
  /** Shown when no cost would change. */
  nothing: string;
}

async function showAndSet(
  service: LedgerService,
  documents: ReportDocuments,
  found: LedgerReprice,
  { consequence, nothing }: RepriceTexts,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  await documents.show(t('Recalculated costs'), repriceReport(found, service.path, style()));
  const { changes, plan } = found;
  if (changes.length === 0) {
    showInfo(nothing);
    return 0;
  }
  const detail = t(
    'The known spend changes by {0}. The document lists the changes by model. {1} Undo reverts them.',
    signed(plan.difference, style().locale),
    consequence,
  );
  const question = t('Change the costs of {0} in {1}?', records(changes.length, style()), plain(service.path));
  if (!(await confirm(question, detail, t('Recalculate')))) return undefined;
  const { changed, missing, differing } = await service.setCosts(changes);
  const left = missing.length + differing.length;
  const rest =
    left === 0 ? '' : ` ${t('Changed by another program, and not recalculated: {0}.', records(left, style()))}`;
  showInfo(`${t('Recalculated {0}.', records(changed.length, style()))}${rest}`, {
    [t('Undo')]: () => undoLastChange(service),
  });
  return changed.length;
}
