import { LARGEST_NARROW } from '../../../columns/segment.ts';

/**
 * One column of one segment as a blob in the database. Its bytes are a format on disk: a test compares them with those of
 * version 0.1.0.
 */

/** Numbers as stored: each is `least` plus its value in `above`, or just `least` if `above` is undefined. */
export interface Packed {
  readonly length: number;
  readonly least: number;
  readonly above: ArrayLike<number> | undefined;
}

/** Wraps numbers without an offset. */
export function plain(above: ArrayLike<number>): Packed {
  return { length: above.length, least: 0, above };
}

/** Whether all numbers of an array fit into 32 bits. */
export function isNarrow(numbers: ArrayLike<number>): boolean {
  return numbers instanceof Uint8Array || numbers instanceof Uint16Array || numbers instanceof Uint32Array;
}

/** Writes the numbers to the beginning of `into`, whose element type must fit them. */
export function unpack({ length, least, above }: Packed, into: Float64Array | Uint8Array): void {
  if (above === undefined) {
    into.fill(least, 0, length);
    return;
  }
  into.set(above);
  if (least !== 0) for (let i = 0; i < length; i++) (into[i] as number) += least;
}

/** {@link unpack} to 32-bit numbers. @returns false, leaving `into` undefined, when a number does not fit. */
export function unpackNarrow({ length, least, above }: Packed, into: Uint32Array): boolean {
  if (least > LARGEST_NARROW) return false;
  if (above === undefined) {
    into.fill(least, 0, length);
    return true;
  }
  if (!isNarrow(above)) {
    for (let i = 0; i < length; i++) if ((above[i] as number) + least > LARGEST_NARROW) return false;
  }
  into.set(above);
  if (least === 0) return true;
  let most = 0;
  for (let i = 0; i < length; i++) {
    const number = (into[i] as number) + least;
    if (number > most) most = number;
    into[i] = number;
  }
  return most <= LARGEST_NARROW;
}

export function numberAt({ least, above }: Packed, i: number): number {
  return above === undefined ? least : (above[i] as number) + least;
}

/**
 * The blob format: the width of a number in bytes (0: all are equal), the number count, the offset of the JSON text, the least
 * number; then each number minus the least; then JSON. Little-endian, like every machine that this runs on.
 */
const HEADER = 24;

export function encodeBlob(numbers: Packed, json: unknown): Uint8Array {
  const { length } = numbers;
  let least = length === 0 ? 0 : numberAt(numbers, 0);
  let most = least;
  for (let i = 1; i < length; i++) {
    const n = numberAt(numbers, i);
    if (n < least) least = n;
    else if (n > most) most = n;
  }
  const width = most === least ? 0 : widthOf(most - least);
  // Numbers of 8 bytes are stored unchanged: the difference from the least might not be exact.
  if (width === 8) least = 0;
  const text = json === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(json));
  const textAt = HEADER + width * length;
  const blob = new Uint8Array(textAt + text.length);
  const header = new DataView(blob.buffer);
  header.setUint32(0, width, true);
  header.setUint32(4, length, true);
  header.setUint32(8, textAt, true);
  header.setFloat64(16, least, true);
  if (width > 0) {
    const view = viewOf(blob.buffer, HEADER, width, length);
    for (let i = 0; i < length; i++) view[i] = numberAt(numbers, i) - least;
  }
  blob.set(text, textAt);
  return blob;
}

/** A column as stored in the database. */
export class ColumnBlob {
  readonly numbers: Packed;
  readonly #bytes: Uint8Array;
  readonly #textAt: number;

  constructor(blob: Uint8Array) {
    // A Float64Array must start at a multiple of eight.
    const bytes = blob.byteOffset % 8 === 0 ? blob : blob.slice();
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    const width = header.getUint32(0, true);
    const length = header.getUint32(4, true);
    const least = header.getFloat64(16, true);
    const above = width === 0 ? undefined : viewOf(bytes.buffer, bytes.byteOffset + HEADER, width, length);
    this.numbers = { length, least, above };
    this.#textAt = header.getUint32(8, true);
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** The JSON after the numbers; undefined if there is none. */
  json(): unknown {
    if (this.#textAt === this.#bytes.length) return undefined;
    return JSON.parse(new TextDecoder().decode(this.#bytes.subarray(this.#textAt)));
  }
}

function widthOf(range: number): 1 | 2 | 4 | 8 {
  if (range < 2 ** 8) return 1;
  if (range < 2 ** 16) return 2;
  return range < 2 ** 32 ? 4 : 8;
}

function viewOf(buffer: ArrayBufferLike, at: number, width: number, count: number): NumberView {
  if (width === 1) return new Uint8Array(buffer, at, count);
  if (width === 2) return new Uint16Array(buffer, at, count);
  return width === 4 ? new Uint32Array(buffer, at, count) : new Float64Array(buffer, at, count);
}
type NumberView = Uint8Array | Uint16Array | Uint32Array | Float64Array;
