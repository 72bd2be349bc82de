/** CSV as RFC 4180 has it, and as spreadsheets write it: quoted cells may hold separators, quotes and line breaks. */

export interface CsvRow {
  cells: string[];
  /** 1-based: where the row begins. */
  line: number;
}

const MAX_ROW = 8 * 1024 * 1024;

/** @param separator default: a semicolon or a tab where the first line has it and no comma, else a comma. */
export async function* csvRows(chunks: AsyncIterable<string>, separator?: string): AsyncGenerator<CsvRow> {
  let rest = '';
  let line = 1;
  let mark = separator;
  const rows = function* (text: string, last: boolean): Generator<CsvRow> {
    let from = 0;
    for (;;) {
      const end = rowEnd(text, from);
      if (end === -1 && !last && text.length - from < MAX_ROW) break;
      const stop = end === -1 ? text.length : end;
      const row = text.slice(from, stop).replace(/\r$/, '');
      mark ??= separatorOf(row);
      if (row !== '') yield { cells: cellsOf(row, mark), line };
      line += 1 + (row.match(/\n/g)?.length ?? 0);
      from = stop + 1;
      if (from >= text.length) break;
    }
    rest = text.slice(Math.min(from, text.length));
  };
  for await (const chunk of chunks) yield* rows(rest === '' ? chunk.replace(/^\uFEFF/, '') : rest + chunk, false);
  if (rest !== '') yield* rows(rest, true);
}

/** The line break behind a row; -1 when it does not end in the text. */
function rowEnd(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\n' && !quoted) return at;
  }
  return -1;
}

function cellsOf(row: string, separator: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (row[at] === '"') {
      let end = at + 1;
      while (end < row.length && !(row[end] === '"' && row[end + 1] !== '"')) end += row[end] === '"' ? 2 : 1;
      cells.push(row.slice(at + 1, end).replaceAll('""', '"'));
      at = row.indexOf(separator, end);
    } else {
      const end = row.indexOf(separator, at);
      cells.push(row.slice(at, end === -1 ? undefined : end));
      at = end;
    }
    if (at === -1) return cells;
    at += separator.length;
  }
}

function separatorOf(row: string): string {
  if (row.includes(',')) return ',';
  return [';', '\t'].find((mark) => row.includes(mark)) ?? ',';
}
