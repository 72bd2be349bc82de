import * as vscode from 'vscode';
import { planLedgerReprice } from '../../ledger/reprice.ts';
import { findUnpriced } from '../../library/unpriced.ts';
import type { UnpricedModel } from '../../library/unpriced.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { withoutSnapshot } from '../../usage/line/modelName.ts';
import { plain } from '../../usage/text.ts';
import { calls, recordedCost } from '../common/costText.ts';
import { showInfo } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { changeEach } from '../ledger/ownLedgers.ts';
import type { OwnChange } from '../ledger/ownLedgers.ts';
import { askForPrice } from './priceForm.ts';
import type { OwnPrice } from './priceLine.ts';
import type { Prices } from './prices.ts';
import { inLanguage } from '../common/language.ts';

export interface ModelKey {
  provider: string;
  model: string;
}

/**
 * Shows the models whose calls have no cost, and sets the price of the one that the user picks.
 * @param wanted the model to begin with.
 */
export async function setPrices(service: LedgerService, prices: Prices, wanted?: ModelKey): Promise<void> {
  const { t } = vscode.l10n;
  const models = await findUnpriced(service, await prices.requiredPricer());
  if (models.length === 0) {
    showInfo(t('Every call has a cost.'));
    return;
  }
  const named = wanted && (find(models, wanted) ?? find(models, wanted, withoutSnapshot));
  const model = named ?? (await chooseModel(models));
  if (model === undefined) return;
  const price = model.isPriced ? undefined : await askForPrice(model);
  if (!model.isPriced && price === undefined) return;
  await apply(service, prices, model, price);
}

function find(
  models: readonly UnpricedModel[],
  wanted: ModelKey,
  nameOf = (model: string): string => model,
): UnpricedModel | undefined {
  return models.find(({ provider, model }) => provider === wanted.provider && nameOf(model) === wanted.model);
}

async function chooseModel(models: readonly UnpricedModel[]): Promise<UnpricedModel | undefined> {
  const { t } = vscode.l10n;
  const items = models.map((model) => ({
    label: quickPickLabel(model.model),
    description: `${plain(model.provider, { max: 60 })} · ${calls(model.calls, style())}`,
    detail: model.isPriced
      ? t('It has a price now. Pick it to price its calls.')
      : plain(inLanguage(model.message), { max: 200 }),
    model,
  }));
  const total = models.reduce((sum, each) => sum + each.calls, 0);
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Unpriced: {0}', calls(total, style())),
    placeHolder: t('Pick a model to set its price'),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return chosen?.model;
}

/** Saves the price, prices the model's calls at once, and offers to take back both. */
async function apply(
  service: LedgerService,
  prices: Prices,
  { provider, model }: ModelKey,
  price: OwnPrice | undefined,
): Promise<void> {
  const { t } = vscode.l10n;
  const library = await prices.library();
  const folder = library.pricesFolder();
  const forget = price && (await library.setOwnPrice(folder, { provider, model, ...price }));
  const isOfModel = (record: UsageRecord): boolean =>
    record.provider === provider && record.model === model && !record.cost_known;
  let change: OwnChange;
  try {
    const pricer = await prices.requiredPricer();
    change = await service.changeOwn((own) =>
      changeEach(own, async (ledger) => {
        const { changes } = await planLedgerReprice(ledger, pricer, Date.now(), { only: isOfModel });
        return ledger.setCosts(changes);
      }),
    );
  } catch (error) {
    await forget?.();
    throw error;
  }
  const { changed, undo } = change;
  const name = plain(model, { max: 100 });
  const done =
    changed.length === 0
      ? t('The price of {0} is set. No call could be priced with it.', name)
      : t('Priced {0} of {1}: {2}.', calls(changed.length, style()), name, recordedCost(changed, style().locale));
  showInfo(done, {
    [t('Undo')]: async () => {
      await forget?.();
      const undone = await service.changeOwn(() => undo());
      showInfo(t('The price is removed. Unpriced again: {0}.', calls(undone, style())));
    },
    [t('Set More Prices…')]: () => setPrices(service, prices),
  });
}
