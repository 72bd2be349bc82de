/**
 * Finds the end of a JSON value, byte by byte and across chunks, and detects invalid JSON as early as the grammar allows. It
 * checks only the structure (brackets, keys, colons, commas, no raw control characters in strings); `JSON.parse` checks numbers
 * and escapes. It looks only for ASCII bytes, so it can scan UTF-8 directly.
 * The caller limits the length of a value, and so its depth.
 */

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The tokens that the grammar allows next. */
type Expect = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'text' | 'escape' | 'scalar';

export type ScanStatus = 'more' | 'done' | 'error';

export class JsonScanner {
  /** `more`: the value continues in the next chunk. */
  status: ScanStatus = 'more';
  /** Number of newlines inside the value. */
  newlines = 0;
  /** Closing brackets still expected, innermost last. */
  readonly #open: number[] = [];
  /** Where these were opened, as offsets from the start of the value. */
  readonly #openedAt: number[] = [];
  /** Bytes of the value that earlier calls have scanned. */
  #scanned = 0;
  #expect: Expect = 'value';
  #isKey = false;

  /**
   * Whether the value is a number, `true` or an invalid word: it ends only before the first byte that is not part of it, or
   * with the input.
   */
  get inScalar(): boolean {
    return this.#expect === 'scalar' && this.#open.length === 0;
  }

  reset(): void {
    this.status = 'more';
    this.newlines = 0;
    this.#open.length = 0;
    this.#openedAt.length = 0;
    this.#scanned = 0;
    this.#expect = 'value';
  }

  /**
   * Where the values begin that are open now, as offsets from the start. If the scan fails here, it would fail for each of
   * them too, because each reaches the same byte.
   */
  get unfinished(): readonly number[] {
    return this.#openedAt;
  }

  /** Scans `bytes[from, to)`. @returns the index after the value's last byte, or after the first invalid one. */
  run(bytes: Uint8Array, from: number, to: number): number {
    const end = this.#run(bytes, from, to);
    this.#scanned += end - from;
    return end;
  }

  #run(bytes: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (this.#expect === 'text') {
        if (byte === QUOTE) {
          if (this.#isKey) this.#expect = 'colon';
          else if (this.#valueEnds()) return at + 1;
        } else if (byte === BACKSLASH) this.#expect = 'escape';
        else if (byte < 0x20) return this.#fail(at);
        continue;
      }
      if (this.#expect === 'escape') {
        if (byte < 0x20) return this.#fail(at);
        this.#expect = 'text';
        continue;
      }
      if (this.#expect === 'scalar') {
        if (isScalar(byte)) continue;
        if (this.#valueEnds()) return at;
        // Inside a container, the byte is the first one of the next token.
      }
      if (byte === NEWLINE) this.newlines++;
      if (isSpace(byte)) continue;
      if (!this.#structure(byte, this.#scanned + at - from)) return this.#fail(at);
      if (this.status === 'done') return at + 1;
    }
    return to;
  }

  /** @param place offset of the byte from the start of the value. @returns false: the byte is not allowed here. */
  #structure(byte: number, place: number): boolean {
    switch (this.#expect) {
      case 'colon':
        this.#expect = 'value';
        return byte === COLON;
      case 'comma-or-end':
        if (byte !== COMMA) return this.#close(byte);
        this.#expect = this.#open.at(-1) === CLOSE_OBJECT ? 'key' : 'value';
        return true;
      case 'key-or-end':
        if (byte === CLOSE_OBJECT) return this.#close(byte);
        return this.#text(byte, true);
      case 'key':
        return this.#text(byte, true);
      case 'value-or-end':
        if (byte === CLOSE_ARRAY) return this.#close(byte);
        return this.#value(byte, place);
      case 'value':
        return this.#value(byte, place);
      case 'text':
      case 'escape':
      case 'scalar':
        break; // Handled above.
    }
    return false;
  }

  #value(byte: number, place: number): boolean {
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#open.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY);
      this.#openedAt.push(place);
      this.#expect = byte === OPEN_OBJECT ? 'key-or-end' : 'value-or-end';
      return true;
    }
    if (isScalar(byte)) {
      this.#expect = 'scalar';
      return true;
    }
    return this.#text(byte, false);
  }

  #text(byte: number, isKey: boolean): boolean {
    this.#expect = 'text';
    this.#isKey = isKey;
    return byte === QUOTE;
  }

  #close(byte: number): boolean {
    if (byte !== this.#open.at(-1)) return false;
    this.#open.pop();
    this.#openedAt.pop();
    this.#valueEnds();
    return true;
  }

  /** true: it was the outermost value. */
  #valueEnds(): boolean {
    this.#expect = 'comma-or-end';
    if (this.#open.length > 0) return false;
    this.status = 'done';
    return true;
  }

  #fail(at: number): number {
    this.status = 'error';
    return at + 1;
  }
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

/** Letters, digits, `+ - .`, and everything beyond ASCII, so that an invalid word is consumed whole. */
function isScalar(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte >= 0x80
  );
}
