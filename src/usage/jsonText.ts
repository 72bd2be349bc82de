import { unicodeEscapes } from './text.ts';
import type { TokenSum } from './tokenSum.ts';

/**
 * Control characters, invisible formats and line separators, which can control a terminal or hide text, and which
 * JSON.stringify mostly leaves unescaped. (Line feeds occur only between the members of indented JSON.) Built lazily.
 */
let steering: RegExp | undefined;

/**
 * Serialises a value as JSON that is safe to print. Such characters become `\u` escapes, so the JSON parses to the same value
 * as that of JSON.stringify.
 */
export function jsonText(value: unknown, indent?: number): string {
  steering ??= /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
  return JSON.stringify(value, undefined, indent).replace(steering, unicodeEscapes);
}

/** The text of a JSON value, which JSON.stringify writes as it is. */
export interface RawJson {
  readonly rawJSON: string;
}

/** Node has it since version 21, TypeScript's library does not yet. */
const { rawJSON } = JSON as { rawJSON?: (text: string) => RawJson };

/** A sum as a JSON number with all of its digits. Node 20 cannot write those beyond 2^53: there it is the nearest number. */
export function exactNumber(sum: TokenSum): number | RawJson {
  if (typeof sum === 'number') return sum;
  return rawJSON === undefined ? Number(sum) : rawJSON(sum.toString());
}
