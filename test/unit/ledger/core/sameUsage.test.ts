import { describe, expect, it } from 'vitest';
import { assertSame, sameElement } from '../../../../src/ledger/sameUsage.ts';
import type { UsageInput, UsageRecord } from '../../../../src/usage/record.ts';
import { usage } from '../../usage/records.ts';

const there: UsageRecord = usage({ usage_id: 'x', tags: ['a', 'b'] });

describe('a usage whose id is known', () => {
  it.each<[string, object]>([
    ['the same values', { model: there.model, cost_usd: there.cost_usd }],
    ['a value that is left open', { model: undefined, cost_usd: undefined }],
    ['equal lists', { tags: ['a', 'b'] }],
  ])('is a repetition with %s', (_, fields) => {
    expect(() => assertSame({ usage_id: 'x', ...fields } as UsageInput, there)).not.toThrow();
  });

  it.each<[string, Partial<UsageInput>]>([
    ['cost_usd', { cost_usd: 7 }],
    ['tags', { tags: ['b', 'a'] }],
    ['project', { project: 'p' }],
    ['session_id', { session_id: null }],
  ])('is a mistake with another %s', (field, fields) => {
    const assert = (): void => assertSame({ usage_id: 'x', model: there.model, ...fields } as UsageInput, there);
    expect(assert).toThrow(expect.objectContaining({ name: 'UsageError', field: 'usage_id', value: 'x' }));
    expect(assert).toThrow(`is taken by another record, which has a different ${field}`);
  });
});

describe('two elements are the same', () => {
  it.each<[string, string, string, boolean]>([
    ['byte for byte', '{"usage_id":"x","a":1.0}', '{"usage_id":"x","a":1.0}', true],
    ['apart from whitespace', '{ "usage_id": "x",\n "a": 1.0 }', '{"usage_id":"x","a":1}', true],
    ['apart from an id that was derived', '{"a":1}', '{"a":1,"usage_id":"x"}', true],
    ['not with another value', '{"usage_id":"x","a":1}', '{"usage_id":"x","a":2}', false],
    ['not with one field more', '{"usage_id":"x","a":1}', '{"usage_id":"x","a":1,"b":null}', false],
  ])('%s', (_, one, other, expected) => {
    expect(sameElement(one, other, 'x')).toBe(expected);
    expect(sameElement(other, one, 'x')).toBe(expected);
  });
});
