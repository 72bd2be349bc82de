import type { FieldRow } from './fieldRow.ts';
import { FIELDS } from './fields.ts';

/** Types and lists that derive from the field table. */

type Row = (typeof FIELDS)[number];
type With<Key extends string> = Extract<Row, Readonly<Record<Key, unknown>>>;

export type FieldName = Row['name'];
/** Rows of fields with a flag in `llm-spend record`. */
export type FlagRow = With<'flag'>;
/** Fields that contain one optional text. */
export type NullableText = Extract<Row, { presence: 'nullable' }>['name'];
export type SummedTokens = With<'summed'>['summed'];
export type MappedField = With<'otherNames'>['name'];

/** The dimensions, as declared in their rows. */
export type DimensionOfField = With<'dimension'>['dimension'];

/** The rows, typed by their common interface. */
export const ROWS: readonly FieldRow[] = FIELDS;

/** The summed fields, keyed by the name of their sum in totals. */
export const SUMMED_FIELDS: ReadonlyMap<SummedTokens, FieldName> = new Map(
  FIELDS.flatMap((row) => ('summed' in row ? [[row.summed, row.name] as const] : [])),
);

/** @returns the names of fields whose row passes `test`, in table order. */
export function fieldsWith(test: (row: FieldRow) => boolean): FieldName[] {
  return ROWS.filter(test).map(({ name }) => name as FieldName);
}

/** Returns the row of a field; undefined for unknown fields. */
export function fieldRow(name: string): FieldRow | undefined {
  return ROWS.find((row) => row.name === name);
}
