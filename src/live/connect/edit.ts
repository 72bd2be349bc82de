import { isDeepStrictEqual } from 'node:util';
import { applyEdits, modify, parse as parseJsonc, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { parse as parseToml, stringify as tomlText } from 'smol-toml';
import type { Agent, Json, Setting } from './agents.ts';
import { withoutProperty, withProperty } from './jsonEdit.ts';

interface Change {
  /** A number is the index in a list, before which a value is inserted. */
  path: readonly (string | number)[];
  /** undefined: the setting is removed. */
  value: Json | undefined;
}

/** Changes single settings in a file that users edit by hand: comments, order and all other bytes are kept. */

/** The file cannot be changed safely. The message gives the reason and the remedy. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

type Values = Record<string, unknown>;

/** @throws {SettingsError} when the text is not valid in its format. */
export function valuesOf(given: string, format: Agent['format'], file: string): Values {
  const text = withoutMark(given);
  if (format === 'toml') {
    try {
      return parseToml(text);
    } catch (error) {
      throw new SettingsError(`${file} is not valid TOML: ${firstLine(error)}. Correct it first.`);
    }
  }
  const errors: ParseError[] = [];
  const value: unknown = text.trim() === '' ? {} : parseJsonc(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const line = text.slice(0, error.offset).split('\n').length;
    throw new SettingsError(
      `${file} is not valid JSON: ${printParseErrorCode(error.error)}, line ${line}. Correct it first.`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingsError(`${file} is not a JSON object. Correct it first.`);
  }
  return value as Values;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}

/** The value at a path; undefined if there is none. */
export function valueAt(values: Values, path: readonly string[]): unknown {
  let value: unknown = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Values)[key];
  }
  return value;
}

export function isAt(
  values: Values,
  { path, value, isElement }: Pick<Setting, 'path' | 'value' | 'isElement'>,
): boolean {
  if (isElement === true) return elementAt(values, { path, value }) !== -1;
  return isDeepStrictEqual(plain(valueAt(values, path)), value);
}

/** The index of a setting's value in the list at its path; -1: it is not there. */
function elementAt(values: Values, { path, value }: Pick<Setting, 'path' | 'value'>): number {
  const list = plain(valueAt(values, path));
  return Array.isArray(list) ? list.findIndex((each) => isDeepStrictEqual(each, value)) : -1;
}

/** The change that sets a setting. @throws {SettingsError} when the list that it belongs to is none. */
export function addition(values: Values, { path, value, isElement }: Setting): Change {
  if (isElement !== true) return { path, value };
  const there = valueAt(values, path);
  if (there === undefined) return { path, value: [value] };
  if (!Array.isArray(there)) throw new SettingsError(`${path.join('.')} is not a list. Correct it first.`);
  // At the front: with the last element the parser would remove the comment behind the one before it.
  return { path: [...path, 0], value };
}

/** The change that takes a setting back. @param before its former value; null: there was none. */
export function removal(values: Values, setting: Setting, before: Json): Change {
  const { path, isElement } = setting;
  if (isElement !== true) return { path, value: before ?? undefined };
  const isAlone = (valueAt(values, path) as unknown[]).length === 1;
  if (isAlone && before === null) return { path, value: undefined };
  return { path: [...path, elementAt(values, setting)], value: undefined };
}

/** Copies values of a parser without their prototypes. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** Sets values, and removes those that are undefined. Returns the new text. */
export function edited(text: string, format: Agent['format'], changes: readonly Change[]): string {
  const body = withoutMark(text);
  const mark = text.slice(0, text.length - body.length);
  return mark + (format === 'toml' ? editedToml(body, changes) : editedJson(body, changes));
}

function editedJson(text: string, changes: readonly Change[]): string {
  let result = text.trim() === '' ? `{}\n` : text;
  for (const { path, value } of changes) {
    if (typeof path.at(-1) === 'number') {
      result = applyEdits(result, modify(result, [...path], value, { isArrayInsertion: true }));
      continue;
    }
    const names = path.map(String);
    const next = value === undefined ? withoutProperty(result, names) : withProperty(result, names, value);
    if (next === undefined) throw new SettingsError(`${names[0]} is not an object. Correct it first.`);
    result = next;
  }
  return result;
}

/** The text without a byte order mark, which editors on Windows write. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/**
 * Changes keys of top-level tables, each on a separate line. The result is parsed again, so that a file with another layout is
 * refused instead of damaged.
 */
function editedToml(text: string, changes: readonly Change[]): string {
  const wanted = plain(parseToml(text)) as Values;
  const eol = text.includes('\r\n') && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n';
  const lines = text.split(eol);
  for (const { path, value } of changes) {
    const [table, key] = path as [string, string];
    const owner = (wanted[table] ??= {}) as Values;
    if (value === undefined) delete owner[key];
    else owner[key] = value;
    setLine(lines, table, key, value);
    if (Object.keys(owner).length === 0) dropTable(lines, wanted, table);
  }
  const result = lines.join(eol);
  if (hasValues(result, wanted)) return result;
  const block = changes.map(
    ({ path, value }) => `${path.join('.')} = ${value === undefined ? '(removed)' : inline(value)}`,
  );
  throw new SettingsError(`The file is laid out in an unusual way. Change it by hand:\n${block.join('\n')}`);
}

/** Whether it is TOML with these values. */
function hasValues(text: string, wanted: Values): boolean {
  try {
    return isDeepStrictEqual(plain(parseToml(text)), wanted);
  } catch {
    return false;
  }
}

function setLine(lines: string[], table: string, key: string, value: Json | undefined): void {
  let header = lines.findIndex((line) => line.replace(/#.*/, '').trim() === `[${table}]`);
  if (header === -1) {
    if (value === undefined) return;
    if (lines.at(-1) === '') lines.pop();
    if (lines.length > 0) lines.push('');
    header = lines.push(`[${table}]`, '') - 2;
  }
  const next = lines.findIndex((line, at) => at > header && line.trimStart().startsWith('['));
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex((line, i) => i > header && i < end && new RegExp(`^\\s*${key}\\s*=`).test(line));
  if (value === undefined) {
    if (at !== -1) lines.splice(at, 1);
  } else if (at === -1) lines.splice(header + 1, 0, `${key} = ${inline(value)}`);
  else lines[at] = `${key} = ${inline(value)}`;
}

/** Removes a table without keys, and the empty line before it. */
function dropTable(lines: string[], wanted: Values, table: string): void {
  const header = lines.findIndex((line) => line.trim() === `[${table}]`);
  if (header === -1) return;
  const hasGap = header > 0 && lines[header - 1] === '';
  lines.splice(hasGap ? header - 1 : header, hasGap ? 2 : 1);
  delete wanted[table];
}

/** Formats a value on one line, with tables as inline tables. */
function inline(value: Json): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return tomlText({ x: value }).trim().slice('x = '.length);
  }
  const pairs = Object.entries(value).map(([key, each]) => `${key} = ${inline(each)}`);
  return `{ ${pairs.join(', ')} }`;
}
