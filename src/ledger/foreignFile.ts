import type { Disk } from '../system/disk.ts';
import { errno } from '../system/errno.ts';
import { foreignBackupName, isCorruptName, previousName, undoLogName } from '../system/sideFiles.ts';
import { storeKind } from '../system/paths.ts';
import { valueEnd } from './json/elements.ts';
import type { Place } from './place.ts';
import { NAME_FIELDS } from '../usage/stored.ts';
import { LedgerError } from './results.ts';

/** Distinguishes a ledger, even a damaged one, from other files. A wrong name must not cost another program its file. */

/** Every record has one of these keys; records of early inkwell versions have no id. */
const KEYS = ['usage_id', 'provider'] as const;
const RECORD_NAMES = [...NAME_FIELDS, 'usage_id', 'cost_usd'];
/** The beginning of an id, which other programs' files do not have. */
const ID = /"usage_id"\s*:\s*"[^"]/;
const QUOTED = KEYS.flatMap((key) => [Buffer.from(`"${key}"`), Buffer.from(`"${key}"`, 'utf16le')]);
const LONGEST = Math.max(...QUOTED.map(({ length }) => length));
const CHUNK = 64 * 1024;
/** A JSON object up to this size is parsed; a larger one is judged by its keys alone. */
const MAX_PARSED = 16 * 1024 * 1024;
/** Whitespace, NUL bytes as left by a power cut, and a byte order mark. */
const BLANK = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf]);
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
/** The only characters of an empty ledger, or of one that was just begun. */
const BRACKETS = new Set([OPEN_ARRAY, 0x5d, OPEN_OBJECT, 0x7d]);
/** An array cut off within its first record, before the key, is shorter than this. */
const MAX_CUT_OFF = 16 * 1024;

/**
 * Refuses to write to a file that contains nothing like a record, unless the files beside it show that it was a ledger.
 * @throws {LedgerError} `unsupported`; the file is not changed.
 */
export async function refuseForeignFile(disk: Disk, { folder, base, path }: Place): Promise<void> {
  if (!(await isForeign(disk, { base, path }))) return;
  const traces = new Set([previousName(base), foreignBackupName(base), undoLogName(base)]);
  if ((await disk.readdir(folder)).some((name) => traces.has(name) || isCorruptName(name, base))) return;
  throw new LedgerError(
    'unsupported',
    `${path} is not a ledger: it contains no records. It was not changed. Name another file, or, to turn this one into a ledger, ` +
      `run llm-spend repair --ledger on it (its content is kept in a file beside it).`,
  );
}

async function isForeign(disk: Disk, { base, path }: Pick<Place, 'base' | 'path'>): Promise<boolean> {
  let fd: number;
  try {
    fd = await disk.open(path, 'r');
  } catch (error) {
    if (errno(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    const { hasKey, hasId, hasContent, first } = await scan(disk, fd);
    if (!hasKey) return hasContent && !(first === OPEN_ARRAY && (await isCutOff(disk, fd)));
    if (hasId && first !== OPEN_OBJECT) return false;
    const text = await textOf(disk, fd, MAX_PARSED);
    if (text === undefined) return false;
    const value = parsed(text);
    if (value !== undefined) return !(Array.isArray(value) ? holdsRecord(value) : resemblesRecord(value));
    // NDJSON, a merged or cut-off array, JSON with comments; or the pages of a database, which are no text.
    return storeKind(base) !== 'sqlite' && !hasId && !mayBeLedger(text, first === OPEN_ARRAY);
  } finally {
    await disk.close(fd);
  }
}

/**
 * Whether a text that is not JSON as a whole has the names of a record, one of which may be damaged, or is an array that is cut
 * off within its first object.
 */
function mayBeLedger(content: string, isArray: boolean): boolean {
  // UTF-16 has zero bytes between the characters of the names.
  const text = content.replaceAll('\0', '');
  if (RECORD_NAMES.filter((name) => text.includes(`"${name}"`)).length >= NAME_FIELDS.length) return true;
  const bytes = Buffer.from(text);
  return isArray && valueEnd(bytes, bytes.indexOf(OPEN_OBJECT), bytes.length) === -1;
}

/** Whether there is a record in the array, at any depth. */
function holdsRecord(array: readonly unknown[]): boolean {
  const left: object[] = [array];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (resemblesRecord(value)) return true;
    for (const inner of Object.values(value) as unknown[]) {
      if (typeof inner === 'object' && inner !== null) left.push(inner);
    }
  }
  return false;
}

/** A configuration may name a provider and a model, but hardly an operation as well. */
function resemblesRecord(value: object): boolean {
  const isText = (name: string): boolean => typeof Reflect.get(value, name) === 'string';
  return isText('usage_id') || NAME_FIELDS.every(isText);
}

interface Scan {
  hasKey: boolean;
  /** Whether the part that was read has an id. */
  hasId: boolean;
  /** Whether there is anything but whitespace and brackets. */
  hasContent: boolean;
  /** The first byte that is not blank. */
  first: number | undefined;
}

/** Reads until a key is found, so only the beginning of a ledger. */
async function scan(disk: Disk, fd: number): Promise<Scan> {
  const buffer = Buffer.alloc(LONGEST + CHUNK);
  const found: Scan = { hasKey: false, hasId: false, hasContent: false, first: undefined };
  let kept = 0;
  for (let position = 0; !found.hasKey;) {
    const count = await disk.read(fd, buffer.subarray(kept, kept + CHUNK), position);
    if (count === 0) break;
    position += count;
    const length = kept + count;
    const read = buffer.subarray(kept, length);
    found.first ??= read.find((byte) => !BLANK.has(byte));
    found.hasContent ||= read.some((byte) => !BLANK.has(byte) && !BRACKETS.has(byte));
    found.hasKey = QUOTED.some((key) => buffer.subarray(0, length).includes(key));
    found.hasId = found.hasKey && ID.test(buffer.toString('latin1', 0, length));
    // A key may span two chunks.
    kept = Math.min(LONGEST, length);
    buffer.copyWithin(0, length - kept, length);
  }
  return found;
}

/** Whether the file may be an array of records that ends within the first one. */
async function isCutOff(disk: Disk, fd: number): Promise<boolean> {
  const text = await textOf(disk, fd, MAX_CUT_OFF);
  // A whole element without the keys is of another program.
  return text !== undefined && /^[\s\0]*\[[\s\0]*\{[^}]*$/.test(text);
}

/** undefined: not a JSON array or object. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The file without its byte order mark; undefined if it is larger than `max`. */
async function textOf(disk: Disk, fd: number, max: number): Promise<string | undefined> {
  const size = Number((await disk.fstat(fd)).size);
  if (size > max) return undefined;
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < size;) {
    const count = await disk.read(fd, buffer.subarray(at), at);
    if (count === 0) break;
    at += count;
  }
  return buffer.toString('utf8').replace(/^\uFEFF/, '');
}
