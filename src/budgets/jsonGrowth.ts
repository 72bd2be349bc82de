import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type * as Zlib from 'node:zlib';
import { parseGrowth, versionText } from '../ledger/json/commit/growth.ts';
import { signatureOf } from '../system/disk.ts';
import { errno } from '../system/errno.ts';
import { growthName } from '../system/sideFiles.ts';
import { MAX_STORED_COST } from '../usage/limits.ts';
import { usdToNanos } from '../usage/money.ts';

/**
 * Adds up what was added to a JSON ledger since a known version, without reading the rest of it: the bytes after the known last
 * element, if it is certain that the bytes before are the same, and the records that wait in journals.
 */

/** A version of the file. */
export interface JsonVersion {
  /** See {@link versionText}; empty if there is no file. */
  file: string;
  /** Offset after the last element. */
  end: number;
  /** Checksum of the bytes before `end`; only of small files. */
  crc32?: number | undefined;
  /** Records that wait in journals, by {@link Elements.keys}: they can be undone without a change of the file. */
  waiting: readonly string[];
}

/** Sums of additions. All costs count, also those that a plan covers. */
export interface JsonAdditions {
  now: JsonVersion;
  /** Nano-dollars of the elements after the known last one. */
  added: bigint;
  /** Nano-dollars of all records in journals, which may also be in the file. */
  waiting: bigint;
  /** Whether everything that counted at the known version still does, unchanged. */
  hasAll: boolean;
}

interface Elements {
  /** Nano-dollars. */
  sum: bigint;
  /** Ids of the records, each with a checksum of its content. */
  keys: Set<string>;
}

/** A longer tail is not added up here. */
const MOST_BYTES = 8 << 20;
/** A larger file is not compared as a whole: that would take longer than Node's start. */
const MOST_COMPARED = 8 << 20;
const TAIL = 4096;
const CLOSE_ARRAY = 0x5d;
const SPACE = 0x20;
/** A journal that disappears while it is read may have been renamed by a process that adopts it. */
const ATTEMPTS = 5;

/**
 * The current version, as a start for {@link additionsTo}.
 * @param asksNote whether commits are to note from now on which versions only add.
 * @throws {Error} when the file cannot be read, or is no array.
 */
export function currentVersion(named: string, asksNote: boolean): JsonVersion {
  const path = realPathOf(named);
  if (path === undefined) return { file: '', end: 0, waiting: [] };
  const waiting = [...waitingIn(path).keys];
  if (asksNote) askForNote(path);
  return withFile(path, (fd, version, size) => {
    const tail = bytesOf(fd, Math.max(0, size - TAIL), size);
    const end = size - tail.length + endOfElements(tail);
    return { file: version, end, crc32: size <= MOST_COMPARED ? crc32(bytesOf(fd, 0, end)) : undefined, waiting };
  });
}

/** @throws {Error} when it is not certain that the file only grew. */
export function additionsTo(named: string, known: JsonVersion): JsonAdditions {
  const path = realPathOf(named);
  // Journals first: records that leave them after that are in the file, which is read afterwards.
  const { sum: waiting, keys } = path === undefined ? elementsOf([]) : waitingIn(path);
  if (path === undefined || known.file === '') {
    if (path !== undefined || known.file !== '') throw new Error('the file appeared or disappeared');
    return { now: known, added: 0n, waiting, hasAll: true };
  }
  return withFile(path, (fd, version, size) => {
    const areThere = (wanted: readonly string[]): boolean => wanted.every((key) => keys.has(key));
    if (version === known.file) return { now: known, added: 0n, waiting, hasAll: areThere(known.waiting) };
    if (size - known.end > MOST_BYTES) throw new Error('too much is new');
    if (!grewTo(path, known.file, version) && !beginsAs(fd, size, known)) throw new Error('the file was rewritten');
    const tail = bytesOf(fd, known.end, size);
    const text = tail.toString('utf8').replace(/^\s*,/, '');
    const added = elementsOf(JSON.parse(`[${text}`) as unknown[]);
    const still = known.waiting.filter((key) => !added.keys.has(key));
    const length = endOfElements(tail);
    const sum = known.crc32 === undefined ? undefined : crc32(tail.subarray(0, length), known.crc32);
    const now = { file: version, end: known.end + length, crc32: sum, waiting: still };
    return { now, added: added.sum, waiting, hasAll: areThere(still) };
  });
}

/** The records in journals, by {@link JsonVersion.waiting}. */
export function waitingNow(named: string): readonly string[] {
  const path = realPathOf(named);
  return path === undefined ? [] : [...waitingIn(path).keys];
}

function realPathOf(named: string): string | undefined {
  try {
    return realpathSync(named);
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws {Error} when the file is written in place in the meantime. */
function withFile<T>(path: string, use: (fd: number, version: string, size: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    const before = signatureOf(fstatSync(fd, { bigint: true }));
    const result = use(fd, versionText(before), Number(before.size));
    if (versionText(signatureOf(fstatSync(fd, { bigint: true }))) !== versionText(before)) throw new Error('changing');
    return result;
  } finally {
    closeSync(fd);
  }
}

function bytesOf(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let at = 0; at < bytes.length;) {
    const count = readSync(fd, bytes, at, bytes.length - at, from + at);
    if (count === 0) throw new Error('the file became shorter');
    at += count;
  }
  return bytes;
}

/** Where the elements end, in bytes that contain the end of an array. */
function endOfElements(bytes: Buffer): number {
  const bracket = beforeSpace(bytes, bytes.length) - 1;
  if (bytes[bracket] !== CLOSE_ARRAY) throw new Error('not the end of an array');
  return beforeSpace(bytes, bracket);
}

function beforeSpace(bytes: Buffer, end: number): number {
  let at = end;
  while (at > 0 && bytes[at - 1]! <= SPACE) at--;
  return at;
}

function askForNote(path: string): void {
  try {
    closeSync(openSync(join(dirname(path), growthName(basename(path))), 'wx', 0o600));
  } catch {
    // It exists, or the folder cannot be written: then a change of the file is looked at in full.
  }
}

/** Whether commits noted that the version `to` has all bytes of `from`, in its place. */
function grewTo(path: string, from: string, to: string): boolean {
  const note = join(dirname(path), growthName(basename(path)));
  if (lstatSync(note, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const versions = parseGrowth(readFileSync(note, 'utf8'));
  return versions.at(-1) === to && versions.includes(from);
}

/** Whether the file begins with the known bytes. Other programs, such as inkwell, note nothing. */
function beginsAs(fd: number, size: number, { end, crc32: sum }: JsonVersion): boolean {
  if (sum === undefined || size < end || size > MOST_COMPARED) return false;
  return crc32(bytesOf(fd, 0, end)) === sum;
}

function waitingIn(path: string): Elements {
  const [folder, start] = [dirname(path), `.${basename(path)}.`];
  for (let attempt = 1; ; attempt++) {
    try {
      const journals = readdirSync(folder).filter((name) => name.startsWith(start) && name.endsWith('.journal'));
      return elementsOf(journals.flatMap((name) => inJournal(join(folder, name))));
    } catch (error) {
      if (errno(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** A line without its end, or without its beginning, was not acknowledged or is settled: see `journalContent.ts`. */
function inJournal(path: string): unknown[] {
  // Others may have planted a pipe, which would be waited for.
  if (!lstatSync(path).isFile()) throw new Error('not a file');
  const bytes = readFileSync(path);
  const records: unknown[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, at)) {
    if (end > at && bytes[at] !== 0) {
      records.push((JSON.parse(bytes.toString('utf8', at, end)) as { record: unknown }).record);
    }
    at = end + 1;
  }
  return records;
}

/** @throws {Error} when an element is not surely a record. */
function elementsOf(elements: readonly unknown[]): Elements {
  let sum = 0n;
  const keys = new Set<string>();
  for (const element of elements) {
    const { cost_usd: cost = 0, usage_id: id } = element as { cost_usd?: unknown; usage_id?: unknown };
    if (typeof cost !== 'number' || !(cost >= 0 && cost <= MAX_STORED_COST)) throw new Error('not a record');
    sum += usdToNanos(cost);
    const text = JSON.stringify(element);
    keys.add(`${String(id)} ${crc32(Buffer.from(text)) ?? text}`);
  }
  return { sum, keys };
}

/** undefined where the runtime does not have it (Node has it since 20.15). */
function crc32(bytes: Uint8Array, before = 0): number | undefined {
  const zlib: typeof Zlib = process.getBuiltinModule('node:zlib');
  return typeof zlib.crc32 === 'function' ? zlib.crc32(bytes, before) : undefined;
}
