import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson, repository } from '../repo/files.ts';

type Texts = Readonly<Record<string, string>>;

const page = readFileSync(path.join(repository, 'docs/glossary.md'), 'utf8');
/** The cells of the table whose head begins with `term` and `second`, without its head. */
function table(second: string): { head: string[]; rows: string[][] } {
  const lines =
    page
      .slice(page.indexOf(`| term | ${second}`))
      .split('\n\n')[0]
      ?.trim()
      .split('\n') ?? [];
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return { head, rows };
}
const { head, rows } = table('de');
const terms = rows.map(([term = '', ...cells]) => ({
  term,
  forms: new Map(head.slice(1).map((language, index) => [language, cells[index]?.toLowerCase().split(', ') ?? []])),
}));

/** `record` is a verb, too, and so is `call`. */
const NOUNS: Readonly<Record<string, RegExp>> = {
  record: /\b(?:1|\{\d\}|the|its|all|selected|no|these|filtered) records?\b/i,
  call: /\bcalls?\b(?! (?:it|for|them))/i,
  import: /\bimport(?:s|ed|ing)?\b/i,
  cache: /\bcached?\b/i,
};
const pattern = (term: string): RegExp => NOUNS[term] ?? new RegExp(String.raw`\b${term}s?\b`, 'i');

/** Without the targets of links, and without code: both are the same in every language. */
const words = (text: string): string => text.replaceAll(/\]\([^)]*\)|`[^`]*`/g, ' ');

describe('the glossary', () => {
  it('defines each term once, and names it in every language that the texts have', () => {
    expect(table('means').rows.map(([term]) => term)).toEqual(terms.map(({ term }) => term));
    expect(new Set(terms.map(({ term }) => term)).size).toBe(terms.length);
    expect(head).toEqual(['term', 'de', 'fr', 'es', 'pt-br', 'ja', 'ko', 'zh-cn']);
    expect(terms.filter(({ forms }) => [...forms.values()].flat().includes(''))).toEqual([]);
  });

  it.each(head.slice(1))('is kept by the translations: %s', (language) => {
    const sources: [english: Texts, translated: Texts][] = [
      [readJson('l10n/bundle.l10n.json') as Texts, readJson(`l10n/bundle.l10n.${language}.json`) as Texts],
      [readJson('package.nls.json') as Texts, readJson(`package.nls.${language}.json`) as Texts],
    ];
    const strayed = sources.flatMap(([english, translated]) =>
      Object.entries(translated).flatMap(([key, text]) =>
        terms
          .filter(({ term }) => pattern(term).test(words(english[key] ?? '')))
          .filter(({ forms }) => !forms.get(language)?.some((form) => words(text).toLowerCase().includes(form)))
          .map(({ term }) => `${term}: ${text}`),
      ),
    );
    expect(strayed).toEqual([]);
  });

  it('reaches the texts: each term is in some', () => {
    const english = [readJson('l10n/bundle.l10n.json') as Texts, readJson('package.nls.json') as Texts];
    const texts = english.flatMap((bundle) => Object.values(bundle)).map(words);
    expect(terms.filter(({ term }) => !texts.some((text) => pattern(term).test(text)))).toEqual([]);
  });
});
