import * as vscode from 'vscode';
import type { LedgerReprice } from '../../ledger/reprice.ts';
import type { RepriceGroup } from '../../pricing/reprice.ts';
import { formatUsd } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { confirm, inform } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style, undoChange } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from './prices.ts';
import { repriceReport, signed } from './priceText.ts';
import type { ReportDocuments } from '../common/reportDocuments.ts';

/** Shows what pricing the ledger again would change, and changes it when the person agrees, with a way back. */
export async function repriceLedger(
  service: LedgerService,
  prices: Prices,
  documents: ReportDocuments,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  const found = await withProgress(() => service.planReprice(prices));
  const costsStay = t('Costs that callers recorded stay.');
  return showAndSet(
    service,
    documents,
    found,
    costsStay,
    t('Nothing to reprice: every cost that comes from prices is right.'),
  );
}

/**
 * The same for costs that callers recorded, of the models that the person names: they are replaced by what the prices say.
 * Nothing is chosen to begin with.
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
    inform(t('No recorded cost differs from what the prices say.'));
    return 0;
  }
  const chosen = await chooseModels(recorded);
  if (chosen === undefined || chosen.length === 0) return undefined;
  const names = new Set(chosen.map(nameOf));
  const isChosen = (model: Model): boolean => names.has(nameOf(model));
  const found = await withProgress(() => service.planReprice(prices, { only: isChosen, named: isChosen }));
  const replaced = t('Costs that callers recorded are replaced by estimates.');
  return showAndSet(service, documents, found, replaced, t('Nothing to reprice: the records have changed meanwhile.'));
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
      '{0}: recorded {1}, by the prices ~{2}',
      records(group.records, style()),
      formatUsd(group.before, locale),
      formatUsd(group.after, locale),
    ),
    group,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Reprice Recorded Costs'),
    placeHolder: t('Whose recorded costs shall the prices replace?'),
    canPickMany: true,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return chosen?.map(({ group }) => group);
}

function withProgress(plan: () => Promise<LedgerReprice>): Thenable<LedgerReprice> {
  const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Pricing the ledger again') };
  return vscode.window.withProgress(progress, plan);
}

/** @param consequence what happens to recorded costs. @param nothing what is said when there is nothing to change. */
async function showAndSet(
  service: LedgerService,
  documents: ReportDocuments,
  found: LedgerReprice,
  consequence: string,
  nothing: string,
): Promise<number | undefined> {
  const { t } = vscode.l10n;
  await documents.show(t('Repricing'), repriceReport(found, service.path, style()));
  const { changes, plan } = found;
  if (changes.length === 0) {
    inform(nothing);
    return 0;
  }
  const detail = t(
    'The known spend changes by {0}. The document shows it by model. {1} Undo takes it back.',
    signed(plan.difference, style().locale),
    consequence,
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
