import { bucketKey } from '../usage/time/calendar.ts';
import { usdToNanos } from '../usage/money.ts';
import { foldTop } from '../columns/foldGroups.ts';
import {
  emptyTotals,
  valueNanos,
  type AggregateQuery,
  type Calendar,
  type Group,
  type Totals,
} from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { Ask } from '../usage/summary.ts';
import { addTotals } from '../usage/totals.ts';
import { convert, rateOn, type DisplayCurrency } from './currency.ts';

/** Sums of spend in another currency, converting each day at that day's rate. */

/**
 * Answers `query` with amounts of the currency instead of nano-dollars, converting each day's spend at that day's rate. The
 * spend of days without a rate is kept apart in `unconvertedNanos`. Nothing is rounded, so groups add up to their total.
 */
export async function convertedGroups(ask: Ask, query: AggregateQuery, display: DisplayCurrency): Promise<Group[]> {
  const { top, ...whole } = query;
  if (top === undefined) return convertedWhole(ask, query, display);
  // The converted amounts determine which groups are the largest.
  return foldTop(await convertedWhole(ask, whole, display), top);
}

async function convertedWhole(ask: Ask, query: AggregateQuery, display: DisplayCurrency): Promise<Group[]> {
  if (display.rates[0]?.day === '') {
    return (await ask(query)).map(({ key, totals }) => ({ key, totals: convertTotals(totals, '', display) }));
  }
  const within = query.groupBy.findIndex((grouping) => grouping === 'day' || grouping === 'hour');
  if (within >= 0) {
    return (await ask(query)).map(({ key, totals }) => ({
      key,
      totals: convertTotals(totals, dayOfKey(key[within]), display),
    }));
  }
  const byDay = await ask({ ...query, groupBy: [...query.groupBy, 'day'] });
  const merged = new Map<string, Group>();
  for (const { key, totals } of byDay) {
    const outer = key.slice(0, -1);
    const name = JSON.stringify(outer);
    let group = merged.get(name);
    if (group === undefined) merged.set(name, (group = { key: outer, totals: emptyTotals() }));
    addTotals(group.totals, convertTotals(totals, dayOfKey(key.at(-1)), display));
  }
  return [...merged.values()];
}

/** The cost of a record, as text for the webview; undefined when it is unknown or its day has no rate. */
export function convertedCost(record: UsageRecord, calendar: Calendar, display: DisplayCurrency): string | undefined {
  if (!record.cost_known) return undefined;
  const day = bucketKey(Date.parse(record.timestamp), 'day', calendar);
  const converted = convert(usdToNanos(record.cost_usd), day, display);
  return converted.kind === 'converted' ? converted.amount.toString() : undefined;
}

function convertTotals(totals: Totals, day: string, display: DisplayCurrency): Totals {
  const rate = rateOn(day, display)?.scaled;
  if (rate !== undefined) {
    const { recordedNanos, estimatedNanos, planNanos } = totals;
    return {
      ...totals,
      recordedNanos: recordedNanos * rate,
      estimatedNanos: estimatedNanos * rate,
      planNanos: planNanos * rate,
    };
  }
  const cost = valueNanos(totals);
  // A day without cost needs no rate.
  if (cost === 0n) return totals;
  return { ...totals, recordedNanos: 0n, estimatedNanos: 0n, planNanos: 0n, unconvertedNanos: cost };
}

/** Keys of hours begin with the local day. */
function dayOfKey(key: string | null | undefined): string {
  return (key ?? '').slice(0, '2026-01-31'.length);
}

/** Totals whose costs are amounts of another currency. */
export interface Converted {
  currency: string;
  totals: Totals;
}

/** Totals in the user's currency, keyed by the totals in USD from which they were converted. */
export type ShownCosts = ReadonlyMap<Totals, Converted>;

/**
 * Converts groups, each day's spend at that day's rate, so that past amounts do not change with the rate. Omits groups with a
 * day that has no rate; they are shown in USD.
 * @param query the query that returned the groups; it is repeated by day if rates are dated.
 */
export async function shownCosts(
  ask: Ask,
  query: AggregateQuery,
  groups: readonly Group[],
  display: DisplayCurrency,
): Promise<ShownCosts> {
  const { currency } = display;
  const answer: Ask = (asked) => (asked === query ? [...groups] : ask(asked));
  const converted = new Map(
    (await convertedGroups(answer, query, display)).map(({ key, totals }) => [JSON.stringify(key), totals]),
  );
  const shown = new Map<Totals, Converted>();
  for (const { key, totals } of groups) {
    const found = converted.get(JSON.stringify(key)) ?? emptyTotals();
    if (found.unconvertedNanos === undefined) shown.set(totals, { currency, totals: found });
  }
  return shown;
}
