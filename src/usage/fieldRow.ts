/** What a row of the table of fields (`fields.ts`) says of its field. */

/** What a value must be: see `rules.ts`. */
export type RuleName = 'name' | 'label' | 'note' | 'tokens' | 'cost' | 'flag' | 'time' | 'billingMode' | 'tags';

export interface FieldRow {
  /** As it stands in `costs.json`. */
  readonly name: string;
  readonly rule: RuleName;
  /** `optional`: may be absent. `nullable`: may also be null. */
  readonly presence: 'required' | 'optional' | 'nullable';
  /** For people, as in the details of a record. */
  readonly label: string;
  /**
   * The version that added the field, where that is later than 0.1.0. Before, it was a field that we do not know: what stands in
   * a ledger under its name is no reason to call a record unreadable, and counts as none where it is no text.
   */
  readonly added?: string;
  /** inkwell keeps the field; without it a strict ledger refuses the field, or leaves it out where it is ours alone. */
  readonly inkwell?: true;
  /** The flag of `llm-spend record`, and its text in the help. */
  readonly flag?: { readonly name: string; readonly value: string; readonly help: string };
  /** Records can be grouped and filtered by it. */
  readonly dimension?: DimensionRow;
  /** What other programs call it: a generic import takes the first that an entry has. */
  readonly otherNames?: readonly string[];
  /** Its sum in totals. */
  readonly summed?: string;
}

export interface DimensionRow {
  readonly name: string;
  /** Where the field's own label would not do. */
  readonly label?: string;
  /**
   * The number of its column in an SQLite ledger: a promise to the ledgers that are on disks. It never changes, and the number
   * of a field that was given up is never used again. Of `tags` and what is no text, `columnNumbers.ts` has the numbers.
   */
  readonly column?: number;
  /** A search looks into it. */
  readonly searched?: true;
  /** The filter's flag where it has a short form or another value or text than derive from the label. */
  readonly filter?: { readonly short?: string; readonly value?: string; readonly help?: string };
}
