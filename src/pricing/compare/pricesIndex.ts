import type { Rates } from '../rates.ts';
import { CellPrices, type Quote } from './cell.ts';

/**
 * Numbers prices, equal ones alike. Calls are separated by everything that could change a price of any compared model (dates,
 * hours, sizes, terms), and nearly all of them have equal prices.
 */
export class PricesIndex {
  readonly all: CellPrices[] = [];
  readonly #byText = new Map<string, number>();
  readonly #texts = new WeakMap<Rates, string>();

  numberOf(quotes: readonly Quote[]): number {
    const text = quotes.map((quote) => this.#textOf(quote, quotes)).join('\n');
    let number = this.#byText.get(text);
    if (number === undefined) {
      number = this.all.push(new CellPrices(quotes)) - 1;
      this.#byText.set(text, number);
    }
    return number;
  }

  #textOf({ rates, slow, unpriced, fitting, isTermsDropped }: Quote, quotes: readonly Quote[]): string {
    const isUsed = quotes[0]!.fitting === fitting;
    const parts = [this.#rates(rates), this.#rates(slow), isUsed, isTermsDropped, fitting?.isCachePriced];
    return JSON.stringify([...parts, unpriced?.code, unpriced?.message]);
  }

  #rates(rates: Rates | undefined): string {
    if (rates === undefined) return '';
    let text = this.#texts.get(rates);
    if (text === undefined) {
      text = Object.entries(rates)
        .map(([kind, { scaled, per }]) => `${kind} ${scaled}/${per}`)
        .join();
      this.#texts.set(rates, text);
    }
    return text;
  }
}
