/**
 * Money in calculations: whole nano-dollars (1e-9 USD). Floats occur only in files (`cost_usd`).
 *
 * A double represents every amount up to 4.5 million USD exactly in nano-dollars, so single costs are numbers. Sums use {@link
 * NanoSum}, which switches to a bigint before a number could lose precision.
 */
export type Nanos = bigint;

export const NANOS_PER_USD = 1_000_000_000n;
const SPILL = 2 ** 52;
const EXACT = BigInt(SPILL);

/** Converts USD, as stored in a record, to nano-dollars, rounding half up. Requires a finite value. */
export function usdToNanos(usd: number): Nanos {
  const scaled = usd * 1e9;
  if (scaled <= SPILL) return BigInt(Math.round(scaled));
  // Beyond 2^52 the product has no fraction bits: convert whole dollars and the remainder separately.
  const dollars = Math.trunc(usd);
  return BigInt(dollars) * NANOS_PER_USD + BigInt(Math.round((usd - dollars) * 1e9));
}

/** Converts nano-dollars to the nearest double of USD, for JSON output and for `cost_usd`. */
export function nanosToUsd(nanos: Nanos): number {
  // The quotient of two exact numbers is the nearest double; for larger amounts it would be rounded twice.
  if (nanos <= EXACT && nanos >= -EXACT) return Number(nanos) / 1e9;
  return Number(nanosToDecimal(nanos));
}

/** Converts nano-dollars to an exact decimal number of USD without trailing zeros: `4.2`, `0.000000001`, `-3`. */
export function nanosToDecimal(nanos: Nanos): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % NANOS_PER_USD).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / NANOS_PER_USD}${fraction === '' ? '' : `.${fraction}`}`;
}

/** An exact running sum of nano-dollars; in the common case adding costs one float addition. */
export class NanoSum {
  #high = 0n;
  #low = 0;

  /** @param nanos a whole number of nano-dollars, at most 2^52 in magnitude. */
  add(nanos: number): void {
    this.#low += nanos;
    if (this.#low > SPILL || this.#low < -SPILL) this.#spill();
  }

  addBig(nanos: Nanos): void {
    this.#high += nanos;
  }

  get value(): Nanos {
    return this.#high + BigInt(this.#low);
  }

  #spill(): void {
    this.#high += BigInt(this.#low);
    this.#low = 0;
  }
}

/**
 * Formats an amount for display: `$4.20`, `$1,234.50`. Small amounts keep three significant digits (`$0.000123`), so a cost
 * above zero is never shown as $0.00.
 */
export function formatUsd(nanos: Nanos, locale = 'en-US'): string {
  const size = nanos < 0n ? -nanos : nanos;
  const style = size === 0n || size >= NANOS_PER_USD / 100n ? 'cents' : 'small';
  return usdFormat(locale, style).format(nanosToDecimal(nanos) as Intl.StringNumericLiteral);
}

/** Formats an amount for a table column: four decimals, so that the decimal points line up; more for the smallest amounts. */
export function formatUsdInColumn(nanos: Nanos, locale = 'en-US'): string {
  const size = nanos < 0n ? -nanos : nanos;
  const style = size === 0n || size >= NANOS_PER_USD / 20_000n ? 'column' : 'small';
  return usdFormat(locale, style).format(nanosToDecimal(nanos) as Intl.StringNumericLiteral);
}

/** Formats every digit of an amount, with at least the cents: `$4.20`, `$0.000123456`. */
export function formatUsdExact(nanos: Nanos, locale = 'en-US'): string {
  return usdFormat(locale, 'exact').format(nanosToDecimal(nanos) as Intl.StringNumericLiteral);
}

const USD_STYLES = {
  cents: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  column: { minimumFractionDigits: 4, maximumFractionDigits: 4 },
  small: { minimumSignificantDigits: 1, maximumSignificantDigits: 3 },
  exact: { minimumFractionDigits: 2, maximumFractionDigits: 9 },
} as const satisfies Record<string, Intl.NumberFormatOptions>;

/** Creating a format costs a hundred times as much as using it. */
const usdFormats = new Map<string, Intl.NumberFormat>();

function usdFormat(locale: string, style: keyof typeof USD_STYLES): Intl.NumberFormat {
  const name = `${style} ${locale}`;
  let format = usdFormats.get(name);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', ...USD_STYLES[style] });
    usdFormats.set(name, format);
  }
  return format;
}
