import { termText } from '../../usage/tables/termText.ts';

/** Accessors for untrusted JSON of unknown shape. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: JsonObject, field: string): JsonObject | undefined {
  const found = Object.hasOwn(value, field) ? value[field] : undefined;
  return isObject(found) ? found : undefined;
}

/** undefined for empty texts, and for texts longer than any honest name. */
export function textAt(value: JsonObject, field: string): string | undefined {
  const found = Object.hasOwn(value, field) ? value[field] : undefined;
  return typeof found === 'string' && found !== '' && found.length <= 256 ? found : undefined;
}

/** A term that changes the price. */
export function termAt(value: JsonObject, field: string): string | undefined {
  return Object.hasOwn(value, field) ? termText(value[field]) : undefined;
}

export function numberAt(value: JsonObject, field: string): number | undefined {
  const found = Object.hasOwn(value, field) ? value[field] : undefined;
  return Number.isFinite(found) ? (found as number) : undefined;
}

/** The object that a text is the JSON of. */
export function parsedObject(text: unknown): JsonObject | undefined {
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}

/** The first of the fields that is a number, including 0. */
export function first(value: JsonObject, ...fields: readonly string[]): number | undefined {
  for (const field of fields) {
    const found = numberAt(value, field);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The object at a path of fields; undefined if part of it is missing. */
export function objectIn(value: JsonObject, ...path: readonly string[]): JsonObject | undefined {
  let found: JsonObject | undefined = value;
  for (const field of path) {
    if (found === undefined) return undefined;
    found = objectAt(found, field);
  }
  return found;
}

/** The objects in an array; none if it is not an array. */
export function objectsAt(value: JsonObject, field: string): JsonObject[] {
  const found = Object.hasOwn(value, field) ? value[field] : undefined;
  return Array.isArray(found) ? found.filter((each) => isObject(each)) : [];
}
