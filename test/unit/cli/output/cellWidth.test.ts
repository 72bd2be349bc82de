import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cellWidth, isSimple } from '../../../../src/cli/output/cellWidth.ts';

const CHARACTERS = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));

describe('the width of a text', () => {
  it('is that of string-width for each character, alone and beside itself', () => {
    const simple = CHARACTERS.filter((each) => isSimple(each));
    expect(simple.length).toBeGreaterThan(800);
    for (const each of CHARACTERS) {
      for (const text of [each, each + each]) expect([text, cellWidth(text)]).toEqual([text, stringWidth(text)]);
    }
  });

  it('is that of string-width for any of them in a row, and for other texts', () => {
    const simple = fc.constantFrom(...CHARACTERS.filter((each) => isSimple(each)));
    const any = fc.oneof(fc.array(simple), fc.array(fc.oneof(simple, fc.string({ unit: 'grapheme' }))));
    fc.assert(
      fc.property(any, (parts) => {
        const text = parts.join('');
        expect(cellWidth(text)).toBe(stringWidth(text));
      }),
    );
  });

  it.each([
    ['gpt-5 · 1,200 …', true],
    ['Büro – „über“', true],
    ['', true],
    ['日本語', false],
    ['e\u0301', false],
    ['soft\u00ADhyphen', false],
    ['©\uFE0F', false],
  ])('%j is simple: %s', (text, simple) => {
    expect(isSimple(text)).toBe(simple);
  });
});
