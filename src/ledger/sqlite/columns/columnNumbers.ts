import { TEXT_DIMENSIONS, type TextDimension } from '../../../usage/dimensions.ts';

/** Columns with one text per record. The table of fields (`usage/fields.ts`) has their numbers. */
export type TextColumn = TextDimension;

/**
 * The number of each column in the database. Every ledger on disk depends on these numbers: they never change, and the number
 * of a removed column is never reused. A column whose content changes its meaning gets a new number.
 *
 * Adding a column needs no migration. A segment sealed earlier has no blob of that number; the column is read from the rows
 * until the segment is sealed again (segments.ts). Older versions ignore numbers that they do not know.
 */
export const COLUMN_NUMBERS = {
  ...(Object.fromEntries(TEXT_DIMENSIONS.map(({ name, column }) => [name, column])) as Record<TextColumn, number>),
  time: 0,
  cost: 1,
  input: 2,
  output: 3,
  total: 4,
  cacheRead: 5,
  cacheWrite: 6,
  reasoning: 7,
  tags: 16,
  costKind: 17,
  seq: 18,
  bigCosts: 19,
  write1h: 27,
  terms: 28,
  guessed: 29,
} as const;
export type Column = keyof typeof COLUMN_NUMBERS;
export const COLUMNS = Object.keys(COLUMN_NUMBERS) as Column[];

/** Columns that consist of numbers only. */
export type PlainColumn = Exclude<Column, TextColumn | 'tags' | 'terms' | 'bigCosts'>;

const TEXT_COLUMNS: ReadonlySet<string> = new Set(TEXT_DIMENSIONS.map(({ name }) => name));

export function isText(column: Column): column is TextColumn {
  return TEXT_COLUMNS.has(column);
}

/** Sequence numbers per segment: segment n contains n * 4096 + 1 ... (n + 1) * 4096, except removed ones. */
export const SEGMENT_SPAN = 4096;

/** All column numbers are below this. */
const KEYS_PER_SEGMENT = 64;

/**
 * The number that only a segment with all columns has: sealing writes all of them in one transaction, and new columns get
 * ascending numbers.
 */
const NEWEST = Math.max(...Object.values(COLUMN_NUMBERS));

export function columnKey(segment: number, column: Column): number {
  return segment * KEYS_PER_SEGMENT + COLUMN_NUMBERS[column];
}

/** SQL condition on a row of `segment`: whether it was sealed by a version that knew fewer columns. */
export const LACKS_COLUMNS = `NOT EXISTS (SELECT 1 FROM segment_column WHERE key = number * ${KEYS_PER_SEGMENT} + ${NEWEST})`;

export function segmentOf(seq: number): number {
  return Math.floor((seq - 1) / SEGMENT_SPAN);
}

/** The keys of all columns of a segment, half-open. */
export function columnKeys(segment: number): [first: number, end: number] {
  return [segment * KEYS_PER_SEGMENT, (segment + 1) * KEYS_PER_SEGMENT];
}
