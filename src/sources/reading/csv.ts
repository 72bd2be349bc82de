import type { CsvError, Info } from 'csv-parse';
import { Readable } from 'node:stream';

/** Reads CSV as described in RFC 4180 and as written by spreadsheets, as a stream. */

export interface CsvRow {
  cells: string[];
  /** 1-based line where the row begins. */
  line: number;
  /** Why the row cannot be read. */
  problem?: string;
}

const MAX_ROW = 8 * 1024 * 1024;

/**
 * Reads rows. If a row cannot be read (an unclosed quote, more than 8 MB), a final row reports the problem and reading stops,
 * because the start of the next row is unknown.
 * @param separator default: a semicolon or a tab if the first line has one and no comma, otherwise a comma.
 */
export async function* csvRows(chunks: AsyncIterable<string>, separator?: string): AsyncGenerator<CsvRow> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = '';
  while (!head.includes('\n')) {
    const next = await iterator.next();
    if (next.done === true) break;
    head += next.value;
  }
  // Imported here because most imports have no CSV.
  const { parse } = await import('csv-parse');
  let problem: CsvRow | undefined;
  const parser = parse({
    delimiter: separator ?? separatorOf(head.replace(/\r?\n.*/s, '')),
    bom: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    // An error of the stream would discard the rows before it.
    skip_records_with_error: true,
    max_record_size: MAX_ROW,
    info: true,
  });
  parser.on('skip', ({ message, lines }: CsvError & Pick<Info, 'lines'>) => {
    problem ??= { cells: [], line: lines, problem: `${message}; the rest of the file was not read` };
  });
  Readable.from(withHead(head, iterator)).pipe(parser);
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
    const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
    const line = info.lines - breaks;
    if (problem !== undefined && line >= problem.line) break;
    yield { cells: record, line };
  }
  if (problem !== undefined) yield problem;
}

async function* withHead(head: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  if (head !== '') yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function separatorOf(row: string): string {
  if (row.includes(',')) return ',';
  return [';', '\t'].find((mark) => row.includes(mark)) ?? ',';
}
