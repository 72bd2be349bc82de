import type { ModelMatch, ModelSearch } from './search.ts';
import { isLocalProvider, usualProvider } from '../providers.ts';
import type { UsageInput } from '../../usage/record.ts';
import { readRecordLine } from '../../usage/line/recordLine.ts';
import type { RecordLine } from '../../usage/line/recordLine.ts';
import type { DecimalMark } from '../../usage/line/typedValues.ts';
import { quoteWord } from '../../usage/line/words.ts';

/** Computes the usages that a line such as `gpt-5 12k 800` can mean. Pure. */

export interface LineContext {
  search: ModelSearch;
  mark: DecimalMark;
  /** ms since the epoch. */
  now: number;
  /** Recorded if the line contains no operation. */
  operation: string;
  /** Recorded if the line contains no project. Empty: none. */
  project: string;
  /** The user's providers, most used first: offered for a model without a known provider. */
  providers: readonly string[];
  /** The only names that the ledger accepts; undefined: any. */
  allowed?: { providers: readonly string[]; operations: readonly string[] } | undefined;
}

/** Another model that matches, and the line with its name. */
export interface OtherModel {
  provider: string | undefined;
  model: string;
  calls: number;
  line: string;
}

export interface LineChoices {
  /** Why the line cannot be recorded. */
  problem: string | undefined;
  /** The usages that Enter may record; more than one if the provider is ambiguous, the most likely first. */
  usages: UsageInput[];
  others: OtherModel[];
  /** `exact`: the model is a known name written as one word. `similar`: the known name that matches best. `unknown`: as written. */
  match: 'exact' | 'similar' | 'unknown';
  /** Whether there is a model, so that details can be added. */
  hasModel: boolean;
  /** Whether the model has no known provider, so that one must be typed. */
  needsProvider: boolean;
}

const MAX_OTHERS = 8;
const MAX_PROVIDERS = 5;

export function lineChoices(text: string, context: LineContext): LineChoices {
  const { search, mark, now } = context;
  const line = readRecordLine(text, {
    fit: (words) => search.fit(words),
    isProvider: (word) => search.isProvider(word),
    mark,
    now,
  });
  if (line.model === '') {
    const others = search.find('', MAX_OTHERS).map((match) => otherModel(text, line, match, search));
    return { problem: line.problem, usages: [], others, match: 'unknown', hasModel: false, needsProvider: false };
  }
  const isQuoted = line.modelAt !== undefined && text.slice(line.modelAt.start, line.modelAt.end).includes('"');
  const matches = isQuoted ? [] : search.find(line.model, MAX_OTHERS);
  const [first] = matches;
  const sellers = sellersOf(line, matches, context);
  const others = matches.slice(1).map((match) => otherModel(text, line, match, search));
  if (first !== undefined && !first.isWhole) {
    others.push({ provider: undefined, model: line.model, calls: 0, line: withModel(text, line, `"${line.model}"`) });
  }
  return {
    problem: line.problem ?? notAllowed(line, context),
    usages: sellers.map((seller) => usageOfLine(line, seller, context)),
    others,
    match: first === undefined ? 'unknown' : first.isWhole && !line.model.includes(' ') ? 'exact' : 'similar',
    hasModel: true,
    needsProvider: sellers.length === 0,
  };
}

interface Seller {
  provider: string;
  /** As this provider spells it. */
  model: string;
}

/** The possible providers of the call, the most likely first. A single one if it is unambiguous. */
function sellersOf(line: RecordLine, matches: readonly ModelMatch[], context: LineContext): Seller[] {
  const { allowed } = context;
  const model = matches[0]?.model ?? line.model;
  const { provider } = line;
  if (provider !== undefined) return [{ provider, model: nameAt(provider, line.model, model, context) }];
  const likely = likelySellers(line, matches, context);
  if (allowed === undefined) return likely.slice(0, MAX_PROVIDERS);
  const taken = likely.filter(({ provider }) => allowed.providers.includes(provider));
  return taken.length > 0 ? taken : allowed.providers.map((provider) => ({ provider, model }));
}

/** The name of a typed model at a provider. @param best the name that matches best, of any provider. */
function nameAt(provider: string, typed: string, best: string, { search }: LineContext): string {
  // Programs on the user's machine name their models as the user does: `llama3.2`.
  if (isLocalProvider(provider)) return typed;
  const [own] = search.find(`${provider} ${typed}`, 1);
  return own?.isCertain === true && own.provider === provider ? own.model : best;
}

function likelySellers(
  { model: typed }: RecordLine,
  matches: readonly ModelMatch[],
  { search, providers }: LineContext,
): Seller[] {
  const [first] = matches;
  if (first === undefined) return providers.map((provider) => ({ provider, model: typed }));
  const { model } = first;
  const provider = shownProvider(first);
  if (first.vendor !== undefined || first.calls > 0 || first.isCertain === true) return [{ provider, model }];
  const named = search.providersOf(model).map(usualProvider);
  const sellers = new Map(named.map((each) => [each, { provider: each, model }]));
  // Each reseller spells a name in its own way: `llama 4 maverick`.
  for (const other of first.isWhole ? [] : matches) {
    const seller = shownProvider(other);
    if (!sellers.has(seller)) sellers.set(seller, { provider: seller, model: other.model });
  }
  const vendors = new Set(matches.flatMap((each) => (each.vendor === undefined ? [] : shownProvider(each))));
  return [...sellers.values()].sort((a, b) => Number(vendors.has(b.provider)) - Number(vendors.has(a.provider)));
}

/** The name under which a call is recorded: the user's own for a model in use, else that of imports. */
function shownProvider({ provider, calls }: ModelMatch): string {
  return calls > 0 ? provider : usualProvider(provider);
}

function notAllowed({ provider, operation }: RecordLine, { allowed }: LineContext): string | undefined {
  if (allowed === undefined) return undefined;
  if (provider !== undefined && !allowed.providers.includes(provider))
    return `inkwell cannot read the provider ${provider}`;
  if (operation !== undefined && !allowed.operations.includes(operation))
    return `inkwell cannot read the operation ${operation}`;
  return undefined;
}

function usageOfLine(
  line: RecordLine,
  { provider, model }: { provider: string; model: string },
  { operation, project }: LineContext,
): UsageInput {
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, cost, tags = [], note, time } = line;
  const named = line.project ?? project;
  return {
    provider,
    model,
    operation: line.operation ?? operation,
    input_tokens: input,
    output_tokens: output,
    ...(cacheRead > 0 && { cache_read_tokens: cacheRead }),
    ...(cacheWrite > 0 && { cache_write_tokens: cacheWrite }),
    ...(cost !== undefined && { cost_usd: cost }),
    ...(named !== '' && { project: named }),
    ...(tags.length > 0 && { tags }),
    ...(note !== undefined && note !== '' && { note }),
    ...(time !== undefined && { timestamp: time }),
    source: 'manual',
  };
}

function otherModel(text: string, line: RecordLine, match: ModelMatch, search: ModelSearch): OtherModel {
  const { model, calls } = match;
  const provider = shownProvider(match);
  const named = withModel(text, line, quoteWord(model));
  const isUsual = search.providersOf(model)[0] === match.provider || line.provider !== undefined;
  return { provider, model, calls, line: isUsual ? named : `${named} provider:${quoteWord(provider)}` };
}

/** The line with its model replaced by another name. */
function withModel(text: string, { modelAt }: RecordLine, model: string): string {
  if (modelAt === undefined) return `${model} ${text}`.trimEnd();
  return `${text.slice(0, modelAt.start)}${model}${text.slice(modelAt.end)}`;
}
