import { join } from 'node:path';
import type * as Zlib from 'node:zlib';
import { readBeside } from '../../system/beside.ts';
import type { Disk } from '../../system/disk.ts';
import { unlinkIfThere, writeAll } from '../../system/disk.ts';
import type { Place } from '../place.ts';
import type { LedgerIndex } from './index.ts';
import type { Bytes } from './file.ts';
import { checkpointName } from '../../system/sideFiles.ts';

/**
 * Records up to which position a ledger is intact, with a checksum of all bytes before: one JSON line beside the ledger,
 * written and read by processes that record one usage and exit (`llm-spend record`). Bytes with the same checksum need not be
 * parsed again, which at 100,000 records is most of the work of such a process. Our commits only append, so a checkpoint stays
 * valid after commits of other processes. If it is missing or wrong, the ledger is read as usual; therefore it is not even
 * synced.
 */
interface Checkpoint {
  /** Offset after the last element, in bytes. */
  end: number;
  elements: number;
  /** Checksum of the bytes before `end`. */
  crc32: number;
}

/** A smaller ledger is parsed faster than a checkpoint could help. */
const WORTHWHILE_BYTES = 128 * 1024;

export class Checkpoints {
  readonly #disk: Disk;
  readonly #path: string;
  /** Checkpoint of the version loaded last. */
  #known: Checkpoint | undefined;

  constructor(disk: Disk, { folder, base }: Place) {
    this.#disk = disk;
    this.#path = join(folder, checkpointName(base));
  }

  /** Lets a new index skip the elements that the checkpoint covers. */
  async apply(bytes: Bytes, index: LedgerIndex): Promise<void> {
    this.#known = undefined;
    if (bytes.length < WORTHWHILE_BYTES) return;
    const checkpoint = parse(await readBeside(this.#disk, this.#path).catch(() => undefined));
    if (checkpoint === undefined || checkpoint.end > bytes.length) return;
    if (crc32(bytes.buffer.subarray(0, checkpoint.end)) !== checkpoint.crc32) return;
    this.#known = checkpoint;
    index.assume(checkpoint.elements, checkpoint.end);
  }

  /** Drops the checkpoint: it does not apply to the version that is written next. */
  forget(): void {
    this.#known = undefined;
  }

  /** Saves up to where the version just written is intact. A failure only costs the next process time. */
  async save(bytes: Bytes, { elements, contentEnd: end, intact }: LedgerIndex): Promise<void> {
    if (end < WORTHWHILE_BYTES || !intact) return;
    const known = this.#known;
    const from = known !== undefined && known.end <= end ? known.end : 0;
    const sum = crc32(bytes.buffer.subarray(from, end), from === 0 ? 0 : known!.crc32);
    if (sum === undefined) return;
    this.#known = { end, elements, crc32: sum };
    try {
      // Always a new file, so that a link planted under this name is not followed.
      await unlinkIfThere(this.#disk, this.#path);
      const fd = await this.#disk.open(this.#path, 'wx', 0o600);
      try {
        await writeAll(this.#disk, fd, new TextEncoder().encode(`${JSON.stringify(this.#known)}\n`), 0);
      } finally {
        await this.#disk.close(fd);
      }
    } catch {
      // A full or read-only folder: if it matters, the ledger's own commit reports it.
    }
  }
}

function parse(bytes: Buffer | undefined): Checkpoint | undefined {
  if (bytes === undefined) return undefined;
  try {
    const { end, elements, crc32: sum } = JSON.parse(bytes.toString()) as Record<keyof Checkpoint, unknown>;
    if (!isCount(end) || !isCount(elements) || !isCount(sum)) return undefined;
    return { end, elements, crc32: sum };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** undefined where the runtime does not have it (Node has it since 20.15): then there are no checkpoints. */
function crc32(bytes: Uint8Array, before = 0): number | undefined {
  const zlib: typeof Zlib = process.getBuiltinModule('node:zlib');
  return typeof zlib.crc32 === 'function' ? zlib.crc32(bytes, before) : undefined;
}
