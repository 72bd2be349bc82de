import type { Provider } from '@pydantic/genai-prices';
import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';

/** Fetched price data, validated by `parsePriceData`. */
export interface FetchedPrices {
  providers: Provider[];
  /** ISO day of the fetch. */
  date: string;
}

/**
 * Price data fetched from the internet, validated before it is used.
 *
 * The caller fetches it, only at the user's request, from {@link PRICE_DATA_URL}, genai-prices' own address.
 */
export const PRICE_DATA_URL =
  'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json';

/** In UTF-16 units; currently the data has about one million. */
export const MAX_PRICE_DATA = 20_000_000;

/** Price data is unusable; the previous data stays in use. */
export class PriceDataError extends Error {
  override readonly name = 'PriceDataError';
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Returns the schema of price data. Built lazily: most processes have no fetched data. */
const priceData = once(() => {
  const timeOfDay = z.string().check(z.regex(TIME_OF_DAY));
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
  // The regular expressions of rules are restricted, because every name in a ledger is matched against them.
  const rule = z.unknown().check(z.refine((match) => isMatch(match), 'is not a valid rule for names'));
  // A condition that is not known makes the data unusable, because its price would then apply at all times.
  const constraint = z.optional(
    z.union([
      z.strictObject({ type: z.optional(z.literal('start_date')), start_date: z.iso.date() }),
      z.strictObject({ type: z.optional(z.literal('time_of_date')), start_time: timeOfDay, end_time: timeOfDay }),
    ]),
  );
  const model = z.looseObject({
    id: z.string(),
    match: rule,
    prices: z.union([price, z.array(z.looseObject({ prices: price, constraint })).check(z.minLength(1))]),
  });
  return z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      api_pattern: z.string().check(z.refine((pattern) => isPattern(pattern), 'is not a valid pattern')),
      model_match: z.optional(rule),
      provider_match: z.optional(rule),
      models: z.array(model),
    }),
  );
});

/** @param date ISO day of the data. @throws {PriceDataError} */
export function parsePriceData(text: string, date: string): FetchedPrices {
  if (text.length > MAX_PRICE_DATA) throw new PriceDataError('The price data is too large.');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new PriceDataError('The price data is not valid JSON.');
  }
  return checkPriceData(json, date);
}

/** Like {@link parsePriceData}, for parsed data. */
export function checkPriceData(json: unknown, date: string): FetchedPrices {
  const parsed = priceData().safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PriceDataError(`The price data has an unknown form at ${issue?.path.join('.') || 'its top'}.`);
  }
  return { providers: parsed.data as unknown as FetchedPrices['providers'], date };
}

/**
 * The ISO day of price data: the day on which its newest price came into force; undefined when no price has a day. Prices after
 * `today` are announced ones, and do not count.
 */
export function dataDate({ providers }: FetchedPrices, today: string): string | undefined {
  let newest: string | undefined;
  for (const { prices } of providers.flatMap(({ models }) => models)) {
    for (const { constraint } of Array.isArray(prices) ? prices : []) {
      if (constraint === undefined || !('start_date' in constraint)) continue;
      const day = constraint.start_date;
      if (day <= today && (newest === undefined || day > newest)) newest = day;
    }
  }
  return newest;
}

const PLAIN_RULES: ReadonlySet<string> = new Set(['equals', 'starts_with', 'ends_with', 'contains']);

/** genai-prices' rules for names, nested at most a few levels. */
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
/** Each optional part can double the number of ways to match. The table's own patterns have at most 10. */
const MAX_CHOICES = 12;
/** An unbounded repetition of anything but a group. */
const UNBOUNDED = /(?<!\\)(?:\\\\)*(?:[*+]|\{\d*,\})/g;
const REPEATED_GROUP = /\)(?:[*+]|\{)/;
const LARGE_BOUND = /\{(?:\d*,)?\d{3,}\}/;
const BACKWARD = /\\(?:[1-9]|k<)|\(\?<[=!]/;

/**
 * Whether a regular expression takes time proportional to the name's length: no repeated groups, at most one unbounded
 * repetition, few alternatives, and no backreferences or lookbehind. All patterns published by genai-prices have this form.
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
