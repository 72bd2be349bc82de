import { isObject, objectsAt, type JsonObject } from './json.ts';
import { findShape } from './shape.ts';

/** Fields in which frameworks and listings of an API hold several responses. */
const LISTS = ['data', 'results', 'responses', 'messages', 'replies', 'rawResponses', 'raw_responses', 'items', 'meta'];

/** The responses in a list of a value, if the value itself is none. What else the list holds is left out. */
export function listedIn(value: unknown): JsonObject[] {
  if (!isObject(value) || !LISTS.some((field) => Array.isArray(value[field]))) return [];
  if (findShape(value) !== undefined) return [];
  return LISTS.flatMap((field) => objectsAt(value, field)).filter((each) => findShape(each) !== undefined);
}
