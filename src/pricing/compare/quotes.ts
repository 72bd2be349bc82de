import type { Pricer } from '../price.ts';
import type { Fitting } from '../priceResult.ts';
import { ratesOf, type Quote } from './cell.ts';
import { asked, withoutFast, withoutTerms, type PriceQuestion } from './modes.ts';

/** A model of which prices are asked, by the names that the price table or a custom price finds it by. */
export interface ModelName {
  provider: string;
  model: string;
}

/** The prices of calls at the model that was used, then at each of `models`. */
export function quotesOf(pricer: Pricer, models: readonly ModelName[], ask: PriceQuestion): Quote[] {
  const used = quoteOf(pricer, ask);
  const isUsed = ({ provider, model }: ModelName): boolean => {
    return provider === ask.usage.provider && model === ask.usage.model;
  };
  return [used, ...models.map((model) => (isUsed(model) ? used : quoteAt(pricer, asked(ask, model), used)))];
}

/** The prices at another model. The model itself under another name has the prices of the calls as they were made. */
function quoteAt(pricer: Pricer, ask: PriceQuestion, used: Quote): Quote {
  const quote = quoteOf(pricer, ask);
  if (isSame(quote.fitting, used.fitting)) return used;
  if (quote.unpriced?.code !== 'unknown-terms') return quote;
  return { ...quoteOf(pricer, withoutTerms(ask)), isTermsDropped: true };
}

function quoteOf(pricer: Pricer, ask: PriceQuestion): Quote {
  const found = pricer.quote(ask.usage, ask.options);
  if ('kind' in found) {
    return { rates: undefined, slow: undefined, unpriced: found, fitting: undefined, isTermsDropped: false };
  }
  const slowAsk = withoutFast(ask);
  const slow = slowAsk && pricer.quote(slowAsk.usage, slowAsk.options);
  return {
    rates: ratesOf(found),
    slow: slow === undefined || 'kind' in slow ? undefined : ratesOf(slow),
    unpriced: undefined,
    fitting: found,
    isTermsDropped: false,
  };
}

/** Whether two prices of the same calls are those of one model. */
function isSame(one: Fitting | undefined, other: Fitting | undefined): boolean {
  if (one === undefined || other === undefined || one.factor?.times !== other.factor?.times) return false;
  const [a, b] = [one.matched, other.matched];
  if (a.by === 'table' && b.by === 'table') return a.provider === b.provider && a.model === b.model;
  return a.by === 'custom' && b.by === 'custom' && a.price === b.price;
}
