import { join } from 'node:path';
import { readBeside } from '../../system/beside.ts';
import type { Disk } from '../../system/disk.ts';
import { ageOf } from '../../system/disk.ts';
import type { Bytes, Content } from './file.ts';
import { LedgerIndex } from './index.ts';
import { elementsIn, LEAST_RECORD, skipSpace, valueEnd, type FoundRecord, type SkippedElement } from './elements.ts';
import { nextTurn } from '../../system/turns.ts';
import { foreignBackupName, isCorruptName, previousName } from '../../system/sideFiles.ts';
import { fromUtf16 } from '../../system/utf16.ts';
import type { UndoLog } from './undoLog.ts';

/**
 * Recovers a ledger that is missing or cannot be read as a JSON array: everything readable is kept, records that only the
 * backups have are added, and the bytes themselves are kept aside before they are replaced.
 */

export const NEW_LEDGER = new TextEncoder().encode('[');
const FIRST = '\n  ';
const SEPARATOR = ',\n  ';
const END = '\n]';
const END_OF_NONE = ']';
/** Characters. */
const ENCODED_AT_ONCE = 1 << 20;
const ID = /"usage_id"\s*:\s*("(?:[^"\\]|\\.)*")/g;
const MAX_NAMED = 3;

/** Elements that a rebuilt ledger has from a file beside it, or from damaged elements. */
export interface RestoredFrom {
  from: string;
  count: number;
  areRecords: boolean;
}

export interface Rebuilt {
  /** An intact array. */
  bytes: Bytes;
  index: LedgerIndex;
  /** Number of records from a backup or from the damaged part. */
  recovered: number;
  /** Elements omitted because they are not records (only if requested). */
  dropped: number;
  /** Descriptions of the records' origins. */
  sources: RestoredFrom[];
}

/** Files beside a ledger that may contain records it lacks, newest first. */
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

/** A ledger's location, and the means to tell lost records from those removed on purpose. */
export interface RebuildPlace {
  disk: Disk;
  folder: string;
  base: string;
  label: string;
  undoLog: UndoLog;
}

/**
 * Builds an intact array from a damaged one and its backups.
 * @param onlyRecords omits elements that are not records or have a duplicate id, and turns records inside them into
 * elements. An explicit repair does this; a mere recovery keeps everything that is JSON.
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
    const there = await indexed(backup, name);
    await taken.add(await there.index.everyRecord(), there.bytes.buffer, name);
    if (!onlyRecords && name === previousName(place.base)) taken.addOthers(there.index, there.bytes.buffer, name);
    await nextTurn();
  }
  const rebuilt = arrayOf(taken.parts);
  const next = index.successor(place.label);
  await next.extend(rebuilt, false);
  return { bytes: rebuilt, index: next, recovered: taken.recovered, dropped, sources: taken.sources };
}

/** A file beside the ledger, read like a ledger; UTF-16 is converted. */
export async function indexed(content: Buffer, label: string): Promise<{ bytes: Bytes; index: LedgerIndex }> {
  const buffer = fromUtf16(content) ?? content;
  const index = new LedgerIndex(label);
  await index.extend({ buffer, length: buffer.length }, false);
  return { bytes: { buffer, length: buffer.length }, index };
}

/** The elements of the new array, in order, and the origins of those that were not in the old array. */
class Taken {
  readonly parts: Buffer[] = [];
  readonly #found = new Map<string, number>();
  recovered: number;
  readonly #undoLog: UndoLog;
  readonly #others: RestoredFrom[] = [];
  readonly #known: Set<string>;

  constructor(undoLog: UndoLog, index: LedgerIndex) {
    this.#undoLog = undoLog;
    this.#known = new Set(index.ids);
    this.recovered =
      index.damage === undefined ? 0 : ownStarts(index).filter((start) => start >= index.contentEnd).length;
  }

  /** Adds the records whose ids are new and were not removed on purpose. */
  async add(records: readonly FoundRecord[], bytes: Buffer, from: string): Promise<void> {
    let found = 0;
    for (const { usageId, start, end } of records) {
      if (this.#known.has(usageId) || (await this.#undoLog.removedSince(usageId, 0))) continue;
      this.#known.add(usageId);
      this.parts.push(bytes.subarray(start, end));
      found++;
    }
    this.#count(found, from);
    this.recovered += found;
  }

  /**
   * Adds a record that is readable except for a few bytes, which become U+FFFD; the original bytes are kept aside.
   * @returns false: another record has its id.
   */
  addMended({ usageId, start, end }: SkippedElement, bytes: Buffer): boolean {
    if (usageId === undefined || this.#known.has(usageId)) return false;
    this.#known.add(usageId);
    this.parts.push(Buffer.from(bytes.toString('utf8', start, end)));
    this.recovered++;
    return true;
  }

  /** Adds a backup's elements that are not records, or have the id of another one, unless the same bytes are there. */
  addOthers(index: LedgerIndex, bytes: Buffer, from: string): void {
    const others = [...index.unreadable, ...index.duplicates.filter(({ reason }) => reason !== 'same')];
    if (others.length === 0) return;
    const known = new Set(this.parts.map((part) => part.toString('latin1')));
    const missing = others
      .map(({ start, end }) => bytes.subarray(start, end))
      .filter((part) => !known.has(part.toString('latin1')));
    this.parts.push(...missing);
    if (missing.length > 0) this.#others.push({ from, count: missing.length, areRecords: false });
  }

  get sources(): RestoredFrom[] {
    return [...[...this.#found].map(([from, count]) => ({ from, count, areRecords: true })), ...this.#others];
  }

  #count(count: number, from: string): void {
    if (count > 0) this.#found.set(from, (this.#found.get(from) ?? 0) + count);
  }
}

function ownStarts(index: LedgerIndex): number[] {
  return [...index.ids].map((id) => index.locatorOf(id)!).filter((locator) => locator >= 0);
}

/** Adds the damaged array's own elements. @returns how many are omitted. */
async function takeOwn(taken: Taken, own: Buffer, index: LedgerIndex, onlyRecords: boolean): Promise<number> {
  // If the file is two arrays one after another, records in both are added once.
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
    } else if (!range.reason.startsWith('invalid UTF-8') || !taken.addMended(range, own)) {
      const nested = await index.nestedIn(range);
      if (nested.length === 0) dropped += elementsIn([range]);
      await taken.add(nested, own, 'damaged elements that contain records');
    }
  }
  return dropped;
}

/** A JSON array of these elements in the ledger's layout: one per line. */
export function arrayOf(elements: readonly (string | Uint8Array)[]): Bytes {
  const buffer = Buffer.concat([NEW_LEDGER, tailOf(0, elements)]);
  return { buffer, length: buffer.length };
}

/** The bytes after the kept elements: the added elements and the end of the array. */
export function tailOf(keptElements: number, added: readonly (string | Uint8Array)[]): Buffer {
  const pieces: Uint8Array[] = [];
  // Texts are encoded together: a buffer for each of 100,000 would take ten times as long.
  let text = '';
  for (const [i, element] of added.entries()) {
    text += keptElements + i === 0 ? FIRST : SEPARATOR;
    if (typeof element === 'string') text += element;
    if (typeof element === 'string' && text.length < ENCODED_AT_ONCE) continue;
    pieces.push(Buffer.from(text));
    if (typeof element !== 'string') pieces.push(element);
    text = '';
  }
  text += keptElements + added.length === 0 ? END_OF_NONE : END;
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

/** The array without some of its elements; all others are kept byte for byte. */
export function without(
  bytes: Bytes,
  index: Pick<LedgerIndex, 'contentEnd' | 'elements'>,
  ranges: readonly { start: number; end: number }[],
): Content {
  const { buffer, length } = bytes;
  const kept: { start: number; end: number }[] = [];
  let position = 0;
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    if (start > position) kept.push({ start: position, end: start });
    const isLast = end === index.contentEnd;
    // Each element is removed together with the comma after it. The last element has none; the comma before it is trimmed
    // later.
    position = isLast ? end : skipSpace(buffer, skipSpace(buffer, end, length) + 1, length);
  }
  if (position < index.contentEnd) {
    kept.push({ start: position, end: index.contentEnd });
  } else {
    const last = kept.at(-1)!;
    last.end = trimSeparator(buffer, last.start, last.end);
  }
  return { kept, tail: tailOf(index.elements - ranges.length, []) };
}

function trimSeparator(buffer: Buffer, start: number, end: number): number {
  const space = new Set([0x20, 0x0a, 0x0d, 0x09]);
  let at = end;
  while (at > start && space.has(buffer[at - 1]!)) at--;
  if (buffer[at - 1] === 0x2c) at--;
  while (at > start && space.has(buffer[at - 1]!)) at--;
  return at;
}

/**
 * Describes what a damaged array had that the rebuilt one lacks; undefined when nothing seems to be missing. A part that
 * could not be read counts when it names a record that is nowhere, or is long enough to have been one and makes the rebuilt
 * array the smaller.
 * @param wasRemoved whether a record was removed on purpose.
 */
export async function unreadIn(
  { bytes, index }: { bytes: Bytes; index: LedgerIndex },
  rebuilt: Pick<Rebuilt, 'bytes' | 'index'>,
  wasRemoved: (usageId: string) => Promise<boolean>,
): Promise<string | undefined> {
  const ids = new Set<string>();
  let unread = 0;
  for (const text of gapsOf(bytes, index)) {
    const named = [...text.matchAll(ID)].flatMap(([, id]) => parsedId(id!) ?? []);
    for (const id of named) if (!rebuilt.index.has(id) && !(await wasRemoved(id))) ids.add(id);
    if (named.length === 0 && text.length >= LEAST_RECORD) unread += text.length;
  }
  if (ids.size > 0) {
    const shown = [...ids].slice(0, MAX_NAMED).join(', ');
    return `${ids.size} of its records could not be read (${shown}${ids.size > MAX_NAMED ? ', …' : ''})`;
  }
  return unread > 0 && rebuilt.bytes.length < bytes.length ? `${unread} of its bytes could not be read` : undefined;
}

/** The texts between the elements that were read. */
function* gapsOf({ buffer, length }: Bytes, index: LedgerIndex): Generator<string> {
  const starts = [...index.ids].map((id) => index.locatorOf(id)!).filter((start) => start >= 0);
  const records = starts.map((start) => ({ start, end: valueEnd(buffer, start, length) }));
  const ranges = [...index.unreadable, ...index.duplicates, ...records].sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, end } of [...ranges, { start: length, end: length }]) {
    if (start > at) {
      const text = buffer.toString('utf8', at, start).replaceAll(/^[\s,[\]]+|[\s,[\]]+$/g, '');
      if (text !== '') yield text;
    }
    at = Math.max(at, end);
  }
}

/** undefined for an id that is damaged itself. */
function parsedId(json: string): string | undefined {
  try {
    return JSON.parse(json) as string;
  } catch {
    return undefined;
  }
}
