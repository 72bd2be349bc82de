import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packedLanguages } from '../../../../scripts/languages.mjs';
import { catalogueOf, type Translations } from '../../../../src/language/catalogue.ts';
import { LANGUAGES, languageOf } from '../../../../src/language/languageOf.ts';
import { translatedMessage } from '../../../../src/language/message.ts';
import { cellWidth } from '../../../../src/cli/output/cellWidth.ts';
import { repository } from '../../repo/files.ts';
import { isTranslated, layerMessages, sentencesOf } from './layerMessages.ts';
import { columnTitles, commandNames, commandTexts, otherTexts, unmarkedTexts } from './texts.ts';

const english = commandTexts();
const others = new Set([...otherTexts()].flatMap((text) => [text, ...sentencesOf(text)]));

function catalogue(language: string): Translations {
  return JSON.parse(readFileSync(path.join(repository, `l10n/cli.${language}.json`), 'utf8')) as Translations;
}

function places(text: string): string[] {
  return [...text.matchAll(/\{\d+\}/g)].map(([place]) => place).toSorted();
}

/** What a person types or a program reads. */
function names(text: string): string[] {
  return [...text.matchAll(NAMES)].map(([name]) => name).toSorted();
}
const NAMES = new RegExp(`--[a-z][\\w-]*|llm-spend (?:${commandNames().join('|')})\\b|(?:~|docs)/[\\w./-]*\\w`, 'g');

describe.each(LANGUAGES)('%s', (language) => {
  const { texts, messages } = catalogue(language);

  it('has the texts of the command, and no others', () => {
    expect(Object.keys(texts).toSorted()).toEqual(english);
    expect(english.filter((text) => texts[text] === '')).toEqual([]);
  });

  it('has only messages that another layer or commander has', () => {
    expect(Object.keys(messages).filter((text) => !others.has(text))).toEqual([]);
  });

  it('keeps values, flags, commands and the spaces around a text', () => {
    const outline = (text: string): unknown => [places(text), names(text), /^\s*/.exec(text), /\s*$/.exec(text)];
    const changed = Object.entries({ ...texts, ...messages }).filter(
      ([key, text]) => !sameOutline(outline(key), outline(text)),
    );
    expect(changed).toEqual([]);
  });

  it('has headings of columns that are hardly wider than the English ones', () => {
    const room = (title: string): number => Math.max(cellWidth(title) + 4, 16);
    expect(columnTitles().filter((title) => cellWidth(texts[title]!) > room(title))).toEqual([]);
  });
});

function sameOutline(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

it('what the command prints is marked by t`...`', () => {
  expect(unmarkedTexts()).toEqual([]);
});

it('every message of the other layers is translated', () => {
  const known = new Map(Object.keys(catalogue('de').messages).map((key) => [key, '']));
  expect(layerMessages().filter((message) => !isTranslated(message, known))).toEqual([]);
  expect(isTranslated('A text that nobody has translated.', known)).toBe(false);
});

it('every language has the same messages', () => {
  const [first = [], ...rest] = LANGUAGES.map((language) => Object.keys(catalogue(language).messages));
  for (const keys of rest) expect(keys).toEqual(first);
});

it.each([
  [{}, undefined],
  [{ LANG: 'C' }, undefined],
  [{ LANG: 'de_AT.UTF-8' }, 'de'],
  [{ LANG: 'en_US.UTF-8' }, undefined],
  [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C.UTF-8' }, undefined],
  [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'de_DE@euro' }, 'de'],
  [{ LANG: 'en_US.UTF-8', LC_ALL: '', LC_MESSAGES: 'de' }, 'de'],
  [{ LANG: 'de_DE.UTF-8', LLM_SPEND_LANG: 'en' }, undefined],
  [{ LANG: 'C', LLM_SPEND_LANG: 'de' }, 'de'],
  [{ LANG: 'tr_TR.UTF-8' }, undefined],
  [{ LANG: 'deutsch' }, undefined],
])('the language of %j is %s', (env, language) => {
  expect(languageOf(env)).toBe(language);
});

it('the file of the package has every text', async () => {
  const packed = await packedLanguages();
  for (const language of LANGUAGES) {
    const { texts, messages } = catalogue(language);
    const found = catalogueOf(packed, language);
    expect(english.filter((text) => found.text(text) !== texts[text])).toEqual([]);
    expect(Object.fromEntries(found.messages)).toEqual(messages);
  }
});

describe('a message of another layer', () => {
  const words = new Map([
    ['{0} cannot be read: {1}.', '{0} ist nicht lesbar: {1}.'],
    ['{0} cannot be read: {1}. The current prices stay in use.', '{0} fehlt ({1}). Preise bleiben.'],
    ['the disk is full (error {0})', 'der Datenträger ist voll (Fehler {0})'],
    ['{0} of {1}', '{0} von {1}'],
    ['Try again.', 'もう一度お試しください。'],
    ['must not be empty', 'darf nicht leer sein'],
  ]);

  it.each([
    ['/a/b.json cannot be read: EACCES.', '/a/b.json ist nicht lesbar: EACCES.'],
    // Of several that match, the one with the longest text.
    ['x cannot be read: y. The current prices stay in use.', 'x fehlt (y). Preise bleiben.'],
    ['a cannot be read: the disk is full (error 3).', 'a ist nicht lesbar: der Datenträger ist voll (Fehler 3).'],
    ['Nobody knows this. a.db cannot be read: EIO.', 'Nobody knows this. a.db ist nicht lesbar: EIO.'],
    // The parts of a sentence, a name before a colon, and a full stop more or less.
    [
      'costs.json: the disk is full (error 3); a.db cannot be read: EIO',
      'costs.json: der Datenträger ist voll (Fehler 3); a.db ist nicht lesbar: EIO',
    ],
    ['The disk is full (error 3).', 'The disk is full (error 3).'],
    // Japanese and Chinese have no space behind a full stop.
    ['Try again. Try again.', 'もう一度お試しください。もう一度お試しください。'],
    ['--cost must not be empty', '--cost: darf nicht leer sein'],
    // Too little to recognise a message by.
    ['3 of 5', '3 of 5'],
    ['unknown', 'unknown'],
  ])('%s', (message, translation) => {
    expect(translatedMessage(message, words)).toBe(translation);
  });
});
