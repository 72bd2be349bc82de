import type { UsedModel } from '../pricing/models/known.ts';
import type { AggregateQuery, Group } from '../usage/query.ts';

/** All models in the ledgers, those with the most calls first. */
export async function usedModels(ledgers: {
  aggregate(query: AggregateQuery): Promise<Group[]>;
}): Promise<UsedModel[]> {
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const groups = await ledgers.aggregate({ filter: {}, groupBy: ['provider', 'model'], calendar });
  return groups
    .map(({ key: [provider, model], totals }) => ({
      provider: provider ?? '',
      model: model ?? '',
      calls: totals.records,
    }))
    .filter(({ provider, model }) => provider !== '' && model !== '')
    .toSorted((a, b) => b.calls - a.calls);
}
