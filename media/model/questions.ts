import type { Choices } from '../../src/protocol/choices.ts';
import type { HostAnswer, GroupsQuestion, PageQuestion, Question } from '../../src/protocol/messages.ts';
import type { TimeRange } from '../../src/usage/time/period.ts';
import type { Calendar, Grouping, UsageFilter } from '../../src/usage/query.ts';

/**
 * Asks the host; answers have the order of the questions. @param purpose identifies the use of the answer: a newer request for
 * the same purpose cancels this one.
 */
export type AskHost = (purpose: string, questions: readonly Question[]) => Promise<HostAnswer[]>;

/** Maximum number of series in a chart before the rest is folded into one: as many colours as people can distinguish. */
export const MAX_SERIES = 8;
/** Maximum number of rows per level of the breakdown. */
export const MAX_ROWS = 200;
/** Maximum number of values that a filter offers. */
export const MAX_VALUES = 500;

/** `folded`: the name of a model means its dated snapshots too. */
export type ShownFilter = UsageFilter & { folded?: boolean };

/** The filter of the choices, within a range. */
export function filterOf(
  { values, search, foldSnapshots }: Pick<Choices, 'values' | 'search' | 'foldSnapshots'>,
  range: TimeRange = {},
): ShownFilter {
  const filter: ShownFilter = {};
  if (foldSnapshots) filter.folded = true;
  if (range.since !== undefined) filter.since = range.since;
  if (range.until !== undefined) filter.until = range.until;
  if (Object.keys(values).length > 0) filter.values = values;
  if (search.trim() !== '') filter.search = search.trim();
  return filter;
}

export function groups(
  filter: ShownFilter,
  groupBy: readonly Grouping[],
  calendar: Calendar,
  top?: { count: number; by: Choices['measure'] },
): GroupsQuestion {
  return { kind: 'groups', filter: filterMessage(filter), groupBy: [...groupBy], calendar, top };
}

export function page(filter: ShownFilter, sort: Choices['recordsSort'], offset: number, limit: number): PageQuestion {
  return { kind: 'page', filter: filterMessage(filter), sort: sort.by, descending: sort.descending, offset, limit };
}

/** A filter as messages contain it. */
export function filterMessage({ values, ...filter }: ShownFilter): GroupsQuestion['filter'] {
  if (values === undefined) return filter;
  const copy = Object.entries(values).map(([dimension, list]) => [dimension, [...list]]);
  return { ...filter, values: Object.fromEntries(copy) as NonNullable<GroupsQuestion['filter']['values']> };
}
