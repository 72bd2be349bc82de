import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, withFields } from '../../../src/ledger/elementText.ts';

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
    expect(withFields(' { "a" :1 , "b" : 2 } ', { a: 5, c: 3 })).toBe(' { "a" :5 , "b" : 2 , "c" : 3 } ');
    expect(withFields('{"a": 1}', { b: 2, c: 3 })).toBe('{"a": 1,"b": 2,"c": 3}');
  });

  it('finds names in whatever spelling, and each time that they stand there', () => {
    expect(withFields('{"cost\\u005fusd":1,"x":{"cost_usd":3},"cost_usd":2}', { cost_usd: 9 })).toBe(
      '{"cost\\u005fusd":9,"x":{"cost_usd":3},"cost_usd":9}',
    );
  });

  it.each(['', '[]', '1', '{"a"}', '{"a":}', '{"a":1 "b":2}', '{"a":1', '{"a":1,', '{"a":1,}', '{,}', 'x{}'])(
    'refuses %j',
    (text) => {
      expect(() => withFields(text, { a: 2 })).toThrow(SyntaxError);
    },
  );

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

describe('oneLine', () => {
  it.each([
    ['{\n  "a": 1.50,\n  "b": [1e400, true]\n}', '{"a":1.50,"b":[1e400,true]}'],
    ['{\r\n\t"my model" : "two  words"\r\n}', '{"my model":"two  words"}'],
    [
      '{\n"a": "she said \\"so, so\\" ", "b": "C:\\\\", "c": "\\n x"}',
      '{"a":"she said \\"so, so\\" ","b":"C:\\\\","c":"\\n x"}',
    ],
    ['{"a": "",\n"b": ""}', '{"a":"","b":""}'],
  ])('takes the blanks between the parts of %j alone', (text, expected) => {
    expect(oneLine(text)).toBe(expected);
  });

  it('leaves a text without line breaks as it is', () => {
    expect(oneLine('{ "a" :  1.0,\t"b": "x  y" }')).toBe('{ "a" :  1.0,\t"b": "x  y" }');
  });

  it('means the same on one line', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(1, 4, '\t'), (value, space) => {
        expect(oneLine(JSON.stringify([value], undefined, space))).toBe(JSON.stringify([value]));
      }),
    );
  });
});
