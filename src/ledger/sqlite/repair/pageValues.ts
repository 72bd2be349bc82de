/** Values in the records of SQLite's pages. See https://sqlite.org/fileformat.html#record_format. */

/** @throws {RangeError} at the end of the bytes. */
export function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), next: at + 9 };
}

/** A text, a whole number as a decimal text, or null; undefined for other values. */
export function cellValue(bytes: Buffer, type: number): string | null | undefined {
  if (isTextType(type)) return bytes.toString('utf8');
  if (type === 0) return null;
  if (type === 8 || type === 9) return String(type - 8);
  if (type > 6) return undefined;
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`)).toString();
}

export function isTextType(type: number): boolean {
  return type >= 13 && type % 2 === 1;
}

/** The size of a value of this serial type. */
export function bytesOf(type: number): number {
  return type >= 12 ? Math.floor((type - 12) / 2) : [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type]!;
}

/** The serial types and the start of the values of a record, which may be cut off. @throws {RangeError} if its header is. */
export function serialTypes(payload: Buffer, most: number): { types: number[]; start: number } {
  const header = varint(payload, 0);
  const types: number[] = [];
  for (let next = header.next; next < header.value && types.length <= most;) {
    const type = varint(payload, next);
    types.push(type.value);
    next = type.next;
  }
  return { types, start: header.value };
}

/** The values of a record, undefined for those that cannot be read. The last text may be cut off. */
export function cellValues(payload: Buffer, types: readonly number[], from: number): (string | null | undefined)[] {
  let end = from;
  return types.map((type) => {
    const start = end;
    end += bytesOf(type);
    // Damaged overflow pages cut a text off; its beginning can still be read.
    return end <= payload.length || isTextType(type) ? cellValue(payload.subarray(start, end), type) : undefined;
  });
}
