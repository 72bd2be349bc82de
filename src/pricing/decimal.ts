/** Exact decimals: prices and rates are decimal numbers, so calculations use scaled integers. */

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i;

/**
 * Returns `value` × 10^`places` as an integer, rounded half up beyond `places`.
 *
 * A number counts as its shortest decimal text: 0.3 is exactly three tenths.
 * @throws {RangeError} for a text that is not a plain non-negative decimal number.
 */
export function scaleDecimal(value: number | string, places: number): bigint {
  const match = DECIMAL.exec(String(value));
  if (match === null) throw new RangeError(`not a non-negative decimal number: ${String(value)}`);
  const [, whole = '0', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const shift = Number(exponent) - fraction.length + places;
  return shift >= 0 ? digits * 10n ** BigInt(shift) : divideRound(digits, 10n ** BigInt(-shift));
}

/** Formats `scaled` / 10^`places` as decimal text without trailing zeros. */
export function decimalText(scaled: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = (scaled % unit).toString().padStart(places, '0').replace(/0+$/, '');
  return fraction === '' ? (scaled / unit).toString() : `${scaled / unit}.${fraction}`;
}

/** `dividend` / `divisor`, rounded half up to an integer. Requires a non-negative dividend and a positive divisor. */
export function divideRound(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor / 2n) / divisor;
}
