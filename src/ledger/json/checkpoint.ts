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
 * Up to where a ledger was found sound, with a checksum of all before: one JSON line beside it, written and read by
 * processes that record one usage and end (`llm-spend record`). What has the same checksum need not be parsed again, which
 * at 100,000 records is most of what such a process would do. Our commits only append, so that it stays true over those of
 * others, too. Without it, or when it is wrong in any way, the ledger is read as ever; so it is not even synced.
 */
interface Checkpoint {
  /** Behind the last element, in bytes. */
  end: number;
  elements: number;
  /** Of the bytes before `end`. */
  crc32: number;
}

/** A ledger below this is parsed faster than this could help. */
const WORTHWHILE_BYTES = 128 * 1024;

export class Checkpoints {
  readonly #disk: Disk;
  readonly #path: string;
  /** Of the version that was loaded last. */
  #known: Checkpoint | undefined;

  constructor(disk: Disk, { folder, base }: Place) {
    this.#disk = disk;
    this.#path = join(folder, checkpointName(base));
  }

  /** Lets a fresh index take for sound what the checkpoint covers. */
  async apply(bytes: Bytes, index: LedgerIndex): Promise<void> {
    this.#known = undefined;
    if (bytes.length < WORTHWHILE_BYTES) return;
    const checkpoint = parse(await readBeside(this.#disk, this.#path).catch(() => undefined));
    if (checkpoint === undefined || checkpoint.end > bytes.length) return;
    if (crc32(bytes.buffer.subarray(0, checkpoint.end)) !== checkpoint.crc32) return;
    this.#known = checkpoint;
    index.assume(checkpoint.elements, checkpoint.end);
  }

  /** What was found does not hold of the version that is put in place next. */
  forget(): void {
    this.#known = undefined;
  }

  /** Notes how far the version that was put in place is sound. What fails costs the next process time, and nothing else. */
  async save(bytes: Bytes, { elements, contentEnd: end, intact }: LedgerIndex): Promise<void> {
    if (end < WORTHWHILE_BYTES || !intact) return;
    const known = this.#known;
    const from = known !== undefined && known.end <= end ? known.end : 0;
    const sum = crc32(bytes.buffer.subarray(from, end), from === 0 ? 0 : known!.crc32);
    if (sum === undefined) return;
    this.#known = { end, elements, crc32: sum };
    try {
      // A new file each time: whatever has this name, a link of somebody else included, is not written to.
      await unlinkIfThere(this.#disk, this.#path);
      const fd = await this.#disk.open(this.#path, 'wx', 0o600);
      try {
        await writeAll(this.#disk, fd, new TextEncoder().encode(`${JSON.stringify(this.#known)}\n`), 0);
      } finally {
        await this.#disk.close(fd);
      }
    } catch {
      // A folder that is full or read-only: then the ledger's own commit says so, or nothing need be said.
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

/** undefined where the runtime has none (Node has since 20.15): then there are no checkpoints. */
function crc32(bytes: Uint8Array, before = 0): number | undefined {
  const zlib: typeof Zlib = process.getBuiltinModule('node:zlib');
  return typeof zlib.crc32 === 'function' ? zlib.crc32(bytes, before) : undefined;
}
