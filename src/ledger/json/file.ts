import type { Disk, Signature } from '../../system/disk.ts';
import { sameVersion, signatureOf } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import type { HeldVersion } from './commit/heldVersion.ts';

const CHUNK = 4 * 1024 * 1024;
/** Small enough that bytes are still in the processor's cache when they are compared after reading. */
const COMPARED = 1024 * 1024;

/** One version of the ledger's bytes. Readers may rely on the bytes up to `length` even while a later version is read. */
export interface Bytes {
  buffer: Buffer;
  length: number;
}

/** The new content of a ledger: ranges of the bytes that were read, in order, and the bytes after them. */
export interface Content {
  kept: { start: number; end: number }[];
  tail: Uint8Array;
}

/**
 * The result of reading the file:
 * - `same`: the version that is already known.
 * - `appended`: all known elements are unchanged, more may follow.
 * - `replaced`: anything else, including the first read and a missing file.
 */
export type FileChange = 'same' | 'appended' | 'replaced';

/**
 * The ledger's file as known to this process: the bytes of the last version read, identified by its signature.
 *
 * A new version is compared with the known one while it is read. So after an append to a file of 100 MB, only one pass of
 * reading and comparing is needed, and only the tail is parsed (`docs/ledger-protocol.md`, "Avoiding repeated work").
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

  /** undefined: the file does not exist, or was not read yet. */
  get signature(): Signature | undefined {
    return this.#signature;
  }

  /**
   * Reads the file at `path`, as little of it as necessary.
   * @param settledEnd end of the last element known to be intact; the bytes before it are compared.
   * @param hold whether to return the version held; the caller releases it.
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
          // The file was written in place in the meantime (inkwell's clear does that), so the bytes may be of two versions.
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

  /** Makes the next read read everything. */
  forget(): void {
    this.#known = false;
  }

  /** Takes over a version that this process has just put in place, without reading it. */
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
    // The bytes after the settled end are not in use, so a tail may be read into the same buffer.
    let buffer = appended && old.length >= size ? old : Buffer.allocUnsafe(size + (appended ? size >> 3 : 0) + 4096);
    if (buffer !== old) old.copy(buffer, 0, 0, position);
    for (;;) {
      if (position === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const count = await this.#disk.read(fd, buffer.subarray(position, position + CHUNK), position);
      if (count === 0) break;
      position += count;
    }
    return { change: appended ? 'appended' : 'replaced', bytes: { buffer, length: position } };
  }

  /**
   * Up to where the file is equal to the known bytes before `end`, in whole chunks. While one chunk is compared, the next is
   * read.
   */
  async #sameUpTo(fd: number, end: number): Promise<number> {
    const known = this.#bytes.buffer;
    const chunks = [Buffer.allocUnsafe(Math.min(COMPARED, end)), Buffer.allocUnsafe(Math.min(COMPARED, end))] as const;
    const read = (chunk: Buffer, at: number): Promise<number> =>
      at < end ? this.#disk.read(fd, chunk.subarray(0, end - at), at) : Promise.resolve(0);
    let next = read(chunks[0], 0);
    for (let position = 0, turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
      const count = await next;
      if (count === 0) return position;
      next = read(chunks[turn === 0 ? 1 : 0], position + count);
      if (known.compare(chunks[turn], 0, count, position, position + count) !== 0) {
        // The caller closes the descriptor, so the read must have ended.
        await next.catch(() => undefined);
        return position;
      }
      position += count;
    }
  }
}
