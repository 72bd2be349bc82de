import { fieldsOf, type Fields } from '../fields.ts';
import type { Sink } from '../source.ts';

/** Parts of a tool's document that contain usage. A part of an unexpected kind is reported, because its usage is not imported. */

/**
 * The object of this name, which contains the counts of a call; undefined if there is none.
 * @param line 1-based; not needed in a line parser.
 */
export function countsIn(owner: Fields | undefined, name: string, sink: Sink, line?: number): Fields | undefined {
  return objectOrNone(owner?.[name], name, sink, line);
}

/** A message of a list; undefined if it is null, as messages are that a tool has deleted. @param line 1-based. */
export function messageFields(value: unknown, sink: Sink, line?: number): Fields | undefined {
  return objectOrNone(value, 'the message', sink, line);
}

/** The document's list of this name; empty if there is none. */
export function listIn(document: Fields | undefined, name: string, sink: Sink): readonly unknown[] {
  const value = document?.[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as unknown[];
  sink.skip('unknown-format', `${name} is not a list`);
  return [];
}

function objectOrNone(value: unknown, name: string, sink: Sink, line: number | undefined): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf(value);
  if (fields === undefined) sink.skip('not-a-usage', `${name} is not an object`, line);
  return fields;
}
