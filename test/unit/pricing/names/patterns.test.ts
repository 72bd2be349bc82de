import { describe, expect, it } from 'vitest';
import { globMatches, isGlob, specificity } from '../../../../src/pricing/glob.ts';
import { parsePriceSource, repricedSource, tableSource } from '../../../../src/pricing/priceSource.ts';

describe('a pattern', () => {
  it.each([
    ['', 'x', false],
    ['x', '', false],
    ['?', '', false],
    ['?', 'x', true],
    ['??', 'x', false],
    ['*?', 'x', true],
    ['?*', 'x', true],
    ['**', 'x', true],
    ['x*', 'yx', false],
    ['*x', 'xy', false],
    ['*x', 'xyx', true],
    ['a*bc', 'abbc', true],
    ['a*b?d', 'abxbcd', true],
    ['a*b?d', 'abxbcde', false],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'ab', false],
    ['É*', 'éa', true],
    ['[a]', 'a', false],
  ])('%j on %j: %s', (pattern, name, matches) => {
    expect(globMatches(pattern, name)).toBe(matches);
  });

  it('is more specific the more of it are no wildcards, and most without any', () => {
    expect(['a*', 'a?', '*', '?', 'a', ''].map(isGlob)).toEqual([true, true, true, true, false, false]);
    expect(['*', 'a*', 'a?b*', 'abc*'].map(specificity)).toEqual([0, 1, 2, 3]);
    expect(specificity('a')).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('the source of a price', () => {
  const table = { kind: 'table', version: '0.2.3', date: '2026-11-09', provider: 'p', model: 'm' };

  it.each<[string, object]>([
    ['genai-prices 0.2.3 2026-11-09 p/m', table],
    ['genai-prices 0.2.3 2026-11-09 p/m assumed', { ...table, isAssumed: true }],
    ['genai-prices 0.2.3 2026-11-09 p/m x2 fast', { ...table, factor: { times: 2, mode: 'fast' } }],
    [
      'genai-prices 0.2.3 2026-11-09 p/m assumed x0.55 batch-us; repriced 2026-11-28',
      { ...table, isAssumed: true, factor: { times: 0.55, mode: 'batch-us' }, repriced: '2026-11-28' },
    ],
    ['genai-prices online 2026-11-09 p/m', { ...table, version: 'online' }],
    ['genai-prices 0.2.3 p/m', { ...table, date: undefined }],
    ['genai-prices 0.2.3 2026-11-09 p/a/b c', { ...table, model: 'a/b c' }],
    ['genai-prices 0.2.3 2026-11-09 p/m\nx', { ...table, model: 'm\nx' }],
    ['genai-prices 0.2.3 2026-11-09 p/m x2', { ...table, model: 'm x2' }],
    ['genai-prices 0.2.3 2026-11-09 p/m x2. fast', { ...table, model: 'm x2. fast' }],
    ['genai-prices 0.2.3 2026-11-09 p/m x2 Fast', { ...table, model: 'm x2 Fast' }],
    ['genai-prices 0.2.3 2026-11-09 p/m x2 f1-a', { ...table, factor: { times: 2, mode: 'f1-a' } }],
    ['genai-prices 0.2.3 2026-11-09 p/m; repriced 2026-1-1', { ...table, model: 'm; repriced 2026-1-1' }],
    ['genai-prices 0.2.3 2026-11-09 p/m; repriced 2026-11-281', { ...table, model: 'm; repriced 2026-11-281' }],
    ['custom: a', { kind: 'custom', pattern: 'a', from: undefined }],
    ['custom: a\nb', { kind: 'custom', pattern: 'a\nb', from: undefined }],
    ['custom: a from 2026-01-31', { kind: 'custom', pattern: 'a', from: '2026-01-31' }],
    ['custom: a from 2026-01-31x', { kind: 'custom', pattern: 'a from 2026-01-31x', from: undefined }],
    ['custom: a assumed', { kind: 'custom', pattern: 'a assumed', from: undefined }],
    [
      'custom: p/a from 2026-01-31 x12.5 fast; repriced 2026-11-28',
      {
        kind: 'custom',
        pattern: 'p/a',
        from: '2026-01-31',
        factor: { times: 12.5, mode: 'fast' },
        repriced: '2026-11-28',
      },
    ],
    ['free', { kind: 'free' }],
    ['free; repriced 2026-11-28', { kind: 'free', repriced: '2026-11-28' }],
    ['genai-prices 0.2.3', { kind: 'other', text: 'genai-prices 0.2.3' }],
    ['genai-prices 0.2.3 m', { kind: 'other', text: 'genai-prices 0.2.3 m' }],
    ['my genai-prices 0.2.3 p/m', { kind: 'other', text: 'my genai-prices 0.2.3 p/m' }],
    ['my custom: a', { kind: 'other', text: 'my custom: a' }],
    ['a log; repriced 2026-11-28', { kind: 'other', text: 'a log; repriced 2026-11-28' }],
  ])('%j is read', (text, source) => {
    expect(parsePriceSource(text)).toStrictEqual(source);
  });

  it('is written as it is read', () => {
    const named = { provider: 'p', model: 'm', isAssumed: true };
    const version = { version: '0.2.3', date: '2026-11-09' };
    expect(repricedSource(tableSource(version, named, { times: 0.5, mode: 'batch' }), '2026-11-28')).toBe(
      'genai-prices 0.2.3 2026-11-09 p/m assumed x0.5 batch; repriced 2026-11-28',
    );
  });
});
