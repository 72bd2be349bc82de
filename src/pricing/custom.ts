import * as z from 'zod/mini';
import { globMatches, specificity } from './glob.ts';
import { rate, type Rates } from './rates.ts';
import { once } from '../usage/lazy/once.ts';

/**
 * A custom price: for models that the table does not know, for discounts, and for models on a private machine. Custom prices
 * take precedence over the table.
 */
export interface CustomPrice {
  /** Pattern for the record's provider, or for the table's name of it. Absent: any. */
  provider?: string | undefined;
  /** Pattern for the model, such as `claude-*`. */
  model: string;
  /** All prices are USD per million tokens. */
  input: number;
  output: number;
  /** Absent: the input price. */
  cache_read?: number | undefined;
  /** Absent: the input price. */
  cache_write?: number | undefined;
  /** Cache writes kept for an hour. Absent: the price of `cache_write`. */
  cache_write_1h?: number | undefined;
  /** Absent: the output price. */
  reasoning?: number | undefined;
  /** ISO day (UTC) from which the price applies. Absent: always. */
  from?: string | undefined;
  note?: string | undefined;
}

/** An invalid custom price: its position in the list, and the reason. */
export interface CustomPriceProblem {
  /** 0-based position in the list; -1 for the list itself. */
  index: number;
  /** The field concerned; empty for the whole price. */
  field: string;
  message: string;
}

/** USD per million tokens. The most expensive list price is far below; a higher value must be a mistake of unit. */
const MAX_PRICE = 100_000;
const MAX_RULES = 10_000;

const PRICE_RULE = `must be a price in USD per million tokens, from 0 to ${MAX_PRICE}`;
const PATTERN_RULE = 'must be a name or a pattern such as claude-*';

/** The fields of a custom price, in documentation order. */
export const CUSTOM_PRICE_FIELDS = [
  'provider',
  'model',
  'input',
  'output',
  'cache_read',
  'cache_write',
  'cache_write_1h',
  'reasoning',
  'from',
  'note',
] as const satisfies readonly (keyof CustomPrice)[];

/** Returns the schema of a custom price. Built lazily: a one-shot `record` without custom prices would wait for it. */
const customPrice = once(() => {
  const price = z.number(PRICE_RULE).check(
    z.refine((n) => Number.isFinite(n) && n >= 0 && n <= MAX_PRICE, { error: PRICE_RULE, abort: true }),
    z.refine((n) => n === 0 || n >= 1e-9, 'must be 0 or at least 0.000000001 USD per million tokens'),
  );
  const pattern = z
    .string(PATTERN_RULE)
    .check(z.trim(), z.minLength(1, PATTERN_RULE), z.maxLength(256, 'must have at most 256 characters'));
  const note = z.string('must be a string').check(z.maxLength(1024, 'must have at most 1024 characters'));
  const fields = {
    provider: z.optional(pattern),
    model: pattern,
    input: price,
    output: price,
    cache_read: z.optional(price),
    cache_write: z.optional(price),
    cache_write_1h: z.optional(price),
    reasoning: z.optional(price),
    from: z.optional(z.iso.date('must be a day such as 2026-01-31')),
    note: z.optional(note),
  } satisfies Record<(typeof CUSTOM_PRICE_FIELDS)[number], z.ZodMiniType>;
  return z.strictObject(fields, 'must be an object with model, input and output');
});

/** Parses a list of custom prices: returns the valid ones, and the problems of the others. */
export function readCustomPrices(value: unknown): { prices: CustomPrice[]; problems: CustomPriceProblem[] } {
  if (value === undefined || value === null) return { prices: [], problems: [] };
  if (!Array.isArray(value)) {
    return { prices: [], problems: [{ index: -1, field: '', message: 'must be a list of prices' }] };
  }
  const prices: CustomPrice[] = [];
  const problems: CustomPriceProblem[] = [];
  if (value.length > MAX_RULES)
    problems.push({ index: -1, field: '', message: `only the first ${MAX_RULES} prices are used` });
  for (const [index, entry] of value.slice(0, MAX_RULES).entries()) {
    const parsed = customPrice().safeParse(entry);
    if (parsed.success) prices.push(parsed.data);
    else problems.push(...parsed.error.issues.map((issue) => describe(index, entry, issue)));
  }
  return { prices, problems };
}

function describe(index: number, entry: unknown, issue: z.core.$ZodIssue): CustomPriceProblem {
  if (issue.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? '';
    return { index, field, message: `is not a field of a price; there are ${CUSTOM_PRICE_FIELDS.join(', ')}` };
  }
  const field = issue.path.join('.');
  const missing = field !== '' && (entry as Record<string, unknown>)[field] === undefined;
  return { index, field, message: missing ? 'is required' : issue.message };
}

/** The rules that match a model, best first: the most specific pattern, then the latest `from`, then the last in the list. */
export function matchingPrices(
  rules: readonly CustomPrice[],
  providers: readonly string[],
  models: readonly string[],
): CustomPrice[] {
  return rules
    .map((rule, index) => ({ rule, index }))
    .filter(
      ({ rule }) =>
        (rule.provider === undefined || providers.some((name) => globMatches(rule.provider ?? '', name))) &&
        models.some((name) => globMatches(rule.model, name)),
    )
    .sort(
      (a, b) =>
        specificity(b.rule.model) - specificity(a.rule.model) ||
        specificity(b.rule.provider ?? '*') - specificity(a.rule.provider ?? '*') ||
        start(b.rule) - start(a.rule) ||
        b.index - a.index,
    )
    .map(({ rule }) => rule);
}

/** The rule in force at a time (ms since the epoch), of rules sorted by {@link matchingPrices}. */
export function priceInForce(sorted: readonly CustomPrice[], at: number): CustomPrice | undefined {
  return sorted.find((rule) => start(rule) <= at);
}

function start(rule: CustomPrice): number {
  return rule.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(rule.from);
}

export function customRates(rule: CustomPrice): Rates {
  const input = rate(rule.input);
  const output = rate(rule.output);
  const cacheRead = rule.cache_read === undefined ? input : rate(rule.cache_read);
  const cacheWrite = rule.cache_write === undefined ? input : rate(rule.cache_write);
  return {
    input,
    cacheRead,
    cacheWrite5m: cacheWrite,
    cacheWrite1h: rule.cache_write_1h === undefined ? cacheWrite : rate(rule.cache_write_1h),
    inputAudio: input,
    cacheAudioRead: cacheRead,
    inputImage: input,
    cacheImageRead: cacheRead,
    inputVideo: input,
    output,
    reasoning: rule.reasoning === undefined ? output : rate(rule.reasoning),
    outputAudio: output,
    outputImage: output,
    outputVideo: output,
    citation: output,
  };
}
