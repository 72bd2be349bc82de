import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchingPrices, readCustomPrices } from '../../../src/pricing/custom.ts';
import { globMatches } from '../../../src/pricing/glob.ts';

const rule = { model: 'claude-*', input: 3, output: 15 };

describe('readCustomPrices', () => {
  it.each([undefined, null, []])('takes %j for none', (value) => {
    expect(readCustomPrices(value)).toEqual({ prices: [], problems: [] });
  });

  it('takes a full price, and trims patterns', () => {
    const full = {
      provider: ' anthropic ',
      ...rule,
      cache_read: 0.3,
      cache_write: 3.75,
      cache_write_1h: 6,
      reasoning: 15,
      from: '2026-01-01',
      note: 'contract',
    };
    expect(readCustomPrices([full])).toEqual({ prices: [{ ...full, provider: 'anthropic' }], problems: [] });
  });

  it.each([
    [{}, -1, '', /must be a list/],
    [['x'], 0, '', /must be an object/],
    [[rule, { ...rule, input: -1 }], 1, 'input', /USD per million tokens/],
    [[{ ...rule, input: '3' }], 0, 'input', /USD per million tokens/],
    [[{ ...rule, output: Number.NaN }], 0, 'output', /USD per million tokens/],
    [[{ ...rule, output: 1e9 }], 0, 'output', /USD per million tokens/],
    [[{ ...rule, output: 1e-12 }], 0, 'output', /at least/],
    [[{ model: 'x', input: 1 }], 0, 'output', /is required/],
    [[{ ...rule, model: ' ' }], 0, 'model', /pattern/],
    [[{ ...rule, model: 'x'.repeat(257) }], 0, 'model', /256/],
    [[{ ...rule, from: '01.02.2026' }], 0, 'from', /must be a day/],
    [[{ ...rule, from: '2026-02-30' }], 0, 'from', /must be a day/],
    [[{ ...rule, cacheRead: 1 }], 0, 'cacheRead', /is not a field .* cache_read/],
  ])('says what is wrong with %j', (value, index, field, message) => {
    const { problems } = readCustomPrices(value);
    expect(problems).toMatchObject([{ index, field, message: expect.stringMatching(message) }]);
  });

  it('reads the first ten thousand, and says so where there are more', () => {
    const many = readCustomPrices(Array.from({ length: 10_001 }, () => rule));
    expect(many.prices).toHaveLength(10_000);
    expect(many.problems).toEqual([{ index: -1, field: '', message: 'only the first 10000 prices are used' }]);
    expect(readCustomPrices(Array.from({ length: 10_000 }, () => rule)).problems).toEqual([]);
  });

  it('uses the good ones beside bad ones', () => {
    expect(readCustomPrices([{}, rule]).prices).toEqual([rule]);
  });
});

describe('custom prices that match one model', () => {
  it('are sorted by model, provider, day and place', () => {
    const best = [
      { ...rule, model: 'claude-opus-5', provider: 'vertex' },
      { ...rule, model: 'claude-opus-5', provider: 'vert*' },
      { ...rule, model: 'claude-opus-5', provider: 'v*' },
      { ...rule, model: 'claude-opus-5', from: '2026-06-01' },
      { ...rule, model: 'claude-opus-5', from: '2026-01-01' },
      { ...rule, model: 'claude-opus-5', input: 4 },
      { ...rule, model: 'claude-opus-*', provider: 'vertex' },
      { ...rule, model: 'claude-*' },
    ];
    const others = [
      { ...rule, model: 'gpt-*' },
      { ...rule, provider: 'bedrock' },
    ];
    const names = [['vertex', 'google'], ['claude-opus-5']] as const;
    expect(matchingPrices([...best, ...others], ...names)).toEqual(best);
    expect(matchingPrices([...others, ...best.toReversed()], ...names)).toEqual(best);
    // Of equal ones the last in the list.
    const [first, last] = [rule, { ...rule, input: 9 }];
    expect(matchingPrices([first, last], ...names)).toEqual([last, first]);
  });
});

describe('globMatches', () => {
  it.each([
    ['claude-*', 'claude-sonnet-4-5', true],
    ['CLAUDE-*', 'claude-', true],
    ['claude-?', 'claude-', false],
    ['*-mini', 'gpt-5-mini', true],
    ['*mini*', 'gpt-5-mini', true],
    ['gpt-5', 'gpt-5-mini', false],
    ['gpt.5', 'gpt-5', false],
    ['', '', true],
    ['*', '', true],
    ['a*b*c', 'abbbcbc', true],
    ['a*b*c', 'abbbcb', false],
  ])('%s on %s: %s', (pattern, name, matches) => {
    expect(globMatches(pattern, name)).toBe(matches);
  });

  it('finds every text that a pattern was made from', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.constantFrom('*', '?', '='))), (pieces) => {
        const pattern = pieces.map(([text, kind]) => (kind === '=' ? text.replaceAll(/[*?]/g, '') : kind)).join('');
        const name = pieces.map(([text, kind]) =>
          kind === '*' ? text : kind === '?' ? 'x' : text.replaceAll(/[*?]/g, ''),
        );
        expect(globMatches(pattern, name.join(''))).toBe(true);
      }),
    );
  });

  it('does not hang on many stars', () => {
    expect(globMatches('*a'.repeat(100) + 'b', 'a'.repeat(256))).toBe(false);
  });
});
