import type { ProblemCode } from '../results.ts';

/**
 * Splits the bytes of a ledger, a JSON array, into elements without parsing them: where each element starts and ends. Elements
 * are passed on as byte ranges, so that unknown content survives every rewrite unchanged.
 */

/** A range of the file's bytes that is not a usage record, or is a second record with the same id. */
export interface SkippedElement {
  start: number;
  end: number;
  reason: string;
  usageId?: string;
  /** Set if the range holds several short elements: their number, and where the last begins and the one before it ends. */
  run?: { count: number; lastStart: number; beforeEnd: number };
}

/** Elements that are not records and have a range of their own. */
const MOST_APART = 1_000;
/** A shorter text cannot be a record, or contain one: the names alone take as much. */
export const LEAST_RECORD = 60;

/** Number of elements in these ranges. */
export function elementsIn(ranges: readonly SkippedElement[]): number {
  return ranges.reduce((sum, { run }) => sum + (run?.count ?? 1), 0);
}

/**
 * Adds an element that is not a record. Millions of short ones would take more memory than the file: after the first ones, those
 * that follow each other are one range.
 * @param beforeEnd where the element before it in the array ends.
 */
export function leaveOut(ranges: SkippedElement[], element: SkippedElement, beforeEnd: number): void {
  const { start, end } = element;
  const last = ranges.at(-1);
  const isLong = end - start >= LEAST_RECORD;
  const isLastLong = last !== undefined && last.run === undefined && last.end - last.start >= LEAST_RECORD;
  if (ranges.length < MOST_APART || last?.end !== beforeEnd || last.usageId !== undefined || isLong || isLastLong) {
    ranges.push(element);
    return;
  }
  last.run = { count: elementsIn([last]) + 1, lastStart: start, beforeEnd };
  last.end = end;
}

/** Removes the element that was added last. */
export function takeBack(ranges: SkippedElement[]): void {
  const last = ranges.at(-1);
  if (last?.run === undefined) ranges.pop();
  else {
    last.end = last.run.beforeEnd;
    last.run.count--;
  }
}

/** A record's id and bytes. */
export interface FoundRecord {
  usageId: string;
  start: number;
  end: number;
}

export interface Damage {
  code: ProblemCode;
  message: string;
  offset: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

export function skipSpace(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  while (at < length && isSpace(bytes[at])) at++;
  return at;
}

/**
 * The end (exclusive) of the JSON value that starts at `start`, determined by its brackets and quotes; -1 when it does not end
 * before `length`, or contains a raw line break in a string, which JSON forbids and which reveals a missing quote.
 */
export function valueEnd(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start];
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY && first !== QUOTE) {
    let at = start;
    while (at < length) {
      const byte = bytes[at]!;
      if (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || isSpace(byte)) break;
      at++;
    }
    return at === start ? -1 : at;
  }
  let depth = 0;
  let at = start;
  while (at < length) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at++;
      for (;;) {
        if (at >= length) return -1;
        const inside = bytes[at]!;
        if (inside === QUOTE) break;
        if (inside < 0x20) return -1;
        at += inside === BACKSLASH ? 2 : 1;
      }
      if (depth === 0) return at + 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
    } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) {
      return at + 1;
    }
    at++;
  }
  return -1;
}

/**
 * Iterates over the elements of the array. After {@link next} has returned false, `damage` describes the array's defect, if
 * any, and `end` is the end of the last element (or the position for the first one).
 *
 * It checks only the structure: parsing decides whether each element is valid JSON.
 */
export class ElementScanner {
  /** The current element's byte range. */
  start = 0;
  end = 0;
  damage: Damage | undefined;
  #bytes: Uint8Array;
  #length: number;
  #state: 'before' | 'first' | 'after' | 'done';

  /** @param after resume after an element of a known array that ended here; undefined: from the array's start. */
  constructor(bytes: Uint8Array, length: number, after?: number) {
    this.#bytes = bytes;
    this.#length = length;
    this.#state = after === undefined ? 'before' : 'after';
    this.end = after ?? 0;
  }

  next(): boolean {
    const bytes = this.#bytes;
    const length = this.#length;
    if (this.#state === 'done') return false;
    if (this.#state === 'before') {
      const open = skipSpace(bytes, 0, length);
      if (open === length) {
        return this.#fail('empty-file', length === 0 ? 'the file is empty' : 'the file contains only spaces', 0);
      }
      if (bytes[open] === 0xef && bytes[open + 1] === 0xbb && bytes[open + 2] === 0xbf) {
        return this.#fail('byte-order-mark', 'the file starts with a byte order mark, which JSON forbids', open);
      }
      if ((bytes[open] === 0xff && bytes[open + 1] === 0xfe) || (bytes[open] === 0xfe && bytes[open + 1] === 0xff)) {
        return this.#fail('not-an-array', 'the file is UTF-16 text instead of UTF-8; a repair converts it', open);
      }
      if (bytes[open] !== OPEN_ARRAY) {
        return this.#fail('not-an-array', 'the file is not a JSON array', open);
      }
      this.end = open + 1;
      this.#state = 'first';
    }
    let at = skipSpace(bytes, this.end, length);
    if (at === length) return this.#fail('truncated', 'the file ends in the middle of the array', length);
    if (bytes[at] === CLOSE_ARRAY) {
      const rest = skipSpace(bytes, at + 1, length);
      if (rest !== length) return this.#fail('trailing-content', 'something follows the end of the array', rest);
      this.#state = 'done';
      return false;
    }
    if (this.#state === 'after') {
      if (bytes[at] !== COMMA) return this.#fail('not-json', 'a comma is missing between two elements', at);
      at = skipSpace(bytes, at + 1, length);
      if (at === length) return this.#fail('truncated', 'the file ends in the middle of the array', length);
    }
    const end = valueEnd(bytes, at, length);
    if (end === -1) {
      const code = this.#runsOut(at) ? 'truncated' : 'not-json';
      return this.#fail(
        code,
        code === 'truncated' ? 'the file ends in the middle of an element' : 'an element is not valid JSON',
        at,
      );
    }
    this.start = at;
    this.end = end;
    this.#state = 'after';
    return true;
  }

  /** Whether the element at `at` is merely cut off: the file ends before any line break that JSON forbids. */
  #runsOut(at: number): boolean {
    let inString = false;
    for (let i = at; i < this.#length; i++) {
      const byte = this.#bytes[i]!;
      if (inString && byte < 0x20) return false;
      if (inString && byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = !inString;
    }
    const first = this.#bytes[at];
    return first === OPEN_OBJECT || first === OPEN_ARRAY || first === QUOTE;
  }

  #fail(code: ProblemCode, message: string, offset: number): false {
    this.damage = { code, message, offset };
    this.#state = 'done';
    return false;
  }
}

/** The 1-based line of a byte offset, for messages. */
export function lineOf(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) line++;
  return line;
}

/** The 1-based lines on which the elements of an array begin. @param from the index of its `[`. */
export function entryLines(text: string, from: number): number[] {
  const bytes = Buffer.from(text.slice(from));
  const before = Buffer.byteLength(text.slice(0, from));
  const whole = Buffer.from(text);
  const scanner = new ElementScanner(bytes, bytes.length);
  const lines: number[] = [];
  while (scanner.next()) lines.push(lineOf(whole, before + scanner.start));
  return lines;
}

/** The line that the message of `JSON.parse` names, in the wording of any version of Node; the last one if it names none. */
export function lineOfJsonError(text: string, { message }: Error): number {
  const [, line] = /line (\d+)/.exec(message) ?? [];
  if (line !== undefined) return Number(line);
  const [, position] = /position (\d+)/.exec(message) ?? [];
  return position === undefined
    ? text.trimEnd().split('\n').length
    : text.slice(0, Number(position)).split('\n').length;
}
