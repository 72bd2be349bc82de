import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { fieldsOf, parseJson, type Fields } from '../fields.ts';
import type { Sink, SourceFile } from '../source.ts';

/** Larger than any document that a tool writes for a single conversation or message. */
const MAX_DOCUMENT = 256 * 1024 * 1024;

/** The JSON document in a file; undefined if it cannot be read, which is reported to the sink. */
export function readJsonFile(file: SourceFile, sink: Sink): unknown {
  const text = readTextFile(file, sink);
  const value = text === undefined ? undefined : parseJson(text);
  if (text !== undefined && value === undefined) sink.skip('not-json');
  return value;
}

/** The JSON object in a file; undefined for anything else, which is reported to the sink. */
export function readJsonObject(file: SourceFile, sink: Sink): Fields | undefined {
  const value = readJsonFile(file, sink);
  const fields = fieldsOf(value);
  if (value !== undefined && fields === undefined) sink.skip('unknown-format', 'not an object');
  return fields;
}

/** The text of a file; undefined if it cannot be read completely, which is reported to the sink. */
export function readTextFile(file: SourceFile, sink: Sink): string | undefined {
  if (file.size > MAX_DOCUMENT) {
    sink.skip('too-long', `${file.size} bytes`);
    return undefined;
  }
  const bytes = readFileSync(file.path);
  if (!isUtf8(bytes)) {
    sink.skip('invalid-utf8');
    return undefined;
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
