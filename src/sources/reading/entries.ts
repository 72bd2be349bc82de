import { isUtf8 } from 'node:buffer';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ElementScanner } from '../../ledger/json/elements.ts';
import { csvRows } from './csv.ts';
import { guarded } from './guarded.ts';
import type { Fields } from '../fields.ts';
import { fieldsOf, parseJson } from '../fields.ts';
import { readLines } from './lines.ts';
import type { Sink, SourceFile } from '../source.ts';

/**
 * The entries of a file named by the user: NDJSON, a JSON array (or an object that contains one), or CSV with a header line.
 */

export interface Entry {
  fields: Fields;
  /** 1-based; in an array the number of the element. */
  line: number;
}

export type EntryFormat = 'ndjson' | 'json' | 'csv';

/** Number of bytes needed to identify a file's format. */
const HEAD = 64 * 1024;
/** Arrays are split by their bytes, which must be in memory at once. */
const MAX_ARRAY = 1024 * 1024 * 1024;
/** Number of entries between two turns of the event loop. */
const ENTRIES_PER_TURN = 2_000;

export async function headOf(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD);
    const { bytesRead } = await handle.read(bytes, 0, HEAD, 0);
    return bytes.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
  } finally {
    await handle.close();
  }
}

/** Like {@link headOf}, but synchronous. @throws system errors. */
export function headOfSync(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, HEAD, 0)).replace(/^\uFEFF/, '');
  } finally {
    closeSync(fd);
  }
}

export function formatOf(path: string, head: string): EntryFormat {
  if (/\.(csv|tsv)$/i.test(path)) return 'csv';
  const start = head.trimStart();
  if (start.startsWith('[')) return 'json';
  if (!start.startsWith('{')) return 'csv';
  // An object that ends on its first line, or is followed by another, means lines; otherwise it is a document.
  const newline = start.indexOf('\n');
  const first = newline === -1 ? start : start.slice(0, newline);
  return parseJson(first) === undefined && newline !== -1 ? 'json' : 'ndjson';
}

/**
 * Passes each entry to `use`; skips anything that is not an entry.
 * @param room as for {@link WholeReading.read}.
 */
export async function readEntries(file: SourceFile, sink: Sink, use: Consumer, room: Room): Promise<void> {
  const take = (entry: Entry): void => guarded(sink, entry.line, () => use(entry));
  const format = formatOf(file.path, await headOf(file.path));
  if (format === 'csv') return readCsv(file, sink, take, room);
  return format === 'ndjson' ? readNdjson(file, sink, take, room) : readArray(file, sink, take, room);
}

async function readNdjson(file: SourceFile, sink: Sink, take: Consumer, room: Room): Promise<void> {
  const handle = await open(file.path, 'r');
  const takeLine = (bytes: Buffer, line: number): void => {
    if (bytes.length === 0) return;
    if (!isUtf8(bytes)) return sink.skip('invalid-utf8', undefined, line);
    const fields = fieldsOf(parseJson(bytes.toString('utf8').replace(/^\uFEFF/, '')));
    if (fields === undefined) return sink.skip('not-json', undefined, line);
    take({ fields, line });
  };
  let count = 0;
  try {
    let position = { offset: 0, lines: 0 };
    for (;;) {
      const read = await readLines({ fd: handle.fd, from: position, end: file.size }, [], {
        line: takeLine,
        tooLong: (line, bytes) => sink.skip('too-long', `${bytes} bytes`, line),
        pause: () => ++count % 8 === 0,
      });
      position = read.position;
      if (read.ended) {
        if (read.tail !== undefined) takeLine(read.tail, position.lines + 1);
        return;
      }
      await room();
    }
  } finally {
    await handle.close();
  }
}

async function readArray(file: SourceFile, sink: Sink, take: Consumer, room: Room): Promise<void> {
  if (file.size > MAX_ARRAY) return sink.skip('too-long', `${file.size} bytes: only NDJSON may be so large`);
  const handle = await open(file.path, 'r');
  let bytes: Buffer;
  try {
    bytes = await handle.readFile();
  } finally {
    await handle.close();
  }
  const first = bytes.indexOf('[');
  const scanner = new ElementScanner(bytes.subarray(Math.max(0, first)), bytes.length - Math.max(0, first));
  let line = 0;
  while (scanner.next()) {
    line++;
    const element = bytes.subarray(Math.max(0, first) + scanner.start, Math.max(0, first) + scanner.end);
    const fields = isUtf8(element) ? fieldsOf(parseJson(element.toString('utf8'))) : undefined;
    if (fields === undefined) sink.skip(isUtf8(element) ? 'not-json' : 'invalid-utf8', undefined, line);
    else take({ fields, line });
    if (line % ENTRIES_PER_TURN === 0) await room();
  }
  if (scanner.damage) sink.skip('not-json', scanner.damage.message, line + 1);
}

async function readCsv(file: SourceFile, sink: Sink, take: Consumer, room: Room): Promise<void> {
  const separator = /\.tsv$/i.test(file.path) ? '\t' : undefined;
  const stream = createReadStream(file.path, { encoding: 'utf8', end: Math.max(0, file.size - 1) });
  let names: string[] | undefined;
  let count = 0;
  for await (const { cells, line, problem } of csvRows(stream, separator)) {
    if (problem !== undefined) {
      sink.skip('not-csv', problem, line);
      continue;
    }
    if (names === undefined) {
      names = cells.map((cell) => cell.trim());
      continue;
    }
    const own = names;
    if (cells.some((cell) => cell.includes('\uFFFD'))) sink.skip('invalid-utf8', undefined, line);
    else take({ fields: Object.fromEntries(cells.flatMap((cell, i) => (own[i] ? [[own[i], cell]] : []))), line });
    if (++count % ENTRIES_PER_TURN === 0) await room();
  }
}

type Consumer = (entry: Entry) => void;
type Room = () => Promise<void>;
