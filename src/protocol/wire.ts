import type { Group, Totals } from '../usage/query.ts';
import { tokenSum, type TokenSum } from '../usage/tokenSum.ts';

/**
 * Groups as sent from host to webview, encoded as one string. A chart by model over two years of days has thousands of groups,
 * and messages pass through the editor's own processes: each would deserialise and serialise arrays, whereas a string is copied
 * as it is.
 *
 * Groups are separated by `;`, their fields by `,`: for each grouping the index of the value in `texts`, then `rest`, then the
 * totals in the order of {@link COUNTS}, {@link MONEY} and `unconvertedNanos`. An empty field is 0, or absent if it is
 * optional. Money is a decimal number of nano-dollars, since JSON has no bigint; if the snapshot names a `currency`, the
 * recorded and estimated sums are amounts of it (see usage/amount.ts).
 */
export interface WireGroups {
  /** Number of groupings: entries of each group's key. */
  depth: number;
  /** The distinct values in all keys. */
  texts: (string | null)[];
  groups: string;
}

const COUNTS = [
  'records',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'guessedTokens',
  'estimated',
  'plan',
  'unpriced',
] as const satisfies (keyof Totals)[];
const MONEY = ['recordedNanos', 'estimatedNanos', 'planNanos'] as const satisfies (keyof Totals)[];
/** Amounts of another currency have twelve digits more than nano-dollars, and up to ten more for the rate. */
const NANOS = /^-?\d{1,60}$/;
const TOKENS = /^\d{1,60}$/;
/** Numbers with up to this many digits are exact. */
const EXACT_DIGITS = 15;
const COMMA = 44;
const SEMICOLON = 59;
const ZERO = 48;
const NINE = 57;

export function encodeGroups(groups: readonly Group[]): WireGroups {
  const codes = new Map<string | null, number>();
  const rows: string[] = [];
  for (const { key, totals, rest } of groups) {
    let row = '';
    for (const text of key) {
      let code = codes.get(text);
      if (code === undefined) codes.set(text, (code = codes.size));
      row += `${code},`;
    }
    row += rest ?? '';
    for (const field of COUNTS) row += totals[field] === 0 ? ',' : `,${totals[field]}`;
    for (const field of MONEY) row += totals[field] === 0n ? ',' : `,${totals[field]}`;
    rows.push(`${row},${totals.unconvertedNanos ?? ''}`);
  }
  return { depth: groups[0]?.key.length ?? 0, texts: [...codes.keys()], groups: rows.join(';') };
}

/** @returns undefined for malformed groups. */
export function decodeGroups(value: unknown): Group[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { depth, texts, groups: text } = value as Record<keyof WireGroups, unknown>;
  if (typeof depth !== 'number' || !isTexts(texts) || typeof text !== 'string') return undefined;
  const groups: Group[] = [];
  if (text === '') return groups;
  const fields = new Fields(text);
  do {
    const key: (string | null)[] = [];
    while (key.length < depth) {
      const part = texts[fields.number() ?? Number.NaN];
      if (part === undefined) return undefined;
      key.push(part);
    }
    const rest = fields.number();
    const group: Group = {
      key,
      totals: {
        records: fields.number() ?? 0,
        inputTokens: fields.tokens() ?? 0,
        outputTokens: fields.tokens() ?? 0,
        totalTokens: fields.tokens() ?? 0,
        cacheReadTokens: fields.tokens() ?? 0,
        cacheWriteTokens: fields.tokens() ?? 0,
        reasoningTokens: fields.tokens() ?? 0,
        guessedTokens: fields.tokens() ?? 0,
        estimated: fields.number() ?? 0,
        plan: fields.number() ?? 0,
        unpriced: fields.number() ?? 0,
        recordedNanos: fields.nanos() ?? 0n,
        estimatedNanos: fields.nanos() ?? 0n,
        planNanos: fields.nanos() ?? 0n,
      },
    };
    const unconverted = fields.nanos();
    if (unconverted !== undefined) group.totals.unconvertedNanos = unconverted;
    if (rest !== undefined) group.rest = rest;
    groups.push(group);
  } while (fields.nextGroup());
  return fields.isWhole ? groups : undefined;
}

/** Reads numbers one after another without creating a string for each: an answer may contain ten thousand. */
class Fields {
  readonly #text: string;
  /** Start of the next field. */
  #at = 0;
  /** The code of the character after the last field read; NaN at the end. */
  #followedBy = COMMA;
  #broken = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether the whole text was read and consisted of valid numbers. */
  get isWhole(): boolean {
    return !this.#broken && Number.isNaN(this.#followedBy);
  }

  /** Moves to the next group, if there is one. Call it once all fields of a group have been read. */
  nextGroup(): boolean {
    if (this.#followedBy === COMMA) this.#broken = true;
    if (this.#followedBy !== SEMICOLON) return false;
    this.#followedBy = COMMA;
    return true;
  }

  /** @returns undefined if the field is empty. */
  number(): number | undefined {
    const number = this.#simple();
    if (number !== undefined) return number < 0 ? undefined : number;
    const text = this.#field();
    if (text === '' || Number.isNaN(Number(text))) this.#broken = true;
    return Number(text);
  }

  /** @returns undefined if the field is empty. */
  tokens(): TokenSum | undefined {
    const number = this.#simple();
    if (number !== undefined) return number < 0 ? undefined : number;
    const text = this.#field();
    if (TOKENS.test(text)) return tokenSum(BigInt(text));
    this.#broken = true;
    return undefined;
  }

  /** @returns undefined if the field is empty. */
  nanos(): bigint | undefined {
    const number = this.#simple();
    if (number !== undefined) return number < 0 ? undefined : BigInt(number);
    const text = this.#field();
    if (NANOS.test(text)) return BigInt(text);
    this.#broken = true;
    return undefined;
  }

  /** Reads a field of a few digits; -1 if it is empty, undefined (reading nothing) for any other field. */
  #simple(): number | undefined {
    const text = this.#text;
    let at = this.#at;
    let number = 0;
    let code = text.charCodeAt(at);
    while (code >= ZERO && code <= NINE) {
      number = number * 10 + code - ZERO;
      code = text.charCodeAt(++at);
    }
    const digits = at - this.#at;
    if (digits > EXACT_DIGITS || (at < text.length && code !== COMMA && code !== SEMICOLON)) return undefined;
    this.#follow(at);
    return digits === 0 ? -1 : number;
  }

  #field(): string {
    const text = this.#text;
    const start = this.#at;
    let end = start;
    while (end < text.length && text.charCodeAt(end) !== COMMA && text.charCodeAt(end) !== SEMICOLON) end++;
    this.#follow(end);
    return text.slice(start, end);
  }

  #follow(end: number): void {
    // Only a comma may precede another field of the same group.
    if (this.#followedBy !== COMMA) this.#broken = true;
    this.#followedBy = this.#text.charCodeAt(end);
    this.#at = end + 1;
  }
}

function isTexts(value: unknown): value is (string | null)[] {
  return Array.isArray(value) && value.every((text) => text === null || typeof text === 'string');
}
