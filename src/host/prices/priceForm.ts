import * as vscode from 'vscode';
import type { UnpricedModel } from '../../library/unpriced.ts';
import { plain } from '../../usage/text.ts';
import { calls } from '../common/costText.ts';
import { quickPickLabel } from '../common/escape.ts';
import { decimalMark, regionalLocale } from '../common/settings.ts';
import { style } from '../ledger/ledgerActions.ts';
import { costAt, readPriceLine } from './priceLine.ts';
import type { OwnPrice } from './priceLine.ts';

type PriceItem = vscode.QuickPickItem & { price?: OwnPrice };
type OrderedPick = vscode.QuickPick<PriceItem> & { sortByLabel?: boolean };

/** Asks for the price of a model, and shows what its calls would cost. undefined when the user left. */
export function askForPrice(model: UnpricedModel): Promise<OwnPrice | undefined> {
  const { t } = vscode.l10n;
  const input: OrderedPick = vscode.window.createQuickPick<PriceItem>();
  input.sortByLabel = false;
  input.title = t(
    'Price of {0} ({1}), USD per million tokens',
    plain(model.model, { max: 60 }),
    plain(model.provider, { max: 40 }),
  );
  input.placeholder = t('Input, output and cached input, e.g. {0}', example());
  input.ignoreFocusOut = true;
  const update = (): void => {
    input.items = itemsOf(input.value, model);
  };
  input.onDidChangeValue(update);
  update();
  return new Promise((resolve) => {
    input.onDidHide(() => {
      resolve(undefined);
      input.dispose();
    });
    input.onDidAccept(() => {
      // A fast typist accepts before the editor has drawn the list for the last key.
      const typed = readPriceLine(input.value, decimalMark());
      const price = typed === undefined ? input.activeItems[0]?.price : 'price' in typed ? typed.price : undefined;
      if (price === undefined) return;
      resolve(price);
      input.hide();
    });
    input.show();
  });
}

function itemsOf(text: string, model: UnpricedModel): PriceItem[] {
  const { t } = vscode.l10n;
  const typed = readPriceLine(text, decimalMark());
  if (typed !== undefined) {
    return 'problem' in typed
      ? [{ label: `$(error) ${quickPickLabel(typed.problem)}`, alwaysShow: true }]
      : [priceItem(`$(check) ${t('Set price')}`, typed.price, model, '')];
  }
  const { nearest } = model;
  const free = priceItem(`$(circle-slash) ${t('Free')}`, { input: 0, output: 0, cache_read: 0 }, model, '');
  if (nearest === undefined) return [free];
  const price = { input: nearest.input, output: nearest.output, cache_read: nearest.cacheRead };
  const why = t('suggestion: list price of {0}', plain(nearest.model, { max: 60 }));
  return [
    priceItem(`$(lightbulb) ${t('Use the price of {0}', quickPickLabel(nearest.model))}`, price, model, why),
    free,
  ];
}

function priceItem(label: string, price: OwnPrice, model: UnpricedModel, why: string): PriceItem {
  const { t } = vscode.l10n;
  const usd = new Intl.NumberFormat(regionalLocale(), {
    style: 'currency',
    currency: 'USD',
    maximumSignificantDigits: 4,
  });
  const parts = [
    t('{0} input', usd.format(price.input)),
    t('{0} output', usd.format(price.output)),
    ...(price.cache_read === undefined ? [] : [t('{0} cached input', usd.format(price.cache_read))]),
    ...(why === '' ? [] : [why]),
  ];
  const cost = usd.format(costAt(price, model.totals));
  return {
    label,
    description: parts.join(' · '),
    detail: t('{0} would cost about {1}', calls(model.calls, style()), cost),
    alwaysShow: true,
    price,
  };
}

/** In the notation of the user's language. */
function example(): string {
  return [1.25, 10, 0.125].map((price) => new Intl.NumberFormat(regionalLocale()).format(price)).join(' ');
}
