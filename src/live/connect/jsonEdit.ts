import { createScanner, findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import type { Json } from './agents.ts';

/**
 * Sets and removes single properties of JSON with comments. All other bytes are kept: `modify` of jsonc-parser would lay out the
 * lines beside the change again, and move or drop comments there.
 */

/** Kinds of tokens, as the scanner numbers them: its enumeration cannot be imported by erasable syntax. */
const COMMA = 5;
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const LINE_BREAK = 14;
const SPACE = 15;

export type Path = readonly string[];

interface Layout {
  eol: string;
  /** One level of indentation. */
  unit: string;
}

function treeOf(text: string): Node | undefined {
  return parseTree(text, [], { allowTrailingComma: true });
}

function layoutOf(text: string): Layout {
  return { eol: text.includes('\r\n') ? '\r\n' : '\n', unit: /^([ \t]+)["}/]/m.exec(text)?.[1] ?? '  ' };
}

const endOf = ({ offset, length }: Node): number => offset + length;

function spliced(text: string, start: number, end: number, put: string): string {
  return text.slice(0, start) + put + text.slice(end);
}

/** @returns undefined when a part of the path is no object. */
export function withProperty(text: string, path: Path, value: Json): string | undefined {
  const root = treeOf(text);
  const there = root && findNodeAtLocation(root, [...path]);
  if (there !== undefined) {
    return spliced(text, there.offset, endOf(there), valueText(value, path.length, layoutOf(text)));
  }
  let depth = path.length - 1;
  const ownerAt = (): Node | undefined => (depth === 0 ? root : root && findNodeAtLocation(root, path.slice(0, depth)));
  while (depth > 0 && ownerAt() === undefined) depth--;
  const owner = ownerAt();
  if (owner?.type !== 'object') return undefined;
  const nested = path.slice(depth + 1).reduceRight((inner: Json, key) => ({ [key]: inner }), value);
  return inserted(text, owner, [path[depth]!, nested], depth + 1);
}

/** Inserts a property behind the last one of an object. */
function inserted(text: string, owner: Node, [key, value]: [string, Json], depth: number): string {
  const layout = layoutOf(text);
  const last = owner.children?.at(-1);
  const closing = endOf(owner) - 1;
  const isOneLine = !text.slice(owner.offset, closing).includes('\n');
  if (isOneLine && last !== undefined) {
    return spliced(text, endOf(last), endOf(last), `, ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  }
  const { eol, unit } = layout;
  const line = `${eol}${unit.repeat(depth)}${JSON.stringify(key)}: ${valueText(value, depth, layout)}`;
  if (last === undefined) {
    const start = owner.offset + 1;
    return spliced(text, start, start, isOneLine ? `${line}${eol}${unit.repeat(depth - 1)}` : line);
  }
  const comma = commaAfter(text, endOf(last));
  const from = comma === undefined ? endOf(last) : comma + 1;
  const at = endOfLine(text, from);
  const result = spliced(text, at, at, comma === undefined ? line : `${line},`);
  return comma === undefined ? spliced(result, endOf(last), endOf(last), ',') : result;
}

export function withoutProperty(text: string, path: Path): string {
  const root = treeOf(text);
  const property = root && findNodeAtLocation(root, [...path])?.parent;
  const siblings = property?.parent?.children;
  if (property === undefined || siblings === undefined) return text;
  const comma = commaAfter(text, endOf(property));
  let start = property.offset;
  let end = comma === undefined ? endOf(property) : comma + 1;
  const lineStart = text.lastIndexOf('\n', start - 1);
  const isAlone = lineStart !== -1 && text.slice(lineStart, start).trim() === '';
  if (isAlone && /^[ \t]*(\r?\n|$)/.test(text.slice(end)))
    start = text[lineStart - 1] === '\r' ? lineStart - 1 : lineStart;
  else if (comma !== undefined) end += /^ */.exec(text.slice(end))![0].length;
  const result = spliced(text, start, end, '');
  // The comma before it was ours, unless it is followed by one itself.
  const before = siblings[siblings.indexOf(property) - 1];
  const unneeded = before === undefined || comma !== undefined ? undefined : commaAfter(text, endOf(before));
  if (unneeded === undefined) return result;
  const isBeside = text.slice(unneeded + 1, start).trim() === '' && start === property.offset;
  return spliced(result, unneeded, isBeside ? start : unneeded + 1, '');
}

/** The offset of the comma that follows, after comments and spaces. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  const next: number = scanner.scan();
  return next === COMMA ? scanner.getTokenOffset() : undefined;
}

/** The end of the line, behind a comment on it; the offset itself if something else follows. */
function endOfLine(text: string, offset: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  for (;;) {
    const kind: number = scanner.scan();
    if (kind === LINE_BREAK) return scanner.getTokenOffset();
    if (![LINE_COMMENT, BLOCK_COMMENT, SPACE].includes(kind)) return offset;
  }
}

function valueText(value: Json, depth: number, { eol, unit }: Layout): string {
  return JSON.stringify(value, null, unit)
    .split('\n')
    .join(eol + unit.repeat(depth));
}
