import { compactName, isNumberPart, nameParts, withoutSnapshot } from '../../usage/line/modelName.ts';

/** Compares a typed text with the name of a model. Pure. */

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

/** The quality of a match between a typed text and a name, best first. */
export const FIT = { same: 0, compact: 1, snapshot: 2, parts: 3, inside: 4 } as const;

export interface ModelEntry {
  known: KnownModel;
  lower: string;
  compact: string;
  /** The name without the date of its snapshot. */
  base: string;
  words: readonly string[];
  numbers: readonly string[];
}

export interface Fit {
  rank: number;
  /** Whether a word differs from the name's by a letter. */
  isTypo?: boolean;
  /** Number of words and numbers of the name that were not typed. */
  left: number;
}

export function isWholeFit({ rank }: Fit): boolean {
  return rank <= FIT.snapshot;
}

export function entryOf(known: KnownModel): ModelEntry {
  const lower = known.model.toLowerCase();
  const base = compactName(withoutSnapshot(lower));
  // Bedrock's revision of a model is no part of its name.
  const parts = nameParts(lower.replace(/:\d+$/, ''));
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

export interface Query {
  lower: string;
  compact: string;
  base: string;
  words: readonly string[];
  numbers: readonly string[];
  /** Parts that were typed without a gap. */
  chunks: readonly string[];
}

export function queryOf(lower: string): Query {
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

export function fitOf(query: Query, entry: ModelEntry): Fit | undefined {
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
function partsLeft({ words, numbers, chunks }: Query, entry: ModelEntry): Omit<Fit, 'rank'> | undefined {
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
  const otherNumbers = numbers.length === 0 ? 0 : OTHER_VERSION * (entry.numbers.length - numbers.length);
  const torn = chunks.filter((chunk) => /\d\p{L}/u.test(chunk) && !entry.compact.includes(chunk)).length;
  const special = 2 * open.filter((word) => SPECIAL.has(word)).length;
  return { left: open.length + special + partial + otherNumbers + TORN * torn, isTypo: isMistyped };
}

/** A number that was not typed makes another version: `gemini 3 flash` is rather the preview of 3 than 3.8. */
const OTHER_VERSION = 1.5;

/** Words of models for a special purpose, which users type. */
const SPECIAL: ReadonlySet<string> = new Set([
  'image',
  'audio',
  'tts',
  'live',
  'realtime',
  'transcribe',
  'vision',
  'guard',
]);

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
