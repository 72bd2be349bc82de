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
    for (let to = from + 1; to <= Math.min(words.length, from + MAX_WORDS); to++) {
      const part = words.slice(from, to);
      const rank = rankOf(part, isNumber, fit);
      if (rank > (best?.rank ?? 0)) best = { run: runOf(part), rank };
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
  // A version has neither a unit nor a currency.
  if (words.some((word) => isNumber(word) && !/^\d{1,2}(?:\.\d{1,2})?$/.test(word.text))) return 0;
  const isOperation = texts.some(({ text }) => OPERATIONS.has(text.toLowerCase()));
  const fits = fit(words.map(({ text }) => text).join(' '));
  if (fits === undefined) return isSingle && !isOperation ? 1 : 0;
  return isOperation ? 2 : words.length * 100 + (fits === 'whole' ? 50 : 0);
}

/** Quoted text is the model, whatever else there is. */
const QUOTED = 10_000;

function runOf(words: readonly Word[]): ModelRun {
  const [first] = words;
  return { text: words.map(({ text }) => text).join(' '), start: first!.start, end: words.at(-1)!.end };
}
