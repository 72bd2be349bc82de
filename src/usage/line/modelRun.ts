import type { Word } from './words.ts';

/** `whole`: the text is a model's name; `part`: it matches part of one or more names. */
export type ModelFit = 'whole' | 'part';

export interface ModelRun {
  text: string;
  start: number;
  end: number;
}

/** Maximum number of words in a model's name: `claude opus 4 1`. */
const MAX_WORDS = 5;

/** Words that usually are the operation when they occur next to a model. */
const OPERATIONS: ReadonlySet<string> = new Set(['chat', 'completion', 'summary', 'embedding', 'review']);

/**
 * Finds the words that name the model. A longer run wins, so that `sonnet 4.5 800` is Sonnet 4.5 with 800 tokens; if nothing
 * matches, the first text is the model.
 */
export function modelRun(
  words: readonly Word[],
  isNumber: (word: Word) => boolean,
  fit: (text: string) => ModelFit | undefined,
): ModelRun | undefined {
  let best: { run: ModelRun; rank: number } | undefined;
  for (let from = 0; from < words.length; from++) {
    // `gpt-5` is a whole name, so `in` and 5 after it belong to it only if they make another whole name.
    let isWhole = false;
    for (let to = from + 1; to <= Math.min(words.length, from + MAX_WORDS); to++) {
      const part = words.slice(from, to);
      const rank = rankOf(part, isNumber, fit);
      const isLoose = isWhole && rank % 100 !== WHOLE && !/\p{L}{3}|^0\d\d$/u.test(words[to - 1]!.text);
      isWhole ||= rank % 100 === WHOLE;
      if (!isLoose && rank > (best?.rank ?? 0)) best = { run: runOf(part), rank };
    }
  }
  return best?.run;
}

/** 0: these words are not a model. */
function rankOf(
  words: readonly Word[],
  isNumber: (word: Word) => boolean,
  fit: (text: string) => ModelFit | undefined,
): number {
  const texts = words.filter((word) => !isNumber(word));
  if (texts.length === 0) return 0;
  const isSingle = words.length === 1;
  if (words.some(({ isQuoted }) => isQuoted)) return isSingle ? QUOTED : 0;
  // A version has neither a unit nor a currency; `ada 002` has zeros in front.
  if (words.some((word) => isNumber(word) && !/^(?:\d{1,2}(?:\.\d{1,2})?|0\d\d)$/.test(word.text))) return 0;
  if (texts.some(({ text }) => /\p{Sc}/u.test(text))) return 0;
  const fits = fit(joined(words));
  const others = words.filter((word) => !isOperationWord(word));
  // `chat` belongs to the name in `deepseek chat`, and is the operation in `gpt-5 chat`.
  const isOperation =
    others.length < words.length && !(fits === 'whole' && others.length > 0 && fit(joined(others)) !== 'whole');
  if (fits === undefined) return isSingle && !isOperation ? 1 : 0;
  return isOperation ? 2 : words.length * 100 + (fits === 'whole' ? WHOLE : 0);
}

/** The part of a rank that whole names have. */
const WHOLE = 50;

/** Quoted text is the model, whatever else there is. */
const QUOTED = 10_000;

function isOperationWord({ text }: Word): boolean {
  return OPERATIONS.has(text.toLowerCase());
}

function joined(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(' ');
}

function runOf(words: readonly Word[]): ModelRun {
  const [first] = words;
  return { text: joined(words), start: first!.start, end: words.at(-1)!.end };
}
