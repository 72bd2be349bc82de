import type { CustomPrice } from '../../pricing/custom.ts';
import { formatUsdExact, usdToNanos } from '../../usage/money.ts';
import { styled, type Output } from '../output/terminal.ts';
import { table, type Column } from '../output/table.ts';

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
    { title: 'Provider', shrinks: true },
    { title: 'Model', shrinks: true },
    { title: 'Input', align: 'right' },
    { title: 'Output', align: 'right' },
    { title: 'Cache read', align: 'right', dropOrder: 2 },
    { title: 'Cache write', align: 'right', dropOrder: 3 },
    { title: '1 h write', align: 'right', dropOrder: 4 },
    { title: 'Reasoning', align: 'right', dropOrder: 5 },
    { title: 'From', dropOrder: 1 },
    ...(isPlaced ? [{ title: 'Set in', dropOrder: 7 }] : []),
    { title: 'Note', shrinks: true, dropOrder: 6 },
  ];
  const rows = custom.map(({ price, where }) => [
    price.provider ?? 'any',
    price.model,
    ...Object.values(RATES).map((field) => usd(price[field])),
    price.from ?? 'always',
    ...(isPlaced ? [where] : []),
    price.note ?? '',
  ]);
  return table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) });
}
