/** Texts shorter than this, without their values, are too common to recognise a message by. */
const SHORTEST = 6;
/** How deep a message may quote another one. */
const DEEPEST = 3;

interface Pattern {
  /** The longest part between two values, which a message must contain. */
  part: string;
  /** Letters outside of values: of several that match, the longest one is meant. */
  length: number;
  expression: RegExp;
  text: string;
}

const patternsOf = new WeakMap<ReadonlyMap<string, string>, readonly Pattern[]>();

/**
 * Translates a complete English message: the whole of it, else each of its sentences. The values in it may be messages themselves.
 * @param words translations by their English text, with `{0}` for values.
 */
export function translatedMessage(english: string, words: ReadonlyMap<string, string>, depth = 0): string {
  const whole = matched(english, words, depth);
  if (whole !== undefined || depth >= DEEPEST) return whole ?? english;
  const sentences = english.split(/(?<=[.?!]) (?=[A-Z])/);
  if (sentences.length === 1) return english;
  return sentences.map((sentence) => matched(sentence, words, depth) ?? sentence).join(' ');
}

function matched(english: string, words: ReadonlyMap<string, string>, depth: number): string | undefined {
  const same = words.get(english);
  if (same !== undefined) return same;
  for (const { part, expression, text } of patterns(words)) {
    if (!english.includes(part)) continue;
    const found = expression.exec(english);
    if (found === null) continue;
    return text.replaceAll(/\{(\d+)\}/g, (_, place: string) => {
      const value = found[Number(place) + 1] ?? '';
      return value.includes(' ') ? translatedMessage(value, words, depth + 1) : value;
    });
  }
  return undefined;
}

function patterns(words: ReadonlyMap<string, string>): readonly Pattern[] {
  const known = patternsOf.get(words);
  if (known !== undefined) return known;
  const made = [...words].flatMap(([key, text]) => {
    const parts = key.split(/\{\d+\}/);
    const length = parts.reduce((sum, part) => sum + part.replaceAll(/[^\p{L}]/gu, '').length, 0);
    if (parts.length === 1 || length < SHORTEST) return [];
    const part = parts.reduce((longest, each) => (each.length > longest.length ? each : longest));
    const expression = new RegExp(`^${parts.map(escaped).join('([^]*?)')}$`);
    return [{ part, length, expression, text }];
  });
  const sorted = made.toSorted((a, b) => b.length - a.length);
  patternsOf.set(words, sorted);
  return sorted;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
