import { skipSpace, valueEnd } from './json/elements.ts';

/**
 * Sets fields in a record's own text. Everything else is kept byte for byte: unknown fields, numbers that a parser would round,
 * order and whitespace.
 */

interface Member {
  name: string;
  /** Offset of the name's opening quote, in bytes. */
  start: number;
  nameEnd: number;
  valueStart: number;
  valueEnd: number;
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Returns the text of a JSON object with these fields set; missing fields are appended with the same spacing as the others.
 * @param fields values that JSON can represent.
 * @throws {SyntaxError} when the text is not a JSON object.
 */
export function withFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  const bytes = Buffer.from(text);
  const { members, end } = membersOf(bytes);
  const slice = (from: number, to?: number): string => bytes.toString('utf8', from, to);
  const pieces: string[] = [];
  const missing = new Set(Object.keys(fields));
  let position = 0;
  // A duplicate name is set in both places: parsers differ in which one they use.
  for (const { name, valueStart, valueEnd: next } of members) {
    if (!Object.hasOwn(fields, name)) continue;
    pieces.push(slice(position, valueStart), JSON.stringify(fields[name]));
    position = next;
    missing.delete(name);
  }
  const last = members.at(-1);
  const before = members.at(-2);
  const endOfMembers = last?.valueEnd ?? end;
  pieces.push(slice(position, endOfMembers));
  const separator = last && before ? slice(before.valueEnd, last.start) : ',';
  const colon = last ? slice(last.nameEnd, last.valueStart) : ':';
  for (const [i, name] of [...missing].entries()) {
    if (last !== undefined || i > 0) pieces.push(separator);
    pieces.push(JSON.stringify(name), colon, JSON.stringify(fields[name]));
  }
  return pieces.join('') + slice(endOfMembers);
}

/** The members of an object, and the offset of its closing bracket. */
function membersOf(bytes: Buffer): { members: Member[]; end: number } {
  const { length } = bytes;
  const members: Member[] = [];
  const space = (at: number): number => skipSpace(bytes, at, length);
  let at = space(0);
  if (bytes[at] !== OPEN_OBJECT) throw new SyntaxError('not a JSON object');
  at = space(at + 1);
  while (bytes[at] !== CLOSE_OBJECT) {
    if (members.length > 0) {
      if (bytes[at] !== COMMA) throw new SyntaxError('a comma is missing in a JSON object');
      at = space(at + 1);
    }
    const start = at;
    const nameEnd = valueEnd(bytes, start, length);
    const colon = space(nameEnd);
    if (nameEnd === -1 || bytes[colon] !== COLON) throw new SyntaxError('a colon is missing in a JSON object');
    const valueStart = space(colon + 1);
    const endOfValue = valueEnd(bytes, valueStart, length);
    if (endOfValue === -1) throw new SyntaxError('a value is missing in a JSON object');
    const name = JSON.parse(bytes.toString('utf8', start, nameEnd)) as string;
    members.push({ name, start, nameEnd, valueStart, valueEnd: endOfValue });
    at = space(endOfValue);
  }
  return { members, end: at };
}

/** Returns the text of a JSON value on one line; removes only whitespace between its parts. */
export function oneLine(text: string): string {
  return /[\n\r]/.test(text)
    ? text.replace(/("(?:[^"\\]|\\.)*")|[ \t\n\r]+/g, (_, quoted?: string) => quoted ?? '')
    : text;
}
