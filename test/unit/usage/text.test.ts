import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { csvCell, markdownText, plain } from '../../../src/usage/text.ts';

// On a busy machine thousands of random cases take their time.
vi.setConfig({ testTimeout: 60_000 });

describe('plain', () => {
  it('leaves honest text alone', () => {
    for (const text of ['', 'gpt-5', 'Zürich – naïve', '日本語', 'עברית', '👩‍👩‍👧 ❤️ 🇩🇪 👍🏽', 'é']) {
      expect(plain(text)).toBe(text);
    }
  });

  it('makes one line of it', () => {
    expect(plain('a\r\nb\nc\td\u2028e')).toBe('a b c d e');
  });

  it('shows controls and what is invisible', () => {
    expect(plain('\u001b[31mred\u0000\u007f')).toBe('␛[31mred␀␡');
    expect(plain('\u009b31m')).toBe('\uFFFD31m');
    for (const hidden of [
      '\u202e',
      '\u2066',
      '\u200b',
      '\u200d',
      '\ufeff',
      '\u00ad',
      '\u3164',
      '\u{e0041}',
      '\ud800',
    ]) {
      expect(plain(`a${hidden}b`)).toBe('a\uFFFDb');
    }
  });

  it('does not let marks pile up', () => {
    expect(plain(`a${'\u0301'.repeat(1000)}b`)).toBe(`a${'\u0301'.repeat(6)}b`);
  });

  it('cuts between graphemes', () => {
    expect(plain('abcdef', { max: 6 })).toBe('abcdef');
    expect(plain('abcdefg', { max: 6 })).toBe('abcde…');
    expect(plain('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', { max: 2 })).toBe('👩‍👩‍👧…');
    expect(plain('abc', { max: 1 })).toBe('…');
    expect(plain('abc', { max: 0 })).toBe('');
    for (const length of [3, 20, 50, 51, 900]) {
      const cyrillic = 'ж'.repeat(length);
      expect(plain(cyrillic, { max: 50 })).toBe(length <= 50 ? cyrillic : `${'ж'.repeat(49)}…`);
    }
    expect(plain('x'.repeat(10_000_000), { max: 3 })).toBe('xx…');
  });

  it('never has a control, a bidi mark or too many graphemes, whatever comes in', () => {
    const graphemes = new Intl.Segmenter('en');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(20), (text, max) => {
        const safe = plain(text, { max });
        expect(safe).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        expect([...graphemes.segment(safe)].length).toBeLessThanOrEqual(max);
        expect(plain(safe)).toBe(safe);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('markdownText', () => {
  it('leaves no character that Markdown, HTML or icons are made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(markdownText(text).replace(/&#\d+;/g, '')).not.toMatch(/[!-/:-@[-`{-~\n]/);
      }),
    );
  });

  it('can be read back by a reader of character references', () => {
    const hostile = '[x](command:evil) <b onclick="x">**b**</b> $(flame) https://e.vil | `c` ~~s~~ \\ &amp; 1. # -';
    const decoded = markdownText(hostile).replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    expect(decoded).toBe(hostile);
  });

  it('does not begin a code block, nor a line', () => {
    expect(markdownText('    code\n# head')).toBe('code &#35; head');
  });
});

describe('csvCell', () => {
  it('disarms formulas and lets numbers be', () => {
    expect(['=1+1', '+a', '-a', '@x', '\tx', '\rx', '＝1'].map(csvCell)).toEqual([
      "'=1+1",
      "'+a",
      "'-a",
      "'@x",
      "'\tx",
      "'\\u000dx",
      "'＝1",
    ]);
    for (const text of ['', 'a', 'a=b', '-1', '1.5', '-1.5e-7', '-.5', '0']) expect(csvCell(text)).toBe(text);
    expect(csvCell('-1+cmd')).toBe("'-1+cmd");
  });

  it('disarms formulas behind everything that may begin a cell where the list separator is another', () => {
    expect(['a;=1', 'a\t@x', 'a\n+b', 'a\r\n-b', ';;=1', '=a;=b'].map(csvCell)).toEqual([
      "a;'=1",
      "a\t'@x",
      "a\n'+b",
      "a\\u000d\n'-b",
      "';;'=1",
      "'=a;'=b",
    ]);
    for (const text of ['a; b', 'a;b=c', 'x\ty', 'line\nline']) expect(csvCell(text)).toBe(text);
  });

  it.each([
    '=1',
    '+1',
    '-x',
    '@x',
    '|cmd',
    '\uff1d1',
    '\uff0b1',
    '\uff0dx',
    '\uff20x',
    '\uff5cx',
    '\tx',
    '\rx',
    ';x',
    '; =1',
    '\uff1b=1',
  ])('disarms %j behind blanks and characters that nobody sees', (formula) => {
    for (const before of ['', ' ', '\u00a0', '\ufeff', '\u200b', '\u2060 ', '\u3000', '\u00ad', '\u202e']) {
      const cell = csvCell(before + formula);
      const at = /^[ \u00a0\u3000]*(?:\\u[\da-f]{4} ?)*/.exec(cell)![0].length;
      if (/^[=+\-@|\uff00-\uffee]/.test(formula) || before === '') expect(cell, cell).toMatch(/^'/);
      expect(cell.slice(at), cell).not.toMatch(/^[=+\-@|]/);
    }
  });

  it('has no character that steers, and can be read back', () => {
    const text = 'a\u001b[31m\u009b\u202e\u200b\r\nb\u0000 \\u001b \\n \ud800 c\td \u{1f469}\u200d\u{1f4bb}';
    const cell = csvCell(text);
    expect(cell).toBe(
      'a\\u001b[31m\\u009b\\u202e\\u200b\\u000d\nb\\u0000 \\u005cu001b \\n \\ud800 c\td \u{1f469}\u200d\u{1f4bb}',
    );
    const back = cell.replaceAll(/\\u([\da-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    expect(back).toBe(text);
  });

  it("keeps an apostrophe of the text apart from the guard's", () => {
    expect(["'=1", "it's", "'a"].map(csvCell)).toEqual(["''=1", "it's", "'a"]);
  });
});
