import { parseInput } from '../parseInput.ts';
import { UsageError } from '../record.ts';

/** Parsers of typed values, by the rules of records. Pure. */

/** The decimal mark of the user's language. */
export type DecimalMark = '.' | ',';

export type Reading<T> = { value: T } | { problem: string };

const SUFFIX = { '': 1, k: 1000, m: 1_000_000, mio: 1_000_000, mln: 1_000_000 } as const;
const PROBE = { provider: 'p', model: 'm', operation: 'o' };
const DEFAULTS = { id: () => 'id', now: () => '2000-01-01T00:00:00Z' };

/** Why a value is invalid for a field, by the rules of records; undefined if it is valid. */
export function fieldProblem(field: string, value: unknown): string | undefined {
  try {
    parseInput({ ...PROBE, [field]: value }, DEFAULTS);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error.rule;
    throw error;
  }
}

/** `12000`, `12,000`, `12_000`, `12 000`, `12k`, `1.5M`, `1.5mio`; empty means 0. With a decimal comma `12.000` and `1,5M`. */
export function readTokens(text: string, mark: DecimalMark = '.'): Reading<number> {
  const trimmed = withPoint(text.trim(), mark);
  if (trimmed === '') return { value: 0 };
  const match = /^(\d+|\d{1,3}(?:[,_ ]\d{3})+|\d+\.\d+(?=[km]))(|k|m|mio|mln)$/i.exec(trimmed);
  if (match === null) return { problem: fieldProblem('input_tokens', Number(trimmed)) ?? fieldRule() };
  const unit = SUFFIX[(match[2] ?? '').toLowerCase() as keyof typeof SUFFIX];
  // A decimal multiplied by a unit has at most six significant decimals, so rounding recovers the exact value from the float.
  const value = Math.round(Number((match[1] ?? '').replaceAll(/[,_ ]/g, '')) * unit * 1e6) / 1e6;
  const problem = fieldProblem('input_tokens', value);
  return problem === undefined ? { value } : { problem };
}

/**
 * Rewrites a number with a decimal comma to one with a decimal point. A point that cannot group thousands (`0.05`, `1.5M`)
 * stays a decimal point, because users paste such numbers.
 */
function withPoint(text: string, mark: DecimalMark): string {
  if (mark === '.' || /^\D*(?:0|\d+)\.(?!\d{3}(?:\D|$))\d+\D*$/.test(text) || /^\D*0\.\d+\D*$/.test(text)) return text;
  return text.replaceAll(/[.,]/g, (each) => (each === '.' ? ',' : '.'));
}

function fieldRule(): string {
  return fieldProblem('input_tokens', 0.5) ?? '';
}

/** `a, b` -> tags; empty means none. */
export function readTags(text: string): Reading<string[]> {
  const value = [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  const problem = fieldProblem('tags', value);
  return problem === undefined ? { value } : { problem };
}

/** ISO 8601 with an offset, or a local time: `2026-01-31 09:30`, or `09:30` for today; empty means now. */
export function readTime(text: string, now: number): Reading<string | undefined> {
  const trimmed = text.trim();
  if (trimmed === '') return { value: undefined };
  if (fieldProblem('timestamp', trimmed) === undefined) return { value: trimmed };
  const match = /^(?:(\d{4})-(\d\d)-(\d\d)[T ])?(\d\d?):(\d\d)(?::(\d\d))?$/.exec(trimmed);
  if (match === null) return { problem: fieldProblem('timestamp', trimmed) ?? '' };
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0)) as Time;
  const today = new Date(now);
  const date =
    match[1] === undefined
      ? new Date(today.getFullYear(), today.getMonth(), today.getDate(), hour, minute, second)
      : new Date(year, month - 1, day, hour, minute, second);
  // 31 February and 25:00 would become other times.
  const sameDay = match[1] === undefined || (date.getDate() === day && date.getMonth() === month - 1);
  const real = sameDay && date.getHours() === hour && date.getMinutes() === minute;
  return real ? { value: date.toISOString() } : { problem: fieldProblem('timestamp', trimmed) ?? '' };
}

type Time = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** USD: `0.05`, `$0.05`, `$1,234.50`, `1e-5`, with a decimal comma `0,05`; an empty text means that the cost is unknown. */
export function readCost(text: string, mark: DecimalMark = '.'): Reading<number | undefined> {
  const trimmed = withPoint(text.trim().replace(/^\$\s*|\s*(\$|usd)$/gi, ''), mark);
  if (trimmed === '') return { value: undefined };
  const plain = /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(trimmed) ? trimmed.replaceAll(',', '') : trimmed;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
  const problem = fieldProblem('cost_usd', value);
  return problem === undefined ? { value } : { problem };
}
