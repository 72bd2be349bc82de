import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ColumnBlob,
  encodeBlob,
  isNarrow,
  numberAt,
  plain,
  unpack,
  unpackNarrow,
  type Packed,
} from '../../../../../src/ledger/sqlite/columns/columnBlob.ts';

/** A column on the disk: every ledger depends on these bytes. */

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const le = (bytes: number, value: number): string => {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeDoubleLE(value);
  else buffer.writeUIntLE(value, 0, bytes);
  return buffer.toString('hex');
};
/** Width, count, offset of the text, four unused bytes, least number. */
const header = (width: number, count: number, least: number): string =>
  le(4, width) + le(4, count) + le(4, 24 + width * count) + le(4, 0) + le(8, least);
const numbersOf = ({ numbers }: ColumnBlob): number[] =>
  Array.from({ length: numbers.length }, (_, i) => numberAt(numbers, i));

describe('a column is stored', () => {
  it.each<[string, number[], string]>([
    ['without numbers if all are equal', [7, 7, 7], header(0, 3, 7)],
    ['empty', [], header(0, 0, 0)],
    ['as one number', [5], header(0, 1, 5)],
    ['in bytes above the least number', [10, 265, 11], header(1, 3, 10) + '00ff01'],
    ['in two bytes from a range of 256 on', [256, 0], header(2, 2, 0) + le(2, 256) + le(2, 0)],
    ['in two bytes up to a range of 65535', [1, 65536], header(2, 2, 1) + le(2, 0) + le(2, 65535)],
    ['in four bytes from a range of 65536 on', [0, 65536], header(4, 2, 0) + le(4, 0) + le(4, 65536)],
    ['in four bytes up to 2^32 - 1', [0, 2 ** 32 - 1], header(4, 2, 0) + le(4, 0) + le(4, 2 ** 32 - 1)],
    ['as it is from a range of 2^32 on', [3, 3 + 2 ** 32], header(8, 2, 0) + le(8, 3) + le(8, 3 + 2 ** 32)],
    ['as it is if one is infinite', [3, Infinity], header(8, 2, 0) + le(8, 3) + le(8, Infinity)],
  ])('%s', (_, numbers, bytes) => {
    const blob = encodeBlob(plain(numbers), undefined);
    expect(hex(blob)).toBe(bytes);
    expect(numbersOf(new ColumnBlob(blob))).toEqual(numbers);
    expect(new ColumnBlob(blob).json()).toBeUndefined();
    expect(new ColumnBlob(blob).size).toBe(blob.length);
  });

  it('with its texts behind the numbers', () => {
    const blob = encodeBlob(plain([1, 0, 2]), [null, 'ä', 'b']);
    expect(hex(blob)).toBe(`${header(1, 3, 0)}010002${Buffer.from('[null,"ä","b"]').toString('hex')}`);
    const read = new ColumnBlob(blob);
    expect(numbersOf(read)).toEqual([1, 0, 2]);
    expect(read.json()).toEqual([null, 'ä', 'b']);
    expect(new ColumnBlob(encodeBlob(plain([]), [])).json()).toEqual([]);
  });

  it('and read wherever its bytes begin in memory', () => {
    for (const numbers of [
      [1, 2],
      [1, 70_000],
      [1, 2 ** 40],
    ]) {
      const blob = encodeBlob(plain(numbers), ['x']);
      for (const shift of [1, 4, 8]) {
        const memory = new Uint8Array(blob.length + shift);
        memory.set(blob, shift);
        const read = new ColumnBlob(memory.subarray(shift));
        expect([numbersOf(read), read.json(), read.size]).toEqual([numbers, ['x'], blob.length]);
      }
    }
  });

  it('from numbers with an offset, as it was read', () => {
    const blob = encodeBlob(plain([1_000_000, 1_000_007]), undefined);
    expect(hex(encodeBlob(new ColumnBlob(blob).numbers, undefined))).toBe(hex(blob));
    const equal = encodeBlob(plain([9, 9]), undefined);
    expect(hex(encodeBlob(new ColumnBlob(equal).numbers, undefined))).toBe(hex(equal));
  });

  it('and gives any numbers back', () => {
    const whole = fc.oneof(fc.nat(300), fc.nat(70_000), fc.maxSafeNat(), fc.integer());
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 20 }), (numbers) => {
        expect(numbersOf(new ColumnBlob(encodeBlob(plain(numbers), undefined)))).toEqual(numbers);
      }),
    );
  });
});

describe('numbers are unpacked', () => {
  const packed: [string, Packed, number[]][] = [
    ['all equal', { length: 3, least: 7, above: undefined }, [7, 7, 7]],
    ['without an offset', plain(Uint8Array.of(1, 2, 255)), [1, 2, 255]],
    ['with an offset', { length: 2, least: 1_000, above: Uint8Array.of(0, 255) }, [1_000, 1_255]],
    ['of two bytes', { length: 2, least: 1, above: Uint16Array.of(65_535, 0) }, [65_536, 1]],
    ['of a list', plain([4, 5]), [4, 5]],
    ['the largest', { length: 2, least: 2 ** 32 - 2, above: Uint8Array.of(0, 1) }, [2 ** 32 - 2, 2 ** 32 - 1]],
    ['the largest, all equal', { length: 1, least: 2 ** 32 - 1, above: undefined }, [2 ** 32 - 1]],
    ['the largest of eight bytes', plain(Float64Array.of(2 ** 32 - 1, 0)), [2 ** 32 - 1, 0]],
  ];
  it.each(packed)('%s', (_, numbers, expected) => {
    const wide = new Float64Array(5).fill(-1);
    unpack(numbers, wide);
    // What is behind them stays.
    expect([...wide]).toEqual([...expected, ...Array<number>(5 - expected.length).fill(-1)]);
    const narrow = new Uint32Array(5).fill(99);
    expect(unpackNarrow(numbers, narrow)).toBe(true);
    expect([...narrow]).toEqual([...expected, ...Array<number>(5 - expected.length).fill(99)]);
    expect(expected.map((_each, i) => numberAt(numbers, i))).toEqual(expected);
  });

  it.each<[string, Packed]>([
    ['all of them', { length: 2, least: 2 ** 32, above: undefined }],
    ['the least', { length: 1, least: 2 ** 32, above: Uint8Array.of(0) }],
    ['one with an offset', { length: 2, least: 2 ** 32 - 2, above: Uint8Array.of(0, 2) }],
    ['the first with an offset', { length: 2, least: 2 ** 32 - 2, above: Uint8Array.of(2, 0) }],
    ['one of eight bytes', plain(Float64Array.of(0, 2 ** 32))],
    ['one of a list', plain([2 ** 33, 1])],
    ['one of eight bytes with an offset', { length: 1, least: 1, above: Float64Array.of(2 ** 32 - 1) }],
  ])('to 32 bits only if they fit: %s', (_, numbers) => {
    expect(unpackNarrow(numbers, new Uint32Array(2))).toBe(false);
  });

  it('and known to fit by the width of their array', () => {
    const arrays = [new Uint8Array(1), new Uint16Array(1), new Uint32Array(1), new Float64Array(1), [1]];
    expect(arrays.map(isNarrow)).toEqual([true, true, true, false, false]);
  });
});
