import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { customSource, parsePriceSource, tableSource } from '../../../src/pricing/priceSource.ts';

const fast = { times: 2.5, mode: 'fast' };

it('reads back what it wrote', () => {
  const name = fc.stringMatching(/^[^\s/]+$/);
  const model = fc.string({ minLength: 1 }).filter((text) => !/ (x[\d.]+ [a-z][a-z0-9-]*|assumed)$/s.test(text));
  fc.assert(
    fc.property(name, model, fc.boolean(), fc.constantFrom(undefined, fast), (provider, model, isAssumed, factor) => {
      const text = tableSource({ version: '0.1.8', date: '2026-09-23' }, { provider, model, isAssumed }, factor);
      expect(parsePriceSource(text)).toEqual({
        kind: 'table',
        version: '0.1.8',
        date: '2026-09-23',
        provider,
        model,
        ...(isAssumed && { isAssumed }),
        ...(factor && { factor }),
      });
    }),
  );
});

it.each([
  [{ model: 'claude-*' }, undefined, 'custom: claude-*'],
  [{ model: 'claude-*', from: '2026-01-01' }, undefined, 'custom: claude-* from 2026-01-01'],
  [{ provider: 'p', model: 'm' }, fast, 'custom: p/m x2.5 fast'],
])('custom prices: %j %j', (rule, factor, text) => {
  expect(customSource({ ...rule, input: 1, output: 1 }, factor)).toBe(text);
  const parsed = parsePriceSource(text);
  expect(parsed).toMatchObject({ kind: 'custom', from: 'from' in rule ? rule.from : undefined });
  expect(parsed.kind === 'custom' ? parsed.factor : undefined).toEqual(factor);
});

it.each(['', 'claude-code log', 'genai-prices', 'custom:'])('leaves other texts alone: %j', (text) => {
  expect(parsePriceSource(text)).toEqual({ kind: 'other', text });
});

it('reads a source without a day', () => {
  expect(parsePriceSource('genai-prices 0.1.8 anthropic/claude-sonnet-4-5')).toEqual({
    kind: 'table',
    version: '0.1.8',
    date: undefined,
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
  });
});
