import type { MatchLogic, Provider } from '@pydantic/genai-prices';

/**
 * genai-prices' rules for the names of providers and models. Its own code builds a registry of units when it is loaded, which
 * takes as long as starting Node, so the rules are reimplemented here; a test compares both for every name in the table.
 */

export type NamedProvider = Omit<Provider, 'models'>;

/** Whether a name matches a rule. Only regular expressions are case-sensitive. */
export function keepsRule(rule: MatchLogic, name: string): boolean {
  if ('or' in rule) return rule.or.some((each) => keepsRule(each, name));
  if ('and' in rule) return rule.and.every((each) => keepsRule(each, name));
  if ('regex' in rule) return new RegExp(rule.regex).test(name);
  const text = name.toLowerCase();
  if ('equals' in rule) return text === rule.equals.toLowerCase();
  if ('starts_with' in rule) return text.startsWith(rule.starts_with.toLowerCase());
  if ('ends_with' in rule) return text.endsWith(rule.ends_with.toLowerCase());
  return 'contains' in rule && text.includes(rule.contains.toLowerCase());
}

/** The provider with this name: the one with this id, else the first one whose rule matches. */
export function providerOfName<P extends NamedProvider>(providers: readonly P[], name: string): P | undefined {
  const plain = plainName(name);
  if (plain === '') return undefined;
  const rule = ({ provider_match: match }: P): boolean => match !== undefined && keepsRule(match, plain);
  return providers.find(({ id }) => id === plain) ?? providers.find(rule);
}

/** The first provider whose rule for model names matches. */
export function providerOfModelName<P extends NamedProvider>(providers: readonly P[], model: string): P | undefined {
  const plain = plainName(model);
  if (plain === '') return undefined;
  return providers.find(({ model_match: match }) => match !== undefined && keepsRule(match, plain));
}

/**
 * The first model that matches a name: one of the provider's own, else one of the providers whose models it also sells; else
 * with its date written as 2026-01-31 instead of 20260131, or with its family before its version.
 * @param providers lists of models in search order.
 */
export function modelOfName<M extends { match: MatchLogic }>(
  providers: readonly (() => readonly M[])[],
  name: string,
): M | undefined {
  const plain = plainName(name);
  for (const spelling of new Set([plain, withLongDate(plain), familyFirst(plain)])) {
    for (const models of providers) {
      const found = models().find(({ match }) => keepsRule(match, spelling));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().trim();
}

/** Claude's family behind its version, as Cursor writes it: `claude-4.5-sonnet-thinking`. Claude 3 has the version first anyway. */
const VERSION_FIRST = /^claude-([4-9])(?:[.-](\d))?-(sonnet|opus|haiku)(?:-thinking)?$/;

/** A name in Anthropic's own order: `claude-sonnet-4-5`. Others stay as they are. */
export function familyFirst(name: string): string {
  const [, major, minor, family] = VERSION_FIRST.exec(name) ?? [];
  if (major === undefined) return name;
  return `claude-${family}-${major}${minor === undefined ? '' : `-${minor}`}`;
}

const DATE = /(?<=-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

function withLongDate(name: string): string {
  return name.replaceAll(DATE, (short: string, year: string, month: string, day: string) => {
    const long = `${year}-${month}-${day}`;
    const isDay = new Date(`${long}T00:00:00Z`).getUTCDate() === Number(day);
    return isDay ? long : short;
  });
}
