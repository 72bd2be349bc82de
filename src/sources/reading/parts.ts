import { fieldsOf, type Fields } from '../fields.ts';
import type { Sink } from '../source.ts';

/** Parts of a tool's document that contain usage. A part of an unexpected kind is reported, because its usage is not imported. */

/** The object of this name, which contains the counts of a call; undefined if there is none. */
export function countsIn(owner: Fields | undefined, name: string, sink: Sink): Fields | undefined {
  return objectOrNone(owner?.[name], name, sink);
}

/** A message of a list; undefined if it is null, as messages are that a tool has deleted. */
export function messageFields(value: unknown, sink: Sink): Fields | undefined {
  return objectOrNone(value, 'the message', sink);
}

/** The document's list of this name; empty if there is none. */
export function listIn(document: Fields | undefined, name: string, sink: Sink): readonly unknown[] {
  const value = document?.[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as unknown[];
  sink.skip('unknown-format', `${name} is not a list`);
  return [];
}

function objectOrNone(value: unknown, name: string, sink: Sink): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf(value);
  if (fields === undefined) sink.skip('not-a-usage', `${name} is not an object`);
  return fields;
}
