import type { CustomPrice } from '../../pricing/custom.ts';
import { formatUsdExact, usdToNanos } from '../../usage/money.ts';
import { styled, type Output } from '../output/terminal.ts';
import { table, type Column } from '../output/table.ts';
import { t } from '../language/text.ts';

/** The rates of a custom price, by flag and by field. */
export const RATES = {
  input: 'input',
  output: 'output',
  cacheRead: 'cache_read',
  cacheWrite: 'cache_write',
  cacheWrite1h: 'cache_write_1h',
  reasoning: 'reasoning',
} as const satisfies Record<string, keyof CustomPrice>;

export interface PlacedPrice {
  price: CustomPrice;
  where: 'prices.json' | 'editor';
}

export function customPriceTable(custom: readonly PlacedPrice[], out: Output): string {
  const usd = (n: number | undefined): string => (n === undefined ? '' : formatUsdExact(usdToNanos(n)));
  // The column for the source is shown only if there are two sources.
  const isPlaced = custom.some(({ where }) => where === 'editor');
  const columns: Column[] = [
    { title: t`Provider`, shrinks: true },
    { title: t`Model`, shrinks: true },
    { title: t`Input`, align: 'right' },
    { title: t`Output`, align: 'right' },
    { title: t`Cache read`, align: 'right', dropOrder: 2 },
    { title: t`Cache write`, align: 'right', dropOrder: 3 },
    { title: t`1 h write`, align: 'right', dropOrder: 4 },
    { title: t`Reasoning`, align: 'right', dropOrder: 5 },
    { title: t`From`, dropOrder: 1 },
    ...(isPlaced ? [{ title: t`Set in`, dropOrder: 7 }] : []),
    { title: t`Note`, shrinks: true, dropOrder: 6 },
  ];
  const rows = custom.map(({ price, where }) => [
    price.provider ?? t`any`,
    price.model,
    ...Object.values(RATES).map((field) => usd(price[field])),
    price.from ?? t`always`,
    ...(isPlaced ? [where] : []),
    price.note ?? '',
  ]);
  return table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) });
}
