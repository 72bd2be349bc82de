import { compactName, isNumberPart, nameParts, withoutSnapshot } from '../../usage/line/modelName.ts';

/** Finds models by abbreviated names: `gpt5`, `sonnet 4.5`, `claude-sonnet-4-5-20250929`, `gemini flash`. Pure. */

/** A model to choose from. */
export interface KnownModel {
  provider: string;
  model: string;
  /** Number of its calls in the user's ledgers. */
  calls: number;
  /** Rank of the vendor that sells it, 0 for the first; undefined: only resellers do. */
  vendor: number | undefined;
  isRetired: boolean;
}

export interface ModelMatch extends KnownModel {
  /** Whether the whole name was typed, possibly without its hyphens or its date. */
  isWhole: boolean;
}

/** The quality of a match between a typed text and a name, best first. */
const FIT = { same: 0, compact: 1, snapshot: 2, parts: 3, inside: 4 } as const;

interface Entry {
  known: KnownModel;
  lower: string;
  compact: string;
  /** The name without the date of its snapshot. */
  base: string;
  words: readonly string[];
  numbers: readonly string[];
}

interface Fit {
  rank: number;
  /** Whether a word differs from the name's by a letter. */
  isTypo?: boolean;
  /** Number of words and numbers of the name that were not typed. */
  left: number;
}

/** The provider of a name that the price table assigns to one of its models; undefined for unknown names. */
export type AliasProvider = (name: string) => string | undefined;

export class ModelSearch {
  readonly #entries: readonly Entry[];
  readonly #byCompact = new Map<string, Entry[]>();
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
      if (own.length > 0) return all.slice(0, limit).map(({ entry, fit }) => matchOf(named.rest, entry, fit));
    }
    const matches = found.slice(0, limit).map(({ entry, fit }) => matchOf(text.trim(), entry, fit));
    if (matches[0]?.isWhole === true) return matches;
    const alias = this.#alias(text.trim());
    return alias === undefined ? matches : [alias, ...matches].slice(0, limit);
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

  #ofProvider(provider: string): Entry[] {
    return this.#entries.filter(({ known }) => known.provider === provider);
  }

  /** The models in use, then the newest ones of each vendor in turn. */
  #usual(limit: number): Entry[] {
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

  /** A name that the price table knows by its rules, such as `gpt-5-codex`. */
  #alias(model: string): ModelMatch | undefined {
    const provider = this.#aliasProvider(model);
    if (provider === undefined) return undefined;
    return { provider, model, calls: 0, vendor: 0, isRetired: false, isWhole: true };
  }

  /** The providers under which a model is known, the most likely first. */
  providersOf(model: string): string[] {
    const same = this.#byCompact.get(compactName(model)) ?? this.#byCompact.get(compactName(withoutSnapshot(model)));
    return [...new Set((same ?? []).toSorted(byUse).map(({ known }) => known.provider))];
  }
}

interface Found {
  entry: Entry;
  fit: Fit;
}

/** The entries that match, best first. @param typed in lowercase. */
function foundIn(entries: readonly Entry[], typed: string): Found[] {
  const query = queryOf(typed);
  const found = entries.flatMap((entry) => {
    const fit = fitOf(query, entry);
    return fit === undefined ? [] : [{ entry, fit }];
  });
  return found.sort((a, b) => rankOf(a) - rankOf(b) || byUse(a.entry, b.entry, a.fit.left - b.fit.left));
}

function isWholeFit({ rank }: Fit): boolean {
  return rank <= FIT.snapshot;
}

function entryOf(known: KnownModel): Entry {
  const lower = known.model.toLowerCase();
  const base = compactName(withoutSnapshot(lower));
  const parts = nameParts(lower);
  const numbers = parts.filter(isNumberPart);
  // 4.0 equals 4.
  if (numbers.length > 1 && numbers.at(-1) === '0') numbers.pop();
  return {
    known,
    lower,
    compact: compactName(lower),
    base,
    // The newest snapshot is the model itself.
    words: parts.filter((part) => !isNumberPart(part) && part !== 'latest'),
    numbers,
  };
}

/** Retired models come last, unless the exact name was typed; only names that are spelled otherwise come after them. */
function rankOf({ entry, fit }: Found): number {
  if (fit.isTypo === true) return fit.rank + 2 * (FIT.inside + 1);
  return entry.known.isRetired && fit.rank > FIT.same ? fit.rank + FIT.inside + 1 : fit.rank;
}

interface Query {
  lower: string;
  compact: string;
  base: string;
  words: readonly string[];
  numbers: readonly string[];
  /** Parts that were typed without a gap. */
  chunks: readonly string[];
}

function queryOf(lower: string): Query {
  const parts = nameParts(lower);
  return {
    lower,
    compact: compactName(lower),
    base: compactName(withoutSnapshot(lower)),
    words: parts.filter((part) => !isNumberPart(part)),
    numbers: parts.filter(isNumberPart),
    chunks: lower.split(/[^\p{L}\d]+/u),
  };
}

function fitOf(query: Query, entry: Entry): Fit | undefined {
  if (query.lower === entry.lower) return { rank: FIT.same, left: 0 };
  if (query.compact === entry.compact) return { rank: FIT.compact, left: 0 };
  if (query.base === entry.compact || query.compact === entry.base) return { rank: FIT.snapshot, left: 0 };
  const parts = partsLeft(query, entry);
  if (parts !== undefined) return { rank: FIT.parts, ...parts };
  return query.compact.length >= 2 && entry.compact.includes(query.compact)
    ? { rank: FIT.inside, left: entry.compact.length - query.compact.length }
    : undefined;
}

/** Number of parts of a name that were not typed; undefined if it lacks a typed part. */
function partsLeft({ words, numbers, chunks }: Query, entry: Entry): Omit<Fit, 'rank'> | undefined {
  const open = [...entry.words];
  let partial = 0;
  let isMistyped = false;
  for (const word of words) {
    if (word === 'latest') continue;
    let at = open.indexOf(word);
    if (at < 0) at = open.findIndex((each) => each.startsWith(word));
    if (at < 0) {
      at = open.findIndex((each) => isTypo(word, each));
      isMistyped = true;
    }
    if (at < 0) return undefined;
    if (open[at] !== word) partial += 0.5;
    open.splice(at, 1);
  }
  // The typed numbers must be consecutive in the name; any other number makes it a different version.
  const start = numbers.length === 0 ? 0 : entry.numbers.findIndex((_, at) => isRunAt(entry.numbers, numbers, at));
  if (start < 0) return undefined;
  const otherNumbers = numbers.length === 0 ? 0 : entry.numbers.length - numbers.length;
  const torn = chunks.filter((chunk) => /\d\p{L}/u.test(chunk) && !entry.compact.includes(chunk)).length;
  return { left: open.length + partial + otherNumbers + TORN * torn, isTypo: isMistyped };
}

/** `4o` occurs in `gpt-4o`, but in `o4-mini` only as separate parts. */
const TORN = 2;

function isRunAt(all: readonly string[], run: readonly string[], at: number): boolean {
  return run.every((each, index) => all[at + index] === each);
}

/** Whether two letters are swapped, or words of at least five letters differ by one: missing, added or replaced. */
function isTypo(typed: string, word: string): boolean {
  let same = 0;
  while (same < typed.length && typed[same] === word[same]) same += 1;
  const rest = (text: string, from: number): string => text.slice(from);
  const [first, second] = rest(word, same);
  if (word.length >= 3 && typed.startsWith(`${second}${first}`, same) && rest(typed, same + 2) === rest(word, same + 2))
    return true;
  if (typed.length < 4 || word.length < 5 || Math.abs(typed.length - word.length) > 1) return false;
  return (
    rest(typed, same + 1) === rest(word, same + 1) ||
    rest(typed, same) === rest(word, same + 1) ||
    rest(typed, same + 1) === rest(word, same)
  );
}

/** Sorts the user's own models first, then vendors' models, current ones and newer versions. */
function byUse(a: Entry, b: Entry, left = 0): number {
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

function matchOf(typed: string, { known }: Entry, { rank }: Fit): ModelMatch {
  // A snapshot's full name is the name that was called, and has its model's price.
  const isDated = rank === FIT.snapshot && withoutSnapshot(typed) !== typed && !/\s/.test(typed);
  return { ...known, ...(isDated ? { model: typed } : {}), isWhole: rank <= FIT.snapshot };
}
