import { TEXT_DIMENSIONS, type TextDimension } from '../../usage/dimensions.ts';
import { SUMMED_FIELDS } from '../../usage/fieldLists.ts';

/** The columns that derive from the field table. Their names begin with `d_`, because `user` and others are words of SQL. */

/** Dimensions with nearly as many values as there are records: they are columns of `record`, and no rollup has them. */
const FINE: readonly TextDimension[] = ['episode', 'branch', 'session', 'commit'];

export interface DimensionColumn {
  dimension: TextDimension;
  field: string;
  column: string;
  searched: boolean;
}

const COLUMNS: readonly DimensionColumn[] = TEXT_DIMENSIONS.map(({ name, field, searched }) => ({
  dimension: name,
  field,
  column: `d_${name}`,
  searched: searched === true,
}));

/** The columns of `series`: a rollup has one row for each combination of their values. */
export const SERIES_COLUMNS = COLUMNS.filter(({ dimension }) => !FINE.includes(dimension));
/** The further columns of `record`. */
export const FINE_COLUMNS = COLUMNS.filter(({ dimension }) => FINE.includes(dimension));

/** The summed token counts: the name in totals, the field, and the column. */
export const TOKEN_COLUMNS = [...SUMMED_FIELDS].map(([total, field]) => ({ total, field, column: field }));

export const TOKEN_NAMES = TOKEN_COLUMNS.map(({ column }) => column);
