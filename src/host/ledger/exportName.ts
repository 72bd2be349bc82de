import { bucketKey } from '../../usage/time/calendar.ts';
import type { Calendar, UsageFilter } from '../../usage/query.ts';

/** The name of an export with the days that it covers: `llm-spend-2026-11-01-to-2026-11-27.csv`. Pure. */
export function exportName(format: string, filter: UsageFilter | undefined, calendar: Calendar): string {
  const { since, until } = filter ?? {};
  const day = (at: number): string => bucketKey(at, 'day', calendar);
  const from = since === undefined ? undefined : day(since);
  // The end of a range is the first moment after it.
  const to = until === undefined ? undefined : day(until - 1);
  const days = from === to ? [from] : [from ?? 'start', ...(to === undefined ? [] : ['to', to])];
  const range = days.filter((each) => each !== undefined).join('-');
  return `llm-spend${range === '' ? '' : `-${range}`}.${format}`;
}
