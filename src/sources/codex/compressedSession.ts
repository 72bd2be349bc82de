import { createReadStream } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { guarded } from '../reading/guarded.ts';
import { MAX_LINE } from '../reading/lines.ts';
import { messageOf } from '../reading/walk.ts';
import { withoutZstd, zstd } from '../reading/zstd.ts';
import type { Sink, SourceFile } from '../source.ts';
import { plainName } from './compressed.ts';
import { CodexLines } from './rollout.ts';

const CHUNK = 1024 * 1024;
const NEWLINE = 0x0a;

/** Reads a compressed session, which never grows, from its start. */
export async function readCompressed(
  file: SourceFile,
  markers: readonly string[],
  sink: Sink,
  room: () => Promise<void>,
): Promise<void> {
  const library = zstd();
  if (library === undefined) return sink.skip('unreadable', withoutZstd(file.relative));
  const lines = new Lines(file, markers, sink);
  const stream = createReadStream(file.path);
  const decompress = library.createZstdDecompress({ chunkSize: CHUNK });
  stream.on('error', (error) => decompress.destroy(error));
  const chunks = stream.pipe(decompress)[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  try {
    for (let chunk = await next(chunks, sink); chunk !== undefined; chunk = await next(chunks, sink)) {
      lines.add(chunk);
      await room();
    }
    lines.end();
  } finally {
    stream.destroy();
    decompress.destroy();
  }
}

/** The next chunk; undefined at the end, and where the file is damaged. */
async function next(chunks: AsyncIterator<Buffer, undefined>, sink: Sink): Promise<Buffer | undefined> {
  try {
    return (await chunks.next()).value;
  } catch (error) {
    sink.skip('unreadable', messageOf(error));
    return undefined;
  }
}

/** Passes on lines that contain a marker, as the reader of plain files does. */
class Lines {
  readonly #parser: CodexLines;
  readonly #markers: readonly string[];
  readonly #sink: Sink;
  #rest: Buffer = Buffer.alloc(0);
  #number = 0;
  /** Offset of the next line in the text. */
  #offset = 0;
  /** Bytes of the current line that were dropped, because it is too long. */
  #dropped = 0;

  constructor(file: SourceFile, markers: readonly string[], sink: Sink) {
    const plain = { ...file, path: plainName(file.path), relative: plainName(file.relative) };
    this.#parser = new CodexLines(plain, undefined);
    this.#markers = markers;
    this.#sink = sink;
  }

  add(chunk: Buffer): void {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = text.indexOf(NEWLINE, this.#rest.length); end !== -1; end = text.indexOf(NEWLINE, at)) {
      this.#line(text.subarray(at, end));
      at = end + 1;
    }
    this.#rest = text.subarray(at);
    if (this.#rest.length <= MAX_LINE) return;
    this.#dropped += this.#rest.length;
    this.#rest = Buffer.alloc(0);
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest);
    this.#parser.end(this.#sink, true);
  }

  #line(bytes: Buffer): void {
    const number = ++this.#number;
    const offset = this.#offset;
    const length = this.#dropped + bytes.length;
    this.#offset += length + 1;
    const isLong = this.#dropped > 0 || length > MAX_LINE;
    this.#dropped = 0;
    if (isLong) return this.#sink.skip('too-long', `${length} bytes`, number);
    if (!this.#markers.some((marker) => bytes.includes(marker))) return;
    if (!isUtf8(bytes)) return this.#sink.skip('invalid-utf8', undefined, number);
    guarded(this.#sink, number, (named) => this.#parser.line(bytes, named, offset));
  }
}
