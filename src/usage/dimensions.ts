import type { DimensionRow } from './fieldRow.ts';
import { ROWS, type DimensionOfField, type FieldName } from './fields.ts';

/** What records can be grouped and filtered by, as the table of fields says. `tag` is many-valued: a record counts in each. */

/** Dimensions that the fields of a record give; the command has a filter for each. */
export type FieldDimension = DimensionOfField['name'];
/** Those of one text for each record. */
export type TextDimension = Extract<DimensionOfField, { column: number }>['name'];
/** Beside them: the ledger that holds the record, and the kind of its cost. */
export type Dimension = 'ledger' | FieldDimension | 'cost';

/** A dimension with the field that it stands in. */
export interface FieldOfDimension<Name extends FieldDimension = FieldDimension> extends DimensionRow {
  readonly name: Name;
  readonly field: FieldName;
  readonly label: string;
}

export const FIELD_DIMENSIONS: readonly FieldOfDimension[] = ROWS.flatMap(({ name, label, dimension }) =>
  dimension === undefined ? [] : [{ label, ...dimension, field: name } as FieldOfDimension],
);

export const TEXT_DIMENSIONS = FIELD_DIMENSIONS.filter(
  (row): row is FieldOfDimension<TextDimension> & { column: number } => row.column !== undefined,
);

export const DIMENSIONS: readonly Dimension[] = ['ledger', ...FIELD_DIMENSIONS.map(({ name }) => name), 'cost'];

/** For people. */
export const DIMENSION_LABELS = {
  ledger: 'Ledger',
  ...Object.fromEntries(FIELD_DIMENSIONS.map(({ name, label }) => [name, label])),
  cost: 'Cost type',
} as Readonly<Record<Dimension, string>>;

/** The texts that a search looks into. */
export const SEARCHED: readonly FieldDimension[] = FIELD_DIMENSIONS.flatMap(({ name, searched }) =>
  searched === true ? [name] : [],
);

export function isDimension(name: string): name is Dimension {
  return (DIMENSIONS as readonly string[]).includes(name);
}
