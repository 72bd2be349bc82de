import { join } from 'node:path';
import { writeFileAtomically } from '../../system/atomicFile.ts';
import { openBeside, readBeside, shareLike } from '../../system/beside.ts';
import type { Disk, Signature } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { fsyncFolder, sameVersion, signatureOf, writeAll } from '../../system/disk.ts';
import { LedgerError } from '../results.ts';
import { LedgerIndex } from './index.ts';
import type { Entry } from './journalContent.ts';
import { undoLogName } from '../../system/sideFiles.ts';

/**
 * One deliberate removal or replacement: a line of the undo log (NDJSON beside the ledger). The log has two purposes: the user
 * can undo a removal, and a process that misses records can tell "removed on purpose" from "overwritten". Every writer reads
 * the whole log, so it is kept small: `file` names a JSON array of the elements that a `clear`, a `replace` or a large removal
 * displaced. A large removal is written as a `clear` that is `partial`, which older versions understand. A `remove` without
 * elements, and a `clear` that is `forgotten`, cannot be undone: their ids are kept so that no repair restores the records.
 */
export type Removal =
  | { seq: number; op: 'remove'; at: string; ids: string[]; elements: string[] }
  | {
      seq: number;
      op: 'clear' | 'replace';
      at: string;
      records: number;
      file: string;
      partial?: true;
      forgotten?: true;
    };

type Line = Removal | { seq: number; op: 'undo'; at: string; of: number };

/** A line without its number and time. */
export type UndoLine = DistributiveOmit<Line, 'seq' | 'at'>;

/** Maximum number of removals that can be undone. */
const KEEP = 100;

export class UndoLog {
  readonly path: string;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #base: string;
  #signature: Signature | undefined;
  #looked = false;
  #lines: Line[] = [];
  /** The ids in each file of cleared records. */
  readonly #cleared = new Map<string, ReadonlySet<string>>();
  /** For each id in a `remove` that was not undone, the number of the last such line. */
  #removedAt = new Map<string, number>();

  constructor(disk: Disk, folder: string, base: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#base = base;
    this.path = join(folder, undoLogName(base));
  }

  /** The number of the last line; 0 when there is none. Costs one stat while nothing changes. */
  async lastSeq(): Promise<number> {
    await this.#refresh();
    return this.#lines.at(-1)?.seq ?? 0;
  }

  /** The number known from the last read, at no cost. Removals since then cannot concern a record with a new id. */
  async knownSeq(): Promise<number> {
    return this.#looked ? (this.#lines.at(-1)?.seq ?? 0) : this.lastSeq();
  }

  /** The removal that undo would revert. */
  async last(): Promise<Removal | undefined> {
    await this.#refresh();
    return this.#standing().findLast((removal) => !isForgotten(removal));
  }

  /** Whether undo would still revert this removal: another process may have undone it, or made a later one. */
  async isLast({ seq }: Removal): Promise<boolean> {
    return (await this.last())?.seq === seq;
  }

  /** Whether a record accepted when `seen` was the last number has been removed since, and not restored. */
  async removedSince(usageId: string, seen: number): Promise<boolean> {
    await this.#refresh();
    if ((this.#removedAt.get(usageId) ?? 0) > seen) return true;
    for (const removal of this.#standing()) {
      if (removal.seq <= seen || removal.op !== 'clear') continue;
      if ((await this.#clearedIds(removal.file)).has(usageId)) return true;
    }
    return false;
  }

  /**
   * The ids of the entries for which {@link removedSince} is true. Usually nothing is removed at all, which takes one check.
   */
  async removedAmong(entries: Iterable<Entry>): Promise<ReadonlySet<string>> {
    const removed = new Set<string>();
    await this.#refresh();
    if (this.#standing().length === 0) return removed;
    for (const { record, seen } of entries) {
      if (await this.removedSince(record.usage_id, seen)) removed.add(record.usage_id);
    }
    return removed;
  }

  /** Appends durably. Call it while holding the ledger's lock. */
  async append(line: DistributiveOmit<Line, 'seq'>): Promise<void> {
    const seq = (await this.lastSeq()) + 1;
    const bytes = new TextEncoder().encode(`${JSON.stringify({ seq, ...line })}\n`);
    const fd = await openBeside(this.#disk, this.path, 'append');
    try {
      const size = Number((await this.#disk.fstat(fd)).size);
      if (size === 0) await shareLike(this.#disk, fd, join(this.#folder, this.#base));
      // A line cut off by a crash must not merge with this one.
      const start = size > 0 && !(await this.#endsLine(fd, size)) ? new Uint8Array([0x0a, ...bytes]) : bytes;
      await writeAll(this.#disk, fd, start, size);
      await this.#disk.fsync(fd);
    } finally {
      await this.#disk.close(fd);
    }
    await fsyncFolder(this.#disk, this.#folder);
    if (this.#lines.filter((line) => !isForgotten(line)).length > 4 * KEEP) await this.#compact();
  }

  async #endsLine(fd: number, size: number): Promise<boolean> {
    const last = new Uint8Array(1);
    await this.#disk.read(fd, last, size - 1);
    return last[0] === 0x0a;
  }

  #standing(): Removal[] {
    const undone = new Set(this.#lines.flatMap((line) => (line.op === 'undo' ? [line.of] : [])));
    return this.#lines.filter((line): line is Removal => line.op !== 'undo' && !undone.has(line.seq));
  }

  async #refresh(): Promise<void> {
    const stats = this.#disk.findSync(this.path);
    const signature = stats && signatureOf(stats);
    if (!sameVersion(signature, this.#signature)) await this.#read(signature);
    this.#looked = true;
  }

  async #read(signature: Signature | undefined): Promise<void> {
    const bytes = signature && (await this.#bytes());
    this.#lines = bytes ? parse(bytes) : [];
    this.#removedAt = new Map();
    for (const removal of this.#standing()) {
      if (removal.op === 'remove') for (const id of removal.ids) this.#removedAt.set(id, removal.seq);
    }
    this.#signature = signature;
  }

  async #bytes(): Promise<Buffer | undefined> {
    try {
      return await readBeside(this.#disk, this.path);
    } catch (error) {
      if (errno(error) !== 'EACCES') throw error;
      throw new LedgerError(
        'no-access',
        `No permission for ${this.path}, which lists removed records. Give it the owner and mode of the ledger, for example with chown.`,
        { cause: error },
      );
    }
  }

  async #clearedIds(file: string): Promise<ReadonlySet<string>> {
    let ids = this.#cleared.get(file);
    if (!ids) {
      // Accepts only names that we create: a log edited by hand must not make us read other files.
      const own = file.startsWith(`${this.#base}.cleared.`) && !/[\\/]/.test(file);
      const buffer = own ? await readBeside(this.#disk, join(this.#folder, file)) : undefined;
      const index = new LedgerIndex(file);
      if (buffer) await index.extend({ buffer, length: buffer.length }, false);
      ids = new Set(index.ids);
      this.#cleared.set(file, ids);
    }
    return ids;
  }

  /** Keeps the last removals complete, only the ids of earlier ones, and the last number. */
  async #compact(): Promise<void> {
    await this.#refresh();
    const standing = this.#standing();
    const whole = new Set<Line>(standing.filter((removal) => !isForgotten(removal)).slice(-KEEP));
    const last = this.#lines.at(-1);
    if (last) whole.add(last);
    const text = [...standing, ...(last?.op === 'undo' ? [last] : [])]
      .map((line) => (line.op === 'remove' && !whole.has(line) ? { ...line, elements: [] } : line))
      .filter((line) => line.op !== 'replace' || whole.has(line))
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    await writeFileAtomically(this.path, text, { disk: this.#disk, ledger: join(this.#folder, this.#base) });
  }
}

/** Whether the line cannot be undone: its elements were dropped, or it removed records that an undo had no more use for. */
function isForgotten(line: Line): boolean {
  return line.op === 'remove' ? line.elements.length === 0 : line.op === 'clear' && line.forgotten === true;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function parse(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  for (const text of bytes.toString('utf8').split('\n')) {
    try {
      const line = JSON.parse(text) as Line;
      if (isLine(line)) lines.push(line);
    } catch {
      // A line cut off by a crash: the change that it announced did not happen.
    }
  }
  return lines;
}

/** Whether the line has the members of its kind: one damaged line must not stop every commit. */
function isLine(line: Line | null): line is Line {
  if (line === null || !Number.isSafeInteger(line.seq)) return false;
  switch (line.op) {
    case 'remove':
      return areTexts(line.ids) && areTexts(line.elements);
    case 'clear':
    case 'replace':
      return typeof line.file === 'string';
    case 'undo':
      return Number.isSafeInteger(line.of);
    default:
      return false;
  }
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
