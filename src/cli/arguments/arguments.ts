import { usageError } from '../output/exit.ts';

/**
 * Values of flags, read strictly: what could be meant in two ways is refused with the flag, the value and the rule, and
 * nothing is ever rounded or guessed.
 */

const MAX_SHOWN = 80;

/** A value that is refused, as it stands in an error. */
export function shown(value: string): string {
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
}

function refuse(flag: string, rule: string, value: string): never {
  throw usageError(`${flag}: ${rule} (got ${shown(value)}).`, flag);
}

/** Digits only: no sign, fraction, exponent, separator or space. */
export function wholeNumber(flag: string, value: string, what = 'must be a whole number of tokens in digits'): number {
  if (!/^\d+$/.test(value)) refuse(flag, `${what}, as 1200`, value);
  const n = Number(value);
  if (!Number.isSafeInteger(n)) refuse(flag, `must be at most ${Number.MAX_SAFE_INTEGER}`, value);
  return n;
}

/** A whole number from 1 on. */
export function positive(flag: string, value: string): number {
  const rule = 'must be a whole number from 1 on';
  const n = wholeNumber(flag, value, rule);
  if (n === 0) refuse(flag, rule, value);
  return n;
}

/** USD as programs print it: `0.0042`, `.5`, `4.2e-3`. Not `$1`, `1,000` or `-1`. */
export function amount(flag: string, value: string): number {
  if (!/^(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(value) || !Number.isFinite(Number(value))) {
    refuse(flag, 'must be an amount of USD that is not negative, as 0.0042', value);
  }
  return Number(value);
}

/** One of a list, in its own spelling. */
export function choice<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === value.toLowerCase());
  return found ?? refuse(flag, `must be one of ${choices.join(', ')}`, value);
}

/** Flags that may be given more than once. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
