import { COLUMN_WIDTHS } from '../../src/protocol/choices.ts';
import type { ColumnChoice } from '../../src/protocol/choices.ts';

/** Changes of the columns that the user has chosen. All return a new list, and the same order for all other columns. */
type Columns = readonly ColumnChoice[];

/** Shows or hides a column. The last one stays. */
export function toggled(columns: Columns, key: string): Columns {
  const others = columns.filter((column) => column.key !== key);
  if (others.length === columns.length) return [...columns, { key }];
  return others.length === 0 ? columns : others;
}

/** Moves a column by a number of places, at most to the first or the last one. */
export function moved(columns: Columns, key: string, by: number): Columns {
  const from = columns.findIndex((column) => column.key === key);
  const column = columns[from];
  if (column === undefined) return columns;
  const others = columns.filter((other) => other !== column);
  const to = Math.min(others.length, Math.max(0, from + by));
  return [...others.slice(0, to), column, ...others.slice(to)];
}

/** Sets the width of a column. @param width px; undefined: a share of the view. */
export function sized(columns: Columns, key: string, width: number | undefined): Columns {
  const px =
    width === undefined ? undefined : Math.round(Math.min(COLUMN_WIDTHS.most, Math.max(COLUMN_WIDTHS.least, width)));
  return columns.map((column) => (column.key !== key ? column : px === undefined ? { key } : { key, width: px }));
}

/** The column at whose place a dragged column is dropped. @param ends right edges of the columns, px, in order. */
export function placeAt(x: number, ends: readonly number[]): number {
  const at = ends.findIndex((end) => x < end);
  return at === -1 ? ends.length - 1 : at;
}
