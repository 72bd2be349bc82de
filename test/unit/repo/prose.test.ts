import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { commentsIn, readText, repository, repositoryFiles } from './files.ts';

/**
 * Phrases that make a comment read as translated, with the words to use instead. The list is closed: add a phrase only if the
 * whole code is free of it.
 */
const BANNED: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [
    /\b(?:whoever|whomever|somebody|anybody|everybody|nobody)\b/i,
    'name the subject: another process, the caller, the user',
  ],
  [/\b(?:the|a) person\b|\bfor people\b/i, 'the user; display text, readable'],
  [/\b(?:stands|stood|standing)\b/i, 'is, occurs, is stored'],
  [/\bstand (?:in|at|beside|for)\b/i, 'is, occurs, represents'],
  [/\banew\b/i, 'again, from scratch'],
  [/\bmeanwhile\b/i, 'in the meantime, in parallel'],
  [/\bof its own\b/i, 'a separate one, its own'],
  [/\blet(?:s|ting)? go\b/i, 'release, drop'],
  [/\b(?:is|are|was|were|has|have|had) gone\b/i, 'is missing, no longer exists, has ended'],
  [/\btells\b|\btold\b/i, 'reports, shows, reveals'],
  [/\bin no sum\b/i, 'not included in totals'],
  [/\bdearest\b/i, 'most expensive'],
  [/\bmend(?:s|ed|ing)?\b/i, 'repair, fix'],
  [/\bworth a word\b/i, 'is reported'],
  [/^(?:What|Whose) /, 'begin with a noun or a verb'],
];

const files = repositoryFiles().filter(
  (file) => /^(?:src|media)\/.*\.ts$/.test(file) && existsSync(path.join(repository, file)),
);

describe.skipIf(files.length === 0)('comments', () => {
  test('contain none of the banned phrases', () => {
    const found = files.flatMap((file) =>
      commentsIn(readText(file)).flatMap((comment) =>
        BANNED.filter(([phrase]) => phrase.test(comment)).map(
          ([phrase, instead]) => `${file}: "${phrase.exec(comment)?.[0]}" (${instead}) in: ${comment.slice(0, 90)}`,
        ),
      ),
    );
    expect(found).toEqual([]);
  });

  test.each([
    ['/** What a query asks. */', 'What '],
    ['// Nobody reads it.', 'Nobody'],
    ['/**\n * The record\n * stands in the file.\n */', 'stands'],
  ])('%j is found', (source, phrase) => {
    const [comment = ''] = commentsIn(source);
    expect(BANNED.map(([banned]) => banned.exec(comment)?.[0])).toContain(phrase);
  });
});
