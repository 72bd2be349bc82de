import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES, RecordSplitter, type Piece } from '../../../../src/cli/input/recordSplitter.ts';
import { cpuTimer } from '../../../fixtures/cpuTime.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function split(input: string | Uint8Array, cuts: readonly number[] = []): Piece[] {
  const all = typeof input === 'string' ? bytes(input) : input;
  const splitter = new RecordSplitter();
  const pieces: Piece[] = [];
  let from = 0;
  for (const cut of [...cuts, all.length].toSorted((a, b) => a - b)) {
    pieces.push(...splitter.push(all.subarray(from, cut)));
    from = cut;
  }
  return [...pieces, ...splitter.end()];
}

const values = (pieces: Piece[]): unknown[] => pieces.map((piece) => ('value' in piece ? piece.value : piece.rule));
const lines = (pieces: Piece[]): number[] => pieces.map((piece) => piece.line);

describe('RecordSplitter', () => {
  it('finds nothing in nothing', () => {
    for (const empty of ['', '\n', ' \r\n\t', '\ufeff', '[]', '\ufeff[ ]\n']) expect(split(empty)).toEqual([]);
  });

  it('reads NDJSON, with blank lines, CRLF, a byte order mark and no newline at the end', () => {
    const pieces = split('\ufeff{"a":1}\r\n\r\n{"a":2}\n\n\n{"a":3}');
    expect(values(pieces)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(lines(pieces)).toEqual([1, 3, 6]);
  });

  it('reads an array, on one line or pretty-printed', () => {
    const records = [{ a: [1, { b: '}]' }] }, { c: '\\"\n' }];
    expect(values(split(JSON.stringify(records)))).toEqual(records);
    const pretty = split(JSON.stringify(records, undefined, 2));
    expect(values(pretty)).toEqual(records);
    expect(lines(pretty)).toEqual([2, 10]);
  });

  it('reads pretty-printed objects one after the other', () => {
    const pieces = split('{\n  "a": 1\n}\n{\n  "a": 2\n}{"a":3}');
    expect(values(pieces)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(lines(pieces)).toEqual([1, 4, 6]);
  });

  it('hands a record out with its last byte', () => {
    const splitter = new RecordSplitter();
    expect(splitter.push(bytes('{"a":1'))).toEqual([]);
    expect(splitter.pending).toBe(true);
    expect(splitter.push(bytes('}'))).toEqual([{ line: 1, value: { a: 1 } }]);
    expect(splitter.pending).toBe(false);
  });

  it('hands out what is no object as well: the ledger refuses it', () => {
    expect(values(split('42\n"text"\nnull\n[[1],2]'))).toEqual([42, 'text', null, [1], 2]);
  });

  it('refuses each malformed line by itself', () => {
    const pieces = split('{"a":1}\n{oops}\nstray words here\n{"a":2\n{"b":"unclosed\n{"a":3}\n');
    expect(values(pieces)).toEqual([{ a: 1 }, ...Array<string>(4).fill('must be JSON'), { a: 3 }]);
    expect(lines(pieces)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(pieces[1]).toEqual({ line: 2, rule: 'must be JSON', excerpt: '{o' });
  });

  it('refuses a malformed pretty-printed record once', () => {
    const pieces = split('{\n  "a": oops here,\n  "b": 1\n}\n{\n  "a": 2\n}\n');
    expect(values(pieces)).toEqual(['must be JSON', { a: 2 }]);
    expect(lines(pieces)).toEqual([1, 5]);
  });

  it('keeps the record after one that was cut off', () => {
    for (const cut of ['{"a":', '{"a":1,', '{"a":1', '{', '{"a":[1,', '{"a":"x']) {
      expect(values(split(`${cut}\n{"b":1}\n{"b":2}\n`)), cut).toEqual(['must be JSON', { b: 1 }, { b: 2 }]);
    }
  });

  it('goes on behind a closed record that JSON.parse refuses', () => {
    expect(values(split('[{"a":01},{"a":"\\x"},{"a":1}]'))).toEqual(['must be JSON', 'must be JSON', { a: 1 }]);
  });

  it('goes on after a malformed element of an array', () => {
    const pieces = split('[\n  {"a":1},\n  {"a":},\n  {"a":3}\n]\n{"a":4}');
    expect(values(pieces)).toEqual([{ a: 1 }, 'must be JSON', { a: 3 }, { a: 4 }]);
  });

  it('says when the input ends too early', () => {
    expect(split('{"a":1}\n{"a":').at(-1)).toEqual({
      line: 2,
      rule: 'must be complete (the input ends within it)',
      excerpt: '{"a":',
    });
    expect(split('[{"a":1},').at(-1)).toMatchObject({
      line: 1,
      rule: expect.stringContaining('] is missing') as string,
    });
    expect(values(split(']'))).toEqual(['must be JSON']);
  });

  it('refuses what is not UTF-8, and nothing else', () => {
    const input = new Uint8Array([...bytes('{"a":"'), 0xff, ...bytes('"}\n{"a":"é"}')]);
    expect(values(split(input))).toEqual(['must be UTF-8', { a: 'é' }]);
  });

  it('refuses a record beyond the limit, however it is cut, and takes the next', () => {
    const long = `{"a":"${'x'.repeat(MAX_RECORD_BYTES)}"}\n{"b":1}\n`;
    const rule = `must have at most ${MAX_RECORD_BYTES} bytes`;
    expect(values(split(long))).toEqual([rule, { b: 1 }]);
    expect(values(split(long, [10, 5000, MAX_RECORD_BYTES - 1]))).toEqual([rule, { b: 1 }]);
    const wide = `{"a":[\n${'1,\n'.repeat(MAX_RECORD_BYTES / 3)}1]}\n{"b":1}\n`;
    expect(values(split(wide))).toEqual([rule, { b: 1 }]);
    const largest = `{"a":"${'x'.repeat(MAX_RECORD_BYTES - 8)}"}`;
    expect(split(largest)).toMatchObject([{ line: 1, value: {} }]);
  });

  it('refuses absurd nesting without reading it again and again', () => {
    const deep = '{"a":\n'.repeat(20_000);
    const took = cpuTimer();
    expect(values(split(deep)).every((value) => typeof value === 'string')).toBe(true);
    expect(took()).toBeLessThan(2000);
  });

  it('gives the same records however the stream is cut', () => {
    const record = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    const layout = fc.constantFrom(
      (list: unknown[]) => list.map((each) => JSON.stringify(each)).join('\n'),
      (list: unknown[]) => list.map((each) => JSON.stringify(each, undefined, 2)).join('\r\n'),
      (list: unknown[]) => JSON.stringify(list),
      (list: unknown[]) => `\ufeff${JSON.stringify(list, undefined, 2)}\n`,
    );
    fc.assert(
      fc.property(fc.array(record), layout, fc.array(fc.nat(400)), (list, write, cuts) => {
        const input = bytes(write(list));
        const inside = cuts.filter((cut) => cut < input.length);
        expect(values(split(input, inside))).toEqual(list.map((each) => JSON.parse(JSON.stringify(each)) as unknown));
      }),
    );
  });

  it('says the same about any bytes however they are cut', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\n',
      ' ',
      '1',
      'x',
      '"a":1',
      '{"a":1}',
      '\ufeff',
      'é',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), fc.array(fc.nat(60)), (tokens, cuts) => {
        const input = bytes(tokens.join(''));
        const inside = cuts.filter((cut) => cut < input.length);
        const whole = split(input);
        expect(split(input, inside)).toEqual(whole);
        expect(split(input, [...input.keys()])).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });
});
