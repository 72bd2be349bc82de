import stringWidth from 'string-width';
import { plain } from '../../usage/text.ts';

/**
 * Tables of text that fit a terminal. Widths are counted in cells, as terminals draw them: wide characters take two,
 * combining ones none. Cells are made harmless here, so no caller can forget it.
 */

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** May be cut with an ellipsis, down to {@link MIN_WIDTH}, when the table is too wide. */
  shrinks?: boolean;
  /** Left out when shrinking is not enough; the highest one first. */
  dropOrder?: number;
}

export interface TableOptions {
  /** Cells that a line may fill. */
  width?: number | undefined;
  /** Cells left of each line. */
  indent?: number;
  /** Dresses the line of titles and the last line, after the layout. */
  head?: (line: string) => string;
  /** The last row is a sum: set apart by a rule. */
  footer?: boolean;
}

const MIN_WIDTH = 8;
const GAP = 2;
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const indent = ' '.repeat(options.indent ?? 0);
  const clean = rows.map((row) => columns.map((_, i) => harmless(row[i] ?? '')));
  const natural = columns.map((column, i) =>
    clean.reduce((width, row) => Math.max(width, stringWidth(row[i] ?? '')), stringWidth(column.title)),
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

/** No terminal is wider, and a field of a megabyte is not worth measuring. */
const MAX_CELL = 400;

function harmless(text: string): string {
  return (text.length > MAX_CELL ? plain(text, { max: MAX_CELL }) : plain(text)).trimEnd();
}

/** Columns and their widths within `width`: first the widest of those that may shrink, then some left out. */
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
  const space = ' '.repeat(Math.max(0, width - stringWidth(cut)));
  if (align === 'right') return space + cut;
  return last ? cut : cut + space;
}

/** The text in at most that many cells, with an ellipsis where it was cut, never inside a grapheme. */
export function truncate(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  let used = 1;
  for (const { segment } of segmenter.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return width > 0 ? `${cut.trimEnd()}…` : '';
}
