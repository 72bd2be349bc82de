import type { PriceResult } from '../../pricing/price.ts';
import type { RepriceReason } from '../../pricing/reprice.ts';
import type { LedgerReprice } from '../../ledger/reprice.ts';
import { formatUsd, nanosToUsd } from '../../usage/money.ts';
import type { Nanos } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { count, messageIn, records } from '../common/costText.ts';
import type { TextStyle } from '../common/costText.ts';

/** Describes prices. Plain text, because names of models and providers are untrusted. */

const MAX_NAME = 100;

/** The cost of a usage at the given prices, `about $0.0356 (list price, gpt-5)`, or why it is unknown. */
export function previewText(result: PriceResult, style: TextStyle): string {
  const { locale, t } = style;
  if (result.kind === 'unpriced') return t('price unknown: {0}', plain(messageIn(style, result.message), { max: 200 }));
  const cost = estimate(result.nanos, locale);
  if (result.matched.by === 'free') return t('free');
  if (result.matched.by === 'custom') return t('about {0} (your price)', cost);
  return t('about {0} (list price, {1})', cost, plain(result.matched.model, { max: MAX_NAME }));
}

/** Rounds to cents, or to three significant digits if these show more. The cents are always shown: `$0.80`. */
function estimate(nanos: Nanos, locale: string): string {
  const usd = nanosToUsd(nanos);
  const magnitude = usd === 0 ? 0 : Math.floor(Math.log10(Math.abs(usd)));
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: Math.max(2, 2 - magnitude),
  }).format(usd);
}

/** The changes of a repricing, by model, as a document. */
export function repriceReport({ plan, changes, records: all }: LedgerReprice, path: string, style: TextStyle): string {
  const { locale, t } = style;
  const lines = [t('Recalculated costs'), plain(path), '', t('Checked: {0}', records(all, style)), ''];
  if (changes.length === 0) lines.push(t('All estimated costs match the current prices.'));
  else {
    const rows = plan.groups.map((group) => [
      plain(group.provider, { max: MAX_NAME }),
      plain(group.model, { max: MAX_NAME }),
      reasonText(group.reason, style),
      count(group.records, locale),
      group.reason === 'now-known' ? t('unpriced') : formatUsd(group.before, locale),
      formatUsd(group.after, locale),
      signed(group.difference, locale),
    ]);
    const titles = [t('Provider'), t('Model'), t('Why'), t('Calls'), t('Before'), t('After'), t('Difference')];
    rows.push([t('Total'), '', '', count(changes.length, locale), '', '', signed(plan.difference, locale)]);
    lines.push(...aligned([titles, ...rows], 3));
  }
  if (plan.unpriced.length > 0) {
    lines.push('', t('Price still unknown'), '');
    lines.push(
      ...aligned(
        plan.unpriced.map(({ provider, model, records: n, message }) => [
          count(n, locale),
          plain(provider, { max: MAX_NAME }),
          plain(model, { max: MAX_NAME }),
          plain(messageIn(style, message), { max: 200 }),
        ]),
        4,
      ),
    );
  }
  lines.push('', t('Unchanged: {0}', records(plan.unchanged, style)));
  lines.push(t('Cost reported by the caller, unchanged: {0}', records(plan.recorded, style)));
  if (plan.recorded > 0)
    lines.push(t('To replace some of them with list prices, run LLM Spend: Replace Reported Costs with List Prices…'));
  return `${lines.join('\n')}\n`;
}

function reasonText(reason: RepriceReason, { t }: TextStyle): string {
  switch (reason) {
    case 'now-known':
      return t('was unknown');
    case 'price-changed':
      return t('price corrected');
    case 'wrong-list-price':
      return t('outdated list price of inkwell');
    case 'asked':
      return t('requested');
  }
}

export function signed(nanos: Nanos, locale: string): string {
  return nanos > 0n ? `+${formatUsd(nanos, locale)}` : formatUsd(nanos, locale);
}

/** @param numbersFrom the first right-aligned column. */
function aligned(rows: readonly (readonly string[])[], numbersFrom: number): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= numbersFrom ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
