import { DIMENSIONS } from '../dimensions.ts';
import type { Dimension } from '../query.ts';
import { ownValue } from '../tables/ownValue.ts';

/**
 * The search text as typed: words, and terms that name a field. Pure.
 *
 *     opus review          both words occur somewhere in the record
 *     model:opus           the model contains "opus"; a second term of a field is an alternative
 *     model:"gpt-5"        the model is "gpt-5"; project:"" has no project
 *     -project:x           excludes
 *     cost>0.1 tokens>=12k compares
 *
 * A text that is no such term is a word, so that a model named `gpt-oss:20b` is found by its name.
 */
export interface SearchTerms {
  /** Lower case. */
  words: readonly string[];
  fields: readonly FieldTerm[];
  amounts: readonly AmountTerm[];
}

export interface FieldTerm {
  dimension: Dimension;
  /** Lower case; the field contains it, or equals it if `exact`. */
  text: string;
  exact: boolean;
  excluded: boolean;
}

export const AMOUNTS = ['cost', 'tokens', 'input', 'output'] as const;
type AmountName = (typeof AMOUNTS)[number];
type Operator = '>' | '>=' | '<' | '<=' | '=';

export interface AmountTerm {
  amount: AmountName;
  operator: Operator;
  /** USD for a cost. */
  value: number;
}

/** A term: optional minus, a name, and `:text`, `:"text"` or a comparison; else a word. */
const TERM = /(-?)([a-z]+)(?::(?:"([^"]*)"|(\S+))|(>=|<=|>|<|=)\$?(\d[\d.,]*|[.,]\d+)([km]?))(?=\s|$)|\S+/giu;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1000, m: 1_000_000 };
/** Words for kinds of cost, as the views name them. */
const COST_WORDS: Readonly<Record<string, string>> = { unpriced: 'unknown', reported: 'recorded' };

/** A term as text, to be shown and removed one by one; `isWord` where it is no term of a field. */
export function searchParts(search: string): { text: string; isWord: boolean }[] {
  return [...search.matchAll(TERM)].map(([text]) => {
    const { fields, amounts } = parseSearch(text);
    return { text, isWord: fields.length + amounts.length === 0 };
  });
}

export function parseSearch(search: string): SearchTerms {
  const words = new Set<string>();
  const fields: FieldTerm[] = [];
  const amounts: AmountTerm[] = [];
  for (const match of search.matchAll(TERM)) {
    const [whole, minus = '', name = '', quoted, plain, operator, digits = '', unit = ''] = match;
    const key = name.toLowerCase();
    const dimension = DIMENSIONS.find((each) => each === key);
    const amount = AMOUNTS.find((each) => each === key);
    const value = Number(digits.replace(',', '.')) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
    if (operator !== undefined && amount !== undefined && minus === '' && !Number.isNaN(value)) {
      amounts.push({ amount, operator: operator as Operator, value });
    } else if (operator === undefined && dimension !== undefined) {
      const text = (quoted ?? plain ?? '').toLowerCase();
      const named = dimension === 'cost' ? (ownValue(COST_WORDS, text) ?? text) : text;
      fields.push({ dimension, text: named, exact: quoted !== undefined, excluded: minus === '-' });
    } else {
      for (const word of whole.toLowerCase().split(/\s+/u)) if (word !== '') words.add(word);
    }
  }
  return { words: [...words], fields, amounts };
}

/** The term that matches, or with `excluded` leaves out, records with exactly this value; undefined if it cannot be written. */
export function exactTerm(dimension: Dimension, value: string | null, excluded: boolean): string | undefined {
  if (value?.includes('"') === true) return undefined;
  return `${excluded ? '-' : ''}${dimension}:"${value ?? ''}"`;
}

/** Whether a value of a term's field matches it, without regard to exclusion. @param value null: the record has none. */
export function matchesTerm({ text, exact }: FieldTerm, value: string | null): boolean {
  const own = (value ?? '').toLowerCase();
  return exact ? own === text : own !== '' && own.includes(text);
}

export function compares({ operator, value }: Pick<AmountTerm, 'operator' | 'value'>, amount: number): boolean {
  switch (operator) {
    case '>':
      return amount > value;
    case '>=':
      return amount >= value;
    case '<':
      return amount < value;
    case '<=':
      return amount <= value;
    case '=':
      return amount === value;
  }
}
