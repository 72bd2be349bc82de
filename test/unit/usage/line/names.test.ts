import { describe, expect, it } from 'vitest';
import { compactName, isNumberPart, nameParts, withoutSnapshot } from '../../../../src/usage/line/modelName.ts';
import { searchParts } from '../../../../src/usage/line/searchText.ts';
import { quoteWord, wordsOf } from '../../../../src/usage/line/words.ts';

describe('the name of a model', () => {
  it.each([
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'],
    ['gpt-4o-2024-11-20', 'gpt-4o'],
    ['gpt-4-0613', 'gpt-4'],
    ['gpt-4-1106', 'gpt-4'],
    ['gemini-2.5-flash-0520', 'gemini-2.5-flash'],
    // No dates: a size, a forty-fifth day, a date that is not at the end, another century.
    ['gpt-4-32768', 'gpt-4-32768'],
    ['model-20250945', 'model-20250945'],
    // Months and days that no calendar has.
    ['model-20251929', 'model-20251929'],
    ['model-2025-13-01', 'model-2025-13-01'],
    ['model-2025-00-10', 'model-2025-00-10'],
    ['model-20250100', 'model-20250100'],
    ['model-20250132', 'model-20250132'],
    ['model-20250431', 'model-20250431'],
    ['model-20250229', 'model-20250229'],
    ['model@2025-02-30', 'model@2025-02-30'],
    ['model-1301', 'model-1301'],
    ['model-0001', 'model-0001'],
    ['model-0100', 'model-0100'],
    ['model-0230', 'model-0230'],
    ['model-1131', 'model-1131'],
    // Last days of months.
    ['model-20240229', 'model'],
    ['model-20250228', 'model'],
    ['model-0229', 'model'],
    ['model-20251231', 'model'],
    ['model-1130', 'model'],
    ['model@2025-01-31', 'model'],
    ['model-2199', 'model-2199'],
    ['gpt-4o-2024-11-20-preview', 'gpt-4o-2024-11-20-preview'],
    ['model-19991231', 'model-19991231'],
    ['model20250929', 'model20250929'],
    ['gpt-5', 'gpt-5'],
    // Half of the hyphens of a date.
    ['model-2025-1201', 'model-2025'],
    ['model-202512-01', 'model-202512-01'],
    ['model@2025-1201', 'model@2025'],
    ['', ''],
  ])('%j without its snapshot is %j', (model, base) => {
    expect(withoutSnapshot(model)).toBe(base);
  });

  it('has words and numbers', () => {
    expect(nameParts('GPT-4o mini')).toEqual(['gpt', '4', 'o', 'mini']);
    expect(nameParts('command-r+')).toEqual(['command', 'r', 'plus']);
    expect(nameParts('Größe_12.5')).toEqual(['größe', '12', '5']);
    expect(nameParts(' -./ ')).toEqual([]);
    expect([compactName('gpt-4o-mini'), compactName('r++'), compactName('-')]).toEqual(['gpt4omini', 'rplusplus', '']);
    expect(['4', '405', '', 'o', '4o', 'a4'].map(isNumberPart)).toEqual([true, true, false, false, false, false]);
  });
});

describe('the parts of a search', () => {
  it('are its terms and words as typed, each marked', () => {
    expect(searchParts('Opus model:"Claude 4"  cost>0.1 -project:x nosuch:y')).toEqual([
      { text: 'Opus', isWord: true },
      { text: 'model:"Claude 4"', isWord: false },
      { text: 'cost>0.1', isWord: false },
      { text: '-project:x', isWord: false },
      { text: 'nosuch:y', isWord: true },
    ]);
    expect(searchParts('  ')).toEqual([]);
  });
});

describe('the words of a line', () => {
  const words = (line: string): unknown[] =>
    wordsOf(line, new Set(['note', 'op'])).map(({ text, key, isQuoted, start, end }) => [
      text,
      key,
      isQuoted,
      line.slice(start, end),
    ]);

  it.each([
    [
      'gpt-5  12k',
      [
        ['gpt-5', undefined, false, 'gpt-5'],
        ['12k', undefined, false, '12k'],
      ],
    ],
    ['NOTE:abc', [['abc', 'note', false, 'NOTE:abc']]],
    [
      'note:"two words" x',
      [
        ['two words', 'note', true, 'note:"two words"'],
        ['x', undefined, false, 'x'],
      ],
    ],
    ['note:', [['', 'note', false, 'note:']]],
    [
      'note: x',
      [
        ['', 'note', false, 'note:'],
        ['x', undefined, false, 'x'],
      ],
    ],
    ['note:""', [['', 'note', true, 'note:""']]],
    ['"a b"', [['a b', undefined, true, '"a b"']]],
    // A quote that is not closed yet, a key that is none, a colon in a name.
    ['"a b', [['a b', undefined, true, '"a b']]],
    ['nova:0', [['nova:0', undefined, false, 'nova:0']]],
    ['nova:', [['nova:', undefined, false, 'nova:']]],
    ['lite-v1:0', [['lite-v1:0', undefined, false, 'lite-v1:0']]],
    ['other:"a b"', [['a b', undefined, true, 'other:"a b"']]],
  ])('%j', (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it('that are written for a text are read as that text', () => {
    expect(['a', 'a b', 'a:b', '', 'say "x"', '"'].map((text) => quoteWord(text))).toEqual([
      'a',
      '"a b"',
      '"a:b"',
      '""',
      '"say x"',
      '""',
    ]);
    for (const text of ['a', 'a b', 'a:b', 'note:x', '#tag']) {
      expect(wordsOf(quoteWord(text), new Set(['note'])).map((word) => word.text)).toEqual([text]);
    }
  });
});
