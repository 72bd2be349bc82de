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

/** A count of tokens: whole, not negative; 0 for anything else. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
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
    return ISO.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  // Seconds until the year 2286, milliseconds from April 1970 on.
  const ms = value > 10_000_000_000 ? value : value * 1000;
  return ms > 8.64e15 ? undefined : new Date(ms).toISOString();
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
