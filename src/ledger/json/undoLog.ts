import { join } from 'node:path';
import type { Disk, Signature } from '../../system/disk.ts';
import { fsyncFolder, readWhole, sameVersion, signatureOf, unlinkIfThere, writeAll } from '../../system/disk.ts';
import type { Entry } from './journal.ts';
import { sideFileName, undoLogName } from '../../system/sideFiles.ts';

/**
 * One deliberate removal or replacement, as it stands in the undo log (NDJSON beside the ledger). It serves two ends: the
 * user may take it back, and a process that finds its own records gone can tell "removed on purpose" from "overwritten".
 * What a `replace` displaced stands in `file`, a JSON array: the log is read whole by every writer, so it stays small.
 */
export type Removal =
  | { seq: number; op: 'remove'; at: string; ids: string[]; elements: string[] }
  | { seq: number; op: 'clear' | 'replace'; at: string; records: number; file: string };

type Line = Removal | { seq: number; op: 'undo'; at: string; of: number };

/** A line before it has its number and its time. */
export type UndoLine = DistributiveOmit<Line, 'seq' | 'at'>;

/** Removals that are kept for undo. */
const KEEP = 100;

export class UndoLog {
  readonly path: string;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #base: string;
  #signature: Signature | undefined;
  #looked = false;
  #lines: Line[] = [];
  /** Text of the files that hold what was cleared, to look an id up in. */
  readonly #cleared = new Map<string, Buffer | undefined>();

  constructor(disk: Disk, folder: string, base: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#base = base;
    this.path = join(folder, undoLogName(base));
  }

  /** The number of the last line; 0 when there is none. Costs a stat while nothing changes. */
  async lastSeq(): Promise<number> {
    await this.#refresh();
    return this.#lines.at(-1)?.seq ?? 0;
  }

  /** The same as of the last look, which costs nothing. Removals that came since cannot be of a record with a new id. */
  async knownSeq(): Promise<number> {
    return this.#looked ? (this.#lines.at(-1)?.seq ?? 0) : this.lastSeq();
  }

  /** The removal that undo would take back. */
  async last(): Promise<Removal | undefined> {
    await this.#refresh();
    return this.#standing().at(-1);
  }

  /** Whether a record accepted when `seen` was the last number has been removed since, and not been put back. */
  async removedSince(usageId: string, seen: number): Promise<boolean> {
    await this.#refresh();
    for (const removal of this.#standing()) {
      if (removal.seq <= seen || removal.op === 'replace') continue;
      if (removal.op === 'remove' ? removal.ids.includes(usageId) : await this.#clearedHolds(removal.file, usageId)) {
        return true;
      }
    }
    return false;
  }

  /** The ids of those that {@link removedSince} says of. Nearly always nothing stands removed at all, which costs one look. */
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
    const fd = await this.#disk.open(this.path, 'a+', 0o600);
    try {
      const size = Number((await this.#disk.fstat(fd)).size);
      // A line that a crash cut off must not swallow this one.
      const start = size > 0 && !(await this.#endsLine(fd, size)) ? new Uint8Array([0x0a, ...bytes]) : bytes;
      await writeAll(this.#disk, fd, start, size);
      await this.#disk.fsync(fd);
    } finally {
      await this.#disk.close(fd);
    }
    await fsyncFolder(this.#disk, this.#folder);
    if (this.#lines.length > 4 * KEEP) await this.#compact();
  }

  async #endsLine(fd: number, size: number): Promise<boolean> {
    const last = new Uint8Array(1);
    await this.#disk.read(fd, last, 0, 1, size - 1);
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
    const bytes = signature && (await readWhole(this.#disk, this.path));
    this.#lines = bytes ? parse(bytes) : [];
    this.#signature = signature;
  }

  async #clearedHolds(file: string, usageId: string): Promise<boolean> {
    if (!this.#cleared.has(file)) {
      // Only names that we make ourselves: a log edited by hand must not make us read elsewhere.
      const own = file.startsWith(`${this.#base}.cleared.`) && !/[\\/]/.test(file);
      this.#cleared.set(file, own ? await readWhole(this.#disk, join(this.#folder, file)) : undefined);
    }
    return this.#cleared.get(file)?.includes(JSON.stringify(usageId)) ?? false;
  }

  /** Keeps the removals that can still be taken back, and the last number. */
  async #compact(): Promise<void> {
    await this.#refresh();
    const kept = new Set<Line>(this.#standing().slice(-KEEP));
    const last = this.#lines.at(-1);
    if (last) kept.add(last);
    const text = this.#lines
      .filter((line) => kept.has(line))
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    const temporary = join(this.#folder, sideFileName(this.#base, 'tmp'));
    const fd = await this.#disk.open(temporary, 'wx', 0o600);
    try {
      await writeAll(this.#disk, fd, new TextEncoder().encode(text), 0);
      await this.#disk.fsync(fd);
    } finally {
      await this.#disk.close(fd);
    }
    try {
      await this.#disk.rename(temporary, this.path);
    } catch (error) {
      await unlinkIfThere(this.#disk, temporary);
      throw error;
    }
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function parse(bytes: Buffer): Line[] {
  const lines: Line[] = [];
  for (const text of bytes.toString('utf8').split('\n')) {
    try {
      const line = JSON.parse(text) as Line;
      if (isLine(line)) lines.push(line);
    } catch {
      // A line that a crash cut off: what it announced did not happen.
    }
  }
  return lines;
}

/** Whether it has what its kind has: one damaged line must not stop every commit. */
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
