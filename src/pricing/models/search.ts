import { compactName, withoutSnapshot } from '../../usage/line/modelName.ts';
import { entryOf, FIT, fitOf, isWholeFit, queryOf } from './modelFit.ts';
import type { ModelEntry, Fit, KnownModel } from './modelFit.ts';

/** Finds models by abbreviated names: `gpt5`, `sonnet 4.5`, `claude-sonnet-4-5-20250929`, `gemini flash`. Pure. */

export interface ModelMatch extends KnownModel {
  /** Whether the whole name was typed, possibly without its hyphens or its date. */
  isWhole: boolean;
  /** Whether its provider is certain: it was typed with the model, or only this provider spells the name so. */
  isCertain?: boolean;
}

/** Usual names of providers under which the price table lists no models. */
const RESELLERS: ReadonlySet<string> = new Set(['azure', 'bedrock', 'copilot', 'github-copilot', 'ollama', 'vertex']);

/**
 * The provider of a name that is not listed: `certain` by the spelling alone, else by the price table, which assigns the name to
 * one of its models; undefined for unknown names.
 */
export type AliasProvider = (name: string) => { provider: string; isCertain: boolean } | undefined;

export class ModelSearch {
  readonly #entries: readonly ModelEntry[];
  readonly #byCompact = new Map<string, ModelEntry[]>();
  readonly #providers: ReadonlySet<string>;
  readonly #aliasProvider: AliasProvider;

  constructor(models: readonly KnownModel[], aliasProvider: AliasProvider = () => undefined) {
    this.#aliasProvider = aliasProvider;
    this.#entries = models.map(entryOf);
    this.#providers = new Set(models.map(({ provider }) => provider));
    for (const entry of this.#entries) {
      const same = this.#byCompact.get(entry.compact);
      if (same === undefined) this.#byCompact.set(entry.compact, [entry]);
      else same.push(entry);
    }
  }

  /** The matching models, best first: the user's own and current ones before others. All models for an empty text. */
  find(text: string, limit: number): ModelMatch[] {
    const typed = text.trim().toLowerCase();
    if (typed === '') return this.#usual(limit).map(({ known }) => ({ ...known, isWhole: false }));
    const found = foundIn(this.#entries, typed);
    const [best] = found;
    const named = this.#named(typed);
    if (named !== undefined && !(best?.entry.known.provider === named.provider && isWholeFit(best.fit))) {
      const own = foundIn(this.#ofProvider(named.provider), named.rest);
      const entries = new Set(own.map(({ entry }) => entry));
      const all = [...own, ...found.filter(({ entry }) => !entries.has(entry))];
      const isCertain = ({ known }: ModelEntry): boolean => known.provider === named.provider;
      if (own.length > 0)
        return all.slice(0, limit).map(({ entry, fit }) => ({
          ...matchOf(named.rest, entry, fit),
          isCertain: isCertain(entry),
        }));
    }
    const matches = found.slice(0, limit).map(({ entry, fit }) => matchOf(text.trim(), entry, fit));
    const alias = this.#betterAlias(text.trim(), best, matches[0]);
    return alias === undefined ? matches : [alias, ...matches].slice(0, limit);
  }

  /** The name as typed, if it is one of a model better than the best match. */
  #betterAlias(text: string, best: Found | undefined, match: ModelMatch | undefined): ModelMatch | undefined {
    const alias = this.#alias(text);
    if (match?.calls !== undefined && match.calls > 0 && match.isWhole) return undefined;
    if (alias?.isCertain === true) return alias;
    // A reseller's name may be the vendor's own, too: `claude-3-5-haiku`.
    if (match?.isWhole === true) return match.vendor === undefined ? alias : undefined;
    if (alias !== undefined) return alias;
    // `gpt 5.1 codex` is a name, and not the beginning of `gpt-5.1-codex-mini`.
    const isPart = best === undefined || best.fit.left >= 1 || match?.vendor === undefined;
    return isPart && /\s/.test(text) ? this.#alias(text.toLowerCase().replaceAll(/\s+/g, '-')) : undefined;
  }

  /** A provider that was typed before or after the model: `openai gpt-5`, `llama 70b groq`. */
  #named(typed: string): { provider: string; rest: string } | undefined {
    const words = typed.split(/\s+/);
    for (const [word = '', rest] of [
      [words[0], words.slice(1)],
      [words.at(-1), words.slice(0, -1)],
    ] as const) {
      if (rest.length > 0 && this.#providers.has(word)) return { provider: word, rest: rest.join(' ') };
    }
    return undefined;
  }

  #ofProvider(provider: string): ModelEntry[] {
    return this.#entries.filter(({ known }) => known.provider === provider);
  }

  /** The models in use, then the newest ones of each vendor in turn. */
  #usual(limit: number): ModelEntry[] {
    const sorted = this.#entries.toSorted(byUse);
    const used = sorted.filter(({ known }) => known.calls > 0);
    const ofVendor = new Map<number, number>();
    const newest = sorted.flatMap((entry) => {
      const { vendor, calls, isRetired } = entry.known;
      if (vendor === undefined || calls > 0 || isRetired) return [];
      const turn = ofVendor.get(vendor) ?? 0;
      ofVendor.set(vendor, turn + 1);
      return [{ entry, turn, vendor }];
    });
    newest.sort((a, b) => a.turn - b.turn || a.vendor - b.vendor);
    return [...used, ...newest.map(({ entry }) => entry)].slice(0, limit);
  }

  /** Whether the text is the whole name of a known model, possibly without its hyphens or its date. */
  isWhole(text: string): boolean {
    const whole = compactName(text);
    if (whole === '') return false;
    if (this.#byCompact.has(whole) || this.#byCompact.has(compactName(withoutSnapshot(text)))) return true;
    return this.#alias(text) !== undefined;
  }

  /** Whether a word, in lowercase, is the name of a provider. */
  isProvider(word: string): boolean {
    return this.#providers.has(word) || RESELLERS.has(word);
  }

  /** Whether the words match a model: its whole name, or a part of one or more names. */
  fit(words: string): 'whole' | 'part' | undefined {
    if (this.isWhole(words)) return 'whole';
    // Not a misspelt `llama`.
    if (words.split(/\s+/).some((word) => RESELLERS.has(word.toLowerCase()))) return undefined;
    return this.find(words, 1).length > 0 ? 'part' : undefined;
  }

  /** A name that is known by its spelling or by the rules of the price table, such as `gpt-5-codex`. */
  #alias(model: string): ModelMatch | undefined {
    const alias = this.#aliasProvider(model);
    return alias && { ...alias, model, calls: 0, vendor: 0, isRetired: false, isWhole: true };
  }

  /** The providers under which a model is known, the most likely first. */
  providersOf(model: string): string[] {
    const same = this.#byCompact.get(compactName(model)) ?? this.#byCompact.get(compactName(withoutSnapshot(model)));
    return [...new Set((same ?? []).toSorted(byUse).map(({ known }) => known.provider))];
  }
}

interface Found {
  entry: ModelEntry;
  fit: Fit;
}

/** The entries that match, best first. @param typed in lowercase. */
function foundIn(entries: readonly ModelEntry[], typed: string): Found[] {
  const query = queryOf(typed);
  const found = entries.flatMap((entry) => {
    const fit = fitOf(query, entry);
    return fit === undefined ? [] : [{ entry, fit }];
  });
  return found.sort((a, b) => rankOf(a) - rankOf(b) || byUse(a.entry, b.entry, a.fit.left - b.fit.left));
}

/** Retired models come last, unless the exact name was typed; only names that are spelled otherwise come after them. */
function rankOf({ entry, fit }: Found): number {
  if (fit.isTypo === true) return fit.rank + 2 * (FIT.inside + 1);
  return entry.known.isRetired && fit.rank > FIT.same ? fit.rank + FIT.inside + 1 : fit.rank;
}

/** Sorts the user's own models first, then vendors' models, current ones and newer versions. */
function byUse(a: ModelEntry, b: ModelEntry, left = 0): number {
  return (
    Number(a.known.isRetired) - Number(b.known.isRetired) ||
    Number(b.known.calls > 0) - Number(a.known.calls > 0) ||
    left ||
    b.known.calls - a.known.calls ||
    Number(b.known.vendor !== undefined) - Number(a.known.vendor !== undefined) ||
    compareVersions(b.numbers, a.numbers) ||
    a.lower.length - b.lower.length ||
    (a.lower < b.lower ? -1 : 1)
  );
}

/** Compares versions number by number. A date is not a version. */
function compareVersions(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = versionNumber(a[i]) - versionNumber(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionNumber(part: string | undefined): number {
  return part === undefined || part.length > 2 ? 0 : Number(part);
}

function matchOf(typed: string, { known }: ModelEntry, { rank }: Fit): ModelMatch {
  // A snapshot's full name is the name that was called, and has its model's price.
  const isDated = rank === FIT.snapshot && withoutSnapshot(typed) !== typed && !/\s/.test(typed);
  return { ...known, ...(isDated ? { model: typed } : {}), isWhole: rank <= FIT.snapshot };
}
