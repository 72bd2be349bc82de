import type { PriceResult } from '../../pricing/price.ts';
import type { RepriceReason } from '../../pricing/reprice.ts';
import type { LedgerReprice } from '../../ledger/reprice.ts';
import { formatUsd, formatUsdExact } from '../../usage/money.ts';
import type { Nanos } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { count, records } from '../common/costText.ts';
import type { Style } from '../common/costText.ts';

/** Prices in words. Plain text: names of models and providers are hostile. */

const MAX_NAME = 100;

/** What a usage would cost by the prices: `~$0.06 by genai-prices 0.1.8 …`, or why nobody knows. */
export function previewText(result: PriceResult, { locale, t }: Style): string {
  if (result.kind === 'unpriced') return t('unpriced: {0}', plain(result.message, { max: 200 }));
  return t('~{0} by {1}', formatUsdExact(result.nanos, locale), plain(result.priceSource, { max: MAX_NAME }));
}

/** What a repricing would change, by model, as a document. */
export function repriceReport({ plan, changes, records: all }: LedgerReprice, path: string, style: Style): string {
  const { locale, t } = style;
  const lines = [t('Repricing'), plain(path), '', t('Looked at: {0}', records(all, style)), ''];
  if (changes.length === 0) lines.push(t('Every cost that comes from prices is right.'));
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
    lines.push('', t('Still unpriced'), '');
    lines.push(
      ...aligned(
        plan.unpriced.map(({ provider, model, records: n, message }) => [
          count(n, locale),
          plain(provider, { max: MAX_NAME }),
          plain(model, { max: MAX_NAME }),
          plain(message, { max: 200 }),
        ]),
        4,
      ),
    );
  }
  lines.push('', t('As before: {0}', records(plan.unchanged, style)));
  lines.push(t('Recorded by the caller, left alone: {0}', records(plan.recorded, style)));
  if (plan.recorded > 0) lines.push(t('To price some of those too: LLM Spend: Reprice Recorded Costs…'));
  return `${lines.join('\n')}\n`;
}

function reasonText(reason: RepriceReason, { t }: Style): string {
  switch (reason) {
    case 'now-known':
      return t('was unknown');
    case 'price-changed':
      return t('price corrected');
    case 'wrong-list-price':
      return t('old list price of inkwell');
    case 'asked':
      return t('asked for');
  }
}

export function signed(nanos: Nanos, locale: string): string {
  return nanos > 0n ? `+${formatUsd(nanos, locale)}` : formatUsd(nanos, locale);
}

/** @param numbersFrom the first column that is aligned to the right. */
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
