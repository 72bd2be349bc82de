import { once } from '../../usage/lazy/once.ts';
import { plain } from '../../usage/text.ts';
import { cellWidth, isSimple } from './cellWidth.ts';

/**
 * Text tables that fit a terminal. Widths count cells as terminals draw them: wide characters take two, combining characters
 * none. Cells are escaped here, so callers need not do it.
 */

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Whether the column may shrink to {@link MIN_WIDTH} when the table is too wide; cut cells end in an ellipsis. */
  shrinks?: boolean;
  /** Set if the column may be dropped when shrinking is not enough; the highest value first. */
  dropOrder?: number;
}

export interface TableOptions {
  /** Maximum width of a line in cells. */
  width?: number | undefined;
  /** Indentation of each line in cells. */
  indent?: number;
  /** Styles the title line and the last line after layout. */
  head?: (line: string) => string;
  /** Whether the last row is a sum, to be separated by a line. */
  footer?: boolean;
}

const MIN_WIDTH = 8;
const GAP = 2;
/** Made on demand, because that takes a tenth of the time of a short command. */
const segmenter = once(() => new Intl.Segmenter('en', { granularity: 'grapheme' }));

export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const indent = ' '.repeat(options.indent ?? 0);
  const clean = rows.map((row) => columns.map((_, i) => harmless(row[i] ?? '')));
  const natural = columns.map((column, i) =>
    clean.reduce((width, row) => Math.max(width, cellWidth(row[i] ?? '')), cellWidth(column.title)),
  );
  const { kept, widths } = fit(
    columns,
    natural,
    options.width === undefined ? Infinity : options.width - indent.length,
  );
  const line = (cells: readonly string[]): string =>
    indent +
    kept
      .map((at, place) =>
        cell(cells[at] ?? '', widths[at] ?? 0, columns[at]?.align ?? 'left', place === kept.length - 1),
      )
      .join(' '.repeat(GAP));

  const head = options.head ?? ((text: string): string => text);
  const lines = [head(line(columns.map(({ title }) => title)))];
  const sum = options.footer === true ? clean.pop() : undefined;
  for (const row of clean) lines.push(line(row));
  if (sum !== undefined) {
    lines.push(indent + kept.map((at) => '─'.repeat(widths[at] ?? 0)).join(' '.repeat(GAP)), head(line(sum)));
  }
  return lines.map((text) => text.trimEnd()).join('\n');
}

/** No terminal is wider, and measuring a field of a megabyte would waste time. */
const MAX_CELL = 400;

function harmless(text: string): string {
  return (text.length > MAX_CELL ? plain(text, { max: MAX_CELL }) : plain(text)).trimEnd();
}

/** Fits the columns into `width`: first shrinks the widest columns that may shrink, then drops columns. */
function fit(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): { kept: number[]; widths: number[] } {
  let kept = columns.map((_, i) => i);
  for (;;) {
    const widths = [...natural];
    let over = kept.reduce((sum, i) => sum + (widths[i] ?? 0), GAP * (kept.length - 1)) - width;
    while (over > 0) {
      const widest = kept
        .filter((i) => columns[i]?.shrinks === true && (widths[i] ?? 0) > MIN_WIDTH)
        .reduce<number | undefined>(
          (best, i) => (best === undefined || widths[i]! > widths[best]! ? i : best),
          undefined,
        );
      if (widest === undefined) break;
      widths[widest]!--;
      over--;
    }
    if (over <= 0) return { kept, widths };
    const drop = kept.reduce<number | undefined>((last, i) => {
      const order = columns[i]?.dropOrder;
      return order !== undefined && order > (last === undefined ? -1 : (columns[last]?.dropOrder ?? -1)) ? i : last;
    }, undefined);
    if (drop === undefined) return { kept, widths };
    kept = kept.filter((i) => i !== drop);
  }
}

function cell(text: string, width: number, align: 'left' | 'right', last: boolean): string {
  const cut = truncate(text, width);
  const space = ' '.repeat(Math.max(0, width - cellWidth(cut)));
  if (align === 'right') return space + cut;
  return last ? cut : cut + space;
}

/** Truncates text to at most `width` cells, with an ellipsis if cut, never inside a grapheme. */
export function truncate(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  if (isSimple(text)) return width > 0 ? `${text.slice(0, width - 1).trimEnd()}…` : '';
  let cut = '';
  let used = 1;
  for (const { segment } of segmenter().segment(text)) {
    used += cellWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return width > 0 ? `${cut.trimEnd()}…` : '';
}
