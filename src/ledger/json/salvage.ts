import { skipSpace } from './elements.ts';

/**
 * Finds records in bytes that are not a valid array: cut off, with flipped bits, two arrays one after another, arrays within
 * arrays, conflict markers between lines.
 *
 * The running time is linear in the number of bytes for any input. A scan checks JSON's grammar strictly, so it stops at the
 * first byte that JSON forbids; it also determines the end of every object on its way, so none is scanned again. Two scans of
 * one place differ only in which parts they consider to be inside strings, and the wrong one fails within a few bytes.
 */

export interface ByteRange {
  start: number;
  end: number;
}

/** Bytes between two pauses: less than 10 ms of scanning. */
const PAUSE_BYTES = 1 << 20;
/** Maximum number of enclosing objects that are parsed without success, which limits how often each byte is parsed. */
const MAX_PARSED_AROUND = 8;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const ESCAPED = new Set(Buffer.from('"\\/bfnrtu'));
const SCALAR = new Set(Buffer.from('0123456789+-.eEtrufalsn'));

/**
 * The objects in `bytes` from `from` to `length` that `accept` recognises as records, outermost first, in order. Yields
 * undefined as a pause, during which the caller may run other work.
 */
export function* salvage(
  bytes: Uint8Array,
  from: number,
  length: number,
  accept: (start: number, end: number) => boolean,
): Generator<ByteRange | undefined, void, undefined> {
  /** The end of each object that a scan has passed; -1: it does not end. */
  const known = new Map<number, number>();
  /** Inside an intact object only its own members are objects: a string that looks like one is a string. */
  let soundUntil = from;
  const parsedAround: number[] = [];
  // The search for the next object must not go beyond the end.
  const searched = bytes.subarray(0, length);
  let paused = from;
  for (let at = from; ;) {
    const start = searched.indexOf(OPEN_OBJECT, at);
    if (start === -1) return;
    at = start + 1;
    if (start - paused > PAUSE_BYTES) {
      paused = start;
      yield undefined;
    }
    if (!known.has(start)) {
      if (start < soundUntil || bytes[skipSpace(bytes, at, length)] !== QUOTE) continue;
      yield* scan(bytes, start, length, known);
    }
    const end = known.get(start) ?? -1;
    known.delete(start);
    if (end === -1) continue;
    soundUntil = Math.max(soundUntil, end);
    while (parsedAround.length > 0 && parsedAround.at(-1)! <= start) parsedAround.pop();
    if (parsedAround.length >= MAX_PARSED_AROUND) continue;
    if (accept(start, end)) {
      yield { start, end };
      at = end;
    } else {
      parsedAround.push(end);
    }
  }
}

type Expected = 'value' | 'first key' | 'key' | 'colon' | 'comma or end' | 'value or end';

/**
 * Follows the object at `start` to its end, or to the first byte that JSON forbids, and records the end of each object on the
 * way.
 */
function* scan(
  bytes: Uint8Array,
  start: number,
  length: number,
  known: Map<number, number>,
): Generator<undefined, void, undefined> {
  /** The open brackets: the offset of an object, or -1 for an array. */
  const open: number[] = [];
  let expected = 'value' as Expected;
  let paused = start;
  let at = start;
  do {
    at = skipSpace(bytes, at, length);
    if (at >= length) return;
    if (at - paused > PAUSE_BYTES) {
      paused = at;
      yield undefined;
    }
    const byte = bytes[at]!;
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      const opened = open.pop()!;
      const closes = byte === CLOSE_OBJECT ? opened !== -1 : opened === -1;
      const mayEnd = expected === 'comma or end' || expected === (byte === CLOSE_OBJECT ? 'first key' : 'value or end');
      if (!closes || !mayEnd) return;
      at++;
      if (opened !== -1) known.set(opened, at);
      expected = 'comma or end';
    } else if (expected === 'colon') {
      if (byte !== COLON) return;
      at++;
      expected = 'value';
    } else if (expected === 'comma or end') {
      if (byte !== COMMA) return;
      at++;
      expected = open.at(-1) === -1 ? 'value' : 'key';
    } else if (byte === QUOTE) {
      at = stringEnd(bytes, at, length);
      if (at === -1) return;
      expected = expected === 'key' || expected === 'first key' ? 'colon' : 'comma or end';
    } else if (expected === 'key' || expected === 'first key') {
      return;
    } else if (byte === OPEN_OBJECT) {
      known.set(at, -1);
      open.push(at++);
      expected = 'first key';
    } else if (byte === OPEN_ARRAY) {
      open.push(-1);
      at++;
      expected = 'value or end';
    } else {
      const from = at;
      while (at < length && SCALAR.has(bytes[at]!)) at++;
      if (at === from) return;
      expected = 'comma or end';
    }
  } while (open.length > 0);
}

/**
 * The end (exclusive) of the string whose quote is at `start`; -1 when it does not end, or contains characters that JSON
 * forbids.
 */
function stringEnd(bytes: Uint8Array, start: number, length: number): number {
  for (let at = start + 1; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    at++;
    if (!ESCAPED.has(bytes[at] ?? 0)) return -1;
    if (bytes[at] === LETTER_U && !/^[\da-f]{4}$/i.test(String.fromCharCode(...bytes.subarray(at + 1, at + 5))))
      return -1;
  }
  return -1;
}
