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

/**
 * @param fd an open file.
 * @param end the offset at which to stop reading.
 */
export async function readLines(
  fd: number,
  from: LinePosition,
  end: number,
  markers: readonly Buffer[],
  handler: LineHandler,
): Promise<LinesRead> {
  const buffer = spare ?? Buffer.allocUnsafe(CHUNK);
  spare = undefined;
  try {
    return await read(buffer, fd, from, end, markers, handler);
  } finally {
    spare = buffer;
  }
}

/** Thousands of files are read in sequence: a new buffer for each would be most of the memory used. */
let spare: Buffer | undefined;

async function read(
  buffer: Buffer,
  fd: number,
  from: LinePosition,
  end: number,
  markers: readonly Buffer[],
  handler: LineHandler,
): Promise<LinesRead> {
  /** Number of bytes in the buffer not passed on yet; they are at `offset` in the file. */
  let length = 0;
  let { offset, lines } = from;
  /** Number of bytes of the current line dropped so far. */
  let dropped = 0;
  let chunks = 0;
  for (;;) {
    if (length === buffer.length) {
      if (length >= MAX_LINE) {
        dropped += length;
        length = 0;
      } else {
        const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, MAX_LINE));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
    }
    const position = offset + dropped + length;
    const want = Math.min(buffer.length - length, end - position);
    // Synchronous, because a trip to the thread pool takes longer than the copy; the event loop gets turns in between.
    const bytesRead = want > 0 ? readSync(fd, buffer, length, want, position) : 0;
    if (++chunks % CHUNKS_PER_TURN === 0) await nextTurn();
    if (bytesRead === 0) {
      const tail = dropped > 0 || length === 0 ? undefined : Buffer.from(buffer.subarray(0, length));
      return { position: { offset, lines }, tail, ended: true };
    }
    const known = length;
    length += bytesRead;
    let at = 0;
    const chunk = buffer.subarray(0, length);
    if (dropped > 0) {
      const newline = chunk.indexOf(NEWLINE, known);
      if (newline === -1) {
        dropped += length;
        length = 0;
        continue;
      }
      lines++;
      handler.tooLong(lines, dropped + newline);
      offset += dropped + newline + 1;
      dropped = 0;
      at = newline + 1;
    }
    const start = at;
    const next = new Markers(chunk, markers, at);
    let newline = chunk.indexOf(NEWLINE, Math.max(at, start === 0 ? known : 0));
    for (; newline !== -1; newline = chunk.indexOf(NEWLINE, at)) {
      lines++;
      if (next.before(at, newline)) {
        const lineEnd = newline > at && chunk[newline - 1] === RETURN ? newline - 1 : newline;
        handler.line(chunk.subarray(at, lineEnd), lines, offset + at - start);
      }
      at = newline + 1;
    }
    offset += at - start;
    if (at > 0) {
      buffer.copy(buffer, 0, at, length);
      length -= at;
      if (at > start && handler.pause?.() === true)
        return { position: { offset, lines }, tail: undefined, ended: false };
    }
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
