/** A row of the field table in `fields.ts`. */

/** Names of the validation rules in `rules.ts`. */
export type RuleName =
  // Texts.
  | 'name'
  | 'label'
  | 'note'
  | 'time'
  // Numbers.
  | 'tokens'
  | 'cost'
  // Others.
  | 'flag'
  | 'billingMode'
  | 'charge'
  | 'tags';

export interface FieldRow {
  /** The name in `costs.json`. */
  readonly name: string;
  readonly rule: RuleName;
  /** `optional`: may be absent. `nullable`: may also be null. */
  readonly presence: 'required' | 'optional' | 'nullable';
  /** Display name, for example in the details of a record. */
  readonly label: string;
  /**
   * The version that added the field, if later than 0.1.0. Earlier versions treated it as unknown, so a ledger may contain any
   * value under its name: such a value never makes a record unreadable, and is ignored unless it is a text.
   */
  readonly added?: string;
  /** Whether inkwell keeps the field. A strict ledger refuses other fields, or omits them if we filled them in ourselves. */
  readonly inkwell?: true;
  /** The flag of `llm-spend record`, with its help text. */
  readonly flag?: { readonly name: string; readonly value: string; readonly help: string };
  /** Set if records can be grouped and filtered by the field. */
  readonly dimension?: DimensionRow;
  /** Names that other programs use; a generic import takes the first one that an entry has. */
  readonly otherNames?: readonly string[];
  /** Whether rules of the user may set the field (`llm-spend rules`). */
  readonly assigned?: true;
  /** The name of its sum in totals. */
  readonly summed?: string;
}

export interface DimensionRow {
  readonly name: string;
  /** Set where the field's own label does not fit. */
  readonly label?: string;
  /**
   * The number of its column in SQLite ledgers. Ledgers on disk depend on it: it never changes, and the number of a removed
   * field is never reused. `columnNumbers.ts` has the numbers of `tags` and of fields that are not texts.
   */
  readonly column?: number;
  /** Whether a search covers it. */
  readonly searched?: true;
  /** The filter's flag, where its short form, value or help cannot be derived from the label. */
  readonly filter?: { readonly short?: string; readonly value?: string; readonly help?: string };
}
