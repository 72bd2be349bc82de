import { MAX_LABEL, MAX_NAME } from '../usage/limits.ts';

/** Reading what other programs wrote: every field may be missing, or something else than it should be. */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A text that is not empty; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/**
 * A count of tokens; 0 where there is no number. A number that is no count (negative, fractional, beyond 2^53) becomes
 * NaN, and so does every sum with it, so that the record is refused and not stored with a part of its tokens.
 */
export function countOf(value: unknown): number {
  if (typeof value !== 'number') return 0;
  return Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}

/** The first of these fields that holds a text. */
export function firstText(fields: Fields | undefined, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textOf(fields?.[name]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The name of a model or provider, as long as a record takes. */
export function nameOf(text: string): string {
  return text.length > MAX_NAME ? text.slice(0, MAX_NAME) : text;
}

export function labelOf(text: string | undefined): string | undefined {
  return text === undefined || text.length <= MAX_LABEL ? text : text.slice(0, MAX_LABEL);
}

/** Line after line is of the same folder. */
let lastFolder: { folder: string | undefined; project: string | undefined } = { folder: undefined, project: undefined };

/** The project of a working folder: its last part, on every platform's paths. */
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

/** The form of a time in a ledger, except that a month may have too many days. */
const LEDGER_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Digits stand where this has a 0. */
const USUAL = '0000-00-00T00:00:00.000Z';

/**
 * Whether it is a time as `toISOString` writes it, of which the order is that of the texts. Almost every time is; the
 * others, and those of a 29th to 31st, are for slower ways to judge.
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

/** An ISO 8601 time with an offset, as a ledger takes it. Seconds or milliseconds since the epoch become one. */
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

/** What a log says of a time, as a part of an id: it must not change when {@link timeOf} writes the time differently. */
export function timeKey(value: unknown, time: string): string {
  return typeof value === 'string' ? value.trim() : time;
}

/** undefined for years that ISO 8601 does not write with four digits. */
function isoOf(ms: number): string | undefined {
  return ms < FIRST_MS || ms > LAST_MS ? undefined : new Date(ms).toISOString();
}

/** Whether a ledger takes this text of a time as it is. */
function isLedgerTime(text: string): boolean {
  const [, year, month, day] = LEDGER_TIME.exec(text) ?? [];
  if (day === undefined) return false;
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
}

/** The last part of a path with `/`, without its ending. */
export function stemOf(relative: string): string {
  return relative.slice(relative.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
}

/** The JSON value of a text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
