import { isNumberPart, nameParts, withoutSnapshot } from '../../usage/line/modelName.ts';
import type { Pricer } from '../price.ts';
import type { KnownModel } from './modelFit.ts';

/** USD per million tokens. */
export interface TokenPrices {
  input: number;
  output: number;
  /** Of input tokens read from the cache. */
  cacheRead: number;
}

/** A price to start from for a model without one: that of the model with the most similar name. */
export interface NearestPrice extends TokenPrices {
  provider: string;
  model: string;
}

const CANDIDATES = 12;

/** The price that applies to a model; undefined where there is none. By short calls, because long contexts may cost more. */
export function tokenPrices(pricer: Pricer, provider: string, model: string): TokenPrices | undefined {
  const price = (counts: object): number | undefined => {
    const result = pricer.price({ provider, model, ...counts });
    if (result.kind === 'unpriced') return undefined;
    const [part] = Object.values(result.parts);
    return part === undefined ? 0 : Number(part.usd);
  };
  const input = price({ input_tokens: 1000 });
  const output = price({ output_tokens: 1000 });
  if (input === undefined || output === undefined) return undefined;
  return { input, output, cacheRead: price({ input_tokens: 1000, cache_read_tokens: 1000 }) ?? input };
}

/**
 * Finds the priced model with the most similar name: of the same family, then by words and version.
 * undefined where no model has the name's first word. A word of one or two letters, as of a size or a letter for a name, must be the
 * first of both.
 */
export function nearestPrice(
  pricer: Pricer,
  models: readonly KnownModel[],
  { provider, model }: { provider: string; model: string },
): NearestPrice | undefined {
  const wanted = nameOf(model);
  if (wanted.family === undefined) return undefined;
  const { family } = wanted;
  const likely = models
    .filter((each) => !each.isRetired && each.model !== model)
    .map((each) => ({ each, name: nameOf(each.model) }))
    .filter(({ name }) => (family.length > 2 ? name.words.includes(family) : name.family === family))
    .map(({ each, name }) => ({ each, score: similarity(wanted, name) + rankOfSeller(each, provider) }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, CANDIDATES);
  for (const { each } of likely) {
    const prices = tokenPrices(pricer, each.provider, each.model);
    if (prices !== undefined) return { provider: each.provider, model: each.model, ...prices };
  }
  return undefined;
}

interface ModelName {
  family: string | undefined;
  words: readonly string[];
  version: number;
}

function nameOf(model: string): ModelName {
  const parts = nameParts(withoutSnapshot(model.slice(model.lastIndexOf('/') + 1)));
  const words = parts.filter((part) => !isNumberPart(part));
  const [major = '0', minor = '0'] = parts.filter((part) => isNumberPart(part) && part.length <= 2);
  return { family: words[0], words, version: Number(`${major}.${minor}`) };
}

function similarity(wanted: ModelName, name: ModelName): number {
  const shared = name.words.filter((word) => wanted.words.includes(word)).length;
  const distance = Math.abs(wanted.version - name.version);
  return 2 * shared - (name.words.length - shared) - distance / 2 + (distance === 0 ? 3 : 0);
}

/** The same provider sells at the most likely price, then the vendor. */
function rankOfSeller(model: KnownModel, provider: string): number {
  return (model.provider === provider ? 0.2 : 0) + (model.vendor === undefined ? 0 : 0.1);
}
