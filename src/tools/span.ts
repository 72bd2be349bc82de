import { PERIODS, rangeBefore, rangeOf, type Period, type TimeRange } from '../usage/time/period.ts';
import type { Calendar, Dimension, Group, UsageFilter } from '../usage/query.ts';
import { ToolInputError, type ToolContext, type ToolInput, type ToolProperty } from './tool.ts';

/** The part of the records that a question is about: a period, and filters. */

export const FILTERS = ['project', 'model', 'provider', 'operation', 'agent'] as const satisfies readonly Dimension[];

/** The properties that select records. */
export const SELECTING: Readonly<Record<string, ToolProperty>> = {
  period: { type: 'string', enum: PERIODS, description: 'default month' },
  ...Object.fromEntries(FILTERS.map((name) => [name, { type: 'string' as const }])),
};

export interface AskedSpan {
  period: Period;
  filter: UsageFilter;
  /** The same part of the period before; undefined for all time. */
  before: UsageFilter | undefined;
  calendar: Calendar;
}

export function spanOf(input: ToolInput, context: ToolContext): AskedSpan {
  const period = (input['period'] ?? 'month') as Period;
  const calendar = context.calendar();
  const values: UsageFilter['values'] = {};
  for (const name of FILTERS) {
    const value = input[name];
    if (typeof value === 'string') values[name] = [value === '' ? null : value];
  }
  const filterOf = (range: TimeRange): UsageFilter => ({ ...range, values });
  const before = rangeBefore(period, context.now(), calendar, true);
  return {
    period,
    filter: filterOf(rangeOf(period, context.now(), calendar)),
    before: before && filterOf(before),
    calendar,
  };
}

/** How the answer names the selection: `month`, `week, model "gpt-5"`. */
export function spanText({ period }: AskedSpan, input: ToolInput): string {
  const parts = FILTERS.flatMap((name) =>
    input[name] === undefined ? [] : [`${name} ${JSON.stringify(input[name])}`],
  );
  return [period, ...parts].join(', ').slice(0, 200);
}

/** The models whose cost was estimated by the price of a model with a similar name. */
export async function assumedModels(context: ToolContext, { filter, calendar }: AskedSpan): Promise<Group[]> {
  const pricer = await context.pricer();
  if (pricer === undefined) throw new ToolInputError('The prices cannot be read.');
  const values = { ...filter.values, cost: ['estimated'] };
  const groups = await context.aggregate({
    filter: { ...filter, values },
    groupBy: ['provider', 'model'],
    calendar,
  });
  return groups.filter(({ key: [provider, model] }) => {
    const found = pricer.quote({ provider: provider ?? '', model: model ?? '', input_tokens: 1, output_tokens: 1 });
    return !('kind' in found) && found.rules.some(({ code }) => code === 'assumed-model');
  });
}
