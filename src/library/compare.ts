import { knownModels } from '../pricing/models/known.ts';
import { nearestPrice } from '../pricing/models/nearest.ts';
import { ModelSearch } from '../pricing/models/search.ts';
import { compareEach, comparisonPass, type ComparedGroup } from '../pricing/compare/comparison.ts';
import type { ModelName } from '../pricing/compare/quotes.ts';
import type { Pricer } from '../pricing/price.ts';
import type { AggregateQuery, Group, UsageFilter } from '../usage/query.ts';
import type { ColumnPass } from '../columns/columnPass.ts';
import { usedModels } from './usedModels.ts';

/** Compares what usage cost with what it would have cost at other models. */

/** The ledgers as far as they are asked. */
export interface ComparedLedgers {
  aggregate(query: AggregateQuery): Promise<Group[]>;
  pass<T>(pass: ColumnPass<T>): Promise<T[]>;
}

export interface ComparedModel extends ModelName {
  /** The table does not know the name: the prices are those of the model with the most similar name. */
  isAssumed: boolean;
}

export interface ModelComparison {
  models: ComparedModel[];
  all: ComparedGroup;
  byProject: ComparedGroup[];
  byOperation: ComparedGroup[];
}

/** A model that no price is known for. The message says which ones are similar. */
export class UnknownModelError extends Error {
  override readonly name = 'UnknownModelError';
}

/**
 * @param names models as the user typed them: `gpt-5` or `openai/gpt-5`.
 * @throws {UnknownModelError} for a model without a price.
 */
export async function compareUsage(
  ledgers: ComparedLedgers,
  pricer: Pricer,
  names: readonly string[],
  filter: UsageFilter,
): Promise<ModelComparison> {
  const used = await usedModels(ledgers);
  const models = names.map((name) => findModel(pricer, name, used));
  const cells = (await ledgers.pass(comparisonPass(pricer, models, filter, ['project', 'operation']))).flat();
  const [all, byProject, byOperation] = compareEach(cells, models.length, [[], [0], [1]]);
  return { models, all: all![0]!, byProject: byProject!, byOperation: byOperation! };
}

/**
 * Finds the model that a name means: one in the ledgers, then one of the price table or of the user's own prices.
 * @throws {UnknownModelError} when it has no price, or only that of a similar name.
 */
export function findModel(
  pricer: Pricer,
  name: string,
  used: readonly (ModelName & { calls: number })[] = [],
): ComparedModel {
  const ofLedger = used.filter(({ provider, model }) => model === name || `${provider}/${model}` === name);
  for (const { provider, model } of ofLedger) {
    const found = priced(pricer, { provider, model });
    if (found !== undefined) return found;
  }
  for (const candidate of candidatesOf(pricer, name)) {
    const found = priced(pricer, candidate);
    if (found?.isAssumed === false) return found;
  }
  const models = knownModels(pricer.table, used);
  const found = new ModelSearch(models).find(name, 3);
  const nearest = found.length > 0 ? undefined : nearestPrice(pricer, models, { provider: '', model: name });
  const similar = [...found, ...(nearest === undefined ? [] : [nearest])].map(
    (each) => `${each.provider}/${each.model}`,
  );
  const quoted = JSON.stringify(name.slice(0, 80));
  throw new UnknownModelError(
    [
      ofLedger.length > 0 ? `${quoted} has no list price.` : `No price is known for a model ${quoted}.`,
      ...(similar.length > 0 ? [`Similar models: ${similar.join(', ')}.`] : []),
      'To set a price of your own: llm-spend prices set MODEL.',
    ].join(' '),
  );
}

function candidatesOf({ table, customPrices }: Pricer, name: string): ModelName[] {
  const slash = name.indexOf('/');
  const own = customPrices.map(({ provider = '' }) => ({ provider, model: name }));
  const provider = table.providerOfModel(name);
  return [
    ...(slash > 0 ? [{ provider: name.slice(0, slash), model: name.slice(slash + 1) }] : []),
    ...(provider === undefined ? [] : [{ provider, model: name }]),
    ...own,
  ];
}

/** undefined: there is no price. */
function priced(pricer: Pricer, name: ModelName): ComparedModel | undefined {
  const found = pricer.quote({ ...name, input_tokens: 1, output_tokens: 1 });
  if ('kind' in found || found.matched.by === 'free') return undefined;
  return { ...name, isAssumed: found.rules.some(({ code }) => code === 'assumed-model') };
}
