import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ElementScanner, lineOf, valueEnd } from '../../../../src/ledger/json/elements.ts';

function scan(text: string | Buffer): { elements: string[]; damage: string | undefined } {
  const bytes = Buffer.from(text);
  const scanner = new ElementScanner(bytes, bytes.length);
  const elements: string[] = [];
  while (scanner.next()) elements.push(bytes.toString('utf8', scanner.start, scanner.end));
  return { elements, damage: scanner.damage?.code };
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });
const value = fc.jsonValue({ maxDepth: 4 });

/** The text of an array with whitespace wherever JSON allows it. */
const laidOut = fc
  .array(fc.tuple(value, fc.integer({ min: 0, max: 3 }), space, space), { maxLength: 8 })
  .chain((items) =>
    fc.tuple(fc.constant(items), space, space, space).map(([all, before, inside, after]) => ({
      values: all.map(([each]) => each),
      text: `${before}[${inside}${all.map(([each, indent, left, right]) => left + JSON.stringify(each, null, indent) + right).join(',')}]${after}`,
    })),
  );

describe('ElementScanner', () => {
  it('finds nothing in nothing', () => {
    expect(scan('')).toEqual({ elements: [], damage: 'empty-file' });
    expect(scan(' \n ')).toEqual({ elements: [], damage: 'empty-file' });
    expect(scan('[]')).toEqual({ elements: [], damage: undefined });
  });

  it.each([
    ['{}', 'not-an-array'],
    ['\ufeff[]', 'byte-order-mark'],
    ['[', 'truncated'],
    ['[1,', 'truncated'],
    ['[{"a":1', 'truncated'],
    ['[{"a":"\n"}]', 'not-json'],
    ['[1 2]', 'not-json'],
    ['[] []', 'trailing-content'],
    ['[,1]', 'not-json'],
  ])('says what is wrong with %j', (text, code) => {
    expect(scan(text).damage).toBe(code);
  });

  it('takes any array in any layout apart as JSON.parse does', () => {
    fc.assert(
      fc.property(laidOut, ({ values, text }) => {
        const { elements, damage } = scan(text);
        expect(damage).toBeUndefined();
        expect(elements.map((element) => JSON.parse(element) as unknown)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
      { numRuns: 500 },
    );
  });

  it('goes on behind any element as if it had read all before', () => {
    fc.assert(
      fc.property(laidOut, fc.nat(), ({ text }, pick) => {
        const bytes = Buffer.from(text);
        const all: [number, number][] = [];
        const whole = new ElementScanner(bytes, bytes.length);
        while (whole.next()) all.push([whole.start, whole.end]);
        if (all.length === 0) return;
        const at = pick % all.length;
        const rest = new ElementScanner(bytes, bytes.length, all[at]![1]);
        const found: [number, number][] = [];
        while (rest.next()) found.push([rest.start, rest.end]);
        expect(found).toEqual(all.slice(at + 1));
        expect(rest.damage).toBeUndefined();
      }),
    );
  });

  it('never throws, ends, and calls nothing sound that JSON.parse refuses', () => {
    fc.assert(
      fc.property(damaged(), (bytes) => {
        const { elements, damage } = scan(bytes);
        if (damage !== undefined || bytes.length === 0) return;
        const text = bytes.toString('utf8');
        const each = elements.every((element) => parses(element));
        expect(parses(text)).toBe(each);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('valueEnd and lineOf', () => {
  it('follow nesting of any depth', () => {
    const deep = Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)},`);
    expect(valueEnd(deep, 0, deep.length)).toBe(200_000);
    expect(valueEnd(deep, 0, 150_000)).toBe(-1);
  });
  it('count lines from 1', () => {
    const bytes = Buffer.from('a\nb\nc');
    expect([0, 1, 2, 4].map((at) => lineOf(bytes, at))).toEqual([1, 1, 2, 3]);
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Arrays with bytes changed, removed and inserted; and arbitrary bytes. */
function damaged(): fc.Arbitrary<Buffer> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'add')), { maxLength: 4 });
  const edited = fc.tuple(laidOut, edits).map(([{ text }, changes]) => {
    let bytes = Buffer.from(text);
    for (const [where, byte, kind] of changes) {
      const at = where % (bytes.length + 1);
      const rest = kind === 'add' ? at : at + 1;
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(kind === 'cut' ? [] : [byte]), bytes.subarray(rest)]);
    }
    return bytes;
  });
  return fc.oneof(
    edited,
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
}
