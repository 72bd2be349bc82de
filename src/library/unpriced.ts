import { knownModels } from '../pricing/models/known.ts';
import { nearestPrice, type NearestPrice } from '../pricing/models/nearest.ts';
import type { Pricer } from '../pricing/price.ts';
import type { AggregateQuery, Group, Page, PageQuery, Totals } from '../usage/query.ts';

/** A model with calls whose cost is unknown. */
export interface UnpricedModel {
  provider: string;
  model: string;
  calls: number;
  /** Of these calls. */
  totals: Totals;
  /** Why the newest of them has no cost. */
  code: string;
  message: string;
  /** It has a price by now, so that repricing is enough. */
  isPriced: boolean;
  /** A price to start from. */
  nearest: NearestPrice | undefined;
}

/** The ledgers as far as they are asked. */
export interface AskedLedgers {
  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
}

/** Finds the models whose calls have no cost, those with the most calls first. */
export async function findUnpriced(ledgers: AskedLedgers, pricer: Pricer): Promise<UnpricedModel[]> {
  const values = { cost: ['unknown'] };
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const groups = await ledgers.aggregate({ filter: { values }, groupBy: ['provider', 'model'], calendar });
  if (groups.length === 0) return [];
  const models = knownModels(pricer.table, []);
  const found: UnpricedModel[] = [];
  for (const { key, totals } of groups.toSorted((a, b) => b.totals.records - a.totals.records)) {
    const [provider, model] = [key[0] ?? '', key[1] ?? ''];
    const filter = { values: { ...values, provider: [provider], model: [model] } };
    const { rows } = await ledgers.page({ filter, sort: 'time', descending: true, offset: 0, limit: 1 });
    const record = rows[0]?.record;
    if (record === undefined) continue;
    const result = pricer.price(record);
    const isPriced = result.kind === 'priced';
    found.push({
      provider,
      model,
      calls: totals.records,
      totals,
      code: isPriced ? 'priced-since' : result.code,
      message: isPriced ? 'It has a price now.' : result.message,
      isPriced,
      nearest: isPriced ? undefined : nearestPrice(pricer, models, { provider, model }),
    });
  }
  return found;
}
