import { tableProvider } from '../providers.ts';
import type { PriceTable } from '../table.ts';
import { providerOfSpelling } from './spelling.ts';
import type { KnownModel } from './modelFit.ts';
import { ModelSearch, type AliasProvider } from './search.ts';
import { ownValue } from '../../usage/tables/ownValue.ts';

/** Providers that make most of the models that they sell, in the order in which they are offered. */
const VENDORS: readonly string[] = [
  'anthropic',
  'openai',
  'google',
  'mistral',
  'deepseek',
  'x-ai',
  'moonshotai',
  'zai',
  'alibaba',
  'cohere',
  'perplexity',
  'meta',
  'minimax',
  'voyageai',
  'aws',
];

/** Models of other vendors, which some of {@link VENDORS} also sell. */
const OF_OTHERS: Readonly<Record<string, RegExp>> = {
  aws: /^(?!amazon\.)/,
  google: /^(?:claude|llama|mistral)/,
  mistral: /^(?:deepseek|zai)/,
};

/** Names that match many models, or models whose calls are not entered by hand with token counts. */
const PATTERN =
  /[-:.]$|[*?]|^ft:|^llama[23]-|specdec$|\.ft-|^gemini-(?:pro|flash)(?:-1|$)|^(?:gpt-3|text-davinci|claude-(?:v1|2$)|ada|babbage|curie|davinci)/;

export interface UsedModel {
  provider: string;
  model: string;
  calls: number;
}

/** All models to choose from: those that the user has used, and those of the price table. */
export function knownModels(table: PriceTable | undefined, used: readonly UsedModel[]): KnownModel[] {
  const known = new Map<string, KnownModel>();
  for (const { id: provider, models } of table?.catalog() ?? []) {
    const rank = VENDORS.indexOf(provider);
    for (const { id: model, deprecated } of models) {
      const vendor = rank < 0 || ownValue(OF_OTHERS, provider)?.test(model) === true ? undefined : rank;
      const isRetired = deprecated || PATTERN.test(model);
      known.set(keyOf(provider, model), { provider, model, calls: 0, vendor, isRetired });
    }
  }
  for (const { provider, model, calls } of used) {
    const key = keyOf(tableProvider(provider), model);
    const listed = known.get(key);
    // Under the user's name for the provider.
    known.set(key, { provider, model, calls, vendor: listed?.vendor, isRetired: false });
  }
  return [...known.values()];
}

function keyOf(provider: string, model: string): string {
  return `${provider}\0${model.toLowerCase()}`;
}

/** Finds models among those of the price table and those that the user has used. */
export function modelSearch(table: PriceTable | undefined, used: readonly UsedModel[]): ModelSearch {
  return new ModelSearch(knownModels(table, used), table && aliasProvider(table));
}

/** Finds the provider of a name that is not in the catalog: by its spelling, else by the rules of the price table. */
export function aliasProvider(table: PriceTable): AliasProvider {
  return (name) => {
    const certain = providerOfSpelling(name);
    if (certain !== undefined) return { provider: certain, isCertain: true };
    if (!/^\p{L}[^\s]*\d/u.test(name)) return undefined;
    const provider = table.providerOfModel(name);
    const isKnown = provider !== undefined && typeof table.find(provider, name) === 'object';
    return isKnown ? { provider, isCertain: false } : undefined;
  };
}
