import { describe, expect, it } from 'vitest';
import { isPattern, parsePriceData, PriceDataError } from '../../../src/pricing/fetched.ts';
import { bundledProviders } from './bundledData.ts';

const gpt = { id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices: { input_mtok: 1 } };
const openai = { id: 'openai', name: 'OpenAI', api_pattern: 'openai', models: [gpt] };
const parse = (provider: object): unknown => parsePriceData(JSON.stringify([{ ...openai, ...provider }]), '2026-11-20');

/** The patterns of all rules of the bundled data. */
function publishedPatterns(): string[] {
  const patterns: string[] = [];
  const visit = (rule: unknown): void => {
    for (const [name, operand] of Object.entries(rule ?? {})) {
      if (name === 'regex') patterns.push(operand as string);
      else if (Array.isArray(operand)) operand.forEach(visit);
    }
  };
  for (const { api_pattern, model_match, provider_match, models } of bundledProviders) {
    patterns.push(api_pattern);
    for (const rule of [model_match, provider_match, ...models.map(({ match }) => match)]) visit(rule);
  }
  return patterns;
}

describe('patterns in fetched price data', () => {
  it('may be all that genai-prices publishes', () => {
    const patterns = publishedPatterns();
    expect(patterns.length).toBeGreaterThan(40);
    expect(patterns.filter((pattern) => !isPattern(pattern))).toEqual([]);
  });

  it.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(?:a|aa){2,}$',
    '(.*)*x',
    '.*.*.*.*x',
    'a+b+c',
    '(a?){40}b',
    `^${'(?:a|a)'.repeat(20)}$`,
    'a{1,999999}',
    '(a)\\1+',
    '(?<=a+)b',
    '(',
    'x'.repeat(301),
  ])('may not be %j, which can take for ever', (pattern) => {
    expect(isPattern(pattern)).toBe(false);
    for (const rule of [{ regex: pattern }, { or: [{ equals: 'x' }, { and: [{ regex: pattern }] }] }]) {
      expect(() => parse({ model_match: rule })).toThrow(PriceDataError);
      expect(() => parse({ provider_match: rule })).toThrow(PriceDataError);
      expect(() => parse({ models: [{ ...gpt, match: rule }] })).toThrow(PriceDataError);
    }
    expect(() => parse({ api_pattern: pattern })).toThrow(PriceDataError);
  });

  it('take little time on any name once they are accepted', () => {
    const accepted = [
      '^(?:a|aa)?(?:a|aa)?(?:a|aa)?.*b$',
      '^(?!.*-[tT][tT][sS](?:$|-))',
      '^gpt-5\\.4-\\d{4}-\\d{2}-\\d{2}$',
    ];
    expect(accepted.filter((pattern) => !isPattern(pattern))).toEqual([]);
    const before = process.threadCpuUsage();
    for (const pattern of accepted) new RegExp(pattern).test('a'.repeat(10_000));
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(500);
  });

  it('are not taken by a rule that is not known', () => {
    expect(() => parse({ model_match: { like: 'x' } })).toThrow(PriceDataError);
  });
});
