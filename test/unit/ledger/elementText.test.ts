import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withFields } from '../../../src/ledger/elementText.ts';

describe('withFields', () => {
  it('fills an empty object', () => {
    expect(withFields('{}', { a: 1, b: 'x' })).toBe('{"a":1,"b":"x"}');
    expect(withFields('{ }', {})).toBe('{ }');
  });

  it('leaves everything else byte for byte', () => {
    const text =
      '{\n    "id" : "ü\\u0041",\n    "n": 12345678901234567890,\n    "cost_usd": 1.50,\n    "f": 1e400\n  }';
    expect(withFields(text, { cost_usd: 2 })).toBe(text.replace('1.50', '2'));
  });

  it('adds what is missing in the spacing of the others', () => {
    expect(withFields('{\n    "a": 1,\n    "b": 2\n  }', { c: true })).toBe(
      '{\n    "a": 1,\n    "b": 2,\n    "c": true\n  }',
    );
    expect(withFields('{"a":1}', { c: null })).toBe('{"a":1,"c":null}');
  });

  it('finds names in whatever spelling, and each time that they stand there', () => {
    expect(withFields('{"cost\\u005fusd":1,"x":{"cost_usd":3},"cost_usd":2}', { cost_usd: 9 })).toBe(
      '{"cost\\u005fusd":9,"x":{"cost_usd":3},"cost_usd":9}',
    );
  });

  it.each(['', '[]', '1', '{"a"}', '{"a":}', '{"a":1 "b":2}', '{"a":1'])('refuses %j', (text) => {
    expect(() => withFields(text, { a: 2 })).toThrow(SyntaxError);
  });

  it('says what is missing', () => {
    const refusal = (text: string) => () => withFields(text, { a: 2 });
    expect(refusal('{"a":1 "b":2}')).toThrow('a comma is missing in a JSON object');
    expect(refusal('{"a"}')).toThrow('a colon is missing in a JSON object');
    expect(refusal('{"a":}')).toThrow('a value is missing in a JSON object');
    expect(refusal('[]')).toThrow('not a JSON object');
  });

  it('means the same as setting the fields of the parsed object', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(object, object, fc.constantFrom(undefined, 1, 4, '\t'), (before, fields, space) => {
        const text = JSON.stringify(before, undefined, space);
        expect(JSON.parse(withFields(text, fields))).toEqual(JSON.parse(JSON.stringify({ ...before, ...fields })));
      }),
    );
  });
});
