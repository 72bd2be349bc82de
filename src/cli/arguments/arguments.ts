import { usageError } from '../output/exit.ts';
import { t } from '../language/text.ts';

/**
 * Strict parsing of flag values. An ambiguous value is refused with the flag, the value and the rule; nothing is rounded or
 * guessed.
 */

const MAX_SHOWN = 80;

/** Formats a refused value for an error message. */
export function shown(value: string): string {
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

function refuse(flag: string, rule: string, value: string): never {
  throw usageError(t`${flag}: ${rule} (got ${shown(value)}).`, flag);
}

/** Digits only: no sign, fraction, exponent, separator or space. */
export function wholeNumber(flag: string, value: string, what = t`must be a whole number of tokens in digits`): number {
  if (!/^\d+$/.test(value)) refuse(flag, t`${what}, such as 1200`, value);
  const n = Number(value);
  if (!Number.isSafeInteger(n)) refuse(flag, t`must be at most ${Number.MAX_SAFE_INTEGER}`, value);
  return n;
}

/** A whole number of at least 1. */
export function positive(flag: string, value: string): number {
  const rule = t`must be a whole number, at least 1`;
  const n = wholeNumber(flag, value, rule);
  if (n === 0) refuse(flag, rule, value);
  return n;
}

/** USD in the formats that programs print: `0.0042`, `.5`, `4.2e-3`. Not `$1`, `1,000` or `-1`. */
export function amount(flag: string, value: string): number {
  if (!/^(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(value) || !Number.isFinite(Number(value))) {
    refuse(flag, t`must be a non-negative amount of USD, such as 0.0042`, value);
  }
  return Number(value);
}

/** One of the choices, spelled exactly like it. */
export function choice<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === value.toLowerCase());
  return found ?? refuse(flag, t`must be one of ${choices.join(', ')}`, value);
}

/** Collects the values of a repeatable flag. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
