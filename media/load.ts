import type { ChartBucket, Choices } from '../src/protocol/choices.ts';
import type { HostAnswer, GroupsQuestion, HistorySnapshot } from '../src/protocol/messages.ts';
import type { TimeRange, TimeSpan } from '../src/usage/time/period.ts';
import { emptyTotals } from '../src/usage/query.ts';
import type { Dimension, Group, Totals, UsageFilter } from '../src/usage/query.ts';
import { compare } from '../src/usage/summary.ts';
import type { Comparison } from '../src/usage/summary.ts';
import { pathId } from './model/breakdown.ts';
import type { Children, NodePath } from './model/breakdown.ts';
import { daysOf, glanceOf, sumOfDays } from './model/glance.ts';
import type { Day, Glance } from './model/glance.ts';
import { PAGE_SIZE, LoadedPages } from './model/pages.ts';
import { filterOf, groups, MAX_ROWS, MAX_SERIES, MAX_VALUES, page } from './model/questions.ts';
import type { AskHost, ShownFilter } from './model/questions.ts';
import { bucketFor, closedRange, comparedSpan, rangeBeforeChoice, rangeOfChoice } from './model/range.ts';
import { chartModel, comparedPeriod } from './model/series.ts';
import type { ChartModel } from './model/series.ts';

/** All data shown in one view of the history, from a single version of the ledgers. */
export interface ShownHistory {
  version: number;
  choices: Choices;
  now: number;
  range: TimeRange;
  span: TimeSpan;
  /** The range and all filters. */
  filter: ShownFilter;
  /** All days that match the filters, regardless of the range. */
  days: Day[];
  glance: Glance;
  totals: Totals;
  comparison: Comparison | undefined;
  chart: ChartModel;
  /** Keyed by {@link pathId}. */
  children: Map<string, Children>;
  /** The first page of records, so that records and sums appear together. */
  records: LoadedPages;
}

/** The inputs that determine what to load. */
export interface Wanted {
  choices: Choices;
  /** Expanded nodes of the breakdown. */
  expanded: readonly NodePath[];
  /** ms since the epoch. */
  now: number;
}

/** Maximum number of expanded nodes whose children are requested: more than anyone keeps open. */
const MAX_EXPANDED = 40;

/** The assumed bar length of an open range before its data is known: usually right, and never too many bars. */
const LIKELY_BUCKET = 'week';

/**
 * Requests everything in one message. The bar length of an open range depends on its first day, which is assumed to be the same
 * as in `before`; if that proves wrong, only the chart is requested again.
 * @throws {Superseded} when a newer call superseded this one.
 */
export async function load(
  ask: AskHost,
  { version, calendar }: Pick<HistorySnapshot, 'version' | 'calendar'>,
  { choices, expanded, now }: Wanted,
  before?: Pick<ShownHistory, 'choices' | 'span'>,
): Promise<ShownHistory> {
  const range = rangeOfChoice(choices.range, now, calendar);
  const filter = filterOf(choices, range);
  const rangeBefore = rangeBeforeChoice(choices.range, now, calendar);
  const open = expanded.slice(0, MAX_EXPANDED);
  const rowQuestions = [[], ...open].map((path) => rowsQuestion(choices, filter, path, calendar));
  const chartQuestion = (bucket: ChartBucket): GroupsQuestion =>
    groups(filter, [bucket, choices.stack], calendar, { count: MAX_SERIES, by: choices.measure });
  const likely = likelyBucket(choices, range, before);
  const compared = comparedSpan(choices, now, calendar);
  const chartQuestions = (bucket: ChartBucket): GroupsQuestion[] => [
    chartQuestion(bucket),
    ...(compared === undefined ? [] : [groups(filterOf(choices, compared), [bucket], calendar)]),
  ];

  const [dayAnswer, pageAnswer, ...answers] = await ask('view', [
    groups(filterOf(choices), ['day'], calendar),
    page(filter, choices.recordsSort, 0, PAGE_SIZE),
    ...rowQuestions,
    groups(filterOf(choices, rangeBefore ?? range), [], calendar),
    ...chartQuestions(likely),
  ]);

  const days = daysOf(groupsOf(dayAnswer).groups);
  const span = closedRange(range, { first: days[0]?.key, last: days.at(-1)?.key }, now, calendar);
  const bucket = bucketFor(choices.bucket, span);
  const [chartAnswer, comparedAnswer] =
    bucket === likely ? answers.slice(rowQuestions.length + 1) : await ask('view', chartQuestions(bucket));
  const chart = chartModel(groupsOf(chartAnswer), span, { bucket, measure: choices.measure }, calendar);
  if (compared !== undefined) {
    chart.before = comparedPeriod(groupsOf(comparedAnswer).groups, compared, chart, calendar);
    chart.before.dates = choices.compareWith === undefined ? undefined : compared;
  }
  const totals = sumOfDays(days, range, calendar);
  const [inner] = groupsOf(answers[rowQuestions.length]).groups;
  return {
    version,
    choices,
    now,
    range,
    span,
    filter,
    days,
    glance: glanceOf(days, now, calendar),
    totals,
    comparison: rangeBefore === undefined ? undefined : compare(totals, inner?.totals ?? emptyTotals()),
    chart,
    children: new Map([[], ...open].map((path, index) => [pathId(path), groupsOf(answers[index])])),
    records: pagesOfAnswer(pageAnswer),
  };
}

function likelyBucket(
  { bucket, range: { kind } }: Choices,
  { since, until }: TimeRange,
  before: Pick<ShownHistory, 'choices' | 'span'> | undefined,
): ChartBucket {
  if (since !== undefined && until !== undefined) return bucketFor(bucket, { since, until });
  return before?.choices.range.kind === kind ? bucketFor(bucket, before.span) : LIKELY_BUCKET;
}

function rowsQuestion(
  choices: Choices,
  filter: ShownFilter,
  path: NodePath,
  calendar: HistorySnapshot['calendar'],
): GroupsQuestion {
  const outer = path.map((value, level) => [choices.levels[level], [value]] as const);
  const values = { ...filter.values, ...(Object.fromEntries(outer) as UsageFilter['values']) };
  const dimension = choices.levels[path.length];
  return groups({ ...filter, values }, dimension === undefined ? [] : [dimension], calendar, {
    count: MAX_ROWS,
    by: choices.measure,
  });
}

/** The values that a filter offers, largest first: those of records that match the other filters. */
export async function offersOf(
  ask: AskHost,
  { calendar }: HistorySnapshot,
  dimension: Dimension,
  { choices, now }: Omit<Wanted, 'expanded'>,
): Promise<Group[]> {
  const { [dimension]: _own, ...values } = choices.values;
  const filter = filterOf({ ...choices, values }, rangeOfChoice(choices.range, now, calendar));
  const question = groups(filter, [dimension], calendar, { count: MAX_VALUES, by: choices.measure });
  const [answer] = await ask('offers', [question]);
  return groupsOf(answer).groups.filter(({ rest }) => rest === undefined);
}

function pagesOfAnswer(answer: HostAnswer | undefined): LoadedPages {
  return answer?.kind === 'page' ? new LoadedPages(answer.total, [[0, answer.rows]]) : new LoadedPages(0);
}

/** The groups of an answer, with the colours of their values. */
export function groupsOf(answer: HostAnswer | undefined): Children {
  if (answer?.kind !== 'groups') return { groups: [], slots: new Map() };
  return { groups: answer.groups, slots: new Map(answer.slots) };
}
