import { once } from '../../usage/lazy/once.ts';
import { readCatalogue, type Catalogue } from '../../language/catalogue.ts';
import { languageOf, type Language } from '../../language/languageOf.ts';
import { translatedMessage } from '../../language/message.ts';

/**
 * The language of this process; undefined for English. Programs read the output of some calls: it is always English, because a
 * program depends on it.
 */
export const ownLanguage = once((): Language | undefined => {
  const [command, action, ...rest] = process.argv.slice(2);
  if (command === 'mcp' || (command === 'budget' && action === 'hook')) return undefined;
  const words = [command, action, ...rest];
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--json') ? undefined : languageOf(process.env);
});

const catalogue = once((): Catalogue | undefined => {
  const language = ownLanguage();
  return language === undefined ? undefined : readCatalogue(language);
});

type Value = string | number | bigint | undefined;

/**
 * A text in the language of the user, with its values: the key of t`Cleared ${records}.` is `Cleared {0}.`. A value may be a
 * message of another layer. English reads no file.
 */
export function t(parts: TemplateStringsArray, ...values: readonly Value[]): string {
  const words = catalogue();
  if (words === undefined) return parts.reduce((text, part, i) => `${text}${values[i - 1]}${part}`);
  return translated(
    words,
    parts.reduce((key, part, i) => `${key}{${i - 1}}${part}`),
    values,
  );
}

/** A text of a table, such as a label or a help, in the language of the user. */
export function tText(english: string): string {
  return catalogue()?.text(english) ?? english;
}

/** A text with a number in the place of `{0}`: one of the two by the count. */
export function tCount(key: string, count: string): string {
  const words = catalogue();
  return words === undefined ? key.replace('{0}', count) : translated(words, key, [count]);
}

/**
 * A message of another layer, which knows no languages: the English text that is complete already is compared with the texts
 * that have places for values. One that is not known stays English.
 */
export function tMessage(english: string): string {
  const words = catalogue();
  return words === undefined ? english : translatedMessage(english, words.messages);
}

function translated(words: Catalogue, key: string, values: readonly Value[]): string {
  return (words.text(key) ?? key).replaceAll(/\{(\d+)\}/g, (whole, place: string) => {
    const value = values[Number(place)];
    if (value === undefined) return whole;
    return typeof value === 'string' && value.includes(' ') ? translatedMessage(value, words.messages) : String(value);
  });
}
