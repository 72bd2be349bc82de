import { convertedCost, shownCosts, type ShownCosts } from '../../pricing/converted.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import { formatAmount } from '../../usage/amount.ts';
import { formatUsd, type Nanos } from '../../usage/money.ts';
import { costNanos, type AggregateQuery, type Calendar, type Group, type Totals } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';
import type { Ask } from '../../usage/summary.ts';

/** Formats money in a report: in USD, or in another currency, always with its code, and in USD for days without a rate. */
export interface Money {
  cost(totals: Totals): string;
  recorded(totals: Totals): string;
  estimated(totals: Totals): string;
  /** The value of usage covered by a plan, at list price. */
  plan(totals: Totals): string;
  /** Formats the cost of a record whose cost is known. @param nanos its cost. */
  ofRecord(record: UsageRecord, nanos: Nanos): string;
}

export const USD: Money = {
  cost: (totals) => formatUsd(costNanos(totals)),
  recorded: (totals) => formatUsd(totals.recordedNanos),
  estimated: (totals) => formatUsd(totals.estimatedNanos),
  plan: (totals) => formatUsd(totals.planNanos),
  ofRecord: (_record, nanos) => formatUsd(nanos),
};

/** Money in another currency; amounts must be passed to {@link add} before they are formatted. */
export class ConvertedMoney implements Money {
  readonly #ask: Ask;
  readonly #display: DisplayCurrency;
  readonly #calendar: Calendar;
  readonly #shown = new Map<Totals, Totals>();

  constructor(ask: Ask, display: DisplayCurrency, calendar: Calendar) {
    this.#ask = ask;
    this.#display = display;
    this.#calendar = calendar;
  }

  /** @param query the query that returned the groups. */
  async add(query: AggregateQuery, groups: readonly Group[]): Promise<void> {
    const shown: ShownCosts = await shownCosts(this.#ask, query, groups, this.#display);
    for (const [usd, { totals }] of shown) this.#shown.set(usd, totals);
  }

  cost(totals: Totals): string {
    return this.#text(totals, costNanos);
  }

  recorded(totals: Totals): string {
    return this.#text(totals, ({ recordedNanos }) => recordedNanos);
  }

  plan(totals: Totals): string {
    return this.#text(totals, ({ planNanos }) => planNanos);
  }

  estimated(totals: Totals): string {
    return this.#text(totals, ({ estimatedNanos }) => estimatedNanos);
  }

  ofRecord(record: UsageRecord, nanos: Nanos): string {
    const amount = convertedCost(record, this.#calendar, this.#display);
    return amount === undefined ? formatUsd(nanos) : formatAmount(BigInt(amount), this.#display.currency);
  }

  #text(totals: Totals, part: (of: Totals) => bigint): string {
    const converted = this.#shown.get(totals);
    return converted === undefined ? formatUsd(part(totals)) : formatAmount(part(converted), this.#display.currency);
  }
}
