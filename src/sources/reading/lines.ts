import { readSync } from 'node:fs';
import { nextTurn } from '../../system/turns.ts';

/**
 * Reads a file's lines as bytes from a position on, keeping at most one line and one chunk in memory. Lines without any marker
 * are skipped without being extracted.
 */

export const MAX_LINE = 8 * 1024 * 1024;
const CHUNK = 256 * 1024;
/** Number of chunks between two turns of the event loop, for signals and progress. */
const CHUNKS_PER_TURN = 4;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface LineHandler {
  /** Called with a complete line that contains a marker, without its line end. The bytes are valid only during the call. */
  line(bytes: Buffer, number: number, offset: number): void;
  /** Called for a line of more than {@link MAX_LINE} bytes, which was skipped. */
  tooLong(number: number, bytes: number): void;
  /** Called between two lines: whether to stop here for now. */
  pause?(): boolean;
}

export interface LinePosition {
  /** Offset of the next line in bytes. */
  offset: number;
  /** Number of lines before it. */
  lines: number;
}

export interface LinesRead {
  /** The position after the last complete line. */
  position: LinePosition;
  /** The bytes after it, without a line end yet; undefined when there are none, or too many. */
  tail: Buffer | undefined;
  /** false: {@link LineHandler.pause} stopped the reading. */
  ended: boolean;
}

/** Bytes of an open file to read: from a position up to an offset. */
export interface LineSpan {
  readonly fd: number;
  readonly from: LinePosition;
  readonly end: number;
}

/** Passes the lines that contain one of the markers to the handler; without markers, all lines. */
export async function readLines(span: LineSpan, markers: readonly Buffer[], handler: LineHandler): Promise<LinesRead> {
  const buffer = spare ?? Buffer.allocUnsafe(CHUNK);
  spare = undefined;
  try {
    return await new LineReader(buffer, span, markers, handler).read();
  } finally {
    spare = buffer;
  }
}

/** Thousands of files are read in sequence: a new buffer for each would be most of the memory used. */
let spare: Buffer | undefined;

class LineReader {
  #buffer: Buffer;
  readonly #span: LineSpan;
  readonly #markers: readonly Buffer[];
  readonly #handler: LineHandler;
  /** Number of bytes in the buffer not passed on yet; they are at `#offset` in the file. */
  #length = 0;
  #offset: number;
  #lines: number;
  /** Number of bytes of the current line dropped so far. */
  #dropped = 0;

  constructor(buffer: Buffer, span: LineSpan, markers: readonly Buffer[], handler: LineHandler) {
    this.#buffer = buffer;
    this.#span = span;
    this.#markers = markers;
    this.#handler = handler;
    this.#offset = span.from.offset;
    this.#lines = span.from.lines;
  }

  async read(): Promise<LinesRead> {
    for (let chunks = 1; ; chunks++) {
      const bytesRead = this.#fill();
      const known = this.#length - bytesRead;
      if (chunks % CHUNKS_PER_TURN === 0) await nextTurn();
      if (bytesRead === 0) {
        const isWhole = this.#dropped === 0 && this.#length > 0;
        return this.#result(isWhole ? Buffer.from(this.#buffer.subarray(0, this.#length)) : undefined, true);
      }
      const start = this.#dropped > 0 ? this.#endOfLongLine(known) : 0;
      if (start === undefined) continue;
      const passed = this.#passLines(start, start === 0 ? known : start);
      if (passed && this.#handler.pause?.() === true) return this.#result(undefined, false);
    }
  }

  #result(tail: Buffer | undefined, ended: boolean): LinesRead {
    return { position: { offset: this.#offset, lines: this.#lines }, tail, ended };
  }

  /** Reads what fits into the buffer, which grows up to the longest line. Returns the number of bytes read. */
  #fill(): number {
    if (this.#length === this.#buffer.length) {
      if (this.#length >= MAX_LINE) {
        this.#dropped += this.#length;
        this.#length = 0;
      } else {
        const larger = Buffer.allocUnsafe(Math.min(this.#buffer.length * 2, MAX_LINE));
        this.#buffer.copy(larger, 0, 0, this.#length);
        this.#buffer = larger;
      }
    }
    const position = this.#offset + this.#dropped + this.#length;
    const want = Math.min(this.#buffer.length - this.#length, this.#span.end - position);
    // Synchronous, because a trip to the thread pool takes longer than the copy; the event loop gets turns in between.
    const bytesRead = want > 0 ? readSync(this.#span.fd, this.#buffer, this.#length, want, position) : 0;
    this.#length += bytesRead;
    return bytesRead;
  }

  /** Returns where the line after a line that is too long begins, or undefined while there is no end of it. */
  #endOfLongLine(known: number): number | undefined {
    const newline = this.#buffer.subarray(0, this.#length).indexOf(NEWLINE, known);
    if (newline === -1) {
      this.#dropped += this.#length;
      this.#length = 0;
      return undefined;
    }
    this.#lines++;
    this.#handler.tooLong(this.#lines, this.#dropped + newline);
    this.#offset += this.#dropped + newline + 1;
    this.#dropped = 0;
    return newline + 1;
  }

  /**
   * Passes on the complete lines of the buffer, and keeps the rest of it.
   * @param start where the first of them begins
   * @param from where to look for its end
   * @returns whether there was one
   */
  #passLines(start: number, from: number): boolean {
    const chunk = this.#buffer.subarray(0, this.#length);
    const next = new Markers(chunk, this.#markers, start);
    let at = start;
    for (let newline = chunk.indexOf(NEWLINE, from); newline !== -1; newline = chunk.indexOf(NEWLINE, at)) {
      this.#lines++;
      if (next.before(at, newline)) {
        const lineEnd = newline > at && chunk[newline - 1] === RETURN ? newline - 1 : newline;
        this.#handler.line(chunk.subarray(at, lineEnd), this.#lines, this.#offset + at - start);
      }
      at = newline + 1;
    }
    this.#offset += at - start;
    if (at > 0) {
      this.#buffer.copy(this.#buffer, 0, at, this.#length);
      this.#length -= at;
    }
    return at > start;
  }
}

/** The position of the next occurrence of each marker in a chunk, so that each byte is searched once per marker. */
class Markers {
  readonly #chunk: Buffer;
  readonly #markers: readonly Buffer[];
  readonly #at: number[];

  constructor(chunk: Buffer, markers: readonly Buffer[], from: number) {
    this.#chunk = chunk;
    this.#markers = markers;
    this.#at = markers.map((marker) => chunk.indexOf(marker, from));
  }

  /** Whether a marker occurs between the two positions; `from` must not decrease between calls. */
  before(from: number, to: number): boolean {
    if (this.#markers.length === 0) return true;
    let found = false;
    for (let i = 0; i < this.#markers.length; i++) {
      let at = this.#at[i]!;
      if (at !== -1 && at < from) at = this.#at[i] = this.#chunk.indexOf(this.#markers[i]!, from);
      if (at !== -1 && at < to) found = true;
    }
    return found;
  }
}
