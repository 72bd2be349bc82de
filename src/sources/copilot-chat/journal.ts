import type { Fields } from '../fields.ts';
import { fieldsOf, parseJson } from '../fields.ts';
import type { Sink } from '../source.ts';

/**
 * Replays a journal of changes to a document as written by VS Code: a line of kind 0 has the whole document, 1 sets the value
 * at a path, 2 appends to the array there (after cutting it to `i` entries), 3 removes it.
 */
export function replayed(text: string, sink: Sink): Fields | undefined {
  let root: unknown;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = fieldsOf(parseJson(line));
    if (entry === undefined) sink.skip('not-json', undefined, index + 1);
    else if (entry['kind'] === 0) root = entry['v'];
    else if (!apply(root, entry)) sink.skip('invalid', 'a change to something that is not there', index + 1);
  }
  return fieldsOf(root);
}

function apply(root: unknown, { kind, k, v, i }: Fields): boolean {
  const path = Array.isArray(k) ? (k as unknown[]) : [];
  const last = path.at(-1);
  if (!isKey(last)) return false;
  let parent = root;
  for (const key of path.slice(0, -1)) {
    if (!isKey(key) || !isContainer(parent)) return false;
    parent = parent[key];
  }
  if (!isContainer(parent)) return false;
  if (kind === 1) parent[last] = v;
  else if (kind === 3) delete parent[last];
  else if (kind === 2) {
    const list = parent[last] ?? (parent[last] = []);
    if (!Array.isArray(list)) return false;
    if (typeof i === 'number' && i >= 0 && i < list.length) list.length = i;
    if (Array.isArray(v)) for (const each of v as unknown[]) list.push(each);
  } else return false;
  return true;
}

function isKey(key: unknown): key is string | number {
  return (typeof key === 'string' && key !== '__proto__') || (typeof key === 'number' && key >= 0 && key < MOST);
}

/** More entries than any chat has requests. */
const MOST = 1_000_000;

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
