import { join } from 'node:path';
import { readBeside } from '../../system/beside.ts';
import type { Disk } from '../../system/disk.ts';
import { ageOf } from '../../system/disk.ts';
import type { Bytes } from './file.ts';
import { LedgerIndex } from './index.ts';
import type { FoundRecord } from './index.ts';
import { nextTurn } from '../../system/turns.ts';
import { foreignBackupName, isCorruptName, previousName } from '../../system/sideFiles.ts';
import type { UndoLog } from './undoLog.ts';

/**
 * What to do when the ledger cannot be read as a JSON array, or is gone: everything that can be read is kept, what the
 * backups hold beyond it is added, and the bytes themselves are set aside before anything replaces them.
 */

export const NEW_LEDGER = new TextEncoder().encode('[');
const FIRST = Buffer.from('\n  ');
const SEPARATOR = Buffer.from(',\n  ');
const END = Buffer.from('\n]');
const END_OF_NONE = Buffer.from(']');

export interface Rebuilt {
  /** A sound array. */
  bytes: Bytes;
  index: LedgerIndex;
  /** Records that come from a backup, or out of the damaged part. */
  recovered: number;
  /** Elements left out because they are no records (only when asked for). */
  dropped: number;
  /** Where records came from, in words. */
  sources: string[];
}

/** The versions beside a ledger that may hold what it lacks, newest first. */
export async function backupsOf(disk: Disk, folder: string, base: string): Promise<string[]> {
  const names = (await disk.readdir(folder)).filter(
    (name) => name === previousName(base) || name === foreignBackupName(base) || isCorruptName(name, base),
  );
  const ages = await Promise.all(names.map((name) => ageOf(disk, join(folder, name))));
  return names
    .map((name, i) => ({ name, age: ages[i] ?? Infinity }))
    .sort((a, b) => a.age - b.age)
    .map(({ name }) => name);
}

/** Where a ledger is, and what tells a record that was lost from one that was removed on purpose. */
export interface RebuildPlace {
  disk: Disk;
  folder: string;
  label: string;
  undoLog: UndoLog;
}

/**
 * Puts a sound array together from a damaged one and its backups.
 * @param onlyRecords leave out what is no record, or a second record with a taken id, and make elements of the records in
 * arrays within the array (an explicit repair does; a mere recovery keeps all that is JSON).
 */
export async function rebuild(
  place: RebuildPlace,
  { bytes, index }: { bytes: Bytes; index: LedgerIndex },
  backups: readonly string[],
  onlyRecords: boolean,
): Promise<Rebuilt> {
  const taken = new Taken(place.undoLog, index);
  const dropped = await takeOwn(taken, bytes.buffer, index, onlyRecords);
  for (const name of backups) {
    const backup = await readBeside(place.disk, join(place.folder, name));
    if (!backup || backup.length === 0) continue;
    const there = new LedgerIndex(name);
    await there.extend({ buffer: backup, length: backup.length }, false);
    await taken.add(await there.everyRecord(), backup, name);
    await nextTurn();
  }
  const rebuilt = arrayOf(taken.parts);
  const next = index.successor(place.label);
  await next.extend(rebuilt, false);
  return { bytes: rebuilt, index: next, recovered: taken.recovered, dropped, sources: taken.sources };
}

/** The elements of the new array, in order, and where those came from that were not in the old one. */
class Taken {
  readonly parts: Buffer[] = [];
  readonly sources: string[] = [];
  recovered: number;
  readonly #undoLog: UndoLog;
  readonly #known: Set<string>;

  constructor(undoLog: UndoLog, index: LedgerIndex) {
    this.#undoLog = undoLog;
    this.#known = new Set(index.ids);
    this.recovered =
      index.damage === undefined ? 0 : ownStarts(index).filter((start) => start >= index.contentEnd).length;
  }

  /** Takes the records whose ids are not known yet and were not removed on purpose. */
  async add(records: readonly FoundRecord[], bytes: Buffer, from: string): Promise<void> {
    let found = 0;
    for (const { usageId, start, end } of records) {
      if (this.#known.has(usageId) || (await this.#undoLog.removedSince(usageId, 0))) continue;
      this.#known.add(usageId);
      this.parts.push(bytes.subarray(start, end));
      found++;
    }
    if (found > 0) this.sources.push(`${found} from ${from}`);
    this.recovered += found;
  }
}

function ownStarts(index: LedgerIndex): number[] {
  return [...index.ids].map((id) => index.locatorOf(id)!).filter((locator) => locator >= 0);
}

/** Takes the damaged array's own elements over. Returns how many are left out. */
async function takeOwn(taken: Taken, own: Buffer, index: LedgerIndex, onlyRecords: boolean): Promise<number> {
  // Of two arrays one after the other, what both hold goes into the new one once.
  const duplicates = index.damage ? index.duplicates.filter(({ reason }) => reason !== 'same') : index.duplicates;
  const oddStarts = new Map([...index.unreadable, ...duplicates].map((range) => [range.start, range]));
  let dropped = 0;
  for (const start of [...ownStarts(index), ...oddStarts.keys()].sort((a, b) => a - b)) {
    const range = oddStarts.get(start);
    if (!range) {
      const raw = index.rawAt(start)!;
      taken.parts.push(own.subarray(raw.start, raw.end));
    } else if (!onlyRecords) {
      taken.parts.push(own.subarray(range.start, range.end));
    } else if (range.reason.startsWith('invalid UTF-8') && !index.has(range.usageId!)) {
      // Readable but for a few bytes, which become U+FFFD. The bytes themselves are set aside.
      taken.parts.push(Buffer.from(own.toString('utf8', range.start, range.end)));
      taken.recovered++;
    } else {
      const nested = await index.nestedIn(range);
      if (nested.length === 0) dropped++;
      await taken.add(nested, own, 'an array within the array');
    }
  }
  return dropped;
}

/** Elements as a JSON array in the ledger's layout: one a line. */
export function arrayOf(elements: readonly Uint8Array[]): Bytes {
  const buffer = Buffer.concat([NEW_LEDGER, tailOf(0, elements)]);
  return { buffer, length: buffer.length };
}

/** What follows the kept elements: the added ones and the end of the array. */
export function tailOf(keptElements: number, added: readonly (string | Uint8Array)[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (const [i, element] of added.entries()) {
    pieces.push(keptElements + i === 0 ? FIRST : SEPARATOR);
    pieces.push(typeof element === 'string' ? Buffer.from(element) : element);
  }
  pieces.push(keptElements + added.length === 0 ? END_OF_NONE : END);
  return Buffer.concat(pieces);
}
