import { readSync } from 'node:fs';
import { nextTurn } from '../../system/turns.ts';

/**
 * A file's lines as bytes, from a position on, without ever holding more than one line and one chunk. Lines that lack
 * every marker are stepped over without being cut out.
 */

export const MAX_LINE = 8 * 1024 * 1024;
const CHUNK = 256 * 1024;
/** Chunks between two turns of others: a signal, a progress bar. */
const CHUNKS_PER_TURN = 4;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface LineHandler {
  /** A complete line that holds a marker, without its end. Valid during the call only. */
  line(bytes: Buffer, number: number, offset: number): void;
  /** A line of more than {@link MAX_LINE} bytes, which was stepped over. */
  tooLong(number: number, bytes: number): void;
  /** Between two lines: whether to stop here for now. */
  pause?(): boolean;
}

export interface LinePosition {
  /** Bytes: where the next line begins. */
  offset: number;
  /** Lines before. */
  lines: number;
}

export interface LinesRead {
  /** After the last complete line. */
  position: LinePosition;
  /** What follows it, without a line end yet; undefined when there is nothing, or too much. */
  tail: Buffer | undefined;
  /** false: {@link LineHandler.pause} stopped it. */
  ended: boolean;
}

/**
 * @param fd an open file.
 * @param end read no further than this many bytes into the file.
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

/** Thousands of files are read one after the other: a new buffer for each would be most of the memory. */
let spare: Buffer | undefined;

async function read(
  buffer: Buffer,
  fd: number,
  from: LinePosition,
  end: number,
  markers: readonly Buffer[],
  handler: LineHandler,
): Promise<LinesRead> {
  /** What of the buffer holds bytes that were not handed on; they stand at `offset` in the file. */
  let length = 0;
  let { offset, lines } = from;
  /** Bytes of the current line that were thrown away already. */
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
    // Not through the thread pool, whose trip takes longer than the copy; others get their turn in between.
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

/** Where in a chunk the next marker of each kind stands, so that each byte is searched once. */
class Markers {
  readonly #chunk: Buffer;
  readonly #markers: readonly Buffer[];
  readonly #at: number[];

  constructor(chunk: Buffer, markers: readonly Buffer[], from: number) {
    this.#chunk = chunk;
    this.#markers = markers;
    this.#at = markers.map((marker) => chunk.indexOf(marker, from));
  }

  /** Whether one stands between these two, of which `from` only grows. */
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
