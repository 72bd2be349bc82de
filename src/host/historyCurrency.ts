import type { DisplayCurrency } from '../pricing/currency.ts';
import type { ShownCurrency } from '../protocol/messages.ts';
import { decimalText } from '../pricing/decimal.ts';
import { RATE_PLACES } from '../usage/amount.ts';

/** The currency as the cost history names it. */
export function describeCurrency({ currency, rates }: DisplayCurrency): ShownCurrency {
  const [first] = rates;
  const last = rates.at(-1);
  const text = (rate: typeof first): string => decimalText(rate?.scaled ?? 0n, RATE_PLACES);
  const note =
    first?.day === ''
      ? `Converted at your rate: USD 1 = ${currency} ${text(first)}. What is stored stays USD.`
      : `Each day converted at your rate of that day, from ${first?.day ?? ''}, now USD 1 = ${currency} ${text(last)}. What is stored stays USD.`;
  return { code: currency, note };
}

/** Whether both say the same, so that what was converted by one holds for the other. */
export function sameCurrency(a: DisplayCurrency | undefined, b: DisplayCurrency | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.currency === b.currency &&
    a.rates.length === b.rates.length &&
    a.rates.every(({ day, scaled }, index) => day === b.rates[index]?.day && scaled === b.rates[index]?.scaled)
  );
}
