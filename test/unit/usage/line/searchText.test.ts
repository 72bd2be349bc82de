import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compares, exactTerm, matchesTerm, parseSearch } from '../../../../src/usage/line/searchText.ts';

const field = (dimension: string, text: string, more: object = {}): object => ({
  dimension,
  text,
  exact: false,
  excluded: false,
  ...more,
});

describe('a search text', () => {
  test.each([
    ['Opus  review', ['opus', 'review'], [], []],
    ['model:Opus', [], [field('model', 'opus')], []],
    ['MODEL:opus', [], [field('model', 'opus')], []],
    ['-project:x review', ['review'], [field('project', 'x', { excluded: true })], []],
    ['model:"Claude Opus"', [], [field('model', 'claude opus', { exact: true })], []],
    ['project:""', [], [field('project', '', { exact: true })], []],
    ['cost:unpriced', [], [field('cost', 'unknown')], []],
    ['cost>0.1', [], [], [{ amount: 'cost', operator: '>', value: 0.1 }]],
    ['cost>=$0,25', [], [], [{ amount: 'cost', operator: '>=', value: 0.25 }]],
    ['tokens<12k', [], [], [{ amount: 'tokens', operator: '<', value: 12_000 }]],
    ['input=1.5M', [], [], [{ amount: 'input', operator: '=', value: 1_500_000 }]],
    // What is no term is a word.
    ['gpt-oss:20b', ['gpt-oss:20b'], [], []],
    ['nosuch:x', ['nosuch:x'], [], []],
    ['cost>abc', ['cost>abc'], [], []],
    ['cost>1.2.3', ['cost>1.2.3'], [], []],
    ['-cost>1', ['-cost>1'], [], []],
    ['-mini', ['-mini'], [], []],
    ['model:', ['model:'], [], []],
    ['a-model:x', ['a-model:x'], [], []],
    ['model:"open', [], [field('model', '"open')], []],
  ])('%s', (text, words, fields, amounts) => {
    expect(parseSearch(text)).toEqual({ words, fields, amounts });
  });

  test('never fails, and a term that is written for a value is read as that value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (value, excluded) => {
        parseSearch(value);
        const term = exactTerm('model', value, excluded);
        if (term === undefined) return value.includes('"');
        const { words, fields } = parseSearch(term);
        expect({ words, fields }).toEqual({
          words: [],
          fields: [field('model', value.toLowerCase(), { exact: true, excluded })],
        });
        return true;
      }),
    );
  });
});

test('a term matches a part of a value, or all of it; only "" matches a missing one', () => {
  const [part, whole, none] = parseSearch('model:pus model:"opus" model:""').fields;
  expect([part, whole, none].map((term) => ['Opus', 'opus-4', null].map((value) => matchesTerm(term!, value)))).toEqual(
    [
      [true, true, false],
      [true, false, false],
      [false, false, true],
    ],
  );
});

test('comparisons', () => {
  const of = (operator: '>' | '>=' | '<' | '<=' | '='): boolean[] =>
    [1, 2, 3].map((amount) => compares({ operator, value: 2 }, amount));
  expect(of('>')).toEqual([false, false, true]);
  expect(of('>=')).toEqual([false, true, true]);
  expect(of('<')).toEqual([true, false, false]);
  expect(of('<=')).toEqual([true, true, false]);
  expect(of('=')).toEqual([false, true, false]);
});
