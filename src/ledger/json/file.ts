import type { Disk, Signature } from '../../system/disk.ts';
import { sameVersion, signatureOf } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import type { HeldVersion } from './commit/heldVersion.ts';

const CHUNK = 4 * 1024 * 1024;
/** Small enough that what was read is still in the processor's cache when it is compared. */
const COMPARED = 1024 * 1024;

/** One version of the ledger's bytes. Immutable for its readers up to `length`, even while a later version is read. */
export interface Bytes {
  buffer: Buffer;
  length: number;
}

/** The new content of a ledger: ranges of the bytes that were read, in order, and the bytes that follow them. */
export interface Content {
  kept: { start: number; end: number }[];
  tail: Uint8Array;
}

/**
 * What a look at the file found:
 * - `same`: the version that is known.
 * - `appended`: all known elements are there untouched, something may follow them.
 * - `replaced`: anything else, also the first look and a file that has gone.
 */
export type FileChange = 'same' | 'appended' | 'replaced';

/**
 * The ledger's file as this process knows it: the bytes of the last version seen, told apart by its signature.
 *
 * A new version is compared with the known one while it is read, so that a file of 100 MB to which something was
 * appended costs one pass of reading and comparing, and parsing of the tail only (`ledger-protocol.md`, section 4).
 */
export class LedgerFile {
  readonly #disk: Disk;
  #bytes: Bytes = { buffer: Buffer.alloc(0), length: 0 };
  #signature: Signature | undefined;
  #known = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get bytes(): Bytes {
    return this.#bytes;
  }

  /** undefined: there is no such file (or it was not looked at yet). */
  get signature(): Signature | undefined {
    return this.#signature;
  }

  /**
   * Reads the file at `path`, as little of it as needed.
   * @param settledEnd the end of the last element that is known to be sound; what lies before it is compared.
   * @param hold the caller gets the version to hold, and releases it.
   */
  async load(
    path: string,
    settledEnd: number,
    hold = false,
  ): Promise<{ change: FileChange; held: HeldVersion | undefined }> {
    for (;;) {
      let fd: number;
      try {
        fd = await this.#disk.open(path, 'r');
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error;
        const change = this.#known && this.#signature === undefined ? 'same' : 'replaced';
        this.#take({ buffer: Buffer.alloc(0), length: 0 }, undefined);
        return { change, held: undefined };
      }
      let keep = false;
      try {
        const before = signatureOf(await this.#disk.fstat(fd));
        let change: FileChange = 'same';
        if (!this.#known || !sameVersion(before, this.#signature)) {
          const read = await this.#read(fd, Number(before.size), this.#known ? settledEnd : 0);
          // Somebody wrote in place meanwhile (inkwell's clear does): what was read may be of two versions.
          if (!sameVersion(before, signatureOf(await this.#disk.fstat(fd)))) continue;
          change = read.change;
          this.#take(read.bytes, before);
        }
        keep = hold && this.#disk.replacesOpenFiles;
        return { change, held: hold ? { signature: before, fd: keep ? fd : undefined } : undefined };
      } finally {
        if (!keep) await this.#disk.close(fd);
      }
    }
  }

  /** The next look reads everything anew. */
  forget(): void {
    this.#known = false;
  }

  /** Takes over a version that this process has just put in place, without reading it back. */
  committed(kept: Bytes, tail: Uint8Array, signature: Signature): void {
    const length = kept.length + tail.length;
    let { buffer } = kept;
    if (buffer.length < length) {
      buffer = Buffer.allocUnsafe(length + (length >> 3) + 4096);
      kept.buffer.copy(buffer, 0, 0, kept.length);
    }
    buffer.set(tail, kept.length);
    this.#take({ buffer, length }, signature);
  }

  #take(bytes: Bytes, signature: Signature | undefined): void {
    this.#bytes = bytes;
    this.#signature = signature;
    this.#known = true;
  }

  async #read(fd: number, size: number, settledEnd: number): Promise<{ change: FileChange; bytes: Bytes }> {
    const old = this.#bytes.buffer;
    let position = settledEnd > 0 && size >= settledEnd ? await this.#sameUpTo(fd, settledEnd) : 0;
    const appended = settledEnd > 0 && position === settledEnd;
    // Behind the settled end nobody reads the old version, so a tail may go into the same buffer.
    let buffer = appended && old.length >= size ? old : Buffer.allocUnsafe(size + (appended ? size >> 3 : 0) + 4096);
    if (buffer !== old) old.copy(buffer, 0, 0, position);
    for (;;) {
      if (position === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const count = await this.#disk.read(fd, buffer, position, Math.min(CHUNK, buffer.length - position), position);
      if (count === 0) break;
      position += count;
    }
    return { change: appended ? 'appended' : 'replaced', bytes: { buffer, length: position } };
  }

  /** How far the file begins as what is known, up to `end`, in whole chunks. While one is compared, the next is being read. */
  async #sameUpTo(fd: number, end: number): Promise<number> {
    const known = this.#bytes.buffer;
    const chunks = [Buffer.allocUnsafe(Math.min(COMPARED, end)), Buffer.allocUnsafe(Math.min(COMPARED, end))] as const;
    const read = (chunk: Buffer, at: number): Promise<number> =>
      at < end ? this.#disk.read(fd, chunk, 0, Math.min(COMPARED, end - at), at) : Promise.resolve(0);
    let next = read(chunks[0], 0);
    for (let position = 0, turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
      const count = await next;
      if (count === 0) return position;
      next = read(chunks[turn === 0 ? 1 : 0], position + count);
      if (known.compare(chunks[turn], 0, count, position, position + count) !== 0) {
        // Whoever called closes the descriptor.
        await next.catch(() => undefined);
        return position;
      }
      position += count;
    }
  }
}
