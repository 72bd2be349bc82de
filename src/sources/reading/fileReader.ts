import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { guarded } from './guarded.ts';
import { sha1 } from './identity.ts';
import { readLines, type LinePosition } from './lines.ts';
import { logVersion } from './logVersion.ts';
import type { FileState } from '../import/state.ts';
import type {
  LineParser,
  LineReading,
  FoundUsage,
  ParserState,
  Sink,
  Skip,
  SkipReason,
  SourceFile,
  WholeReading,
} from '../source.ts';
import { isMissing, messageOf, versionOf } from './walk.ts';

/** Receives the findings of a reader. */
export interface Receiver {
  /** @param line 1-based, if known. */
  usage(found: FoundUsage, line?: number): void;
  skip(skip: Skip): void;
  /** Whether the file has not been written to for a while. */
  isQuiet(file: SourceFile): boolean;
  /** Called between lines: whether the results so far must be stored before more are read. */
  isFull(): boolean;
  /** Stores the results so far; then `state` is valid. undefined: no state is saved for the file. */
  store(state: FileState | undefined): Promise<void>;
  /** Called with the number of bytes read or skipped. */
  progress(bytes: number): void;
}

/** Number of bytes before the position that are compared to detect a rewritten file. */
const FINGERPRINT = 256;
const START: LinePosition = { offset: 0, lines: 0 };

/** Reads the new part of a file of lines. */
export async function readLog(
  file: SourceFile,
  reading: LineReading,
  known: FileState | undefined,
  receiver: Receiver,
): Promise<void> {
  await withFile(file, receiver, async (fd, before) => {
    const size = Number(before.size);
    const from = known !== undefined && continues(fd, size, known) ? known : undefined;
    const reader = new Lines(file, reading, from?.parser, receiver);
    let position: LinePosition = from ?? START;
    receiver.progress(position.offset);
    if (from === undefined && reading.markers.length > 0 && !beginsAsJson(fd)) {
      receiver.skip({ reason: 'unknown-format', file: file.path, line: 1, detail: 'no line of JSON' });
    }
    for (;;) {
      const { offset } = position;
      // Stops at the file's size at the beginning, so that a busy writer cannot keep us here.
      const read = await readLines({ fd, from: position, end: size }, reader.markers, reader);
      position = read.position;
      receiver.progress(position.offset - offset);
      const fingerprint = fingerprintAt(fd, position.offset);
      const after = read.ended ? currentVersion(file) : undefined;
      // The file was truncated or replaced while it was read: its results are kept, and the next import reads it from the
      // start.
      const lost = fingerprint === undefined || (read.ended && !isSameFile(before, after));
      if (lost) receiver.skip({ reason: 'replaced-while-read', file: file.path });
      const state = {
        ...position,
        // An incomplete version matches no file.
        version: read.ended ? versionOf(before) : '',
        fingerprint: fingerprint ?? '',
        parser: reader.state(),
      };
      if (!read.ended && !lost) {
        await receiver.store(state);
        continue;
      }
      if (!lost && reader.unfinished(read.tail, position, state.parser)) state.version = '';
      receiver.progress(size - position.offset);
      await receiver.store(lost ? undefined : state);
      return;
    }
  });
}

/** Reads a file that does not consist of lines again. */
export async function readWholeFile(file: SourceFile, reading: WholeReading, receiver: Receiver): Promise<void> {
  await withFile(file, receiver, async (_, before) => {
    let isUnread = false;
    const sink: Sink = {
      usage: (found, line) => receiver.usage(found, line),
      skip: (reason, detail, line) => {
        // A database that was busy may be free next time, and is the same file then. A file in an unknown format is named by
        // each import: otherwise the next one would look as if it had no usage.
        if (reason === 'unreadable' || reason === 'unknown-format') isUnread = true;
        receiver.skip({ reason, file: file.path, line, detail });
      },
    };
    const version = versionOf(before) + logVersion(file.path);
    await reading.read(file, sink, () => receiver.store(undefined));
    const lost = isUnread || !isSameFile(before, currentVersion(file));
    receiver.progress(Number(before.size));
    const state = { offset: 0, lines: 0, version, fingerprint: '', parser: undefined };
    await receiver.store(lost ? undefined : state);
  });
}

async function withFile(
  file: SourceFile,
  receiver: Receiver,
  use: (fd: number, stats: BigIntStats) => Promise<void>,
): Promise<void> {
  let fd: number;
  try {
    fd = openSync(file.path, 'r');
  } catch (error) {
    if (!isMissing(error)) receiver.skip({ reason: 'unreadable', file: file.path, detail: messageOf(error) });
    return;
  }
  try {
    await use(fd, fstatSync(fd, { bigint: true }));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    receiver.skip({ reason: 'unreadable', file: file.path, detail: messageOf(error) });
  } finally {
    closeSync(fd);
  }
}

/** Passes complete lines to a parser, and adds the line number to its findings. */
class Lines {
  /** The bytes of {@link LineReading.markers}. */
  readonly markers: readonly Buffer[];
  readonly #file: SourceFile;
  readonly #reading: LineReading;
  readonly #parser: LineParser;
  readonly #receiver: Receiver;
  #number = 0;
  readonly #sink: Sink = {
    usage: (found) => this.#receiver.usage(found, this.#number),
    skip: (reason, detail) => this.#skip(reason, detail),
  };

  /** @param state of the parser, if an earlier import read the beginning of the file. */
  constructor(file: SourceFile, reading: LineReading, state: ParserState | undefined, receiver: Receiver) {
    this.markers = reading.markers.map((marker) => Buffer.from(marker));
    this.#file = file;
    this.#reading = reading;
    this.#parser = reading.parser(file, state);
    this.#receiver = receiver;
  }

  /** The state of the parser. */
  state(): ParserState {
    return this.#parser.state();
  }

  line(bytes: Buffer, number: number, offset: number): void {
    this.#number = number;
    if (!isUtf8(bytes)) return this.#skip('invalid-utf8');
    guarded(this.#sink, undefined, () => this.#parser.line(bytes, this.#sink, offset));
  }

  tooLong(number: number, bytes: number): void {
    this.#number = number;
    this.#skip('too-long', `${bytes} bytes`);
  }

  pause(): boolean {
    return this.#receiver.isFull();
  }

  /**
   * Text after the last line end counts if it is a complete line. It is not marked as read, because a writer may be in the
   * middle of it; the same goes for usage that a parser held back. Both are found again, with the same ids.
   * @param state of the parser at `position`, which is saved and therefore must not change.
   * @returns whether the file must be read again even if it does not change.
   */
  unfinished(tail: Buffer | undefined, position: LinePosition, state: ParserState): boolean {
    const { markers } = this;
    const parser = this.#reading.parser(this.#file, state);
    const sink: Sink = { usage: (found) => this.#receiver.usage(found, position.lines + 1), skip: () => undefined };
    const worth = tail !== undefined && isUtf8(tail) && markers.some((marker) => tail.includes(marker));
    if (worth || (tail !== undefined && markers.length === 0)) {
      guarded(sink, undefined, () => parser.line(tail, sink, position.offset));
    }
    let isUnfinished = false;
    guarded(sink, undefined, () => (isUnfinished = parser.end?.(sink, this.#receiver.isQuiet(this.#file)) ?? false));
    return isUnfinished;
  }

  #skip(reason: SkipReason, detail?: string): void {
    this.#receiver.skip({ reason, file: this.#file.path, line: this.#number, detail });
  }
}

/** Whether a file is empty or begins with JSON. Lines without a marker are not parsed, so a foreign file would pass unnoticed. */
function beginsAsJson(fd: number): boolean {
  const bytes = Buffer.alloc(FINGERPRINT);
  const head = bytes.toString('utf8', 0, readSync(fd, bytes, 0, FINGERPRINT, 0));
  return /^\uFEFF?\s*(?:[{[]|$)/.test(head);
}

function continues(fd: number, size: number, known: FileState): boolean {
  return known.offset <= size && fingerprintAt(fd, known.offset) === known.fingerprint;
}

/** A hash of the beginning of a file and of the bytes before a position; undefined if the file is shorter. */
function fingerprintAt(fd: number, offset: number): string | undefined {
  const length = Math.min(FINGERPRINT, offset);
  const bytes = Buffer.alloc(2 * length);
  const head = readSync(fd, bytes, 0, length, 0);
  const last = readSync(fd, bytes, length, length, offset - length);
  return head + last < 2 * length ? undefined : sha1(bytes, 'base64').slice(0, 16);
}

function currentVersion(file: SourceFile): BigIntStats | undefined {
  try {
    return statSync(file.path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether it is the same file, which may have grown. */
function isSameFile(before: BigIntStats, after: BigIntStats | undefined): boolean {
  return after !== undefined && after.dev === before.dev && after.ino === before.ino && after.size >= before.size;
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
