import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonText } from '../../../src/usage/jsonText.ts';

// Everything that is invisible or steers, but for line breaks, which stand between the members only.
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

it('writes no character that steers a terminal, and the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(jsonText(value)).not.toMatch(STEERING);
    }),
  );
});

it('knows each of them', () => {
  const text = Array.from({ length: 0x11_0000 }, (_, code) => code)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code))
    .filter((char) => STEERING.test(char))
    .join('');
  expect(text.length).toBeGreaterThan(200);
  expect(jsonText({ [text]: text })).not.toMatch(STEERING);
  expect(JSON.parse(jsonText({ [text]: text }))).toEqual({ [text]: text });
});

it('leaves honest text alone', () => {
  expect(jsonText({ a: 'Zürich – 日本語 👍🏽 עברית' })).toBe('{"a":"Zürich – 日本語 👍🏽 עברית"}');
  expect(jsonText({ a: [1] }, 2)).toBe('{\n  "a": [\n    1\n  ]\n}');
});
