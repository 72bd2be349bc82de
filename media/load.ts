import type { Choices } from '../src/protocol/choices.ts';
import type { Answer, GroupsQuestion, Snapshot } from '../src/protocol/messages.ts';
import { decodeGroup } from '../src/protocol/wire.ts';
import type { FoldedGroup } from '../src/protocol/wire.ts';
import type { TimeRange, TimeSpan } from '../src/usage/period.ts';
import { emptyTotals } from '../src/usage/query.ts';
import type { Dimension, Totals, UsageFilter } from '../src/usage/query.ts';
import { compare } from '../src/usage/summary.ts';
import type { Comparison } from '../src/usage/summary.ts';
import { pathId } from './model/breakdown.ts';
import type { Children, Path } from './model/breakdown.ts';
import { daysOf, glanceOf, sumOfDays } from './model/glance.ts';
import type { Day, Glance } from './model/glance.ts';
import { PAGE_SIZE, Pages } from './model/pages.ts';
import { filterOf, groups, MAX_ROWS, MAX_SERIES, MAX_VALUES, page } from './model/questions.ts';
import type { Ask } from './model/questions.ts';
import { bucketFor, closedRange, rangeBeforeChoice, rangeOfChoice } from './model/range.ts';
import { chartModel } from './model/series.ts';
import type { ChartModel } from './model/series.ts';

/** Everything that one view of the history shows, from one version of the ledgers. */
export interface Shown {
  version: number;
  choices: Choices;
  now: number;
  range: TimeRange;
  span: TimeSpan;
  /** The range and all filters. */
  filter: UsageFilter;
  /** All days that the filters leave, whatever the range. */
  days: Day[];
  glance: Glance;
  totals: Totals;
  comparison: Comparison | undefined;
  chart: ChartModel;
  /** By {@link pathId}. */
  children: Map<string, Children>;
  /** The first page of the records, so that they are shown together with their sums. */
  records: Pages;
}

/** Nodes of the breakdown whose children are asked for: more than anybody holds open. */
const MAX_EXPANDED = 40;

/**
 * Asks for all of it in one message; for an open range in two, because the first day decides how long a bar is.
 * @throws {Superseded} when a newer call overtook this one.
 */
export async function load(
  ask: Ask,
  { version, calendar }: Pick<Snapshot, 'version' | 'calendar'>,
  choices: Choices,
  expanded: readonly Path[],
  now: number,
): Promise<Shown> {
  const range = rangeOfChoice(choices.range, now, calendar);
  const filter = filterOf(choices, range);
  const before = rangeBeforeChoice(choices.range, now, calendar);
  const open = expanded.slice(0, MAX_EXPANDED);
  const dayQuestion = groups(filterOf(choices), ['day'], calendar);
  const beforeQuestions = before === undefined ? [] : [groups(filterOf(choices, before), [], calendar)];
  const rowQuestions = [[], ...open].map((path) => rowsQuestion(choices, filter, path, calendar));
  const chartQuestion = (span: TimeSpan): GroupsQuestion =>
    groups(filter, [bucketFor(choices.bucket, span), choices.stack], calendar, {
      count: MAX_SERIES,
      by: choices.measure,
    });

  const closed = range.since !== undefined && range.until !== undefined;
  const early = closed ? undefined : await ask('view', [dayQuestion]);
  const spanOf = (days: readonly Day[]): TimeSpan => closedRange(range, days[0]?.key, days.at(-1)?.key, now, calendar);
  const known = early === undefined ? undefined : daysOf(groupsOf(early[0]).groups, calendar);
  const asked = chartQuestion(spanOf(known ?? []));
  const answers = await ask('view', [
    asked,
    page(filter, choices.recordsSort, 0, PAGE_SIZE),
    ...rowQuestions,
    ...beforeQuestions,
    ...(known === undefined ? [dayQuestion] : []),
  ]);

  const days = known ?? daysOf(groupsOf(answers.at(-1)).groups, calendar);
  const span = spanOf(days);
  const totals = sumOfDays(days, range);
  const chart = groupsOf(answers[0]);
  const [inner] = groupsOf(answers[2 + rowQuestions.length]).groups;
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
    comparison: before === undefined ? undefined : compare(totals, inner?.totals ?? emptyTotals()),
    chart: chartModel(chart.groups, chart.slots, span, bucketFor(choices.bucket, span), choices.measure, calendar),
    children: new Map([[], ...open].map((path, index) => [pathId(path), groupsOf(answers[index + 2])])),
    records: pagesOfAnswer(answers[1]),
  };
}

function rowsQuestion(
  choices: Choices,
  filter: UsageFilter,
  path: Path,
  calendar: Snapshot['calendar'],
): GroupsQuestion {
  const outer = path.map((value, level) => [choices.levels[level], [value]] as const);
  const values = { ...filter.values, ...(Object.fromEntries(outer) as UsageFilter['values']) };
  const dimension = choices.levels[path.length];
  return groups({ ...filter, values }, dimension === undefined ? [] : [dimension], calendar, {
    count: MAX_ROWS,
    by: choices.measure,
  });
}

/** The values that a filter by a dimension may choose from, the largest first: what the other filters leave. */
export async function offersOf(
  ask: Ask,
  { calendar }: Snapshot,
  choices: Choices,
  dimension: Dimension,
  now: number,
): Promise<FoldedGroup[]> {
  const { [dimension]: _own, ...values } = choices.values;
  const filter = filterOf({ values, search: choices.search }, rangeOfChoice(choices.range, now, calendar));
  const question = groups(filter, [dimension], calendar, { count: MAX_VALUES, by: choices.measure });
  const [answer] = await ask('offers', [question]);
  return groupsOf(answer).groups.filter(({ rest }) => rest === undefined);
}

function pagesOfAnswer(answer: Answer | undefined): Pages {
  return answer?.kind === 'page' ? new Pages(answer.total, [[0, answer.rows]]) : new Pages(0);
}

/** The groups of an answer, with the colours of their values. */
export function groupsOf(answer: Answer | undefined): Children {
  if (answer?.kind !== 'groups') return { groups: [], slots: new Map() };
  return { groups: answer.groups.map(decodeGroup), slots: new Map(answer.slots) };
}
