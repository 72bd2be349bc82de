import { isTextType, serialTypes, cellValues, varint } from './pageValues.ts';

/** Cells of the tables `change` and `changed` on the pages of a damaged database. */

/** A change and its kind, or a change and the id of a record that it removed or replaced. */
export interface ChangeRow {
  change: number;
  op?: string;
  usage_id?: string;
}

/** `change, position, usage_id, text`. */
const CHANGED_COLUMNS = 4;
/** `id, op, at, records, file`. */
const CHANGE_COLUMNS = 5;
const OPS = new Set(['remove', 'clear', 'replace']);

/** The start of the text is enough, so its overflow pages are not read. */
export function changedAt(page: Buffer, at: number): ChangeRow | undefined {
  const size = varint(page, at);
  const payload = page.subarray(size.next, size.next + size.value);
  const { types, start } = serialTypes(payload, CHANGED_COLUMNS);
  if (types.length !== CHANGED_COLUMNS) return undefined;
  const [change, position, usage_id] = cellValues(payload, types, start);
  if (!isWhole(change) || !isWhole(position) || typeof usage_id !== 'string' || !isTextType(types[2]!))
    return undefined;
  return { change: Number(change), usage_id };
}

export function changeAt(page: Buffer, at: number): ChangeRow | undefined {
  const size = varint(page, at);
  const id = varint(page, size.next);
  const payload = page.subarray(id.next, id.next + size.value);
  const { types, start } = serialTypes(payload, CHANGE_COLUMNS);
  if (types.length !== CHANGE_COLUMNS || types[0] !== 0) return undefined;
  const [, op] = cellValues(payload, types, start);
  return typeof op === 'string' && OPS.has(op) ? { change: id.value, op } : undefined;
}

function isWhole(value: string | null | undefined): boolean {
  return typeof value === 'string' && /^\d{1,15}$/.test(value);
}
