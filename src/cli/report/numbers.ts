import { tCount } from '../language/text.ts';
/**
 * Formats numbers for display without `Intl`, whose loading takes as long as the rest of a one-shot `record`, which scripts
 * call thousands of times.
 */

/** `1,200`; also formats the digits of a number beyond the safe range. */
export function whole(n: number | bigint | string): string {
  return String(n).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 record`, `1,200 records`, in the language of the user. */
export function counted(n: number | bigint, one: string, many = `${one}s`): string {
  return tCount(`{0} ${n === 1 ? one : many}`, whole(n));
}

/** `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
