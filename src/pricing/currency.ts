import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
import { RATE_PLACES } from '../usage/amount.ts';
import type { Amount } from '../usage/amount.ts';
import type { Nanos } from '../usage/money.ts';
import { decimalText, scaleDecimal } from './decimal.ts';

/**
 * Shows USD in another currency, at rates that the user gave. Stored costs stay in USD.
 *
 * With a table of dated rates each day's spend is converted at that day's rate, so that past amounts do not change with the
 * rate. Converted amounts are exact integers, so days add up; only the display rounds.
 */
export interface DisplayCurrency {
  /** ISO 4217, such as `EUR`. */
  currency: string;
  /** Ascending by day. A single rate for all times has the day `''`. */
  rates: readonly DatedRate[];
}

export interface DatedRate {
  /** ISO day from which the rate applies. */
  day: string;
  /** Units of the currency per USD, in 10^-12. */
  scaled: bigint;
}

export type Conversion =
  | { kind: 'converted'; amount: Amount; rate: DatedRate }
  /** The table begins later; `first` is its first day, undefined for an empty table. */
  | { kind: 'no-rate'; day: string; first: string | undefined };

const RATE_RULE = 'must be the number of units per USD, above 0 and at most 1000000000, with at most 12 decimals';
const rate = once(() =>
  z.union([z.number(), z.string()], RATE_RULE).check(z.refine((value) => isRate(value), RATE_RULE)),
);
const day = once(() => z.iso.date('must be a day such as 2026-01-31'));
const currency = once(() =>
  z.string().check(z.regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters, such as EUR')),
);
const MAX_RATES = 100_000;

const SHAPE_RULE =
  'must be {"currency": "EUR", "rate": 0.92} or {"currency": "EUR", "rates": {"2026-01-01": 0.92, ...}}';
const oneRate = once(() => z.strictObject({ currency: currency(), rate: rate() }, SHAPE_RULE));
const datedRates = once(() =>
  z.strictObject(
    {
      currency: currency(),
      rates: z.record(day(), rate(), SHAPE_RULE).check(
        z.refine((table) => Object.keys(table).length > 0, 'must have at least one day'),
        z.refine((table) => Object.keys(table).length <= MAX_RATES, `must have at most ${MAX_RATES} days`),
      ),
    },
    SHAPE_RULE,
  ),
);

/** Parses the user's setting: one rate, or a table of rates by day. Returns the problem if it is invalid. */
export function readDisplayCurrency(value: unknown): DisplayCurrency | { problem: string } {
  const dated = typeof value === 'object' && value !== null && 'rates' in value;
  const parsed = dated ? datedRates().safeParse(value) : oneRate().safeParse(value);
  if (!parsed.success) return { problem: describe(parsed.error.issues[0]) };
  const setting = parsed.data;
  const table = 'rate' in setting ? [['', setting.rate] as const] : Object.entries(setting.rates);
  return {
    currency: setting.currency,
    rates: table
      .map(([from, value]) => ({ day: from, scaled: scaleDecimal(value, RATE_PLACES) }))
      .sort((a, b) => (a.day < b.day ? -1 : 1)),
  };
}

/** Describes how amounts were converted. */
export function currencyNote({ currency, rates }: DisplayCurrency): string {
  const [first] = rates;
  const last = rates.at(-1);
  const rate = `USD 1 = ${currency} ${decimalText(last?.scaled ?? 0n, RATE_PLACES)}`;
  const how =
    first?.day === ''
      ? `Converted at your rate: ${rate}.`
      : `Each day converted at your rate of that day, from ${first?.day ?? ''}; the last one, of ${last?.day ?? ''}, is ${rate}.`;
  return `${how} Stored costs stay in USD.`;
}

/** Whether both are equal, so that amounts converted with one are valid for the other. */
export function sameCurrency(a: DisplayCurrency | undefined, b: DisplayCurrency | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.currency === b.currency &&
    a.rates.length === b.rates.length &&
    a.rates.every(({ day, scaled }, index) => day === b.rates[index]?.day && scaled === b.rates[index]?.scaled)
  );
}

/** Converts a day's spend at that day's rate, or the latest earlier one. */
export function convert(nanos: Nanos, isoDay: string, display: DisplayCurrency): Conversion {
  const found = rateOn(isoDay, display);
  if (found === undefined) return { kind: 'no-rate', day: isoDay, first: display.rates[0]?.day };
  return { kind: 'converted', amount: nanos * found.scaled, rate: found };
}

/** The rate of a day, or the latest earlier one. Binary search; ISO days compare as text. */
export function rateOn(isoDay: string, { rates }: DisplayCurrency): DatedRate | undefined {
  let low = 0;
  let high = rates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rates[middle] as DatedRate).day <= isoDay) low = middle + 1;
    else high = middle;
  }
  return rates[low - 1];
}

function isRate(value: number | string): boolean {
  try {
    const scaled = scaleDecimal(value, RATE_PLACES);
    return scaled > 0n && scaled <= 10n ** BigInt(9 + RATE_PLACES) && scaled === exact(value);
  } catch {
    return false;
  }
}

/** undefined: the value has more decimals than we store. */
function exact(value: number | string): bigint | undefined {
  const finer = scaleDecimal(value, RATE_PLACES + 30);
  const unit = 10n ** 30n;
  return finer % unit === 0n ? finer / unit : undefined;
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys') return `${issue.keys[0] ?? ''}: is unknown; it ${SHAPE_RULE}`;
  const message = issue?.code === 'invalid_key' ? 'must be a day such as 2026-01-31' : (issue?.message ?? SHAPE_RULE);
  const place = issue?.path.join('.') ?? '';
  return place === '' ? message : `${place}: ${message}`;
}
