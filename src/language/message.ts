/** Texts shorter than this, without their values, are too common to recognise a message by. */
const SHORTEST = 3;
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
 * Translates a complete English message: the whole of it, else its parts: what follows a colon, its sentences, and what semicolons
 * separate. The values in it may be messages themselves.
 * @param words translations by their English text, with `{0}` for values.
 */
export function translatedMessage(english: string, words: ReadonlyMap<string, string>, depth = 0): string {
  const one = { words, depth };
  const whole = matchedFrom(english, one);
  if (whole !== undefined || depth >= DEEPEST) return whole ?? english;
  return english
    .split(/(?<=[.?!]) (?=[\p{Lu}"])/u)
    .map((sentence) => matchedFrom(sentence, one) ?? clauses(sentence, one))
    .join(' ')
    .replaceAll('。 ', '。');
}

interface Setting {
  words: ReadonlyMap<string, string>;
  depth: number;
}

function clauses(sentence: string, setting: Setting): string {
  return sentence
    .split('; ')
    .map((clause) => matchedFrom(clause, setting) ?? clause)
    .join('; ');
}

/** A message, or one behind the name of a field, file or server: `budgets.json: it is a folder`. */
function matchedFrom(english: string, setting: Setting): string | undefined {
  const whole = matchedInEitherForm(english, setting);
  if (whole !== undefined) return whole;
  for (let colon = english.indexOf(': '); colon !== -1; colon = english.indexOf(': ', colon + 2)) {
    const rest = matchedInEitherForm(english.slice(colon + 2), setting);
    if (rest === undefined) continue;
    const name = english.slice(0, colon);
    return `${matched(name, setting) ?? name}: ${rest}`;
  }
  // The rule of a field after its name.
  const [, field, rule] = /^([^:]{1,60}?) ((?:must|is) .+)$/s.exec(english) ?? [];
  const known = rule && matchedInEitherForm(rule, setting);
  return known && `${matched(field!, setting) ?? field}: ${known}`;
}

/** The message with or without the full stop at its end. */
function matchedInEitherForm(english: string, setting: Setting): string | undefined {
  const found = matched(english, setting);
  if (found !== undefined) return found;
  if (!english.endsWith('.')) return matched(`${english}.`, setting)?.replace(/[.\u3002]$/, '');
  const bare = matched(english.slice(0, -1), setting);
  return bare === undefined ? undefined : `${bare}${/[\u3040-\u30ff\u4e00-\u9fff]$/.test(bare) ? '。' : '.'}`;
}

function matched(english: string, { words, depth }: Setting): string | undefined {
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
