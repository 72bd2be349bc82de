import { MAX_LABEL, MAX_NAME } from '../usage/limits.ts';
import { isNestedDeeply } from './nesting.ts';

/** Readers for data of other programs: every field may be missing or have an unexpected type. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** Returns the objects of a list; none for anything else. */
export function objectsIn(value: unknown): Fields[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).map(fieldsOf).filter((each) => each !== undefined);
}

/** A non-empty text; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/**
 * A token count; 0 if there is none. An invalid count (negative, fractional, beyond 2^53, no number) becomes NaN, as does every
 * sum that includes it, so the record is refused instead of being stored with some of its tokens.
 */
export function countOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return isCount(value) ? value : Number.NaN;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The first of these fields that contains a text. */
export function firstText(fields: Fields | undefined, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textOf(fields?.[name]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The name of a model or provider, cut to the maximum length in a record. */
export function nameOf(text: string): string {
  return text.length > MAX_NAME ? text.slice(0, MAX_NAME) : text;
}

export function labelOf(text: string | undefined): string | undefined {
  return text === undefined || text.length <= MAX_LABEL ? text : text.slice(0, MAX_LABEL);
}

/** Consecutive lines usually have the same folder. */
let lastFolder: { folder: string | undefined; project: string | undefined } = { folder: undefined, project: undefined };

/** The project of a working folder: its last part, for paths of any platform. */
export function projectOf(folder: string | undefined): string | undefined {
  if (lastFolder.folder !== folder) lastFolder = { folder, project: lastPartOf(folder) };
  return lastFolder.project;
}

function lastPartOf(folder: string | undefined): string | undefined {
  const name = folder
    ?.replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1);
  return name === undefined || name === '' ? undefined : labelOf(name);
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

/** The format of a time in a ledger, except that it allows too many days for a month. */
const LEDGER_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Digits are expected where this has a 0. */
const USUAL = '0000-00-00T00:00:00.000Z';

/**
 * Whether it is a time in the format of `toISOString`, in which times can be compared as text. Nearly all times are; all
 * others, and those of a 29th to 31st, are checked by slower code.
 */
export function isUsualTime(text: string): boolean {
  if (text.length !== USUAL.length) return false;
  for (let i = 0; i < USUAL.length; i++) {
    const code = text.charCodeAt(i);
    const wanted = USUAL.charCodeAt(i);
    if (wanted === 0x30 ? code < 0x30 || code > 0x39 : code !== wanted) return false;
  }
  const two = (at: number): number => (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;
  const [month, day] = [two(5), two(8)];
  return month >= 1 && month <= 12 && day >= 1 && day <= 28 && two(11) < 24 && two(14) < 60 && two(17) < 60;
}

/** An ISO 8601 time with an offset, as ledgers accept it. Converts seconds or milliseconds since the epoch. */
export function timeOf(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (isUsualTime(value)) return value;
    const text = value.trim();
    const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms)) return undefined;
    return isLedgerTime(text) ? text : isoOf(ms);
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  // Seconds until the year 2286, milliseconds from April 1970 on.
  return isoOf(value > 10_000_000_000 ? value : value * 1000);
}

/** A log's time as part of an id: it must not change if {@link timeOf} formats the time differently. */
export function timeKey(value: unknown, time: string): string {
  return typeof value === 'string' ? value.trim() : time;
}

/** undefined for years that ISO 8601 does not write with four digits. */
function isoOf(ms: number): string | undefined {
  return ms < FIRST_MS || ms > LAST_MS ? undefined : new Date(ms).toISOString();
}

/** Whether a ledger accepts this text as a time. */
function isLedgerTime(text: string): boolean {
  const [, year, month, day] = LEDGER_TIME.exec(text) ?? [];
  if (day === undefined) return false;
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
}

/** The last part of a path with `/`, without its extension. */
export function stemOf(relative: string): string {
  return relative.slice(relative.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
}

/** The parsed JSON text; undefined if it is invalid, or nested more than a million times. */
export function parseJson(text: string): unknown {
  if (isNestedDeeply(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
