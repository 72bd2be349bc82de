import { matchesTerm, parseSearch, type AmountTerm, type FieldTerm } from '../../../usage/line/searchText.ts';
import type { Dimension, UsageFilter } from '../../../usage/query.ts';
import { DIMENSIONS } from '../../../usage/dimensions.ts';
import { FINE_COLUMNS, SERIES_COLUMNS } from '../columns.ts';
import type { SqlValue } from '../server/engine.ts';
import { encodeText, keyOfId, searchText } from '../rows.ts';

/** Collects the values of a statement; returns the placeholder of each. */
export class Parameters {
  readonly values: SqlValue[] = [];

  add(value: SqlValue, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/** The condition of a filter, without its times. */
export interface Condition {
  /** Whether no record can match. */
  never: boolean;
  /** Terms on the table `s` (series). */
  series: string[];
  /** The dimensions of these terms. */
  dimensions: Dimension[];
  /** Terms on the table `r` (record), which rollups cannot answer. */
  records: string[];
}

const FINE = new Map(FINE_COLUMNS.map(({ dimension, column }) => [dimension as Dimension, column]));
const COARSE = new Map(SERIES_COLUMNS.map(({ dimension, column }) => [dimension as Dimension, column]));

/** Whether a dimension has a column of `record`, so that no rollup knows its values. */
export function isFine(dimension: Dimension): boolean {
  return dimension === 'tag' || FINE.has(dimension);
}

/** The expression for a text dimension. */
export function columnOfDimension(dimension: Dimension): string {
  if (dimension === 'cost') return 's.cost_kind';
  return COARSE.has(dimension) ? `s.${COARSE.get(dimension)}` : `r.${FINE.get(dimension)}`;
}

/**
 * @param name the ledger's name.
 * @param excluded ids of records that another ledger counts.
 */
export function conditionOf(
  filter: UsageFilter,
  name: string,
  excluded: ReadonlySet<string>,
  parameters: Parameters,
): Condition {
  const condition: Condition = { never: false, series: [], dimensions: [], records: [] };
  for (const dimension of DIMENSIONS) {
    const values = filter.values?.[dimension];
    if (values === undefined) continue;
    if (dimension === 'ledger') condition.never ||= !values.includes(name);
    else if (dimension === 'tag') condition.records.push(tagTerm(values, parameters));
    else {
      const wanted = values.map((value) => encodeText(value ?? ''));
      const term = `${columnOfDimension(dimension)} = ANY(${parameters.add(wanted, 'TEXT[]')})`;
      addTerm(condition, dimension, term);
    }
  }
  addSearch(filter.search ?? '', name, condition, parameters);
  if (excluded.size > 0) {
    condition.records.push(`NOT (r.usage_key = ANY(${parameters.add([...excluded].map(keyOfId), 'TEXT[]')}))`);
  }
  return condition;
}

function addTerm(condition: Condition, dimension: Dimension, term: string): void {
  if (isFine(dimension)) {
    condition.records.push(term);
    return;
  }
  condition.series.push(term);
  condition.dimensions.push(dimension);
}

const AMOUNT_COLUMNS: Readonly<Record<AmountTerm['amount'], string>> = {
  // In USD as JavaScript computes it; an unknown cost is null, and passes no comparison.
  cost: 'CAST(r.cost_nanos AS DOUBLE PRECISION) / 1e9',
  tokens: 'r.total_tokens',
  input: 'r.input_tokens',
  output: 'r.output_tokens',
};

/** Adds the terms of a search as typed: see `parseSearch`. */
function addSearch(search: string, name: string, condition: Condition, parameters: Parameters): void {
  const { words, fields, amounts } = parseSearch(search);
  for (const word of new Set(words.map(searchText))) {
    const parameter = parameters.add(word, 'TEXT');
    condition.records.push(`(position(${parameter} IN r.search) > 0 OR position(${parameter} IN s.search) > 0)`);
  }
  for (const { amount, operator, value } of amounts) {
    const wanted = parameters.add(value, 'DOUBLE PRECISION');
    condition.records.push(`${AMOUNT_COLUMNS[amount]} ${operator} ${wanted}`);
  }
  for (const dimension of new Set(fields.map((each) => each.dimension))) {
    for (const excludes of [false, true]) {
      const terms = fields.filter((each) => each.dimension === dimension && each.excluded === excludes);
      if (terms.length === 0) continue;
      if (dimension === 'ledger') condition.never ||= terms.some((term) => matchesTerm(term, name)) === excludes;
      else {
        const any = fieldTerms(dimension, terms, parameters);
        addTerm(condition, dimension, excludes ? `NOT ${any}` : any);
      }
    }
  }
}

/** Whether one of the terms matches. Case is ignored as the server does it: for ASCII, and more if its locale knows more. */
function fieldTerms(dimension: Dimension, terms: readonly FieldTerm[], parameters: Parameters): string {
  const column = dimension === 'tag' ? 'x.tag' : columnOfDimension(dimension);
  const tests = terms.map(({ text, exact }) => {
    const wanted = parameters.add(encodeText(text), 'TEXT');
    return exact ? `lower(${column}) = ${wanted}` : `(${column} <> '' AND position(${wanted} IN lower(${column})) > 0)`;
  });
  const any = `(${tests.join(' OR ')})`;
  return dimension === 'tag' ? `EXISTS (SELECT 1 FROM ${TAGS} AS x(tag) WHERE ${any})` : any;
}

/** The tags of a record as rows; one empty row if it has none. */
export const TAGS = "unnest(CASE WHEN r.tags = '' THEN ARRAY[''::TEXT] ELSE string_to_array(r.tags, chr(10)) END)";

function tagTerm(values: readonly (string | null)[], parameters: Parameters): string {
  const terms = values.map((value) =>
    value === null || value === ''
      ? "r.tags = ''"
      : `position(chr(10) || ${parameters.add(encodeText(value), 'TEXT')} || chr(10) IN chr(10) || r.tags || chr(10)) > 0`,
  );
  return terms.length === 0 ? 'FALSE' : `(${terms.join(' OR ')})`;
}
