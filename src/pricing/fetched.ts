import * as z from 'zod/mini';
import type { FetchedPrices } from './table.ts';

/**
 * Price data that was fetched from the internet, checked before anything is priced by it.
 *
 * Fetching is the caller's, and only when a person asks for it: from {@link PRICE_DATA_URL}, which is genai-prices' own.
 */
export const PRICE_DATA_URL =
  'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json';

/** In UTF-16 units; today it is about one million. */
export const MAX_PRICE_DATA = 20_000_000;

/** Price data that cannot be used; the data before it stays in use. */
export class PriceDataError extends Error {
  override readonly name = 'PriceDataError';
}

const amount = z.number().check(z.gte(0), z.lte(1e6));
const price = z.record(
  z.string(),
  z.union([
    amount,
    z.looseObject({
      base: amount,
      tiers: z.array(z.looseObject({ start: z.int().check(z.gte(0)), price: amount })),
    }),
  ]),
);
/** How names are matched. Its regular expressions are bounded, because each name of a ledger is tried on them. */
const rule = z.unknown().check(z.refine((match) => isMatch(match), 'is no rule for names'));
const model = z.looseObject({
  id: z.string(),
  match: rule,
  prices: z.union([price, z.array(z.looseObject({ prices: price })).check(z.minLength(1))]),
});
const data = z.array(
  z.looseObject({
    id: z.string(),
    name: z.string(),
    api_pattern: z.string().check(z.refine((pattern) => isPattern(pattern), 'is no pattern')),
    model_match: z.optional(rule),
    provider_match: z.optional(rule),
    models: z.array(model),
  }),
);

/**
 * @param date ISO day that the data is of.
 * @throws {PriceDataError}
 */
export function parsePriceData(text: string, date: string): FetchedPrices {
  if (text.length > MAX_PRICE_DATA) throw new PriceDataError('The price data is too large.');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PriceDataError('The price data is no JSON.');
  }
  return checkPriceData(json, date);
}

/** The same for data that was parsed already. */
export function checkPriceData(json: unknown, date: string): FetchedPrices {
  const parsed = data.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PriceDataError(`The price data has an unknown form at ${issue?.path.join('.') || 'its top'}.`);
  }
  // The schema is looser than the library's types (its conditions of time), which the library checks on taking them.
  return { providers: parsed.data as unknown as FetchedPrices['providers'], date };
}

/**
 * The ISO day of price data: that on which its newest price began; undefined where no price in it has a day. Prices that begin
 * later than `today` were announced.
 */
export function dataDate({ providers }: FetchedPrices, today: string): string | undefined {
  let newest: string | undefined;
  for (const { prices } of providers.flatMap(({ models }) => models)) {
    for (const { constraint } of Array.isArray(prices) ? prices : []) {
      if (constraint?.type !== 'start_date') continue;
      const day = constraint.start_date.slice(0, '2026-01-31'.length);
      if (day <= today && (newest === undefined || day > newest)) newest = day;
    }
  }
  return newest;
}

const PLAIN_RULES: ReadonlySet<string> = new Set(['equals', 'starts_with', 'ends_with', 'contains']);

/** genai-prices' rules for names, nested a few levels at most. */
function isMatch(match: unknown, depth = 0): boolean {
  if (typeof match !== 'object' || match === null || depth > 10) return false;
  return Object.entries(match).every(([rule, operand]) => {
    if (rule === 'or' || rule === 'and')
      return Array.isArray(operand) && operand.every((each) => isMatch(each, depth + 1));
    if (typeof operand !== 'string') return false;
    return rule === 'regex' ? isPattern(operand) : PLAIN_RULES.has(rule);
  });
}

const MAX_PATTERN = 300;
/** Each doubles the ways in which a pattern may be tried at most. The table's own patterns have 10 at most. */
const MAX_CHOICES = 12;
/** A repetition without an upper bound that is not of a group. */
const UNBOUNDED = /(?<!\\)(?:\\\\)*(?:[*+]|\{\d*,\})/g;
const REPEATED_GROUP = /\)(?:[*+]|\{)/;
const LARGE_BOUND = /\{(?:\d*,)?\d{3,}\}/;
const BACKWARD = /\\(?:[1-9]|k<)|\(\?<[=!]/;

/**
 * Whether a pattern is a regular expression that takes time in proportion to the name: no repeated groups, at most one
 * repetition without a bound, few alternatives, and neither references nor looks back. All patterns that genai-prices publishes are of this form.
 */
export function isPattern(pattern: string): boolean {
  if (pattern.length > MAX_PATTERN || REPEATED_GROUP.test(pattern) || LARGE_BOUND.test(pattern)) return false;
  if (BACKWARD.test(pattern)) return false;
  const bare = pattern.replaceAll(/\[(?:\\.|[^\]])*\]/g, 'c').replaceAll('(?', '(');
  if ((bare.match(UNBOUNDED) ?? []).length > 1) return false;
  if ((bare.match(/[|?]|\{\d+,\d+\}/g) ?? []).length > MAX_CHOICES) return false;
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
