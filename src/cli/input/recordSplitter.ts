import { isSpace, JsonScanner } from './jsonScanner.ts';

/**
 * Splits a stream of bytes into records, by structure and not by line: NDJSON, one JSON array, pretty-printed objects one after
 * another, and any mix of them. Each record is returned with the chunk that contains its last byte, so a producer may wait for
 * its acknowledgement before it sends the next one.
 *
 * Tolerates anything that loses no data (a byte order mark, blank lines, CRLF, missing or extra commas between records). All
 * other non-JSON is returned as {@link Malformed}, and reading continues on the next line.
 */

/** A JSON value of the stream; the ledger decides whether it is a record. */
export interface Parsed {
  /** 1-based line of its first byte. */
  line: number;
  value: unknown;
}

export interface Malformed {
  line: number;
  /** The rule that it breaks, to follow the field's name in a message: `must be JSON`. */
  rule: string;
  /** The beginning of the malformed text. */
  excerpt: string;
}

export type Piece = Parsed | Malformed;

/** The longest record accepted, in bytes; limits the memory used for a stream. */
export const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_EXCERPT = 160;

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * - `between`: before, between and after records.
 * - `inside`: in the value that starts at `#start`.
 * - `rest-of-line`: after malformed text.
 * - `broken-record`: after malformed text that spanned several lines, until a line starts a record.
 */
type Mode = 'between' | 'inside' | 'rest-of-line' | 'broken-record';

export class RecordSplitter {
  readonly #scanner = new JsonScanner();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #buffer = new Uint8Array(8192);
  /** The buffer contains `[#start, #end)`; `[#at, #end)` has not been scanned. */
  #start = 0;
  #at = 0;
  #end = 0;
  #mode: Mode = 'between';
  /** The mode that follows `rest-of-line`. */
  #nextLine: 'between' | 'broken-record' = 'between';
  #line = 1;
  #startLine = 1;
  #arrayLine = 0;
  /** Offset in the input of the first byte of the buffer. */
  #base = 0;
  /** Offsets in the input of values that are known not to end: no record starts there. */
  #unfinished: ReadonlySet<number> = new Set();
  /** Part of the current array was malformed, so its brackets are not reliable. */
  #damagedArray = false;
  #pieces: Piece[] = [];

  /** Returns the records that this chunk completes, in order. */
  push(chunk: Uint8Array): Piece[] {
    this.#append(chunk);
    this.#run(false);
    return this.#take();
  }

  /** Returns the remainder at the end of the input. Do not call {@link push} afterwards. */
  end(): Piece[] {
    do {
      this.#run(true);
      if (this.#mode !== 'inside') break;
      if (this.#scanner.inScalar) this.#complete();
      else this.#malformed('must be complete (the input ends within it)');
    } while (this.#at < this.#end);
    if (this.#arrayLine > 0 && !this.#damagedArray) {
      this.#pieces.push({
        line: this.#arrayLine,
        rule: 'must be a complete JSON array (its ] is missing)',
        excerpt: '[',
      });
    }
    return this.#take();
  }

  /** Whether a record has begun but is not complete. */
  get pending(): boolean {
    return this.#mode === 'inside';
  }

  #take(): Piece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #run(atEnd: boolean): void {
    while (this.#at < this.#end) {
      if (this.#mode === 'inside') this.#inside();
      else if (this.#mode === 'between') {
        if (!this.#between(atEnd)) return;
      } else this.#skip();
    }
  }

  /** false: more bytes are needed to decide. */
  #between(atEnd: boolean): boolean {
    const byte = this.#buffer[this.#at]!;
    if (byte === MARK[0] && this.#end - this.#at < MARK.length && !atEnd) return false;
    if (MARK.every((part, i) => this.#buffer[this.#at + i] === part) && this.#end - this.#at >= MARK.length) {
      this.#at += MARK.length;
    } else if (isSpace(byte) || byte === COMMA) {
      if (byte === NEWLINE) this.#line++;
      this.#at++;
    } else if (byte === OPEN_ARRAY && (this.#arrayLine === 0 || this.#damagedArray)) {
      this.#arrayLine = this.#line;
      this.#damagedArray = false;
      this.#at++;
    } else if (byte === CLOSE_ARRAY && (this.#arrayLine > 0 || this.#damagedArray)) {
      this.#arrayLine = 0;
      this.#at++;
    } else {
      this.#mode = 'inside';
      this.#startLine = this.#line;
      this.#start = this.#at;
      this.#scanner.reset();
      return true;
    }
    this.#start = this.#at;
    return true;
  }

  #inside(): void {
    const limit = this.#start + MAX_RECORD_BYTES;
    this.#at = this.#scanner.run(this.#buffer, this.#at, Math.min(this.#end, limit));
    this.#line = this.#startLine + this.#scanner.newlines;
    if (this.#scanner.status === 'error') this.#malformed('must be JSON');
    else if (this.#scanner.status === 'done') this.#complete();
    else if (this.#at === limit) this.#tooLong();
  }

  #complete(): void {
    const bytes = this.#buffer.subarray(this.#start, this.#at);
    const text = this.#decode(bytes);
    if (text === undefined) this.#refuse('must be UTF-8');
    else {
      const value = parse(text);
      // More invalid words may follow on the line, but only one is reported. For a closed object, the end is where it appears
      // to be.
      if (value === undefined && bytes[0] !== OPEN_OBJECT && bytes[0] !== OPEN_ARRAY) {
        this.#malformed('must be JSON');
        return;
      }
      if (value === undefined) this.#refuse('must be JSON');
      else this.#pieces.push({ line: this.#startLine, value: value.parsed });
    }
    this.#mode = 'between';
    this.#start = this.#at;
  }

  /** Refuses the text that began at `#start`, and looks for the next record from the next line on. */
  #malformed(rule: string): void {
    this.#refuse(rule);
    const start = this.#base + this.#start;
    this.#unfinished = new Set(this.#scanner.unfinished.map((place) => start + place));
    const sameLine = this.#line === this.#startLine;
    const newline = this.#buffer.subarray(0, this.#end).indexOf(NEWLINE, this.#start);
    if (newline === -1) {
      this.#mode = 'rest-of-line';
      this.#nextLine = 'between';
      this.#at = this.#end;
    } else {
      this.#mode = sameLine ? 'between' : 'broken-record';
      this.#at = newline + 1;
      this.#line = this.#startLine + 1;
    }
    this.#start = this.#at;
  }

  #tooLong(): void {
    this.#refuse(`must have at most ${MAX_RECORD_BYTES} bytes`);
    // Its beginning must not be scanned again: a hostile stream could make us read each megabyte many times.
    this.#mode = 'rest-of-line';
    this.#nextLine = this.#line === this.#startLine ? 'between' : 'broken-record';
    this.#start = this.#at;
  }

  #skip(): void {
    const newline = this.#buffer.subarray(0, this.#end).indexOf(NEWLINE, this.#at);
    if (this.#mode === 'broken-record') {
      const lineEnd = newline === -1 ? this.#end : newline;
      const place = this.#buffer.subarray(this.#at, lineEnd).findIndex((byte) => !isSpace(byte));
      const first = place === -1 ? undefined : this.#buffer[this.#at + place];
      const isUnfinished = this.#unfinished.has(this.#base + this.#at + place);
      if ((first === OPEN_OBJECT || first === OPEN_ARRAY) && !isUnfinished) {
        this.#mode = 'between';
        return;
      }
      // Only spaces so far: decided with the next chunk.
      if (newline === -1 && first !== undefined) {
        this.#mode = 'rest-of-line';
        this.#nextLine = 'broken-record';
      }
    }
    if (newline === -1) this.#at = this.#end;
    else {
      this.#at = newline + 1;
      this.#line++;
      if (this.#mode === 'rest-of-line') this.#mode = this.#nextLine;
    }
    this.#start = this.#at;
  }

  #refuse(rule: string): void {
    // Cut at the error, so that the excerpt does not depend on how the stream was chunked.
    const end = Math.min(this.#at, this.#start + 4 * MAX_EXCERPT);
    const bytes = this.#buffer.subarray(this.#start, end);
    const text = new TextDecoder('utf-8').decode(bytes).split('\n', 1)[0] ?? '';
    this.#pieces.push({ line: this.#startLine, rule, excerpt: text.trimEnd().slice(0, MAX_EXCERPT) });
    if (this.#arrayLine > 0) this.#damagedArray = true;
  }

  #decode(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }

  #append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) {
      const live = this.#buffer.subarray(this.#start, this.#end);
      const needed = live.length + chunk.length;
      // Doubles, so that a record that arrives byte by byte is not copied for each of them.
      const target = needed * 2 > this.#buffer.length ? new Uint8Array(needed * 2) : this.#buffer;
      target.set(live);
      this.#buffer = target;
      this.#base += this.#start;
      this.#at -= this.#start;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

function parse(text: string): { parsed: unknown } | undefined {
  try {
    return { parsed: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
