/**
 * Amounts converted from USD to another currency. They are exact integers, so the days of a month add up to the month; only the
 * display rounds.
 */

/** A whole number of 10^-{@link AMOUNT_PLACES} of a currency. */
export type Amount = bigint;

export const RATE_PLACES = 12;
/** Nano-dollars (9) times a rate (12). */
export const AMOUNT_PLACES = 9 + RATE_PLACES;

/** Maximum number of decimals shown: far below any real cost, and a number that `Intl` accepts everywhere. */
const SHOWN_PLACES = 15;

/**
 * Formats an amount for display, always with the currency's code: `EUR 3.86`. Small amounts keep three significant digits, so a
 * cost above zero is never shown as zero.
 */
export function formatAmount(amount: Amount, currencyCode: string, locale = 'en-US'): string {
  const usual = amountFormat(locale, currencyCode, 'usual');
  const digits = usual.resolvedOptions().maximumFractionDigits ?? 2;
  const size = amount < 0n ? -amount : amount;
  const smallest = 10n ** BigInt(AMOUNT_PLACES - digits);
  const format = size === 0n || size >= smallest ? usual : amountFormat(locale, currencyCode, 'small');
  return format.format(decimal(amount) as Intl.StringNumericLiteral);
}

/** Formats an amount for a table column, with two more decimals so that the decimal points line up. */
export function formatAmountInColumn(amount: Amount, currencyCode: string, locale = 'en-US'): string {
  const usual = amountFormat(locale, currencyCode, 'usual').resolvedOptions().maximumFractionDigits ?? 2;
  const digits = usual + 2;
  const size = amount < 0n ? -amount : amount;
  if (size !== 0n && size < 10n ** BigInt(AMOUNT_PLACES - digits)) return formatAmount(amount, currencyCode, locale);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return amountFormat(locale, currencyCode, 'column', options).format(decimal(amount) as Intl.StringNumericLiteral);
}

/** Like {@link formatAmount} with up to nine significant decimals, the precision of a stored cost: `EUR 0.000113`. */
export function formatAmountExact(amount: Amount, currencyCode: string, locale = 'en-US'): string {
  return amountFormat(locale, currencyCode, 'exact').format(decimal(amount) as Intl.StringNumericLiteral);
}

const STYLES = {
  usual: {},
  small: { minimumSignificantDigits: 1, maximumSignificantDigits: 3 },
  exact: { maximumFractionDigits: 9 },
} as const satisfies Record<string, Intl.NumberFormatOptions>;

/** Creating a format costs a hundred times as much as using it. */
const formats = new Map<string, Intl.NumberFormat>();

function amountFormat(
  locale: string,
  currency: string,
  style: keyof typeof STYLES | 'column',
  digits: Intl.NumberFormatOptions = style === 'column' ? {} : STYLES[style],
): Intl.NumberFormat {
  const name = `${style} ${currency} ${locale}`;
  let format = formats.get(name);
  if (format === undefined) {
    const options = { style: 'currency', currency, currencyDisplay: 'code', ...digits } as const;
    format = new Intl.NumberFormat(locale, options);
    formats.set(name, format);
  }
  return format;
}

function decimal(amount: Amount): string {
  const size = amount < 0n ? -amount : amount;
  const unit = 10n ** BigInt(AMOUNT_PLACES - SHOWN_PLACES);
  const rounded = ((size + unit / 2n) / unit).toString().padStart(SHOWN_PLACES + 1, '0');
  return `${amount < 0n ? '-' : ''}${rounded.slice(0, -SHOWN_PLACES)}.${rounded.slice(-SHOWN_PLACES)}`;
}
