import { join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { ageOf, readWhole } from '../../system/disk.ts';
import type { Bytes } from './file.ts';
import { LedgerIndex } from './index.ts';
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

/**
 * Puts a sound array together from a damaged one and its backups.
 * @param onlyRecords leave out what is no record, or a second record with a taken id (an explicit repair does; a mere
 * recovery keeps all that is JSON).
 */
export async function rebuild(
  disk: Disk,
  folder: string,
  label: string,
  bytes: Bytes,
  index: LedgerIndex,
  backups: readonly string[],
  undoLog: UndoLog,
  onlyRecords: boolean,
): Promise<Rebuilt> {
  const parts: Buffer[] = [];
  const sources: string[] = [];
  const own = bytes.buffer;
  const starts = [...index.ids].map((id) => index.locatorOf(id)!).filter((locator) => locator >= 0);
  // Of two arrays one after the other, what both hold goes into the new one once.
  const duplicates = index.damage ? index.duplicates.filter(({ reason }) => reason !== 'same') : index.duplicates;
  const odd = [...index.unreadable, ...duplicates];
  const oddStarts = new Map(odd.map((range) => [range.start, range]));
  let recovered = starts.filter((start) => start >= index.contentEnd && index.damage !== undefined).length;
  let dropped = 0;
  for (const start of [...starts, ...oddStarts.keys()].sort((a, b) => a - b)) {
    const range = oddStarts.get(start);
    if (!range) {
      const raw = index.rawAt(start)!;
      parts.push(own.subarray(raw.start, raw.end));
    } else if (!onlyRecords) {
      parts.push(own.subarray(range.start, range.end));
    } else if (range.reason.startsWith('invalid UTF-8') && !index.has(range.usageId!)) {
      // Readable but for a few bytes, which become U+FFFD. The bytes themselves are set aside.
      parts.push(Buffer.from(own.toString('utf8', range.start, range.end)));
      recovered++;
    } else {
      dropped++;
    }
  }
  const known = new Set(index.ids);
  for (const name of backups) {
    const backup = await readWhole(disk, join(folder, name));
    if (!backup || backup.length === 0) continue;
    const there = new LedgerIndex(name);
    await there.extend({ buffer: backup, length: backup.length }, false);
    let found = 0;
    for (const id of there.ids) {
      if (known.has(id) || (await undoLog.removedSince(id, 0))) continue;
      known.add(id);
      const raw = there.rawAt(there.locatorOf(id)!)!;
      parts.push(backup.subarray(raw.start, raw.end));
      found++;
    }
    if (found > 0) sources.push(`${found} from ${name}`);
    recovered += found;
    await nextTurn();
  }
  const rebuilt = arrayOf(parts);
  const next = index.successor(label);
  await next.extend(rebuilt, false);
  return { bytes: rebuilt, index: next, recovered, dropped, sources };
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
