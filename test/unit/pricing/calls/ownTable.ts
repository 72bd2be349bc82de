import type { ModelInfo } from '@pydantic/genai-prices';
import { loadPriceTable, type PriceTable } from '../../../../src/pricing/table.ts';
import { bundledProviders } from '../bundledData.ts';

type Prices = ModelInfo['prices'];

/** The bundled table with one more provider, `mine`, that sells models of one's own. */
export function tableWith(models: Readonly<Record<string, Prices>>): PriceTable {
  const mine = {
    id: 'mine',
    name: 'Mine',
    api_pattern: '',
    pricing_urls: [],
    models: Object.entries(models).map(([id, prices]) => ({ id, match: { equals: id }, prices })),
  };
  return loadPriceTable({ providers: [...bundledProviders, mine], date: '2026-11-28' });
}
