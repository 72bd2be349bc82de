import { parseInput, UsageError } from '../usage/record.ts';

/** What a person types into the steps of Record Usage, read and checked. */

export type Reading<T> = { value: T } | { problem: string };

const SUFFIX = { '': 1, k: 1000, m: 1_000_000 } as const;
const PROBE = { provider: 'p', model: 'm', operation: 'o' };
const DEFAULTS = { id: () => 'id', now: () => '2000-01-01T00:00:00Z' };

/** Why a value cannot stand in a field of a record, by the record's own rules; undefined when it can. */
export function fieldProblem(field: string, value: unknown): string | undefined {
  try {
    parseInput({ ...PROBE, [field]: value }, DEFAULTS);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.rule;
    throw error;
  }
}

/** `12000`, `12,000`, `12_000`, `12 000`, `12k`, `1.5M`; nothing means 0. */
export function readTokens(text: string): Reading<number> {
  const trimmed = text.trim();
  if (trimmed === '') return { value: 0 };
  const match = /^(\d+|\d{1,3}(?:[,_ ]\d{3})+|\d+\.\d+(?=[km]))([km]?)$/i.exec(trimmed);
  if (match === null) return { problem: fieldProblem('input_tokens', Number(trimmed)) ?? fieldRule() };
  const unit = SUFFIX[(match[2] ?? '').toLowerCase() as keyof typeof SUFFIX];
  // A decimal of thousands has at most six digits that count, which rounding recovers from the float.
  const value = Math.round(Number((match[1] ?? '').replaceAll(/[,_ ]/g, '')) * unit * 1e6) / 1e6;
  const problem = fieldProblem('input_tokens', value);
  return problem === undefined ? { value } : { problem };
}

function fieldRule(): string {
  return fieldProblem('input_tokens', 0.5) ?? '';
}

/** USD: `0.05`, `$0.05`, `1e-5`; nothing means that nobody knows. */
export function readCost(text: string): Reading<number | undefined> {
  const trimmed = text.trim().replace(/^\$\s*|\s*(\$|usd)$/gi, '');
  if (trimmed === '') return { value: undefined };
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
  const problem = fieldProblem('cost_usd', value);
  return problem === undefined ? { value } : { problem };
}
