import { skipSpace } from '../elements.ts';
import { MemberNames, NO_END, ObjectList } from './objectList.ts';

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

/** Bytes between two pauses: a few ms of scanning. */
const PAUSE_BYTES = 1 << 18;
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

export interface Wanted {
  /** Names of members that each record has: an object without them is not parsed, however large it is. */
  members: readonly string[];
  accept: (start: number, end: number) => boolean;
}

/**
 * The objects in `bytes` from `from` to `length` that `accept` recognises as records, outermost first, in order. Yields
 * undefined as a pause, during which the caller may run other work.
 */
export function* salvage(
  bytes: Uint8Array,
  from: number,
  length: number,
  { members, accept }: Wanted,
): Generator<ByteRange | undefined, void, undefined> {
  const seen = new SeenObjects(bytes, members);
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
    if (!seen.has(start)) {
      if (start < soundUntil || bytes[skipSpace(bytes, at, length)] !== QUOTE) continue;
      yield* seen.scan(start, length);
    }
    const { end, hasMembers } = seen.take(start);
    if (end === NO_END) continue;
    soundUntil = Math.max(soundUntil, end);
    while (parsedAround.length > 0 && parsedAround.at(-1)! <= start) parsedAround.pop();
    if (!hasMembers || parsedAround.length >= MAX_PARSED_AROUND) continue;
    if (accept(start, end)) {
      yield { start, end };
      at = end;
    } else {
      parsedAround.push(end);
    }
  }
}

/** The objects that scans have passed and {@link salvage} has not reached. */
class SeenObjects {
  readonly #bytes: Uint8Array;
  readonly #names: MemberNames;
  /** Those of the last scan that began behind all others, in order, from `#next` on. */
  #list: ObjectList;
  #next = 0;
  /** Those of scans that began among those of another scan: few, because one of the two is wrong and fails soon. */
  readonly #others = new Map<number, { end: number; hasMembers: boolean }>();

  constructor(bytes: Uint8Array, members: readonly string[]) {
    this.#bytes = bytes;
    this.#names = new MemberNames(members);
    this.#list = new ObjectList();
  }

  has(start: number): boolean {
    while (this.#next < this.#list.count && this.#list.startOf(this.#next) < start) this.#next++;
    return (this.#next < this.#list.count && this.#list.startOf(this.#next) === start) || this.#others.has(start);
  }

  /** The end of an object that was passed. */
  take(start: number): { end: number; hasMembers: boolean } {
    const other = this.#others.get(start);
    this.#others.delete(start);
    return other ?? this.#objectAt(this.#list, this.#next);
  }

  *scan(start: number, length: number): Generator<undefined, void, undefined> {
    if (this.#next === this.#list.count) {
      this.#list.clear();
      this.#next = 0;
      yield* scan(this.#bytes, { start, length }, this.#names, this.#list);
      return;
    }
    const list = new ObjectList();
    yield* scan(this.#bytes, { start, length }, this.#names, list);
    for (let i = 0; i < list.count; i++) this.#others.set(list.startOf(i), this.#objectAt(list, i));
  }

  #objectAt(list: ObjectList, index: number): { end: number; hasMembers: boolean } {
    return { end: list.endOf(index), hasMembers: list.membersOf(index) === this.#names.all };
  }
}

type Expected = 'value' | 'first key' | 'key' | 'colon' | 'comma or end' | 'value or end';

/**
 * Follows the object at `start` to its end, or to the first byte that JSON forbids, and adds each object on the way to `list`.
 */
function* scan(
  bytes: Uint8Array,
  { start, length }: { start: number; length: number },
  names: MemberNames,
  list: ObjectList,
): Generator<undefined, void, undefined> {
  let expected = 'value' as Expected;
  let paused = start;
  let at = start;
  do {
    at = skipSpace(bytes, at, length);
    if (at >= length) break;
    if (at - paused > PAUSE_BYTES) {
      paused = at;
      yield undefined;
    }
    const byte = bytes[at]!;
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      const isObject = byte === CLOSE_OBJECT;
      const mayEnd = expected === 'comma or end' || expected === (isObject ? 'first key' : 'value or end');
      if (!mayEnd || isObject === list.isInArray) break;
      at++;
      list.close(at);
      expected = 'comma or end';
    } else if (expected === 'colon') {
      if (byte !== COLON) break;
      at++;
      expected = 'value';
    } else if (expected === 'comma or end') {
      if (byte !== COMMA) break;
      at++;
      expected = list.isInArray ? 'value' : 'key';
    } else if (byte === QUOTE) {
      const isKey = expected === 'key' || expected === 'first key';
      const end = stringEnd(bytes, at, length);
      if (end === -1) break;
      if (isKey) list.addMember(names.bitOf(bytes, at, end));
      at = end;
      expected = isKey ? 'colon' : 'comma or end';
    } else if (expected === 'key' || expected === 'first key') {
      break;
    } else if (byte === OPEN_OBJECT) {
      list.open(at++);
      expected = 'first key';
    } else if (byte === OPEN_ARRAY) {
      list.openArray();
      at++;
      expected = 'value or end';
    } else {
      const from = at;
      while (at < length && SCALAR.has(bytes[at]!)) at++;
      if (at === from) break;
      expected = 'comma or end';
    }
  } while (list.isOpen);
  list.leaveOpen();
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
