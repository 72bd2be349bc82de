import { parseInput } from '../../usage/parseInput.ts';
import { UsageError } from '../../usage/record.ts';

/** Parsers of the texts entered in the steps of Record Usage. */

export type Reading<T> = { value: T } | { problem: string };

const SUFFIX = { '': 1, k: 1000, m: 1_000_000 } as const;
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

/** `12000`, `12,000`, `12_000`, `12 000`, `12k`, `1.5M`; empty means 0. */
export function readTokens(text: string): Reading<number> {
  const trimmed = text.trim();
  if (trimmed === '') return { value: 0 };
  const match = /^(\d+|\d{1,3}(?:[,_ ]\d{3})+|\d+\.\d+(?=[km]))([km]?)$/i.exec(trimmed);
  if (match === null) return { problem: fieldProblem('input_tokens', Number(trimmed)) ?? fieldRule() };
  const unit = SUFFIX[(match[2] ?? '').toLowerCase() as keyof typeof SUFFIX];
  // A decimal multiplied by a unit has at most six significant decimals, so rounding recovers the exact value from the float.
  const value = Math.round(Number((match[1] ?? '').replaceAll(/[,_ ]/g, '')) * unit * 1e6) / 1e6;
  const problem = fieldProblem('input_tokens', value);
  return problem === undefined ? { value } : { problem };
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

/** USD: `0.05`, `$0.05`, `1e-5`; an empty text means that the cost is unknown. */
export function readCost(text: string): Reading<number | undefined> {
  const trimmed = text.trim().replace(/^\$\s*|\s*(\$|usd)$/gi, '');
  if (trimmed === '') return { value: undefined };
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
  const problem = fieldProblem('cost_usd', value);
  return problem === undefined ? { value } : { problem };
}
