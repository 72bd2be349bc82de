import { ElementScanner, lineOf } from './elements.ts';

/** Names the lines of JSON files that people edit by hand, for messages about mistakes in them. */

/** The 1-based lines on which the elements of an array begin. @param from the index of its `[`. */
export function entryLines(text: string, from: number): number[] {
  const bytes = Buffer.from(text.slice(from));
  const before = Buffer.byteLength(text.slice(0, from));
  const whole = Buffer.from(text);
  const scanner = new ElementScanner(bytes, bytes.length);
  const lines: number[] = [];
  while (scanner.next()) lines.push(lineOf(whole, before + scanner.start));
  return lines;
}

/** The line that the message of `JSON.parse` names, in the wording of any version of Node; the last one if it names none. */
export function lineOfJsonError(text: string, { message }: Error): number {
  const [, line] = /line (\d+)/.exec(message) ?? [];
  if (line !== undefined) return Number(line);
  const [, position] = /position (\d+)/.exec(message) ?? [];
  return position === undefined
    ? text.trimEnd().split('\n').length
    : text.slice(0, Number(position)).split('\n').length;
}
