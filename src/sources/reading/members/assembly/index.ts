/**
 * The inner loop of `../members.ts`, in AssemblyScript (typed TypeScript compiled to WebAssembly): scans the bytes of a JSON
 * object, strictly by the grammar, and records the positions of wanted members' values.
 *
 * `scripts/wasm.mjs` compiles it to `../wasm.ts`. It allocates no memory: the addresses below are all it uses.
 */

/** Results, 16 bytes per wanted member: kind, start (or the number), end, version of the text. */
export const SLOTS: usize = 1024;
/** The last text of each wanted member, since most are equal line after line: length, version, 8 unused bytes, the text. */
export const TEXTS: usize = 8192;
export const MAX_SLOTS: i32 = 255;
/** The wanted members, see `write` in `../members.ts`. */
export const TABLES: usize = 73_728;
/** The line, followed by 16 zeros, at which every loop stops. */
export const LINE: usize = 131_072;

const MAX_TEXT: u32 = 240;
/** Deeper than any log. Deeper values are left to the engine's parser. */
const MAX_DEPTH: u32 = 64;

/** Kinds of results. */
const ABSENT: i32 = 0;
const OBJECT: i32 = 1;
/** Without escapes, and short enough for {@link TEXTS}. */
const TEXT: i32 = 2;
/** A whole number of up to nine digits. */
const COUNT: i32 = 3;
const TRUE: i32 = 4;
const FALSE: i32 = 5;
/** Anything else: its bytes are JSON. */
const OTHER: i32 = 6;

/** Results of {@link scan}. */
const DONE: i32 = 0;
const INVALID: i32 = 1;
const UNDECIDED: i32 = 2;

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const MINUS: u32 = 0x2d;
const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_OBJECT: u32 = 0x7d;
const OPEN_ARRAY: u32 = 0x5b;
const CLOSE_ARRAY: u32 = 0x5d;
const SPACE: u32 = 0x20;
const ZERO: u32 = 0x30;

/** Whether the string scanned last contains escapes. */
let isEscaped: bool = false;
let failure: i32 = INVALID;

/** @param length number of bytes at {@link LINE}, which must be valid UTF-8. @param level the table of the wanted members. */
export function scan(length: usize, level: usize): i32 {
  const end = LINE + length;
  v128.store(end, i8x16.splat(0));
  failure = INVALID;
  forget(level);
  let at = skipSpace(LINE);
  if (byteAt(at) != OPEN_OBJECT) return INVALID;
  at = object(at, level, 0);
  if (at == 0) return failure;
  return skipSpace(at) == end ? DONE : INVALID;
}

// All functions below return the end of what they scanned; 0: it is not JSON, or they cannot decide.

/** @param level 0: no member is wanted. */
function object(at: usize, level: usize, depth: u32): usize {
  if (depth > MAX_DEPTH) return undecided();
  at = skipSpace(at + 1);
  if (byteAt(at) == CLOSE_OBJECT) return at + 1;
  while (true) {
    if (byteAt(at) != QUOTE) return 0;
    const name = at + 1;
    at = string(at);
    if (at == 0) return 0;
    let member: usize = 0;
    if (level != 0) {
      // The name may be a wanted one.
      if (isEscaped) return undecided();
      member = memberOf(level, name, (at - 1 - name) as u32);
    }
    at = skipSpace(at);
    if (byteAt(at) != COLON) return 0;
    at = skipSpace(at + 1);
    at = member == 0 ? value(at, depth) : wanted(at, member, depth);
    if (at == 0) return 0;
    at = skipSpace(at);
    const next = byteAt(at);
    if (next == CLOSE_OBJECT) return at + 1;
    if (next != COMMA) return 0;
    at = skipSpace(at + 1);
  }
}

function array(at: usize, depth: u32): usize {
  if (depth > MAX_DEPTH) return undecided();
  at = skipSpace(at + 1);
  if (byteAt(at) == CLOSE_ARRAY) return at + 1;
  while (true) {
    at = value(at, depth);
    if (at == 0) return 0;
    at = skipSpace(at);
    const next = byteAt(at);
    if (next == CLOSE_ARRAY) return at + 1;
    if (next != COMMA) return 0;
    at = skipSpace(at + 1);
  }
}

function value(at: usize, depth: u32): usize {
  switch (byteAt(at)) {
    case QUOTE:
      return string(at);
    case OPEN_OBJECT:
      return object(at, 0, depth + 1);
    case OPEN_ARRAY:
      return array(at, depth + 1);
    case 0x74: // true
      return load<u32>(at) == 0x6575_7274 ? at + 4 : 0;
    case 0x66: // false
      return load<u32>(at, 1) == 0x6573_6c61 ? at + 5 : 0;
    case 0x6e: // null
      return load<u32>(at) == 0x6c6c_756e ? at + 4 : 0;
    default:
      return number(at);
  }
}

/** Scans the value of a wanted member and records its position. */
function wanted(at: usize, member: usize, depth: u32): usize {
  const slot = slotOf(load<u32>(member, 8));
  const level = load<u32>(member, 12) as usize;
  // If a name occurs twice, the second member counts, as with JSON.parse.
  if (level != 0 && load<i32>(slot) == OBJECT) forget(level);
  const first = byteAt(at);
  const end = first == OPEN_OBJECT && level != 0 ? object(at, level, depth + 1) : value(at, depth);
  if (end == 0) return 0;
  store<u32>(slot, at as u32, 4);
  store<u32>(slot, end as u32, 8);
  store<i32>(slot, kindOf(first, at, end, slot, load<u32>(member, 8), level));
  return end;
}

function kindOf(first: u32, at: usize, end: usize, slot: usize, index: u32, level: usize): i32 {
  if (first == OPEN_OBJECT) return level == 0 ? OTHER : OBJECT;
  if (first == 0x74) return TRUE;
  if (first == 0x66) return FALSE;
  const length = (end - at) as u32;
  if (first == QUOTE) {
    if (isEscaped || length - 2 > MAX_TEXT) return OTHER;
    store<u32>(slot, versionOf(index, at + 1, length - 2), 12);
    return TEXT;
  }
  if (!isDigit(first) || length > 9) return OTHER;
  let count: u32 = 0;
  for (let digit = at; digit < end; digit++) {
    const byte = byteAt(digit);
    if (!isDigit(byte)) return OTHER;
    count = count * 10 + byte - ZERO;
  }
  store<u32>(slot, count, 4);
  return COUNT;
}

/** A number that changes only if the member's text differs from its last one. */
function versionOf(index: u32, at: usize, length: u32): u32 {
  const last = TEXTS + ((index as usize) << 8);
  const version = load<u32>(last, 4);
  // 0 means none yet, on both sides.
  if (version != 0 && load<u32>(last) == length && isSame(last + 16, at, length)) return version;
  store<u32>(last, length);
  const next: u32 = version == u32.MAX_VALUE ? 1 : version + 1;
  store<u32>(last, next, 4);
  for (let i: u32 = 0; i < length; i += 16) v128.store(last + 16 + i, v128.load(at + i));
  return next;
}

function memberOf(level: usize, name: usize, length: u32): usize {
  const count = load<u32>(level);
  let member = level + 16;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(member) == length && isSame(load<u32>(member, 4) as usize, name, length)) return member;
    member += 16;
  }
  return 0;
}

function isSame(left: usize, right: usize, length: u32): bool {
  while (length > 16) {
    if (v128.any_true(v128.xor(v128.load(left), v128.load(right)))) return false;
    left += 16;
    right += 16;
    length -= 16;
  }
  const equal = i8x16.bitmask(i8x16.eq(v128.load(left), v128.load(right))) as u32;
  return (~equal & ((1 << length) - 1)) == 0;
}

/** Clears the results of a level. */
function forget(level: usize): void {
  const end = slotOf(load<u32>(level, 8));
  for (let slot = slotOf(load<u32>(level, 4)); slot < end; slot += 16) store<i32>(slot, ABSENT);
}

function slotOf(index: u32): usize {
  return SLOTS + ((index as usize) << 4);
}

/** Sixteen bytes at a time: most of a line consists of texts that are not wanted. */
function string(at: usize): usize {
  at++;
  isEscaped = false;
  while (true) {
    const bytes = v128.load(at);
    const special = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE as i8)), i8x16.eq(bytes, i8x16.splat(BACKSLASH as i8))),
      i8x16.lt_u(bytes, i8x16.splat(SPACE as i8)),
    );
    const where = i8x16.bitmask(special);
    if (where == 0) {
      at += 16;
      continue;
    }
    at += ctz(where);
    const byte = byteAt(at);
    if (byte == QUOTE) return at + 1;
    if (byte != BACKSLASH) return 0;
    at = escape(at + 1);
    if (at == 0) return 0;
    isEscaped = true;
  }
}

function escape(at: usize): usize {
  switch (byteAt(at)) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      return isHex(at + 1) && isHex(at + 2) && isHex(at + 3) && isHex(at + 4) ? at + 5 : 0;
    default:
      return 0;
  }
}

function number(at: usize): usize {
  if (byteAt(at) == MINUS) at++;
  at = byteAt(at) == ZERO ? at + 1 : digits(at);
  if (at != 0 && byteAt(at) == 0x2e) at = digits(at + 1);
  if (at == 0 || (byteAt(at) | 0x20) != 0x65) return at;
  const sign = byteAt(at + 1);
  return digits(sign == MINUS || sign == 0x2b ? at + 2 : at + 1);
}

/** At least one. */
function digits(at: usize): usize {
  const start = at;
  while (isDigit(byteAt(at))) at++;
  return at == start ? 0 : at;
}

function skipSpace(at: usize): usize {
  while (true) {
    const byte = byteAt(at);
    if (byte != SPACE && byte != 0x0a && byte != 0x0d && byte != 0x09) return at;
    at++;
  }
}

function undecided(): usize {
  failure = UNDECIDED;
  return 0;
}

function byteAt(at: usize): u32 {
  return load<u8>(at);
}

function isDigit(byte: u32): bool {
  return byte - ZERO < 10;
}

function isHex(at: usize): bool {
  const byte = byteAt(at);
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6;
}
