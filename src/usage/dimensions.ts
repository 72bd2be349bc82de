import type { DimensionRow } from './fieldRow.ts';
import { ROWS, type DimensionOfField, type FieldName } from './fieldLists.ts';

/**
 * Dimensions by which records can be grouped and filtered, derived from the field table. `tag` has many values: a record counts
 * towards each of them.
 */

/** Dimensions backed by a record field; the command has a filter for each. */
export type FieldDimension = DimensionOfField['name'];
/** Dimensions with a single text per record. */
export type TextDimension = Extract<DimensionOfField, { column: number }>['name'];
/** All dimensions: those of fields, the ledger that contains the record, and the kind of its cost. */
export type Dimension = 'ledger' | FieldDimension | 'cost';

/** A dimension and the field that backs it. */
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

/** Display names. */
export const DIMENSION_LABELS = {
  ledger: 'Ledger',
  ...Object.fromEntries(FIELD_DIMENSIONS.map(({ name, label }) => [name, label])),
  cost: 'Cost type',
} as Readonly<Record<Dimension, string>>;

/** The dimensions that a search covers. */
export const SEARCHED: readonly FieldDimension[] = FIELD_DIMENSIONS.flatMap(({ name, searched }) =>
  searched === true ? [name] : [],
);

export function isDimension(name: string): name is Dimension {
  return (DIMENSIONS as readonly string[]).includes(name);
}

/** The machines whose costs are shown: this one, all of the user, or all of the team. The last two need a team's ledger. */
export const SCOPES = ['machine', 'me', 'team'] as const;
export type Scope = (typeof SCOPES)[number];
